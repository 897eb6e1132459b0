"""IMAP4 before the log-in and at it (reference 3.4, 3.5, 3.8)."""

from typing import Final

from tests.compat.case import CLOSE, SILENT, Case, Hear, Real, Say, Send, Step, log_in, plain

LOG_IN: Final = log_in("IMAP4")
BAD: Final = log_in("IMAP4", "bad")
OUT: Final = "z LOGOUT"
CAPS: Final = ("--imap_capability", "IMAP4rev1")
"""Then nothing is announced beside."""


def case(case_id: str, title: str, *client: Step, real: Real = Real(), **more: object) -> Case:  # noqa: B008
    """Give a case of IMAP4."""
    return Case(id=f"imap4-{case_id}", title=title, protocol="IMAP4", client=client, real=real, **more)  # type: ignore[arg-type]


CASES: Final = (
    case("logout", "greeting, CAPABILITY, NOOP, LOGOUT", "a1 CAPABILITY", "a2 NOOP", "a3 logout"),
    case("capability-exact", "CAPABILITY, to the letter", "a1 CAPABILITY", "a2 LOGOUT", exact=True),
    case("log-in", "LOGIN with atoms, then the real server's words", *LOG_IN, "a2 SELECT INBOX", OUT),
    case("quoted", "LOGIN with quoted strings", r'a LOGIN "jo e" "se \"c\\ret"', OUT),
    case("quoted-empty", "an empty quoted password", 'a LOGIN joe ""', OUT),
    case("literals", "LOGIN with literals", Say("a LOGIN {3}\r\n"), Say("joe {6}\r\n"), Say("secret\r\n"), "b NOOP",
         OUT),
    case("literals-plus", "LOGIN with literals that wait for nobody",
         Say("a LOGIN {3+}\r\njoe {6+}\r\nsecret\r\n", until="a "),
         OUT),
    case("literal-empty", "an empty literal as the name", Say("a LOGIN {0}\r\n"), Say(' ""\r\n'), OUT),
    case("literal-then-quoted", "a literal, then a quoted string", Say("a LOGIN {3}\r\n"), 'joe "secret"', OUT),
    case("atom-then-literal", "an atom, then a literal with backslashes", "a LOGIN joe {4}", "a\\bc", OUT),
    case("quoted-literal", "a quoted string that looks like a literal", 'a LOGIN "{3}" x', OUT),
    case("escaped-quote", "an escaped quote, then a blank", r'a LOGIN joe "a\"b c"', OUT),
    case("lone-quote", "a lone quote", 'a LOGIN "', "b NOOP", OUT),
    case(
        "literal-line-end",
        "the line end behind a literal in a packet of its own",
        "a LOGIN joe {6}",
        Send("secret"),
        Say("\r\n", until="a "),
        Say("c NOOP\r\n", until="c "),
        OUT,
    ),
    case("8-bit", "name and password of 8-bit octets", 'a LOGIN "j\xf6e" "\xe4\xff"', OUT),
    case("retry", "a refused log-in, then a good one", "a LOGIN joe bad", "b LOGIN joe good", OUT),
    case("bad-then-bad", "BAD of the real server to LOGIN", *BAD, OUT, real=Real(refusal="BAD no says the backend")),
    case("login-arguments", "LOGIN with wrong arguments", "a LOGIN", "b LOGIN joe", "c LOGIN a b c", OUT),
    case("arguments", "arguments where there are none", "a NOOP x", "b CAPABILITY ", "c LOGOUT x", OUT),
    case(
        "authenticate",
        "AUTHENTICATE",
        "a AUTHENTICATE CRAM-MD5",
        "b AUTHENTICATE",
        f"c AUTHENTICATE PLAIN {plain('', 'joe', 'secret')}",
        OUT,
    ),
    case("unknown", "unknown commands", "a SELECT INBOX", "b FOO", OUT, options=CAPS, exact=True),
    case("id", "ID", "a ID NIL", OUT),
    case("tags", "bad tags, missing commands", "", "* NOOP", "(a NOOP", "a", "a ", OUT),
    case("plus-tag", "a tag with a plus sign", "a+b NOOP", OUT),
    case("starttls-off", "STARTTLS where there is none", "a STARTTLS", OUT),
    case("many-failures", "11 failed log-ins", *(f"a{number} LOGIN joe bad" for number in range(11)), OUT),
    case("server-resp-line", "server_resp_line", "a LOGIN joe bad", "b LOGIN joe good", OUT, options=("-o", *CAPS),
         exact=True),
    case(
        "server-resp-line-untagged",
        "server_resp_line, with untagged lines before",
        "b LOGIN joe good",
        OUT,
        options=("-o",),
        real=Real(before=("* OK note",)),
    ),
    case("ok-line", "ok_line", *LOG_IN, OUT, options=("--ok_line=ok_line it is",)),
    case(
        "untagged",
        "untagged lines of the real server before its answer to LOGIN",
        *LOG_IN,
        OUT,
        real=Real(before=("* CAPABILITY IMAP4rev1 IDLE", "* OK note")),
    ),
    case(
        "capability-code",
        "the real server tells its capabilities with its OK",
        *LOG_IN,
        OUT,
        real=Real(log_in="OK [CAPABILITY IMAP4rev1 IDLE] in at the backend"),
        options=CAPS,
        exact=True,
    ),
    case("logindisabled", "the real server has LOGINDISABLED", *LOG_IN, "b NOOP", OUT,
         real=Real(capabilities="IMAP4rev1 LOGINDISABLED")),
    case("capability-note", "an untagged line before the real server's CAPABILITY", *LOG_IN, OUT,
         real=Real(asked=("* OK note",))),
    case("at-once", "the real server refuses LOGIN before the literals", *LOG_IN, OUT,
         real=Real(at_once="NO not now says the backend")),
    case("preauth", "the real server greets with PREAUTH", *LOG_IN, OUT, real=Real(greeting="* PREAUTH hello")),
    case("bye", "the real server greets with BYE", *LOG_IN, OUT, real=Real(greeting="* BYE not now")),
    case("bye-at-login", "the real server says BYE to LOGIN and closes", *LOG_IN, OUT,
         real=Real(before=("* BYE going down",), refusal=CLOSE, log_in=CLOSE)),
    case("tagged-greeting", "the real server greets with nonsense", *LOG_IN, OUT, real=Real(greeting="+OK pop3 here")),
    case("referral", "a referral is neither followed nor shown", *BAD, OUT,
         real=Real(refusal="NO [REFERRAL imap://joe@other/] moved says the backend")),
    case("real-down", "nobody listens at the real server", *LOG_IN, "b NOOP", OUT, server="127.0.0.1:1"),
    case("real-closes", "the real server closes at LOGIN", *LOG_IN, OUT, real=Real(log_in=CLOSE)),
    case("real-silent", "the real server is silent at LOGIN", *LOG_IN, Hear(until=None), real=Real(log_in=SILENT),
         options=("--authenticate_timeout", "2")),
    case("no-server", "no server is known", *LOG_IN, OUT, server=""),
    case("loop", "the real server is this perdition", *LOG_IN, OUT, server="127.0.0.1:{listen}"),
    case("login-disabled", "login_disabled", "a CAPABILITY", *LOG_IN, OUT, options=("--login_disabled",)),
    case("authenticate-timeout", "authenticate_timeout: a client that says nothing", Hear(until=None),
         options=("--authenticate_timeout", "2")),
    case("timeout", "timeout: a session in which nothing moves", *LOG_IN, Hear(until=None), options=("-t", "2")),
    case("leaves", "the client leaves before the log-in"),
    case("pipelined", "a command behind LOGIN in the same packet",
         Say("a LOGIN joe secret\r\nb SELECT x\r\n", until="a OK"), Say("c NOOP\r\n", until="c "), OUT),
    case("forged-name", "a name with a line end: nobody forges a log line",
         "a LOGIN {10}", Say("joe\r\nAuth: bad\r\n"), OUT),
)  # fmt: skip
