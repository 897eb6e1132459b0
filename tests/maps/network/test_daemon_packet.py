"""The packets of the daemon map: those of perdition 2.2 octet for octet, there and back, and nonsense."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps import Query
from perdition.maps._daemon_packet import (
    MOST,
    Address,
    Answer,
    BadPacket,
    read_answer,
    read_question,
    write_answer,
    write_question,
)

# Captured: what perdition 2.2 has sent, and what a daemon has answered to it.
IPV4 = (
    "07 07 07 07 00 01 00 01 00 22 00 00 01 00 00 7f 01 00 00 7f e4 9e 6e 52"
    " 00 05 6a 6f 65 40 64 00 01 40"
)  # fmt: skip
IPV6 = (
    "07 07 07 07 00 01 00 03 00 37 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 6f 6b 00 01 40"
    " 00 03 3a 3a 31 00 05 35 36 32 39 32 00 03 3a 3a 31 00 05 32 31 31 35 31"
)
ANSWER = (
    "07 07 07 07 00 01 00 02 00 2c 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    " 00 00 00 09 31 32 37 2e 30 2e 30 2e 31 00 05 32 31 31 30 31"
)
QUESTIONS = {
    IPV4: Query(b"joe@d", b"@", ("127.0.0.1", 40676), ("127.0.0.1", 21102)),
    IPV6: Query(b"ok", b"@", ("::1", 56292), ("::1", 21151)),
}


@pytest.mark.parametrize("captured", QUESTIONS)
def test_questions_are_those_of_perdition_2_2(captured: str) -> None:
    """Its addresses are in the machine's byte order: captured on one with the low octet first."""
    query = QUESTIONS[captured]

    assert write_question(query).hex(" ") == captured
    assert read_question(bytes.fromhex(captured)) == query


def test_an_answer_to_perdition_2_2() -> None:
    answer = Answer(b"", b"127.0.0.1", b"21101")

    assert read_answer(bytes.fromhex(ANSWER)) == answer
    assert write_answer(answer).hex(" ") == ANSWER


TEXTS = st.binary(max_size=300)
PORTS = st.integers(1, 65535)
IPV4_ADDRESSES: st.SearchStrategy[Address] = st.tuples(st.ip_addresses(v=4).map(str), PORTS)
IPV6_ADDRESSES: st.SearchStrategy[Address] = st.tuples(
    st.ip_addresses(v=6).map(str) | st.just("fe80::1%eth0"), PORTS
)  # fmt: skip
ADDRESSES = st.none() | IPV4_ADDRESSES | IPV6_ADDRESSES
QUERIES = st.builds(Query, TEXTS, TEXTS, ADDRESSES, ADDRESSES)
ANSWERS = st.builds(Answer, *[st.binary(max_size=300).map(lambda text: text.replace(b"\0", b"0"))] * 3)


@given(QUERIES)
def test_a_question_comes_back(query: Query) -> None:
    assert read_question(write_question(query)) == query


@given(ANSWERS)
def test_an_answer_comes_back(answer: Answer) -> None:
    assert read_answer(write_answer(answer)) == answer


@given(QUERIES, ANSWERS)
def test_neither_is_taken_for_the_other(query: Query, answer: Answer) -> None:
    with pytest.raises(BadPacket):
        read_answer(write_question(query))
    with pytest.raises(BadPacket):
        read_question(write_answer(answer))


PACKETS = st.binary(max_size=100) | QUERIES.map(write_question) | ANSWERS.map(write_answer)


@given(PACKETS, st.data())
def test_nonsense_is_refused_or_read_and_never_anything_else(packet: bytes, data: st.DataObject) -> None:
    octets = bytearray(packet)
    for _ in range(data.draw(st.integers(0, 3)) if octets else 0):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    octets = octets[: data.draw(st.integers(0, len(octets)))]
    for read in (read_question, read_answer):
        try:
            read(bytes(octets))
        except BadPacket as error:
            assert str(error).startswith("expected ")  # noqa: PT017  # it may also be read


@given(ANSWERS, st.data())
def test_a_packet_that_was_cut_is_refused(answer: Answer, data: st.DataObject) -> None:
    packet = write_answer(answer)

    with pytest.raises(BadPacket):
        read_answer(packet[: data.draw(st.integers(0, len(packet) - 1))])


def packet(
    texts: bytes, *, magic: int = 0x07070707, version: int = 1, flags: int = 2, longer: int = 0, checksum: int = 0
) -> bytes:
    """Write a packet that nobody should send."""
    return struct.pack(">IHHHH12x", magic, version, flags, 24 + len(texts) + longer, checksum) + texts


GOOD = b"\0\1u\0\1s\0\1p"
# What the C program takes: tests/mapd has the same beside it.
READ = {
    "any version": packet(GOOD, version=7),
    "more octets than it says": packet(GOOD) + b"trailing",
    "addresses": packet(GOOD)[:12] + b"\1" * 12 + GOOD,
    "ends of C strings": packet(b"\0\2u\0\0\2s\0\0\2p\0"),
}
REFUSED = {
    "nothing": b"",
    "half a header": packet(GOOD)[:20],
    "magic number": packet(GOOD, magic=0x07070708),
    "checksum": packet(GOOD, checksum=1),
    "no flags": packet(GOOD, flags=0),
    "other flags": packet(GOOD, flags=6),
    "fewer octets than it says": packet(GOOD, longer=1),
    "a text that goes on": packet(GOOD[:-1], longer=0),
    "length of a text cut": packet(GOOD + b"\0"),
    "length less than its texts": packet(GOOD, longer=-1),
    "length less than a header": packet(GOOD, longer=-20),
    "no texts": packet(b""),
    "two texts": packet(b"\0\1u\0\1s"),
    "four texts": packet(GOOD + b"\0\0"),
    "too long": packet(GOOD) + bytes(MOST),
}


@pytest.mark.parametrize("what", READ)
def test_what_is_taken_for_an_answer(what: str) -> None:
    assert read_answer(READ[what]) == Answer(b"u", b"s", b"p")


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_taken_for_an_answer(what: str) -> None:
    with pytest.raises(BadPacket):
        read_answer(REFUSED[what])


@pytest.mark.parametrize("port", ["", "-1", "65536", "1" * 5000, "\u00b2"])
def test_a_port_that_is_none(port: str) -> None:
    octets = port.encode()
    texts = [b"joe", b"@", b"::1", octets, b"::1", b"143"]

    with pytest.raises(BadPacket, match="port"):
        read_question(packet(b"".join(struct.pack(">H", len(text)) + text for text in texts), flags=3))


def test_the_longest_packet() -> None:
    longest = Query(b"x" * (MOST - 24 - 2 - 3), b"@")

    assert len(write_question(longest)) == MOST
    assert read_question(write_question(longest)) == longest
    with pytest.raises(BadPacket, match="65000"):
        write_question(Query(longest.key + b"x", b"@"))
    with pytest.raises(BadPacket, match="65000"):
        write_answer(Answer(b"", b"x" * 100_000, b""))
