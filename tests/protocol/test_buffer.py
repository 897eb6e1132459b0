"""perdition.protocol.buffer"""

import re

import pytest

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.errors import Fault, RemoteProtocolError
from tests.protocol.helpers import drip


def filled(*chunks: bytes) -> ReceiveBuffer:
    buffer = ReceiveBuffer()
    for chunk in chunks:
        buffer.feed(chunk)
    return buffer


def test_lines_come_one_by_one_without_crlf() -> None:
    buffer = filled(b"a\r\n\r\nbc\r", b"\nd")

    assert [buffer.take_line(9) for _ in range(4)] == [b"a", b"", b"bc", None]
    assert len(buffer) == 1


def test_line_is_not_searched_before_its_lf() -> None:
    buffer = filled(b"abc\r")

    assert buffer.take_line(9) is None

    buffer.feed(b"\nd\r\n")

    assert [buffer.take_line(9), buffer.take_line(9)] == [b"abc", b"d"]


@pytest.mark.parametrize("data", [b"12345\r\n", b"12345\r", b"12345"])
def test_line_may_be_as_long_as_the_limit(data: bytes) -> None:
    assert filled(data).take_line(5) in (b"12345", None)


@pytest.mark.parametrize("data", [b"123456\r\n", b"123456\r", b"123456", b"123456\n", b"123456\0"])
def test_longer_line_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="at most 5") as raised:
        filled(data).take_line(5)

    assert raised.value.fault is Fault.TOO_LONG


@pytest.mark.parametrize(
    "data", [b"12345\n", b"12345\r\r\n", b"12345\rx", b"\n", b"a\rb\r\n", b"a\r\r\n", b"\0\r\n", b"a\0\n"]
)
def test_bare_cr_bare_lf_and_nul_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="expected") as raised:
        filled(data).take_line(5)

    assert raised.value.fault is Fault.SYNTAX


@pytest.mark.parametrize("data", [b"123456\n", b"12345\n", b"12345\r\r\n", b"123456\r\n"])
def test_fault_of_a_long_line_with_bare_lf_does_not_depend_on_the_cut(data: bytes) -> None:
    def fault(chunks: list[bytes]) -> Fault | None:
        buffer = ReceiveBuffer()
        try:
            for chunk in chunks:
                buffer.feed(chunk)
                buffer.take_line(5)
        except RemoteProtocolError as error:
            return error.fault
        return None

    assert fault([data]) is not None
    assert fault(drip(data)) == fault([data])


@pytest.mark.parametrize("data", [b"a\0", b"\x16\x03\x01\x00", b"a\rb"])
def test_what_no_line_may_hold_is_refused_before_the_line_ends(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="CR or NUL"):
        filled(data).take_line(99)


def test_take_gives_at_most_what_is_there() -> None:
    buffer = filled(b"abcdef")

    assert [buffer.take(2), buffer.take(0), buffer.take(4), buffer.take(4)] == [b"ab", b"", b"cdef", b""]


def test_search_starts_anew_behind_what_was_taken() -> None:
    buffer = filled(b"abcd")
    assert buffer.take_line(9) is None
    buffer.take(3)
    buffer.feed(b"\r\n")

    assert buffer.take_line(9) == b"d"


def test_startswith_ignores_the_case_of_letters() -> None:
    buffer = filled(b"tag Auth ")

    assert buffer.startswith(b"AUTH ", 4)
    assert not buffer.startswith(b"AUTH ")
    assert not buffer.startswith(b"AUTH X", 4)


def test_find_looks_only_at_the_first_octets() -> None:
    buffer = filled(b"abc d")

    assert buffer.find(b" ", 4) == 3
    assert buffer.find(b" ", 3) == -1


@pytest.mark.parametrize(("octet", "within", "place"), [(b"a", 2, 0), (b"b", 2, 1), (b"c", 2, -1), (b"c", 3, 2)])
def test_find_gives_the_first_place(octet: bytes, within: int, place: int) -> None:
    assert filled(b"abcabc").find(octet, within) == place


def test_pattern_is_looked_for_at_the_beginning_only() -> None:
    buffer = filled(b"one two")

    assert buffer.matches(re.compile(rb"[a-z]+ "))
    assert not buffer.matches(re.compile(rb"two"))

    buffer.take(4)

    assert buffer.matches(re.compile(rb"two"))
