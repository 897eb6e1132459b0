"""The words of each protocol, from the tables of `spec/` and of the package: for fuzzers and for strategies."""

from functools import cache
from typing import Any, Final

from perdition.protocol import imap4, managesieve, pop3
from perdition.session.capabilities import ADDED
from perdition.session.fronts import FRONTS
from perdition.session.policy import Proto
from tests.laws import CANARY
from tests.protocol.helpers import spec

FRAMING: Final = (b"\r\n", b"\r", b"\n", b"\0", b" ", b'"', b"\\", b"*", b"=", b"+ ", b"(", b")", b"\xff", CANARY)
"""What ends or parts things, in all three."""

LITERALS: Final = (b"{0}", b"{3}\r\n", b"{3+}\r\n", b"{0+}\r\n", b"{9999999999}\r\n", b"{99999999999+}\r\n", b"}\r\n")

SAID_BY_SERVERS: Final = {
    "pop3": (b"+OK", b"-ERR", b"+ ", b".\r\n", b"..", b"[", b"] ", b"SASL PLAIN", b"STLS", b"USER", b"RESP-CODES"),
    "imap4": (
        *(b"* OK ", b"* NO ", b"* BAD ", b"* BYE ", b"* PREAUTH ", b"p1 ", b"p2 ", b"p3 ", b"OK ", b"NO ", b"BAD "),
        *(b"[CAPABILITY ", b"* CAPABILITY ", b"] ", b"IMAP4rev1", b"STARTTLS", b"LOGINDISABLED", b"SASL-IR"),
        *(b"AUTH=PLAIN", b"AUTH=LOGIN", b"LITERAL+", b"LITERAL-", b"* 1 FETCH (BODY[] {3}\r\nabc)\r\n"),
    ),
    "managesieve": (
        *(b"OK", b"NO", b"BYE", b"OK (", b'"SASL" "PLAIN LOGIN"', b'"SASL" ""', b'"STARTTLS"', b'"SIEVE"'),
        *(b'"IMPLEMENTATION" "x"', b"(TAG {3}\r\n", b'(SASL "', b"ACTIVE"),
    ),
}
SAID_BY_CLIENTS: Final = {
    "pop3": (b"PLAIN", b"LOGIN", b" AHUAcA==", b" ="),
    "imap4": (b"a ", b"b ", b"+ ", b"PLAIN", b"LOGIN", b" AHUAcA==", b" =", b"NIL", b"INBOX", b"()"),
    "managesieve": (b'"PLAIN"', b'"LOGIN"', b'"AHUAcA=="', b'"="', b'"*"', b"4294967296"),
}
CODES: Final = {"pop3": pop3.CODES, "imap4": imap4.CODES, "managesieve": managesieve.CODES}


def rows(protocol: str) -> list[tuple[str, dict[str, Any]]]:
    """Give each command of a protocol with its row, but not the greeting."""
    found: list[tuple[str, dict[str, Any]]] = []
    for row in spec(protocol)["row"]:
        verbs = [row["command"]] if isinstance(row["command"], str) else row["command"]
        found += [(verb, row) for verb in verbs if verb]
    return found


@cache
def words_of(protocol: str) -> tuple[bytes, ...]:
    """Give every word that means something in a protocol, whoever says it."""
    proto = Proto(protocol)
    words = [verb.encode() for verb, _ in rows(protocol)]
    words += [*CODES[protocol].values(), *sorted(FRONTS[proto].passed_on), *ADDED[proto]]
    words += [*SAID_BY_SERVERS[protocol], *SAID_BY_CLIENTS[protocol]]
    return tuple(dict.fromkeys((*words, *(() if protocol == "pop3" else LITERALS), *FRAMING)))
