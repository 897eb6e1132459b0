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
from tests.protocol.helpers import (
    HANDSHAKE,
    SMALL,
    assert_same_however_cut,
    drip,
    play_client,
    play_server,
)

CUTS: Final = st.lists(st.integers(min_value=0, max_value=1000), max_size=8)
ANSWERS: Final = st.lists(st.booleans(), max_size=8)

ENDS: Final = st.sampled_from((b"\r\n",) * 12 + (b"\n", b"\r", b"", b"\0\r\n", b"\r\r\n", b" \r\n"))
HOSTILE: Final = st.sampled_from(
    (
        b"x" * 99 + b"\r\n",
        b"x" * 100 + b"\r\n",
        b"x" * 101 + b"\r\n",
        b"x" * 100 + b"\n",
        b"x" * 101 + b"\n",
        b"x" * 100 + b"\r\r\n",
        b"x" * 300,
        b"\n",
        b"\r\n",
        b"\0",
        b" \r\n",
        b"\xff\xfe\r\n",
        b"p1 OK",
    )
)
SIZES: Final = st.sampled_from(
    (b"0", b"1", b"3", b"03", b"49", b"50", b"51", b"120", b"9999999999", b"99999999999", b"9" * 5000)
)
LITERALS: Final = st.builds(
    lambda before, size, plus, end, octets: before + b"{" + size + plus + b"}" + end + octets,
    st.sampled_from((b"", b" ", b"a LOGIN ", b"a LOGIN u ", b"PUTSCRIPT ", b"* LIST ", b"* OK ", b"+ ", b'NO "x" ')),
    SIZES,
    st.sampled_from((b"", b"+", b"-")),
    ENDS,
    st.sampled_from((b"", b"abc", b"abc\r\n", b"a\r\nb NOOP\r\n", b" x\r\n", b"\0\n\r" * 17)),
)
BASE64: Final = st.sampled_from(
    (b"AHUAcA==", b"dQ==", b"cA==", b"", b"=", b"*", b"dQ", b"dR==", b"d Q==", b"Z2l2ZSB1cA==", b"A" * 196, b"A" * 204)
)


def lines(*heads: bytes) -> st.SearchStrategy[bytes]:
    """Give lines that begin with one of the heads, go on with almost anything, and mostly end in CRLF."""
    tails = st.one_of(
        st.just(b""),
        st.just(b""),
        st.just(b""),
        BASE64,
        st.sampled_from(
            (b" ", b" 1", b" u", b' "u" "p"', b" (x)", b' "a\\"b"', b' "unended', b" {3}", b" {3+}", b" PLAIN")
        ),
        st.binary(max_size=12),
    )
    return st.builds(lambda head, tail, end: head + tail + end, st.sampled_from(heads), tails, ENDS)


