"""Real servers that misbehave: the client gets an answer in time and may try again, one log line says why."""

import contextlib
import itertools
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
from tests.io_trio.talk import RealServer, Talk, at_once
from tests.ports import free_port

ALL = ("POP3", "IMAP4", "MANAGESIEVE")
NEGOTIATION = "failed: Connection Negotiation Failure"
NO_CONNECTION = "failed: Could not connect to server"
NO_TLS = "failed: TLS negotiation failure"
TOO_LATE = "failed: Real server timed out"


@attrs.frozen
class Scene:
    """What a script may need."""

    dialect: Dialect
    account: Account
    certificates: Certificates
    stranger: ssl.SSLContext  # with a certificate of another name
    imposter: ssl.SSLContext  # with one of an authority that nobody knows


Script = Callable[[Talk, Scene], object]


@attrs.frozen
class Case:
    """What a real server does, and what must come of it.

    Attributes:
        script: what it does; None: nobody is there.
        status: of the Auth line.
        words: of the line that says why.
        leg: the real server's.
        protocols: where it makes sense.
        may_see: whether it may have seen the credentials.
    """

    script: Script | None
    status: str
    words: tuple[str, ...]
    leg: str = ""
    protocols: tuple[str, ...] = ALL
    may_see: bool = False


def says(octets: bytes, *, leaves: bool = False) -> Script:
    """Say that; then leave, or wait for the proxy to leave."""

    def script(talk: Talk, scene: Scene) -> None:
        talk.say(octets)
        if not leaves:
            talk.rest()

    return script


def leaves_in_the_log_in(talk: Talk, scene: Scene) -> None:
    scene.dialect.greet(talk, scene.account)
    talk.line()


def leaves_in_its_answer(talk: Talk, scene: Scene) -> None:
    scene.dialect.greet(talk, scene.account)
    talk.line()
    talk.say(b"+OK half an ans" if scene.dialect.name == "POP3" else b"p1 OK half an ans")


def is_silent_in_the_log_in(talk: Talk, scene: Scene) -> None:
    scene.dialect.greet(talk, scene.account)
    talk.rest()


def never_stops(talk: Talk, scene: Scene) -> None:
    """Say legal things for ever, as fast as they are taken."""
    scene.dialect.greet(talk, scene.account)
    while True:
        talk.say(b"* OK still here\r\n" * 4000)


def never_starts_a_handshake(talk: Talk, scene: Scene) -> None:
    talk.hear()
    talk.rest()


def speaks_tls(talk: Talk, scene: Scene) -> None:
    talk.accept_tls(scene.certificates.server)


def has_another_name(talk: Talk, scene: Scene) -> None:
    talk.accept_tls(scene.stranger)
    scene.dialect.serve(talk, scene.account)


def is_an_imposter(talk: Talk, scene: Scene) -> None:
    talk.accept_tls(scene.imposter)
    scene.dialect.serve(talk, scene.account)


def offers_no_starttls(talk: Talk, scene: Scene) -> None:
    scene.dialect.serve(talk, scene.account)


def refuses_starttls(talk: Talk, scene: Scene) -> None:
    """Offer it, and then say no."""
    scene.account.context = scene.certificates.server
    scene.dialect.greet(talk, scene.account)
    while line := talk.line():
        if b"CAPA" in line:
            scene.dialect.obey(talk, scene.account, line)
        else:
            no = {"POP3": b"-ERR no\r\n", "IMAP4": line.split()[0] + b" NO no\r\n", "MANAGESIEVE": b'NO "no"\r\n'}
            talk.say(no[scene.dialect.name])


def leaves_in_the_handshake(talk: Talk, scene: Scene) -> None:
    talk.hear()


def challenges_for_ever(talk: Talk, scene: Scene) -> None:
    """Answer SASL PLAIN with challenge upon challenge."""
    talk.say(b'"SASL" "PLAIN"\r\nOK\r\n')
    talk.line()
    with contextlib.suppress(OSError):
        for _ in itertools.repeat(None, 100):
            talk.say(b'""\r\n')
            if not talk.line():
                return


