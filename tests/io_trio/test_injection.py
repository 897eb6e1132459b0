"""STARTTLS on both legs: what is said in clear behind it is never understood under TLS (RFC 9051 6.2.1, RFC 2595 4)."""

import ssl
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import attrs
import pytest

from tests.io_trio.certificates import Certificates
from tests.io_trio.conftest import Running
from tests.io_trio.dialects import DIALECTS, PASSWORD, Account, Dialect
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import RealServer, Talk, at_once, call


def evil_log_in(dialect: Dialect, port: int) -> bytes:
    """Give a whole log-in in one piece, as an attacker in the middle would put it in front of the handshake."""
    user = b"USER evil-%d\r\n" % port if dialect.name == "POP3" else b""
    return user + dialect.ask(b"evil-%d" % port, PASSWORD)


def shakes_hands(talk: Talk, certificates: Certificates) -> bool:
    try:
        talk.connect_tls(certificates.client)
    except (ssl.SSLError, OSError):
        return False
    return True


def in_the_same_segment(talk: Talk, dialect: Dialect, octets: bytes) -> None:
    talk.say(dialect.starttls + octets)


def in_a_second_segment(talk: Talk, dialect: Dialect, octets: bytes) -> None:
    dialect.ask_for_tls(talk)
    talk.say(octets)


def half_a_line(talk: Talk, dialect: Dialect, octets: bytes) -> None:
    talk.say(dialect.starttls + octets[: len(octets) // 2])


def half_a_line_in_a_second_segment(talk: Talk, dialect: Dialect, octets: bytes) -> None:
    dialect.ask_for_tls(talk)
    talk.say(octets[: len(octets) // 2])


Inject = Callable[[Talk, Dialect, bytes], None]
SAME, SECOND = ("injected",), ("Fatal error establishing TLS connection",)


@pytest.mark.requirement("rfc2595-4-4")
@pytest.mark.requirement("rfc9051-6.2.1-3")
@pytest.mark.parametrize(
    ("inject", "words"),
    [
        (in_the_same_segment, SAME),
        (half_a_line, SAME),
        (in_a_second_segment, SECOND),
        (half_a_line_in_a_second_segment, SECOND),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_no_command_in_front_of_the_clients_handshake_is_executed(
    running: Running, certificates: Certificates, dialect: Dialect, inject: Inject, words: tuple[str, ...]
) -> None:
    account = Account()
    with (
        real_server(dialect, "", account, certificates) as real,
        call(running.ports[dialect.name, "tls", ""]) as talk,
    ):
        dialect.hear_greeting(talk)
        peer = talk.way
        inject(talk, dialect, evil_log_in(dialect, real.port))
        secured = shakes_hands(talk, certificates)
        running.proxy.wait_for(peer, *words)

        assert not secured
        assert not real.talks
        assert not account.seen
        assert not running.proxy.lines_with(peer, "Auth:")


@attrs.frozen
class Injection:
    """What a man in the middle puts behind the real server's consent, and how."""

    octets: dict[str, bytes]
    own_segment: bool


CONSENT = {"POP3": b"+OK go ahead\r\n", "IMAP4": b"%b OK go ahead\r\n", "MANAGESIEVE": b'OK "go ahead"\r\n'}
LOGGED_IN = {
    "POP3": b"+OK\r\n+OK\r\n",
    "IMAP4": b"p3 OK [CAPABILITY IMAP4rev1] you are in\r\n",
    "MANAGESIEVE": b"OK\r\n",
}
INJECTIONS = {
    "same segment": Injection(LOGGED_IN, own_segment=False),
    "half a line": Injection({name: line[:4] for name, line in LOGGED_IN.items()}, own_segment=False),
    "second segment": Injection(LOGGED_IN, own_segment=True),
    "half a line in a second segment": Injection({name: b[:4] for name, b in LOGGED_IN.items()}, own_segment=True),
}


@attrs.frozen
class Believed:
    """What came of it.

    Attributes:
        refusal: what the client heard.
        answer: what it heard when it tried again, with a real server behind which nobody stands.
        secured: whether each handshake was done.
        seen: the credentials that the first real server saw.
        log: the lines that say why.
    """

    refusal: bytes
    answer: bytes
    secured: list[bool]
    seen: list[tuple[bytes, bytes]]
    log: list[str]


def log_in_through(running: Running, certificates: Certificates, dialect: Dialect, injection: Injection) -> Believed:
    account = Account(context=certificates.server)
    secured: list[bool] = []

    def script(talk: Talk) -> None:
        dialect.greet(talk, account)
        while line := talk.line():
            if b"CAPA" in line:
                dialect.obey(talk, account, line)
                continue
            consent, octets = CONSENT[dialect.name], injection.octets[dialect.name]
            consent = consent % line.split()[0] if b"%b" in consent else consent
            talk.say(consent if injection.own_segment else consent + octets)
            if injection.own_segment:
                talk.say(octets)
            try:
                talk.accept_tls(certificates.server)
            except (ssl.SSLError, OSError):
                secured.append(False)
                return
            secured.append(True)
            dialect.serve(talk, account)

    with (
        RealServer(script) as real,
        real_server(dialect, "tls_force", Account(), certificates) as good,
        reach(running.ports[dialect.name, "", "tls_force"], dialect, "", certificates) as talk,
    ):
        peer = talk.way
        refusal = dialect.log_in(talk, b"joe-%d" % real.port)
        answer = dialect.log_in(talk, b"joe-%d" % good.port)
        real.wait()
        return Believed(refusal, answer, secured, account.seen, running.proxy.lines_with(peer, ": Real server 127"))


@pytest.fixture(scope="module")
def believed(running: Running, certificates: Certificates) -> dict[tuple[str, str], Future[Believed]]:
    """All of them at the same time."""
    return at_once(
        {
            (dialect.name, name): partial(log_in_through, running, certificates, dialect, injection)
            for dialect in DIALECTS
            for name, injection in INJECTIONS.items()
        }
    )


@pytest.mark.requirement("rfc2595-3.1-4")
@pytest.mark.requirement("rfc2595-4-7")
@pytest.mark.requirement("rfc3501-6.2.1-2")
@pytest.mark.requirement("rfc9051-6.2.1-5")
@pytest.mark.parametrize("name", INJECTIONS)
def test_no_response_in_front_of_the_real_servers_handshake_is_believed(
    believed: dict[tuple[str, str], Future[Believed]], dialect: Dialect, name: str
) -> None:
    result = believed[dialect.name, name].result()

    assert dialect.is_no(result.refusal)
    assert dialect.is_yes(result.answer)
    assert result.secured == [False]
    assert result.seen == []
    assert len(result.log) == 1


def test_nothing_is_left_of_any_of_them(running: Running) -> None:
    running.is_at_rest()