def streams(*pieces: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Give octets made of the pieces, of hostile ones and of noise."""
    piece = st.one_of(*pieces, *pieces, LITERALS, HOSTILE, st.binary(max_size=20))
    return st.lists(piece, max_size=12).map(b"".join)


def greeted(greeting: bytes, stream: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Put a greeting before most streams, or else a client machine would hear little."""
    return st.builds(bytes.__add__, st.sampled_from((greeting,) * 9 + (b"",)), stream)


SERVER_STREAMS: Final = {
    "pop3": streams(
        lines(
            b"USER u", b"PASS p", b"PASS ", b"CAPA", b"QUIT", b"STLS", b"stls", b"NOOP", b"LIST", b"LIST 1", b"TOP 1 2"
        ),
        lines(b"AUTH PLAIN AHUAcA==", b"AUTH PLAIN", b"AUTH LOGIN ", b"auth plain ", b"AUTH PLAIN =", b"XYZZY"),
        BASE64.map(lambda data: data + b"\r\n"),
    ),
    "imap4": streams(
        lines(b"a NOOP", b"b CAPABILITY", b"c STARTTLS", b"d LOGOUT", b"e LOGIN u p", b'f LOGIN "u" "p"', b"+ NOOP"),
        lines(
            b"g AUTHENTICATE PLAIN", b"h AUTHENTICATE PLAIN AHUAcA==", b"i AUTHENTICATE LOGIN ", b"* NOOP", b"j XYZZY"
        ),
        lines(b"k SELECT INBOX", b"l APPEND x {3}", b"m FETCH 1 (FLAGS)", b"n ID NIL", b"o LOGIN {1}", b"p LOGIN {1+}"),
        BASE64.map(lambda data: data + b"\r\n"),
        st.sampled_from((b"u {1}\r\n", b"u {1+}\r\np\r\n", b"u\r\n", b" p\r\n")),
    ),
    "managesieve": streams(
        lines(b"NOOP", b'NOOP "x"', b"CAPABILITY", b"STARTTLS", b"LOGOUT", b"LISTSCRIPTS", b"XYZZY", b"UNAUTHENTICATE"),
        lines(b'AUTHENTICATE "PLAIN" "AHUAcA=="', b'AUTHENTICATE "PLAIN"', b'AUTHENTICATE "LOGIN" "dQ=="'),
        lines(b'HAVESPACE "x" 99', b'PUTSCRIPT "x" {3+}', b'SETACTIVE "x"', b"NOOP {3+}", b"NOOP {3}"),
        BASE64.map(lambda data: b'"' + data + b'"\r\n'),
        BASE64.map(lambda data: b"{%d+}\r\n%s\r\n" % (len(data), data)),
    ),
}

CLIENT_STREAMS: Final = {
    "pop3": streams(
        lines(b"+OK", b"-ERR", b"+OK hi", b"-ERR [AUTH] no", b"+ok", b"+OK [X-Y z] x", b"+ERR"),
        lines(b"+ ", b"+", b"+ dQ==", b"+ Z2l2ZSB1cA=="),
        lines(b".", b"..", b".x", b"SASL PLAIN", b"STLS", b"x" * 90),
        st.just(b"+OK\r\nUSER\r\n.\r\n"),
    ),
    "imap4": streams(
        lines(
            b"* OK hi", b"* PREAUTH hi", b"* BYE hi", b"* OK [CAPABILITY IMAP4rev1 LITERAL+] hi", b"* NO x", b"* BAD x"
        ),
        lines(b"p1 OK x", b"p2 OK x", b"p3 OK [CAPABILITY IMAP4rev1] x", b"p4 NO x", b"p5 BAD x", b"p1 NO", b"p9 OK x"),
        lines(b"+ ", b"+", b"+ dQ==", b"+ Z2l2ZSB1cA==", b"+ go {3}", b"p1 PREAUTH", b"p1 BYE"),
        lines(b"* CAPABILITY IMAP4rev1 STARTTLS", b'* LIST () "/" {3}', b"* 1 FETCH {3}", b"* OK {3}"),
    ),
    "managesieve": streams(
        lines(b"OK", b"NO", b"BYE", b'OK "x"', b'OK (X) "x"', b"NO (QUOTA/MAXSIZE) {3}", b"OK {3}", b'ok (TAG "x")'),
        lines(b'"SASL" "PLAIN"', b'"STARTTLS"', b'"SIEVE" {3}', b'"x" ACTIVE', b'""', b'"dQ=="', b'"Z2l2ZSB1cA=="'),
        lines(b"ACTIVE", b"{4}\r\ndQ==", b"(", b"OK (", b"OK )"),
    ),
}

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


@given(SERVER_STREAMS["pop3"], CUTS, ANSWERS)
def test_pop3_server(data: bytes, cuts: list[int], answers: list[bool]) -> None:
    check_server("pop3", data, cuts, answers)


@given(SERVER_STREAMS["imap4"], CUTS, ANSWERS)
def test_imap4_server(data: bytes, cuts: list[int], answers: list[bool]) -> None:
    check_server("imap4", data, cuts, answers)


@given(SERVER_STREAMS["managesieve"], CUTS, ANSWERS)
def test_managesieve_server(data: bytes, cuts: list[int], answers: list[bool]) -> None:
    check_server("managesieve", data, cuts, answers)


@given(greeted(b"+OK\r\n", CLIENT_STREAMS["pop3"]), CUTS, COMMANDS["pop3"])
def test_pop3_client(data: bytes, cuts: list[int], commands: list[object]) -> None:
    check_client("pop3", data, cuts, commands)


@given(greeted(b"* OK [CAPABILITY LITERAL-] hi\r\n", CLIENT_STREAMS["imap4"]), CUTS, COMMANDS["imap4"])
def test_imap4_client(data: bytes, cuts: list[int], commands: list[object]) -> None:
    check_client("imap4", data, cuts, commands)


@given(greeted(b"OK\r\n", CLIENT_STREAMS["managesieve"]), CUTS, COMMANDS["managesieve"])
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
