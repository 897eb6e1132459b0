"""What POP3 clients and servers say: valid messages, and hostile streams."""

from typing import Final

from hypothesis import strategies as st

from tests.laws import CANARY
from tests.strategies.pieces import BASE64, Octets, hostile, lines
from tests.strategies.words import rows

FORMS: Final[dict[str, Octets]] = {
    "word": st.sampled_from((b" u", b" joe@example.org", b" \xc3\xbc")),
    "password": st.sampled_from((b" " + CANARY, b" two words", b" ")),
    "mechanism": st.sampled_from((b" PLAIN", b" plain", b" LOGIN", b" X-Y_1")),
    "initial": st.sampled_from((b"", b" AHUAcA==", b" =", b" dQ==")),
    "number": st.sampled_from((b" 1", b" 0", b" 4294967296")),
    "optional_number": st.sampled_from((b"", b" 1")),
}


def command(verb: str, forms: list[str]) -> Octets:
    """Give one command line."""
    parts = [st.sampled_from((verb.encode(), verb.encode(), verb.lower().encode()))]
    return st.tuples(*parts, *(FORMS[form] for form in forms)).map(lambda said: b"".join(said) + b"\r\n")


COMMANDS: Final = st.one_of([command(verb, row.get("args", [])) for verb, row in rows("pop3")])
RESPONSES: Final = st.sampled_from((b"AHUAcA==\r\n", b"dQ==\r\n", b"cA==\r\n", b"*\r\n", b"\r\n"))
CLIENT_SAYS: Final = st.one_of(COMMANDS, COMMANDS, COMMANDS, RESPONSES)
"""One message of a client."""

SERVER_SAYS: Final = st.sampled_from(
    (
        b"+OK\r\n",
        b"+OK ready <1.2@example.org>\r\n",
        b"-ERR [AUTH] no\r\n",
        b"-ERR [SYS/TEMP] later\r\n",
        b"+OK\r\nUSER\r\nSASL PLAIN LOGIN\r\nSTLS\r\n.\r\n",
        b"+OK 2 320\r\n1 120\r\n..2 200\r\n.\r\n",
        b"+ \r\n",
        b"+ VXNlcm5hbWU6\r\n",
    )
)
"""One message of a server."""

HOSTILE_CLIENT: Final = hostile(
    lines(b"USER u", b"PASS p", b"PASS ", b"CAPA", b"QUIT", b"STLS", b"stls", b"NOOP", b"LIST", b"LIST 1", b"TOP 1 2"),
    lines(b"AUTH PLAIN AHUAcA==", b"AUTH PLAIN", b"AUTH LOGIN ", b"auth plain ", b"AUTH PLAIN =", b"XYZZY"),
    BASE64.map(lambda data: data + b"\r\n"),
)
HOSTILE_SERVER: Final = hostile(
    lines(b"+OK", b"-ERR", b"+OK hi", b"-ERR [AUTH] no", b"+ok", b"+OK [X-Y z] x", b"+ERR"),
    lines(b"+ ", b"+", b"+ dQ==", b"+ Z2l2ZSB1cA=="),
    lines(b".", b"..", b".x", b"SASL PLAIN", b"STLS", b"x" * 90),
    st.just(b"+OK\r\nUSER\r\n.\r\n"),
)
