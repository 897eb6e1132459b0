"""Clients that misbehave before they are logged in: an answer or a clean close, one log line, nothing left."""

import contextlib
import ssl
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import attrs
import pytest

from tests.io_trio.conftest import Running
from tests.io_trio.dialects import DIALECTS, Dialect
from tests.io_trio.talk import PATIENCE, Talk, at_once, call

TIMED_OUT = ("Timeout reading authentication information",)
GONE = ("Fatal Error reading authentication information",)
NO_TLS = ("Fatal error establishing SSL connection to client",)
NO_STARTTLS = ("Fatal error establishing TLS connection",)
MANY = 10_000_000


def client_hello() -> bytes:
    """Give the first octets of a TLS client; there is an LF among them: supported_groups is 10 (RFC 8446 4.2)."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


Deed = Callable[[Talk, Dialect], bytes | None]


def says(octets: bytes) -> Deed:
    """Say that and wait for the end."""

    def deed(talk: Talk, dialect: Dialect) -> None:
        try:
            talk.say(octets)
        except ConnectionError:
            talk.was_reset = True

    return deed


def leaves_after(octets: bytes) -> Deed:
    """Say that and leave."""

    def deed(talk: Talk, dialect: Dialect) -> None:
        talk.say(octets)
        talk.end()

    return deed


def drips(talk: Talk, dialect: Dialect) -> bytes:
    """Say one octet a second, for as long as somebody listens."""
    talk.sock.settimeout(1)
    with contextlib.suppress(ConnectionError):
        for _ in range(int(PATIENCE)):
            talk.say(b"A")
            with contextlib.suppress(TimeoutError):
                return talk.rest()
    raise AssertionError("expected the proxy to lose patience")


def is_reset(talk: Talk, dialect: Dialect) -> bytes:
    talk.reset()
    return b""


def never_reads(talk: Talk, dialect: Dialect) -> None:
    """Ask again and again, and read nothing until the proxy has given up."""
    with contextlib.suppress(OSError):
        for _ in range(100_000):
            talk.say(dialect.idle * 100)


@attrs.frozen
class Case:
    """What a client does, and what must come of it.

    Attributes:
        deed: what it does behind the greeting, or instead of it where TLS is implicit.
        words: of the one log line.
        hears: whether it hears a last word (None: that is not looked at).
        leg: the client's.
        protocols: where it makes sense.
    """

    deed: Deed
    words: tuple[str, ...]
    hears: bool | None = None
    leg: str = ""
    protocols: tuple[str, ...] = ("POP3", "IMAP4", "MANAGESIEVE")


LITERAL = {"IMAP4": b"a LOGIN ", "MANAGESIEVE": b'AUTHENTICATE "PLAIN" '}


def literal(announced: bytes, follows: bytes, *, leaves: bool) -> Deed:
    """Announce a literal."""

    def deed(talk: Talk, dialect: Dialect) -> None:
        octets = LITERAL[dialect.name] + announced + b"\r\n" + follows
        (leaves_after(octets) if leaves else says(octets))(talk, dialect)

    return deed


def plain_behind_starttls(talk: Talk, dialect: Dialect) -> None:
    dialect.ask_for_tls(talk)
    talk.say(b"no handshake\r\n" * 3)


HAVE_LITERALS = ("IMAP4", "MANAGESIEVE")
CASES = {
    "over-long line": Case(says(b"A" * 10_000), ("expected a line of at most", "too long"), hears=True),
    "over-long line without end": Case(says(b"A" * MANY), ("expected a line of at most", "too long"), hears=True),
    "huge literal": Case(
        literal(b"{999999999+}", b"x" * 9999, leaves=False), ("too long",), hears=True, protocols=HAVE_LITERALS
    ),
    "literal beyond numbers": Case(
        literal(b"{99999999999999+}", b"x", leaves=False), ("too long",), hears=True, protocols=HAVE_LITERALS
    ),
    "NUL": Case(says(b"NO\0OP\r\n"), ("CR or NUL", "syntax"), hears=True),
    "bare LF": Case(says(b"NOOP\nNOOP\n"), ("CR before LF", "syntax"), hears=True),
    "HTTP": Case(
        says(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), ("not a request of HTTP", "unexpected"), hears=True
    ),
    "HTTP under implicit TLS": Case(says(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), (*NO_TLS, "http"), leg="ssl"),
    "garbage under implicit TLS": Case(says(b"\r\n" * 5000), (*NO_TLS, "wrong version number"), leg="ssl"),
    "plain octets behind STARTTLS": Case(plain_behind_starttls, NO_STARTTLS, leg="tls"),
    "ClientHello in clear": Case(says(client_hello()), ("Protocol error", "syntax"), hears=True),
    "one octet a second": Case(drips, TIMED_OUT),
    "silence": Case(says(b""), TIMED_OUT),
    "silence under implicit TLS": Case(says(b""), (*NO_TLS, "timed out"), leg="ssl"),
    "half a handshake, then silence": Case(says(client_hello()[:50]), (*NO_TLS, "timed out"), leg="ssl"),
    "leaves in a handshake": Case(leaves_after(client_hello()[:50]), (*NO_TLS, "the connection was closed"), leg="ssl"),
    "leaves at once": Case(leaves_after(b""), GONE, hears=False),
    "leaves under implicit TLS": Case(leaves_after(b""), (*NO_TLS, "the connection was closed"), leg="ssl"),
    "leaves in a command": Case(leaves_after(b"a LOGI"), GONE, hears=False),
    "leaves in a literal": Case(literal(b"{10+}", b"x", leaves=True), GONE, hears=False, protocols=HAVE_LITERALS),
    "is reset": Case(is_reset, GONE),
    "never reads": Case(never_reads, ("Protocol error of client", "too many")),
}


@attrs.frozen
class Heard:
    """What a client has heard and what the log says of it."""

    octets: bytes
    was_reset: bool
    log: list[str]


def misbehave(running: Running, dialect: Dialect, case: Case) -> Heard:
    with call(running.hasty[dialect.name, case.leg, ""]) as talk:
        peer = talk.way
        if case.leg != "ssl":
            dialect.hear_greeting(talk)
        octets = case.deed(talk, dialect)
        if octets is None:
            octets = talk.rest()
        running.proxy.wait_for(peer, *case.words)
        log = [line for line in running.proxy.lines_with(peer) if "Connect: " not in line]
        return Heard(octets, talk.was_reset, log)


@pytest.fixture(scope="module")
def heard(running: Running) -> dict[tuple[str, str], Future[Heard]]:
    """All of them at the same time."""
    return at_once(
        {
            (dialect.name, name): partial(misbehave, running, dialect, case)
            for dialect in DIALECTS
            for name, case in CASES.items()
            if dialect.name in case.protocols
        }
    )


@pytest.mark.parametrize(
    ("dialect", "name"),
    [(dialect, name) for dialect in DIALECTS for name, case in CASES.items() if dialect.name in case.protocols],
    ids=str,
)
def test_a_client_that_misbehaves_hears_why_or_is_left_alone(
    heard: dict[tuple[str, str], Future[Heard]], dialect: Dialect, name: str
) -> None:
    case, result = CASES[name], heard[dialect.name, name].result()
    *_, last = [b"", *result.octets.splitlines(keepends=True)]

    assert len(result.log) == 1, result.log
    assert case.hears is None or dialect.is_bye(last) == case.hears, result.octets
    assert not result.was_reset


def test_nothing_is_left_of_any_of_them(running: Running, heard: dict[tuple[str, str], Future[Heard]]) -> None:
    running.is_at_rest()


def test_the_daemon_goes_on(running: Running, heard: dict[tuple[str, str], Future[Heard]], dialect: Dialect) -> None:
    with call(running.ports[dialect.name, "", ""]) as talk:
        greeting = dialect.hear_greeting(talk)
        talk.say(dialect.idle)

        assert b"perdition ready" in greeting
        assert talk.line()
