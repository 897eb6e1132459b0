"""What a hostile peer can make a machine keep is bounded, and one bound holds for every kind of stream.

No time is measured: a machine that refuses an endless message early cannot be slow on it, and one that keeps at
most N octets searches at most N.
"""

import itertools
from collections.abc import Iterator
from typing import Any, Final

import attrs
import pytest

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import Fault, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.signals import Signal
from tests.laws import octets_held
from tests.protocol.helpers import Script, client_in, go_on, serve, server_in

LIMITS: Final = Limits(
    line=200, sasl=400, literal=300, command=1000, block=2000, lines=10, backlog=3000, bad_commands=5
)
STEP: Final = 7
"""Octets a feed: small, so that what is counted is what is kept."""


def endless(first: bytes, *again: bytes) -> Iterator[bytes]:
    """Give some octets, then others for ever."""
    return itertools.chain([first], itertools.cycle(again))


def cut(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Cut a stream into feeds of one size."""
    pending = b""
    while True:
        while len(pending) < STEP:
            pending += next(stream)
        yield pending[:STEP]
        pending = pending[STEP:]


def most_kept(machine: Any, stream: Iterator[bytes], answer: Any) -> tuple[int, Fault]:
    """Feed until the machine gives up; give how many octets it took without an event, and its fault."""
    most = kept = 0
    try:
        for chunk in cut(stream):
            machine.receive_data(chunk)
            kept += len(chunk)
            most = max(most, kept)
            assert most < 20_000, "expected an end"
            while not isinstance(event := machine.next_event(), Signal):
                kept = 0
                answer(event)
    except RemoteProtocolError as error:
        return most, error.fault
    raise AssertionError("expected an end")


TO_SERVERS: Final = [
    ("pop3", "AUTHORIZATION", (b"", b"x"), LIMITS.line),
    ("pop3", "AUTHORIZATION", (b"USER ", b"\xff"), LIMITS.line),
    ("pop3", "AUTHORIZATION", (b"AUTH PLAIN ", b"AAAA"), LIMITS.sasl),
    ("pop3", "AUTHORIZATION", (b"AUTH PLAIN\r\n", b"AAAA"), LIMITS.sasl),
    ("pop3", "AUTHORIZATION", (b"", b"\r\n"), LIMITS.line),
    ("pop3", "AUTHORIZATION", (b"", b"XYZZY\r\n"), LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", (b"", b"a"), LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", (b"a LOGIN ", b'"'), LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", (b"a AUTHENTICATE PLAIN ", b"AAAA"), LIMITS.sasl),
    ("imap4", "NOT_AUTHENTICATED", (b"a LOGIN {300}\r\n", b"xxxxxxx {300}\r\n"), LIMITS.command),
    ("imap4", "NOT_AUTHENTICATED", (b"a LOGIN", b" {0+}\r\n"), LIMITS.command),
    ("imap4", "NOT_AUTHENTICATED", (b"a LOGIN", b" {1+}\r\nx"), LIMITS.command),
    ("imap4", "NOT_AUTHENTICATED", (b"a LOGIN {301+}\r\n", b"x"), LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", (b"a LOGIN {" + b"9" * 100 + b"}\r\n", b"x"), LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", (b"a LOGIN {", b"9"), LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", (b"", b"a XYZZY\r\n"), LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", (b"", b"a XYZZY {9}\r\n"), LIMITS.line),
    ("managesieve", "NOT_AUTHENTICATED", (b"", b"x"), LIMITS.line),
    ("managesieve", "NOT_AUTHENTICATED", (b'NOOP "', b"\\\\"), LIMITS.line),
    ("managesieve", "NOT_AUTHENTICATED", (b"NOOP", b" {0+}\r\n"), LIMITS.command),
    ("managesieve", "NOT_AUTHENTICATED", (b"NOOP", b" {300+}\r\n" + b"x" * 300), LIMITS.command),
    ("managesieve", "NOT_AUTHENTICATED", (b'AUTHENTICATE "PLAIN"\r\n"', b"AAAA"), LIMITS.sasl),
    ("managesieve", "NOT_AUTHENTICATED", (b"", b"\r\n"), LIMITS.line),
]


@pytest.mark.parametrize(("protocol", "state", "stream", "bound"), TO_SERVERS)
def test_server_keeps_little(protocol: str, state: str, stream: tuple[bytes, ...], bound: int) -> None:
    server, script = server_in(protocol, state, limits=LIMITS), Script(())

    def answer(event: object) -> None:
        for each in serve(event, getattr(event, "tag", b"a"), script):
            server.send(each)

    most, fault = most_kept(server, endless(*stream), answer)

    assert most <= bound + 2 + STEP
    assert fault in (Fault.TOO_LONG, Fault.TOO_MANY)


CAPA: Final = pop3.Command("CAPA")
NOOP: Final = imap4.Command(b"a", "NOOP")
AUTHENTICATE: Final = imap4.Command(b"a", "AUTHENTICATE", (b"PLAIN",))
LISTSCRIPTS: Final = managesieve.Command("LISTSCRIPTS")
TO_CLIENTS: Final[list[tuple[str, str, Any, tuple[bytes, ...], int]]] = [
    ("pop3", "AUTHORIZATION", CAPA, (b"", b"+OK "), LIMITS.line),
    ("pop3", "AUTHORIZATION", CAPA, (b"+OK\r\n", b"x\r\n"), LIMITS.block + LIMITS.line),
    ("pop3", "AUTHORIZATION", CAPA, (b"+OK\r\n", b"\r\n"), LIMITS.block + LIMITS.line),
    ("pop3", "AUTHORIZATION", CAPA, (b"+OK\r\n", b"..\r\n"), LIMITS.block + LIMITS.line),
    ("pop3", "AUTHORIZATION", CAPA, (b"+OK\r\n", b"x"), LIMITS.line + LIMITS.line),
    ("imap4", "NOT_AUTHENTICATED", NOOP, (b"* ", b"x"), LIMITS.sasl),
    ("imap4", "NOT_AUTHENTICATED", NOOP, (b"* OK ", b"{9}"), LIMITS.sasl),
    ("imap4", "NOT_AUTHENTICATED", AUTHENTICATE, (b"+ ", b"AAAA"), LIMITS.sasl),
    ("imap4", "NOT_AUTHENTICATED", NOOP, (b"* X", b" {0}\r\n"), LIMITS.command),
    ("imap4", "NOT_AUTHENTICATED", NOOP, (b"* X", b" {300}\r\n" + b"x" * 300), LIMITS.command),
    ("imap4", "NOT_AUTHENTICATED", NOOP, (b"* X {9999999999}\r\n", b"x"), LIMITS.sasl),
    ("managesieve", "AUTHENTICATED", LISTSCRIPTS, (b'"', b"x"), LIMITS.sasl),
    ("managesieve", "AUTHENTICATED", LISTSCRIPTS, (b'"x"', b" {0}\r\n"), LIMITS.command),
    ("managesieve", "AUTHENTICATED", LISTSCRIPTS, (b"", b'"x"\r\n'), LIMITS.sasl),
    ("managesieve", "AUTHENTICATED", LISTSCRIPTS, (b"NO (", b"("), LIMITS.sasl),
]


@pytest.mark.parametrize(("protocol", "state", "command", "stream", "bound"), TO_CLIENTS)
def test_client_keeps_little(protocol: str, state: str, command: Any, stream: tuple[bytes, ...], bound: int) -> None:
    client = client_in(protocol, state, limits=LIMITS)
    client.send(command)

    most, fault = most_kept(client, endless(*stream), lambda event: go_on(client, event, iter(())))

    assert most <= bound + 2 + STEP
    assert fault is Fault.TOO_LONG


def most_held(machine: Any, stream: Iterator[bytes], answer: Any) -> int:
    """Feed until the machine gives up or much has been said; give the most octets that it held at any time."""
    most = fed = 0
    try:
        for chunk in cut(stream):
            machine.receive_data(chunk)
            while not isinstance(event := machine.next_event(), Signal):
                answer(event)
            fed += len(chunk)
            most = max(most, octets_held(machine))
            if fed > 20_000:
                break
    except RemoteProtocolError:
        most = max(most, octets_held(machine))
    return most


MESSAGE: Final = LIMITS.command + LIMITS.sasl + LIMITS.line
"""A message and the line that ends it."""


@pytest.mark.parametrize(("protocol", "state", "stream", "bound"), TO_SERVERS)
def test_server_holds_little(protocol: str, state: str, stream: tuple[bytes, ...], bound: int) -> None:
    server, script = server_in(protocol, state, limits=LIMITS), Script(())

    def answer(event: object) -> None:
        for each in serve(event, getattr(event, "tag", b"a"), script):
            server.send(each)

    assert most_held(server, endless(*stream), answer) <= MESSAGE + STEP


@pytest.mark.parametrize(("protocol", "state", "command", "stream", "bound"), TO_CLIENTS)
def test_client_holds_little(protocol: str, state: str, command: Any, stream: tuple[bytes, ...], bound: int) -> None:
    client = client_in(protocol, state, limits=LIMITS)
    client.send(command)

    most = most_held(client, endless(*stream), lambda event: go_on(client, event, iter(())))

    assert most <= MESSAGE + LIMITS.block + STEP


def numbered(line: bytes, end: bytes = b"") -> Iterator[bytes]:
    """Give lines that differ for ever, after each tenth an end."""
    for number in itertools.count():
        yield line % number + (end if number % 10 == 9 else b"")


LEARNT: Final[list[tuple[str, Any, Iterator[bytes]]]] = [
    ("imap4", NOOP, numbered(b"* CAPABILITY" + b" X%06d" + b"x" * 100 + b"\r\n")),
    ("imap4", NOOP, numbered(b"* OK [CAPABILITY X%06d" + b" x" * 80 + b"] hi\r\n")),
    ("imap4", NOOP, numbered(b"* CAPABILITY X%06d {300}\r\n" + b"x" * 300 + b"\r\n")),
    ("managesieve", managesieve.Command("CAPABILITY"), numbered(b'"X%06d" "' + b"x" * 100 + b'"\r\n')),
    ("managesieve", managesieve.Command("CAPABILITY"), numbered(b'"X%06d" {300}\r\n' + b"x" * 300 + b"\r\n")),
    ("pop3", CAPA, itertools.chain([b"+OK\r\n"], numbered(b"X%06d\r\n"))),
]


@pytest.mark.parametrize(("protocol", "command", "stream"), LEARNT)
def test_what_a_client_learns_is_bounded(protocol: str, command: Any, stream: Iterator[bytes]) -> None:
    state = "AUTHORIZATION" if protocol == "pop3" else "NOT_AUTHENTICATED"
    client = client_in(protocol, state, limits=attrs.evolve(LIMITS, lines=1000))
    client.send(command)

    most = most_held(client, stream, lambda event: go_on(client, event, iter(())))

    # Capabilities are kept as they came and in capitals, in a set and in a line; a block is that beside.
    assert most <= 3 * MESSAGE + LIMITS.block + STEP


def test_octets_that_nobody_reads_are_bounded() -> None:
    server = server_in("imap4", "NOT_AUTHENTICATED", limits=LIMITS)
    server.receive_data(b"a NOOP\r\n")
    server.next_event()
    for _ in range(LIMITS.backlog // 100):
        server.receive_data(b"x" * 100)

    assert len(server.take_trailing_data()) == LIMITS.backlog // 100 * 100
