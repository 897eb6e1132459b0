"""POP3 before the log-in and at it (reference 3.1 to 3.3, 3.8)."""

from typing import Final

from tests.compat.case import CLOSE, SILENT, Case, Close, Hear, Real, Say, log_in, plain

LOG_IN: Final = log_in("POP3")
BAD: Final = log_in("POP3", "bad")

CASES: Final = (
    Case(id="pop3-quit", title="greeting, CAPA, QUIT", client=("CAPA", "QUIT")),
    Case(id="pop3-capa-exact", title="CAPA, to the letter", client=("CAPA",), exact=True),
    Case(id="pop3-unknown", title="an unknown command", client=("NOOP", "QUIT"), exact=True),
    Case(id="pop3-words", title="empty line, short and long words", client=("", "XX", "LONGCMD x", "QUIT")),
    Case(id="pop3-user-arguments", title="USER with wrong arguments", client=("USER", "USER a b", "USER joe ")),
    Case(id="pop3-pass-first", title="PASS before USER, PASS without argument", client=("PASS x", "USER joe", "PASS")),
    Case(
        id="pop3-pass-blanks",
        title="a password of blanks and words",
        client=("USER joe", "PASS  two words ", "STAT", "QUIT"),
    ),
    Case(id="pop3-pass-empty", title="an empty password", client=("USER joe", "PASS ", "STAT", "QUIT")),
    Case(id="pop3-8-bit", title="name and password of 8-bit octets", client=("USER j\xf6e", "PASS \xe4\xff", "QUIT")),
    Case(
        id="pop3-auth",
        title="AUTH: SASL",
        client=("AUTH", f"AUTH PLAIN {plain('', 'joe', 'secret')}", "QUIT"),
    ),
    Case(id="pop3-apop", title="APOP", client=("APOP joe c4c9334bac560ecc979e58001b3e22fb", "QUIT")),
    Case(
        id="pop3-extra-arguments", title="arguments where there are none", client=("CAPA x", "CAPA ", "QUIT x", "QUIT")
    ),
    Case(id="pop3-stls-off", title="STLS where there is none", client=("STLS", "QUIT")),
    Case(id="pop3-log-in", title="log-in, then the real server's words", client=(*LOG_IN, "STAT", "QUIT")),
    Case(id="pop3-lower-case", title="commands in lower case", client=("user joe", "pass secret", "STAT", "QUIT")),
    Case(id="pop3-bare-lf", title="lines that end with LF", client=(Say("USER joe\n"), Say("PASS secret\n"), "QUIT")),
    Case(
        id="pop3-one-packet",
        title="USER and PASS in one packet",
        client=(Say("USER joe\r\nPASS secret\r\n", until=r"\+OK You are"), "QUIT"),
    ),
    Case(
        id="pop3-retry",
        title="a refused log-in, then a good one",
        client=(*BAD, "PASS secret", *LOG_IN, "NOOP", "QUIT"),
    ),
    Case(id="pop3-second-user", title="the second USER counts", client=("USER ann", *LOG_IN, "QUIT")),
    Case(
        id="pop3-pipelined",
        title="a command behind PASS in the same packet",
        client=(
            Say("USER joe\r\nPASS secret\r\nSTAT\r\n", until=r"\+OK You are"),
            Say("NOOP\r\n", until=r".*echo NOOP"),
            "QUIT",
        ),
    ),
    Case(id="pop3-long-word", title="a command word of 5000 octets", client=("B" * 5000, "CAPA", "QUIT")),
    Case(id="pop3-long-name", title="a user name of 3000 octets", client=(*log_in("POP3", user="u" * 3000), "QUIT")),
    Case(id="pop3-long-password", title="a password of 200 octets", client=(*log_in("POP3", "p" * 200), "QUIT")),
    Case(id="pop3-ok-line", title="ok_line is literal", options=("-O", "ok_line %s 100%"), client=(*LOG_IN, "QUIT")),
    Case(
        id="pop3-server-resp-line",
        title="server_resp_line: the real server's words",
        options=("--server_resp_line",),
        client=(*BAD, *LOG_IN, "QUIT"),
        exact=True,
    ),
    Case(
        id="pop3-server-ok-line",
        title="server_ok_line, the old name",
        options=("--server_ok_line",),
        client=(*LOG_IN, "QUIT"),
        exact=True,
    ),
    Case(
        id="pop3-server-resp-line-user",
        title="server_resp_line, and the real server refuses USER",
        options=("-o",),
        real=Real(user="-ERR no such user at the backend"),
        client=("USER joe", Say("PASS secret\r\n", until=None)),
    ),
    Case(
        id="pop3-user-refused",
        title="the real server refuses USER",
        real=Real(user="-ERR no such user at the backend"),
        client=(*LOG_IN, "QUIT"),
    ),
    Case(
        id="pop3-real-refuses",
        title="the real server greets with -ERR",
        real=Real(greeting="-ERR go away"),
        client=(*LOG_IN, "CAPA", "QUIT"),
    ),
    Case(
        id="pop3-real-nonsense",
        title="the real server greets as no POP3 server does",
        real=Real(greeting="220 smtp.example.com ESMTP"),
        client=(*LOG_IN, "QUIT"),
    ),
    Case(
        id="pop3-real-closes-at-once",
        title="the real server closes without a greeting",
        real=Real(greeting=CLOSE),
        client=(*LOG_IN, "QUIT"),
    ),
    Case(
        id="pop3-real-down",
        title="nobody listens at the real server",
        server="127.0.0.1:1",
        client=(*LOG_IN, "CAPA", "QUIT"),
    ),
    Case(
        id="pop3-real-unknown",
        title="the real server's name does not exist",
        server="nowhere.invalid:110",
        client=(*LOG_IN, "QUIT"),
    ),
    Case(id="pop3-no-server", title="no server is known", server="", client=(*LOG_IN, "CAPA", "QUIT")),
    Case(
        id="pop3-real-closes",
        title="the real server closes at PASS",
        real=Real(log_in=CLOSE),
        client=(*LOG_IN, "QUIT"),
    ),
    Case(
        id="pop3-real-silent",
        title="the real server is silent at PASS",
        options=("--authenticate_timeout", "2"),
        real=Real(log_in=SILENT),
        client=(*LOG_IN, Hear(until=None)),
    ),
    Case(
        id="pop3-real-quit-silent",
        title="the real server does not answer QUIT",
        options=("--authenticate_timeout", "4"),
        real=Real(quit=False),
        client=(*BAD, "QUIT"),
    ),
    Case(
        id="pop3-real-says-more",
        title="the real server says more behind its +OK",
        real=Real(behind=("+OK more from the backend",)),
        client=(*LOG_IN, Say("NOOP\r\n", until=r".*echo NOOP"), "QUIT"),
    ),
    Case(
        id="pop3-loop", title="the real server is this perdition", server="127.0.0.1:{listen}", client=(*LOG_IN, "QUIT")
    ),
    Case(
        id="pop3-login-disabled",
        title="login_disabled",
        options=("--login_disabled",),
        client=("CAPA", *LOG_IN, "QUIT"),
    ),
    Case(id="pop3-leaves", title="the client leaves before the log-in", client=()),
    Case(id="pop3-leaves-after-user", title="the client leaves after USER", client=("USER joe",)),
    Case(
        id="pop3-quit-after-failure",
        title="QUIT after a failed log-in",
        client=(*BAD, "QUIT"),
    ),
    Case(
        id="pop3-authenticate-timeout",
        title="authenticate_timeout: a client that says nothing",
        options=("--authenticate_timeout", "2"),
        client=(Hear(until=None),),
    ),
    Case(
        id="pop3-timeout",
        title="timeout: a session in which nothing moves",
        options=("--timeout", "2"),
        client=(*LOG_IN, Hear(until=None)),
    ),
    Case(
        id="pop3-half-close",
        title="the client ends its half behind the last command",
        client=(*LOG_IN, "STAT", Close()),
    ),
    Case(id="pop3-no-bind-banner", title="no_bind_banner", options=("--no_bind_banner",), client=("QUIT",)),
)
