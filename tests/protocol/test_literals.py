"""perdition.protocol.literals"""

import attrs
import pytest

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.errors import Fault, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.literals import Announced, Assembler
from tests.protocol.helpers import drip

LIMITS = Limits(line=20, literal=10, command=40)
Message = tuple[bytes, ...] | Announced | None


def read(data: bytes, *, synchronising: bool = False, literals: bool = True, bytewise: bool = False) -> list[Message]:
    """Give all messages; a literal that waits is accepted."""
    buffer = ReceiveBuffer()
    assembler = Assembler(buffer, LIMITS, synchronising=synchronising)
    said: list[Message] = []
    for chunk in drip(data) if bytewise else [data]:
        buffer.feed(chunk)
        while (message := assembler.next(LIMITS.line, literals=literals)) is not None:
            said.append(message)
    return said


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (b"a\r\nb\r\n", [(b"a",), (b"b",)]),
        (b"a {3+}\r\n\r\n\0 b\r\n", [(b"a {3+}", b"\r\n\0", b" b")]),
        (b"a {0+}\r\n\r\n", [(b"a {0+}", b"", b"")]),
        (b"a {1+}\r\nb {1+}\r\nc\r\nd\r\n", [(b"a {1+}", b"b", b" {1+}", b"c", b""), (b"d",)]),
        (b"a {3}\r\nb\r\nc\r\n", [(b"a {3}", b"b\r\n", b"c")]),
        (b"a {03}\r\nabc\r\n", [(b"a {03}", b"abc", b"")]),
        (b"a {0000000003}\r\nabc\r\n", [(b"a {0000000003}", b"abc", b"")]),  # ten digits
        (b"a {3} \r\na {}\r\n{-1}\r\n{3++}\r\n", [(b"a {3} ",), (b"a {}",), (b"{-1}",), (b"{3++}",)]),
        (b"a {3+}\r\nab", []),
        (b"a {3+}\r\nabc", []),
    ],
)
def test_messages(data: bytes, messages: list[Message], bytewise: bool) -> None:
    assert read(data, bytewise=bytewise) == messages


def test_synchronising_literal_waits_and_says_whether_it_fits() -> None:
    assert read(b"a {10}\r\n0123456789\r\n", synchronising=True) == [
        Announced(10, fits=True),
        (b"a {10}", b"0123456789", b""),
    ]
    assert read(b"a {11}\r\n", synchronising=True) == [Announced(11, fits=False)]
    assert read(b"a {1+}\r\nb\r\n", synchronising=True) == [(b"a {1+}", b"b", b"")]


def test_literals_together_have_a_limit() -> None:
    data = b"a {10}\r\n0123456789 {10}\r\n0123456789 {10}\r\n"

    assert read(data, synchronising=True) == [
        Announced(10, fits=True),
        Announced(10, fits=True),
        Announced(10, fits=False),
    ]


@pytest.mark.parametrize(("line", "fits"), [(b"x" * 15 + b" {0}", True), (b"x" * 16 + b" {0}", False)])
def test_literals_and_their_lines_together_may_reach_the_limit(line: bytes, fits: bool) -> None:
    data = b"a {10}\r\n0123456789" + line + b"\r\n"  # 6 + 2 + 10, and 19 + 2 or 20 + 2

    buffer = ReceiveBuffer()
    assembler = Assembler(buffer, attrs.evolve(LIMITS, command=39), synchronising=True)
    buffer.feed(data)

    assert [assembler.next(20), assembler.next(20)] == [Announced(10, fits=True), Announced(0, fits)]


def test_nothing_is_a_literal_where_none_can_be() -> None:
    assert read(b"* OK try {5}\r\nb\r\n", literals=False) == [(b"* OK try {5}",), (b"b",)]


def test_refused_literal_is_never_sent() -> None:
    buffer = ReceiveBuffer()
    assembler = Assembler(buffer, LIMITS, synchronising=True)
    buffer.feed(b"a {3}\r\nb\r\n")
    assert assembler.next(20) == Announced(3, fits=True)
    assert assembler.begun
    assert assembler.parts == [b"a {3}"]

    assembler.start_over()

    assert not assembler.begun
    assert assembler.next(20) == (b"b",)


@pytest.mark.parametrize(
    "data",
    [
        b"a {11+}\r\n",
        b"a {10+}\r\n0123456789 {10+}\r\n0123456789 {10+}\r\n",
        b"a {99999999999}\r\n",  # eleven digits
        b"{" + b"0" * 11 + b"1}\r\n",
        b"a {1+}\r\nb" + b"x" * 21,
    ],
)
def test_literal_that_is_on_its_way_and_too_large_is_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="at most") as raised:
        read(data)

    assert raised.value.fault is Fault.TOO_LONG


@pytest.mark.parametrize("synchronising", [False, True])
def test_size_of_eleven_digits_is_the_end_whatever_it_is(synchronising: bool) -> None:
    with pytest.raises(RemoteProtocolError, match=r"\Aexpected a literal's size in at most 10 digits\Z"):
        read(b"a {00000000001}\r\n", synchronising=synchronising)


def test_first_line_has_its_own_limit() -> None:
    buffer = ReceiveBuffer()
    assembler = Assembler(buffer, LIMITS, synchronising=False)
    buffer.feed(b"x" * 30 + b" {1+}\r\ny" + b"x" * 30 + b"\r\n")

    with pytest.raises(RemoteProtocolError, match="at most 20 octets"):
        assembler.next(40)
