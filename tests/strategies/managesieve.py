"""What ManageSieve clients and servers say: valid messages, and hostile streams."""

import base64
from typing import Final

from hypothesis import strategies as st

from tests.laws import CANARY
from tests.strategies.pieces import BASE64, Octets, hostile, lines
from tests.strategies.words import rows

PLAIN: Final = base64.b64encode(b"\0joe\0" + CANARY)
STRINGS: Final = (
    b' "x"',
    b' "a\\"b"',
    b' ""',
    b" {3+}\r\nabc",
    b" {3}\r\nabc",
    b" {2+}\r\n\r\n",
    b' "PLAIN"',
    b' "LOGIN"',
)
FORMS: Final[dict[str, Octets]] = {
    "string": st.sampled_from(STRINGS),
    "optional_string": st.sampled_from((b"", *STRINGS)),
    "optional_initial": st.sampled_from((b"", b' "%s"' % PLAIN, b' "dQ=="', b' ""', b" {8+}\r\nAHUAcA==")),
    "number": st.sampled_from((b" 0", b" 99", b" 4294967295", b" 4294967296")),
}


def command(verb: str, forms: list[str]) -> Octets:
    """Give one command with its literals."""
    word = st.sampled_from((verb.encode(), verb.encode(), verb.lower().encode()))
    return st.tuples(word, *(FORMS[form] for form in forms)).map(lambda said: b"".join(said) + b"\r\n")


COMMANDS: Final = st.one_of([command(verb, row.get("args", [])) for verb, row in rows("managesieve")])
RESPONSES: Final = st.sampled_from((b'"AHUAcA=="\r\n', b'"dQ=="\r\n', b'"*"\r\n', b'""\r\n', b"{4+}\r\ncA==\r\n"))
CLIENT_SAYS: Final = st.one_of(COMMANDS, COMMANDS, COMMANDS, RESPONSES)
"""One message of a client."""

SERVER_SAYS: Final = st.sampled_from(
    (
        b'"IMPLEMENTATION" "x"\r\n"SASL" "PLAIN LOGIN"\r\n"STARTTLS"\r\nOK\r\n',
        b'"SASL" ""\r\n"STARTTLS"\r\nOK "ready"\r\n',
        b"OK\r\n",
        b'OK (TAG "x") "done"\r\n',
        b'NO (TRYLATER) "later"\r\n',
        b'NO (QUOTA/MAXSIZE) {3}\r\n"\r\n\r\n',
        b'BYE (REFERRAL "sieve://x") "elsewhere"\r\n',
        b'""\r\n',
        b'"VXNlcm5hbWU6"\r\n',
        b'"one"\r\n"two" ACTIVE\r\nOK\r\n',
        b"{3}\r\nabc\r\nOK\r\n",
    )
)
"""One message of a server."""

HOSTILE_CLIENT: Final = hostile(
    lines(b"NOOP", b'NOOP "x"', b"CAPABILITY", b"STARTTLS", b"LOGOUT", b"LISTSCRIPTS", b"XYZZY", b"UNAUTHENTICATE"),
    lines(b'AUTHENTICATE "PLAIN" "AHUAcA=="', b'AUTHENTICATE "PLAIN"', b'AUTHENTICATE "LOGIN" "dQ=="'),
    lines(b'HAVESPACE "x" 99', b'PUTSCRIPT "x" {3+}', b'SETACTIVE "x"', b"NOOP {3+}", b"NOOP {3}"),
    BASE64.map(lambda data: b'"' + data + b'"\r\n'),
    BASE64.map(lambda data: b"{%d+}\r\n%s\r\n" % (len(data), data)),
)
HOSTILE_SERVER: Final = hostile(
    lines(b"OK", b"NO", b"BYE", b'OK "x"', b'OK (X) "x"', b"NO (QUOTA/MAXSIZE) {3}", b"OK {3}", b'ok (TAG "x")'),
    lines(b'"SASL" "PLAIN"', b'"STARTTLS"', b'"SIEVE" {3}', b'"x" ACTIVE', b'""', b'"dQ=="', b'"Z2l2ZSB1cA=="'),
    lines(b"ACTIVE", b"{4}\r\ndQ==", b"(", b"OK (", b"OK )"),
)
