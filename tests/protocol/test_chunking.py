"""What octets mean does not depend on how they were cut into segments.

The one exception: octets behind STARTTLS.  In one segment with it they are refused at once, later by
`start_tls` or by the handshake; `helpers` stops a conversation there (see test_injection.py).
"""

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.secret import Secret
from tests.protocol.helpers import HANDSHAKE, SMALL, assert_same_however_cut, drip, play_client, play_server
from tests.strategies.pieces import Octets, greeted
from tests.strategies.streams import CLIENTS, HOSTILE_CLIENTS, HOSTILE_SERVERS, SERVERS

CUTS: Final = st.lists(st.integers(min_value=0, max_value=1000), max_size=8)
ANSWERS: Final = st.lists(st.booleans(), max_size=8)
GREETINGS: Final = {
    "pop3": b"+OK\r\n",
    "imap4": b"* OK [CAPABILITY LITERAL-] hi\r\n",
    "managesieve": b"OK\r\n",
}


def to_server(protocol: str) -> Octets:
    """Give what a server machine hears: valid, nearly valid and hostile."""
    return st.one_of(HOSTILE_CLIENTS[protocol], CLIENTS[protocol])


def to_client(protocol: str) -> Octets:
    """Give what a client machine hears."""
    return st.one_of(
        greeted(GREETINGS[protocol], HOSTILE_SERVERS[protocol]), greeted(GREETINGS[protocol], SERVERS[protocol])
    )


CREDENTIALS: Final = Secret(b"\0u\0p")
COMMANDS: Final = {
    "pop3": st.lists(
        st.sampled_from(
            (
                pop3.Command("CAPA"),
                pop3.Command("STLS"),
                pop3.Command("USER", (b"u",)),
                pop3.Command("PASS", (Secret(b"p"),)),
                pop3.Command("AUTH", (b"PLAIN",)),
                pop3.Command("AUTH", (b"PLAIN", CREDENTIALS)),
                pop3.Command("LIST"),
                pop3.Command("LIST", (b"1",)),
                pop3.Command("QUIT"),
            )
        ),
        max_size=8,
    ),
    "imap4": st.lists(
        st.sampled_from(
            (
                ("CAPABILITY", ()),
                ("NOOP", ()),
                ("STARTTLS", ()),
                ("LOGIN", (b"u", Secret(b"p"))),
                ("LOGIN", (b"\xff", Secret(b"\xff"))),
                ("AUTHENTICATE", (b"PLAIN",)),
                ("AUTHENTICATE", (b"PLAIN", CREDENTIALS)),
                ("SELECT", (b"x",)),
                ("APPEND", (b"x", b"\r\n")),
                ("LOGOUT", ()),
            )
        ),
        max_size=8,
    ).map(lambda drawn: [imap4.Command(b"p%d" % at, *each) for at, each in enumerate(drawn, 1)]),
    "managesieve": st.lists(
        st.sampled_from(
            (
                managesieve.Command("CAPABILITY"),
                managesieve.Command("NOOP", (b"x",)),
                managesieve.Command("STARTTLS"),
                managesieve.Command("AUTHENTICATE", (b"PLAIN",)),
                managesieve.Command("AUTHENTICATE", (b"PLAIN", CREDENTIALS)),
                managesieve.Command("LISTSCRIPTS"),
                managesieve.Command("UNAUTHENTICATE"),
                managesieve.Command("LOGOUT"),
            )
        ),
        max_size=8,
    ),
}


def check_server(protocol: str, data: bytes, cuts: list[int], answers: list[bool]) -> None:
    """Play a server machine three times over."""

    def play(chunks: Iterable[bytes]) -> list[object]:
        return play_server(protocol, chunks, answers, SMALL)

    assert_same_however_cut(play, data, cuts)


def check_client(protocol: str, data: bytes, cuts: list[int], commands: list[object]) -> None:
    """Play a client machine three times over."""

    def play(chunks: Iterable[bytes]) -> list[object]:
        return play_client(protocol, chunks, commands, SMALL)

    assert_same_however_cut(play, data, cuts)


@given(to_server("pop3"), CUTS, ANSWERS)
def test_pop3_server(data: bytes, cuts: list[int], answers: list[bool]) -> None:
    check_server("pop3", data, cuts, answers)


@given(to_server("imap4"), CUTS, ANSWERS)
def test_imap4_server(data: bytes, cuts: list[int], answers: list[bool]) -> None:
    check_server("imap4", data, cuts, answers)


@given(to_server("managesieve"), CUTS, ANSWERS)
def test_managesieve_server(data: bytes, cuts: list[int], answers: list[bool]) -> None:
    check_server("managesieve", data, cuts, answers)


@given(to_client("pop3"), CUTS, COMMANDS["pop3"])
def test_pop3_client(data: bytes, cuts: list[int], commands: list[object]) -> None:
    check_client("pop3", data, cuts, commands)


@given(to_client("imap4"), CUTS, COMMANDS["imap4"])
def test_imap4_client(data: bytes, cuts: list[int], commands: list[object]) -> None:
    check_client("imap4", data, cuts, commands)


@given(to_client("managesieve"), CUTS, COMMANDS["managesieve"])
def test_managesieve_client(data: bytes, cuts: list[int], commands: list[object]) -> None:
    check_client("managesieve", data, cuts, commands)


# A property that looks at nothing holds, too: these say that the players hear what they should.

HEARD: Final = (
    ("pop3", b"USER u\r\nPASS p\r\nSTAT\r\nQUIT\r\n", 9),
    ("imap4", b"a NOOP\r\nb LOGIN {1}\r\nu p\r\nc LOGOUT\r\n", 9),
    ("managesieve", b'NOOP\r\nAUTHENTICATE "PLAIN"\r\n"AHUAcA=="\r\nLOGOUT\r\n', 9),
)


@pytest.mark.parametrize(("protocol", "data", "count"), HEARD)
def test_player_hears_a_whole_conversation(protocol: str, data: bytes, count: int) -> None:
    said = play_server(protocol, drip(data), (), SMALL)

    assert len(said) == count
    assert not any(isinstance(each, str) for each in said)


def test_player_stops_at_starttls() -> None:
    assert play_server("imap4", [b"a STARTTLS\r\nb NOOP\r\n"], (), SMALL) == [HANDSHAKE]
    assert play_server("imap4", drip(b"a STARTTLS\r\nb NOOP\r\n"), (), SMALL) == [HANDSHAKE]


def test_player_of_clients_stops_at_starttls() -> None:
    data, commands = b"+OK\r\n+OK\r\n+OK\r\n", [pop3.Command("STLS")] * 3

    whole = play_client("pop3", [data], commands, SMALL)

    assert whole[-1] == HANDSHAKE
    assert whole == play_client("pop3", drip(data), commands, SMALL)
