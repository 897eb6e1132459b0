"""perdition.conf: grammar and precedence (reference 2).  What came of a line is seen by ok_line."""

from typing import Final

import attrs

from tests.compat.case import Case, Popmap, Tls, log_in


def case(case_id: str, title: str, conf: str, *options: str, user: str = "joe") -> Case:
    """Give a case with a configuration file."""
    client = (*log_in("POP3", user=user), "QUIT")
    return Case(id=f"conf-{case_id}", title=title, conf=conf, options=options, client=client)


def asked(case_id: str, title: str, conf: str, *options: str, user: str = "joe") -> Case:
    """Give one with a map that tells which keys it was asked for."""
    return attrs.evolve(case(case_id, title, conf, *options, user=user), popmap=Popmap("daemon", ""), server="")


# As riseup.net once published it.
SITE: Final = """bind_address 127.0.0.1
connection_limit 0
imap_capability "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=REFERENCES SORT QUOTA IDLE STARTTLS"
ssl_cert_file {cert}
ssl_key_file {key}\x20
no_lookup
lower_case all
explicit_domain 'riseup.net'
add_domain servername_lookup
ssl_mode tls_listen
timeout 1800
"""

CASES: Final = (
    case("quotes", "double quotes with escapes", r'ok_line "ok_line \"b\" # c  "' + "\n"),
    case("single-quotes", "single quotes", r"""ok_line 'ok_line "b" \ c'""" + "\n"),
    case("parts", "parts with and without quotes", 'ok_line ok_line_a"b  c"d\n'),
    case("continuation", "a continued line, tabs, the short key", "O\t\tok_line \\\ntwo\n"),
    case("comment", "a comment behind a value", "ok_line ok_line one # two\n"),
    case("comment-inside", "a comment in the middle of a word", "ok_line ok_line#b\n"),
    case("escape", "a backslash before any character", "ok_line ok_line\\ \\#\\b\n"),
    case("equals", "key=value", "ok_line=ok_line one\n"),
    case("quoted-key", "a quoted key", '"ok_line" "ok_line one"\n'),
    case("empty", "an empty value", 'ok_line ""\n'),
    case("inner-blanks", "blanks inside a value", "ok_line   ok_line   a  b   \n"),
    case("cr", "lines that end with CRLF", "ok_line ok_line one\r\n"),
    case("last-counts", "the last setting counts", "ok_line ok_line one\nok_line ok_line two\n"),
    case("comment-continued", "a comment continued by backslash, as in the shipped file",
         '#managesieve_capability \\\n"\\"A\\" \\"b\\"  "\\\n"\\"VERSION\\" \\"1.18\\""\n\nok_line ok_line after\n'),
    asked("query-key", "backslashes of query_key are doubled", "query_key \\\\u\n", user="joe@d"),
    asked("query-key-quoted", "query_key in single quotes", "query_key '\\u'\n", user="joe@d"),
    case("line-beats-file", "the command line counts before the file", "ok_line ok_line file\n", "-O", "ok_line line"),
    case("file-server", "outgoing_server on the command line and in the file", "outgoing_server 127.0.0.1:1\n"),
    asked("file-query-key", "query_key on the command line and in the file", "query_key file\n", "--query_key", "line"),
    asked("file-depth", "the depth of add_domain on the command line and in the file",
          "add_domain 1\n", "-A", "servername_lookup,0"),
    asked("bind-and-add", "add_domain in the file, -b on the command line",
         "explicit_domain d.org\nadd_domain servername_lookup\n"),
    case("protocol", "the protocol of the command line counts", "protocol IMAP4\nok_line ok_line one\n"),
    case("unknown-key", "an unknown key", "bogus 1\nok_line ok_line never\n"),
    case("bad-number", "a number that is none", "timeout abc\nok_line ok_line never\n"),
    case("bad-ssl-mode", "ssl and tls for one side", "ssl_mode ssl_listen,tls_listen\n", "--ssl_cert_file", "{cert}",
         "--ssl_key_file", "{key}"),
    case("bad-state", "an unknown state", "strip_domain nowhere\nok_line ok_line one\n"),
    case("bad-protocol", "an unknown protocol", "protocol FOO\n"),
    case("flag-value", "a flag with a value", "quiet yes\n"),
    case("leading-blank", "white space before a key", "  ok_line ok_line one\n"),
    case("dashes", "dashes before a key", "--ok_line ok_line one\n"),
    case("no-newline", "a last line without its end", "ok_line ok_line one"),
    case("help", "help and config_file in the file", "help\nconfig_file /nowhere\nok_line ok_line one\n"),
    Case(id="conf-site", title="the file of a site, as it stands", protocol="IMAP4", conf=SITE, bind=False,
         popmap=Popmap("daemon", ""), server="",
         client=("a CAPABILITY", "b STARTTLS", Tls(), "c CAPABILITY", "d LOGIN Bob pw", "z LOGOUT")),
)  # fmt: skip