CASES = {
    "refuses the connection": Case(None, NO_CONNECTION, ("connection refused",)),
    "is silent": Case(says(b""), TOO_LATE, ("none came in time",)),
    "is silent in the log-in": Case(is_silent_in_the_log_in, TOO_LATE, ("none came in time",), may_see=True),
    "closes at once": Case(says(b"", leaves=True), NEGOTIATION, ("the real server has closed",)),
    "closes in the greeting": Case(says(b"* OK wel", leaves=True), NEGOTIATION, ("closed",)),
    "closes in the log-in": Case(leaves_in_the_log_in, NEGOTIATION, ("closed",), may_see=True),
    "closes in its answer": Case(leaves_in_its_answer, NEGOTIATION, ("closed",), may_see=True),
    "sends garbage": Case(says(b"\x16\x03\x01 garbage\r\n"), NEGOTIATION, ("expected",)),
    "sends NUL": Case(says(b"* OK\0\r\n"), NEGOTIATION, ("NUL", "syntax")),
    "sends bare LF": Case(says(b"* OK\n"), NEGOTIATION, ("CR before LF",)),
    "never ends its line": Case(says(b"A" * 10_000_000), NEGOTIATION, ("too long",)),
    "never stops": Case(never_stops, TOO_LATE, ("none came in time",), protocols=("IMAP4",), may_see=True),
    "talks on": Case(never_stops, NEGOTIATION, ("expected",), protocols=("POP3", "MANAGESIEVE"), may_see=True),
    "speaks TLS": Case(speaks_tls, TOO_LATE, ("none came in time",)),
    "sends a TLS alert": Case(says(b"\x15\x03\x03\0\x02\x02\x28", leaves=True), NEGOTIATION, ("expected",)),
    "greets -ERR": Case(says(b"-ERR busy\r\n"), NEGOTIATION, ("greeting",), protocols=("POP3",)),
    "greets PREAUTH": Case(says(b"* PREAUTH hello\r\n"), NEGOTIATION, ("PREAUTH",), protocols=("IMAP4",)),
    "greets PREAUTH for STARTTLS": Case(
        says(b"* PREAUTH hello\r\n"), NEGOTIATION, ("PREAUTH",), "tls_force", protocols=("IMAP4",)
    ),
    "greets BYE": Case(says(b"* BYE go away\r\n"), NEGOTIATION, ("BYE",), protocols=("IMAP4",)),
    "greets with BYE": Case(says(b'BYE "away"\r\n'), NEGOTIATION, ("BYE",), protocols=("MANAGESIEVE",)),
    "greets NO": Case(says(b'NO "busy"\r\n'), NEGOTIATION, ("greeting",), protocols=("MANAGESIEVE",)),
    "challenges for ever": Case(
        challenges_for_ever, NEGOTIATION, ("expected",), protocols=("MANAGESIEVE",), may_see=True
    ),
    "is plain under implicit TLS": Case(says(b"* OK plain\r\n"), NO_TLS, ("wrong version number",), "ssl"),
    "is silent in the handshake": Case(never_starts_a_handshake, NO_CONNECTION, ("timed out",), "ssl"),
    "closes in the handshake": Case(leaves_in_the_handshake, NO_TLS, ("the connection was closed",), "ssl"),
    "has another name": Case(has_another_name, NO_TLS, ("not one of 127.0.0.1",), "ssl"),
    "is an imposter": Case(is_an_imposter, NO_TLS, ("the issuer of a certificate is not known",), "ssl"),
    "offers no STARTTLS": Case(offers_no_starttls, "failed: ", ("does not offer it",), "tls_force"),
    "refuses STARTTLS": Case(refuses_starttls, "failed: ", ("offers TLS and refuses it",), "tls_force"),
}
PAIRS = [(dialect, name) for dialect in DIALECTS for name, case in CASES.items() if dialect.name in case.protocols]


@attrs.frozen
class Heard:
    """What the client has heard, the first time and from a better server, and what else there is to know."""

    refusal: bytes
    answer: bytes
    seen: list[tuple[bytes, bytes]]
    why: list[str]
    auth: list[str]


def misbehave(running: Running, scene: Scene, case: Case) -> Heard:
    """Log in to a real server that misbehaves, then to one that does not, on the same connection."""
    dialect, certificates = scene.dialect, scene.certificates
    account = Account()

    def script(talk: Talk) -> None:
        if case.script is not None:
            case.script(talk, scene)

    with contextlib.ExitStack() as stack:
        bad_port = free_port() if case.script is None else stack.enter_context(RealServer(script)).port
        good = stack.enter_context(real_server(dialect, case.leg, account, certificates))
        talk = stack.enter_context(reach(running.hasty[dialect.name, "", case.leg], dialect, "", certificates))
        peer = talk.way
        refusal = dialect.log_in(talk, b"joe-%d" % bad_port)
        answer = dialect.log_in(talk, b"joe-%d" % good.port)
        running.proxy.wait_for("Auth:", peer, 'status="ok"')
        return Heard(
            refusal,
            answer,
            scene.account.seen,
            [line for line in running.proxy.lines_with(peer) if ": Real server 127" in line],
            [line for line in running.proxy.lines_with(peer) if "Auth:" in line],
        )


@pytest.fixture(scope="module")
def heard(running: Running, certificates: Certificates) -> dict[tuple[str, str], Future[Heard]]:
    """All of them at the same time."""
    stranger, imposter = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.authority.issue_cert("imap.example.com", "127.0.0.2").configure_cert(stranger)
    type(certificates.authority)().issue_cert("127.0.0.1").configure_cert(imposter)
    return at_once(
        {
            (dialect.name, name): partial(
                misbehave, running, Scene(dialect, Account(), certificates, stranger, imposter), CASES[name]
            )
            for dialect, name in PAIRS
        }
    )


@pytest.mark.parametrize(("dialect", "name"), PAIRS, ids=str)
def test_the_client_is_told_and_may_try_again(
    heard: dict[tuple[str, str], Future[Heard]], dialect: Dialect, name: str
) -> None:
    case, result = CASES[name], heard[dialect.name, name].result()

    assert dialect.is_no(result.refusal), result.refusal
    assert dialect.is_yes(result.answer), result.answer
    assert len(result.why) == 1, result.why
    assert all(word in result.why[0] for word in case.words), result.why[0]
    assert len(result.auth) == 2, result.auth
    assert case.status in result.auth[0], result.auth[0]


@pytest.mark.requirement("rfc8314-5.1-1")
@pytest.mark.requirement("rfc5034-4-27")
@pytest.mark.parametrize(("dialect", "name"), PAIRS, ids=str)
def test_no_password_goes_where_none_may_go(
    heard: dict[tuple[str, str], Future[Heard]], dialect: Dialect, name: str
) -> None:
    result = heard[dialect.name, name].result()

    assert CASES[name].may_see or result.seen == []
    assert PASSWORD not in result.refusal


def test_nothing_is_left_of_any_of_them(running: Running, heard: dict[tuple[str, str], Future[Heard]]) -> None:
    running.is_at_rest()
