"""What IMAP4 clients and servers say: valid messages, and hostile streams."""

from typing import Final

from hypothesis import strategies as st

from tests.laws import CANARY
from tests.strategies.pieces import BASE64, Octets, hostile, lines
from tests.strategies.words import rows

SIZE: Final = len(CANARY)
FORMS: Final[dict[str, Octets]] = {
    "astring": st.sampled_from((b" u", b' "u"', b' "a\\"b"', b" {3+}\r\njoe", b" {3}\r\njoe", b" {0+}\r\n", b' ""')),
    "password": st.sampled_from(
        (b" " + CANARY, b' "%s"' % CANARY, b" {%d+}\r\n%s" % (SIZE, CANARY), b" {%d}\r\n%s" % (SIZE, CANARY))
    ),
    "mechanism": st.sampled_from((b" PLAIN", b" plain", b" LOGIN", b" X-Y_1")),
    "initial": st.sampled_from((b"", b" AHUAcA==", b" =", b" dQ==")),
    "id": st.sampled_from((b" NIL", b' ("name" "x")', b' ("name" {1+}\r\nx)')),
    "parts": st.sampled_from((b"", b" INBOX", b" 1 (FLAGS)", b" x {3+}\r\nabc", b" x (\\Seen) {3}\r\nabc", b" {3}")),
}
TAGS: Final = st.sampled_from((b"a ", b"A001 ", b"b ", b"+1 "))


def command(verb: str, forms: list[str]) -> Octets:
    """Give one command with its literals."""
    word = st.sampled_from((verb.encode(), verb.encode(), verb.lower().encode()))
    return st.tuples(TAGS, word, *(FORMS[form] for form in forms)).map(lambda said: b"".join(said) + b"\r\n")


COMMANDS: Final = st.one_of([command(verb, row.get("args", [])) for verb, row in rows("imap4")])
RESPONSES: Final = st.sampled_from((b"AHUAcA==\r\n", b"dQ==\r\n", b"cA==\r\n", b"*\r\n", b"\r\n"))
CLIENT_SAYS: Final = st.one_of(COMMANDS, COMMANDS, COMMANDS, RESPONSES)
"""One message of a client."""

SERVER_SAYS: Final = st.sampled_from(
    (
        b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN LITERAL+] ready\r\n",
        b"* PREAUTH hi\r\n",
        b"* BYE later\r\n",
        b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN\r\n",
        b"* OK [ALERT] read this\r\n",
        b"p1 OK done\r\n",
        b"p2 OK [CAPABILITY IMAP4rev1] in\r\n",
        b"p3 NO [AUTHENTICATIONFAILED] no\r\n",
        b"p4 BAD what\r\n",
        b"+ \r\n",
        b"+ go {3}\r\n",
        b"+ VXNlcm5hbWU6\r\n",
        b'* LIST () "/" {5}\r\nINBOX\r\n',
        b"* 1 FETCH (BODY[] {3}\r\nabc X {0}\r\n)\r\n",
    )
)
"""One message of a server to `perdition.protocol.imap4.Client`, whose tags are p1, p2 and so on."""

HOSTILE_CLIENT: Final = hostile(
    lines(b"a NOOP", b"b CAPABILITY", b"c STARTTLS", b"d LOGOUT", b"e LOGIN u p", b'f LOGIN "u" "p"', b"+ NOOP"),
    lines(b"g AUTHENTICATE PLAIN", b"h AUTHENTICATE PLAIN AHUAcA==", b"i AUTHENTICATE LOGIN ", b"* NOOP", b"j XYZZY"),
    lines(b"k SELECT INBOX", b"l APPEND x {3}", b"m FETCH 1 (FLAGS)", b"n ID NIL", b"o LOGIN {1}", b"p LOGIN {1+}"),
    BASE64.map(lambda data: data + b"\r\n"),
    st.sampled_from((b"u {1}\r\n", b"u {1+}\r\np\r\n", b"u\r\n", b" p\r\n")),
)
HOSTILE_SERVER: Final = hostile(
    lines(b"* OK hi", b"* PREAUTH hi", b"* BYE hi", b"* OK [CAPABILITY IMAP4rev1 LITERAL+] hi", b"* NO x", b"* BAD x"),
    lines(b"p1 OK x", b"p2 OK x", b"p3 OK [CAPABILITY IMAP4rev1] x", b"p4 NO x", b"p5 BAD x", b"p1 NO", b"p9 OK x"),
    lines(b"+ ", b"+", b"+ dQ==", b"+ Z2l2ZSB1cA==", b"+ go {3}", b"p1 PREAUTH", b"p1 BYE"),
    lines(b"* CAPABILITY IMAP4rev1 STARTTLS", b'* LIST () "/" {3}', b"* 1 FETCH {3}", b"* OK {3}"),
)
