"""ManageSieve before the log-in and at it (reference 3.6 to 3.8)."""

from typing import Final

from tests.compat.case import CLOSE, Case, Hear, Real, Say, Step, log_in, plain

LOG_IN: Final = log_in("MANAGESIEVE")
BAD: Final = log_in("MANAGESIEVE", "bad")
OUT: Final = "LOGOUT"


def auth(*parts: str) -> str:
    """Write AUTHENTICATE with a message of PLAIN."""
    return f'AUTHENTICATE "PLAIN" "{plain(*parts)}"'


def case(case_id: str, title: str, *client: Step, real: Real = Real(), **more: object) -> Case:  # noqa: B008
    """Give a case of ManageSieve."""
    return Case(id=f"sieve-{case_id}", title=title, protocol="MANAGESIEVE", client=client, real=real, **more)  # type: ignore[arg-type]


CASES: Final = (
    case("logout", "greeting, CAPABILITY, NOOP, LOGOUT", "CAPABILITY", "noop", "LOGOUT"),
    case("log-in", "AUTHENTICATE, then the real server's words", *LOG_IN, "LISTSCRIPTS", OUT),
    case("literal", "AUTHENTICATE with a literal",
         Say(f'AUTHENTICATE "PLAIN" {{16+}}\r\n{plain("", "joe", "secret")}\r\n', until="OK|NO"),
         OUT),
    case("lower-case", "a mechanism in lower case", LOG_IN[0].replace("PLAIN", "plain"), OUT),
    case("authzid", "a user for whom another logs in", auth("ann", "joe", "secret"), OUT),
    case("authzid-same", "a user who logs in as himself", auth("joe", "joe", "secret"), OUT),
    case("empty-password", "an empty password", auth("", "joe", ""), OUT),
    case("no-initial-response", "AUTHENTICATE without initial response", 'AUTHENTICATE "PLAIN"',
         f'"{plain("", "joe", "pw")}"',
         OUT),
    case("malformed", "messages that are no PLAIN", 'AUTHENTICATE "PLAIN" "!!!!"', auth("", "", "pw"), auth("", "joe"),
         auth("", "joe", "pw", "x"), auth("joe"), OUT),
    case("mechanism", "another mechanism", 'AUTHENTICATE "CRAM-MD5" ""', "AUTHENTICATE PLAIN x", OUT),
    case("retry", "a refused log-in, then a good one", *BAD, *LOG_IN, OUT),
    case("arguments", "wrong numbers of arguments", "CAPABILITY x", "LOGOUT x", "NOOP a b", "AUTHENTICATE", OUT),
    case("noop-string", "NOOP with a string", Say('NOOP "x"\r\nLOGOUT\r\n', until=None)),
    case("unknown", "unknown commands, an empty line", "FOO", "HAVESPACE \"x\" 1", "", OUT, exact=True),
    case("starttls-off", "STARTTLS where there is none", "STARTTLS", OUT),
    case("no-sasl", "the real server offers no mechanism", *LOG_IN, "NOOP", OUT, real=Real(capabilities="NONE")),
    case("other-sasl", "the real server offers other mechanisms only", *LOG_IN, OUT,
         real=Real(capabilities="CRAM-MD5")),
    case("real-refuses", "the real server greets with NO", *LOG_IN, OUT, real=Real(greeting='NO "go away"')),
    case("real-bye", "the real server greets with BYE", *LOG_IN, OUT, real=Real(greeting='BYE "go away"')),
    case("loop", "the real server is this perdition", *LOG_IN, OUT, server="127.0.0.1:{listen}",
         options=("--connection_limit", "4", "--authenticate_timeout", "8")),
    case("real-down", "nobody listens at the real server", *LOG_IN, "NOOP", OUT, server="127.0.0.1:1"),
    case("real-closes", "the real server closes at AUTHENTICATE", *LOG_IN, OUT, real=Real(log_in=CLOSE)),
    case("no-server", "no server is known", *LOG_IN, OUT, server=""),
    case("server-resp-line", "server_resp_line", *BAD, *LOG_IN, OUT, options=("-o",), exact=True),
    case("sasl-answer", "the real server answers with OK (SASL)", *LOG_IN, OUT,
         real=Real(log_in='OK (SASL "dGVzdA==") "in at the backend"')),
    case("ok-line", "ok_line", *LOG_IN, OUT, options=("-O", "ok_line it is")),
    case("login-disabled", "login_disabled", "CAPABILITY", *LOG_IN, OUT, options=("--login_disabled",)),
    case("timeout", "timeout: a session in which nothing moves", *LOG_IN, Hear(until=None), options=("-t", "2")),
    case("authenticate-timeout", "authenticate_timeout: a client that says nothing", Hear(until=None),
         options=("--authenticate_timeout", "2")),
    case("leaves", "the client leaves before the log-in"),
    case("bye", "the real server refuses the log-in with BYE", *BAD, OUT,
         real=Real(refusal='BYE "no says the backend"')),
)  # fmt: skip
