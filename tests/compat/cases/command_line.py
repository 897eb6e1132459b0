"""The command line (reference 1): its forms, and the errors that keep a program from starting (1.6)."""

from typing import Final

from tests.compat.case import Case, Tls, log_in
from tests.compat.plays import answers_and_ends, starts_or_ends


def wrong(case_id: str, title: str, *options: str) -> Case:
    """Give a case that does not start."""
    return Case(id=f"start-{case_id}", title=title, options=options, play=starts_or_ends)


def form(case_id: str, title: str, *options: str) -> Case:
    """Give a case that shows by ok_line how options were read."""
    return Case(id=f"line-{case_id}", title=title, options=options, client=(*log_in("POP3"), "QUIT"))


CASES: Final = (
    wrong("unknown", "an unknown option", "--bogus"),
    wrong("unknown-letter", "an unknown letter", "-X"),
    wrong("missing", "an argument is missing", "-O"),
    wrong("trailing", "a left-over word", "extra"),
    wrong("abbreviated", "an abbreviated name", "--ok_lin", "x"),
    wrong("upper-case", "a name in upper case", "--OK_LINE", "x"),
    wrong("incoming-port", "--incoming_port, which the manual has by mistake", "--incoming_port", "1"),
    wrong("ssl-mode", "ssl and tls for one side", "--ssl_mode", "ssl_listen,tls_listen"),
    wrong("ssl-mode-word", "an unknown ssl_mode", "--ssl_mode", "ssl"),
    wrong("ssl-mode-empty", "an empty ssl_mode", "--ssl_mode", ""),
    wrong("timeout", "timeout is no number", "-t", "abc"),
    wrong("timeout-unit", "timeout with a unit", "-t", "5s"),
    wrong("timeout-negative", "a negative timeout", "-t", "-5"),
    wrong("limit", "connection_limit is no number", "-L", "x"),
    wrong("relog", "connect_relog is no number", "--connect_relog", "x"),
    wrong("authenticate-timeout", "authenticate_timeout is no number", "--authenticate_timeout", "x"),
    wrong("protocol", "an unknown protocol", "-P", "FOO"),
    wrong("log-passwd", "an unknown log_passwd", "--log_passwd", "x"),
    wrong("state", "an unknown state", "-S", "nowhere"),
    wrong("strip-depth", "a depth for strip_domain", "-S", "1"),
    wrong("add-negative", "a negative depth", "-A", "all,-1"),
    wrong("pid-file", "a relative pid_file", "--pid_file", "rel"),
    wrong("min-version", "an unknown TLS version", "--ssl_listen_min_proto_version", "bogus"),
    wrong("min-version-empty", "an empty TLS version", "--ssl_listen_min_proto_version", ""),
    wrong("min-above-max", "the oldest TLS version is newer than the newest",
          "--ssl_listen_min_proto_version", "tlsv1.2", "--ssl_listen_max_proto_version", "tlsv1"),
    wrong("outgoing-version", "an unknown TLS version towards the real server", "--ssl_outgoing_min_proto_version",
          "bogus"),
    wrong("both-passphrases", "two sources of the pass phrase", "--ssl_passphrase_fd", "3", "--ssl_passphrase_file",
          "/dev/null"),
    wrong("passphrase-fd", "a descriptor that is no number", "--ssl_passphrase_fd", "x"),
    wrong("map", "a map that does not exist", "-M", "/nonexistent.so"),
    wrong("user", "an unknown user", "-u", "no-such-user"),
    wrong("group", "an unknown group", "-g", "no-such-group"),
    wrong("port", "an unknown service as the port", "-l", "no-such-service"),
    wrong("address", "an address that is none", "-b", "nowhere.invalid"),
    wrong("certificate", "no certificate", "--ssl_mode", "ssl_listen", "--ssl_cert_file", "/nonexistent"),
    wrong("dh", "no DH parameters", "--ssl_mode", "ssl_listen", "--ssl_cert_file", "{cert}", "--ssl_key_file", "{key}",
          "--ssl_dh_params_file", "/nonexistent"),
    wrong("facility", "an unknown facility", "-F", "no-such-facility"),
    wrong("facility-empty", "an empty facility", "-F", ""),
    wrong("log-file", "a log file in a folder that does not exist", "-F", "/nonexistent/log"),
    Case(id="start-help", title="--help", options=("--help",), play=answers_and_ends),
    Case(id="start-help-letter", title="-h", options=("-h",), play=answers_and_ends),
    form("grouped", "letters in a group, the last with its value", "-ndO", "ok_line grouped"),
    form("joined", "a letter with its value joined", "-Ook_line_joined"),
    form("equals", "--name=value", "--ok_line=ok_line equals"),
    form("dash-value", "a value that begins with a dash", "-O", "-ok_line"),
    form("last", "the last counts", "-O", "ok_line one", "-O", "ok_line two"),
    form("empty-number", "an empty number is 0", "-t", ""),
    form("depth-lenient", "ssl_cert_verify_depth is read leniently", "--ssl_cert_verify_depth", "abc"),
    form("max-version-empty", "an empty newest TLS version", "--ssl_listen_max_proto_version", ""),
    form("depth-only", "add_domain with a depth alone", "-A", "2"),
    form("ssl-mode-none", "ssl_mode none", "--ssl_mode", "NONE"),
    form("compression", "options without effect", "--ssl_listen_compression", "--ssl_outgoing_compression",
         "--ssl_no_cipher_server_preference", "--ssl_no_client_cert_verify"),
    form("ciphers", "ciphers that OpenSSL does not know", "--ssl_listen_ciphers", "no-such-cipher"),
    Case(id="line-ciphers-tls", title="ciphers that OpenSSL does not know, with TLS",
         options=("--ssl_mode", "ssl_listen", "--ssl_cert_file", "{cert}", "--ssl_key_file", "{key}",
                  "--ssl_listen_ciphers", "no-such-cipher"), client=(Tls(), *log_in("POP3"), "QUIT")),
    form("config-missing", "a configuration file that is named and not there", "-f", "/nonexistent"),
    form("max-version-alone", "a newest TLS version that is older than our default of the oldest",
         "--ssl_listen_max_proto_version", "tlsv1.1", "--ssl_outgoing_max_proto_version", "tlsv1.1"),
    form("keepalive", "tcp_keepalive", "--tcp_keepalive"),
    Case(id="line-server-user", title="a user@ before outgoing_server is ignored", server="bob@127.0.0.1:{real}",
         options=("-U",), client=(*log_in("POP3"), "QUIT")),
    Case(id="line-port", title="outgoing_port for a server without port", server="127.0.0.1",
         options=("-p", "{real}"), client=(*log_in("POP3"), "QUIT")),
    Case(id="line-bind-list", title="several bind addresses", bind=False, host="127.0.0.2",
         options=("-b", "127.0.0.1,127.0.0.2:{listen}"), client=(*log_in("POP3"), "QUIT")),
    Case(id="line-brackets", title="a server in brackets", server="[127.0.0.1]:{real}",
         client=(*log_in("POP3"), "QUIT")),
)  # fmt: skip
