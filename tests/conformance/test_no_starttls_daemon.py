"""The NO STARTTLS catalogue against the running daemon, over sockets and with TLS, on both legs."""

import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final

import attrs
import pytest

from tests.conformance.no_starttls import (
    CLIENT_CASES,
    MARK,
    MODES,
    SERVER_CASES,
    ClientCase,
    FalseServer,
    Result,
    ServerCase,
    check,
    log_in,
)
from tests.conformance.no_starttls_client import COMMANDS, is_closed_in_words, is_good, is_refusal
from tests.io_trio import certificates as throw_away
from tests.io_trio.certificates import Certificates
from tests.io_trio.proxy import Leg, Proxy, write_configuration
from tests.io_trio.talk import RealServer, Talk, call
from tests.protocol.helpers import PROTOCOLS

pytestmark = pytest.mark.timeout(900)  # the first test waits for all cases: each refusal takes three seconds

AT_ONCE: Final = 100
CLIENT_MODES: Final = {"offered": "tls", "forced": "tls_force"}
INJECTED: Final = tuple(case for case in CLIENT_CASES if case.machine == "injected")
WITHOUT_TLS: Final = {case.protocol: case for case in CLIENT_CASES if case.name.endswith("/Negotiation/O_1")}

Key = tuple[str, ...]
Futures = dict[Key, Future[Result]]


@attrs.frozen
class Running:
    """A daemon with its listeners, and what a real server needs to speak TLS.

    Attributes:
        proxy: the daemon.
        certificates: of everybody.
        server_leg: ports by protocol and mode of the real server's leg.
        client_leg: ports by protocol and mode of the client's leg.
    """

    proxy: Proxy
    certificates: Certificates
    server_leg: dict[tuple[str, str], int]
    client_leg: dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("no_starttls")
    certificates = throw_away.make(folder)
    keys = [(protocol, mode) for protocol in PROTOCOLS for mode in MODES]
    legs = [Leg(protocol.upper(), "", CLIENT_MODES[mode]) for protocol, mode in keys]
    legs += [Leg(protocol.upper(), CLIENT_MODES[mode], "") for protocol, mode in keys]
    file = write_configuration(folder, tuple(legs), *certificates.options())
    with Proxy(f"--config_file={file}") as proxy:
        ports = proxy.ports
        behind = dict(zip(keys, ports[: len(keys)], strict=True))
        descriptors = proxy.descriptors_at_rest()
        yield Running(proxy, certificates, behind, dict(zip(keys, ports[len(keys) :], strict=True)))
        proxy.wait_for_descriptors(descriptors)
    assert proxy.errors == ""
    assert not proxy.lines_with("Internal error")
    assert not [line for line in proxy.lines if MARK.decode() in line.lower()]


def hear_greeting(protocol: str, talk: Talk) -> None:
    """Hear what the proxy says unasked."""
    while protocol == "managesieve" and not (line := talk.line()).startswith(b"OK "):
        assert line.startswith(b'"')
    if protocol != "managesieve":
        talk.line()


# --- we are the client of a false server


def serve(server: FalseServer, certificates: Certificates, talk: Talk, *, in_two: bool = False) -> None:
    """Be a false real server on one connection, to its end."""
    talk.say(server.greet())
    while line := talk.line():
        answer = server.hear(line)
        first, end, rest = answer.partition(b"\r\n") if in_two and server.is_starttls(line) else (answer, b"", b"")
        talk.say(first + end)
        if rest:
            talk.say(rest)
        if server.secured or not server.agrees(line, answer):
            continue
        if not server.handshakes:
            return
        talk.accept_tls(certificates.server)
        talk.say(server.start_tls())


def log_in_twice(running: Running, case: ClientCase, mode: str, *, in_two: bool) -> Result:
    """Log in to the false server, and if that fails to an honest one, on the same connection."""
    false = FalseServer(case.protocol, case)
    heard: list[bytes] = []

    def hear_reply() -> bytes:
        reply = talk.line() + (talk.line() if case.protocol == "pop3" else b"")
        heard.append(reply)
        return reply

    with (
        RealServer(lambda talk: serve(false, running.certificates, talk, in_two=in_two)) as bad,
        RealServer(lambda talk: serve(FalseServer(case.protocol), running.certificates, talk)) as good,
        call(running.server_leg[case.protocol, mode]) as talk,
    ):
        hear_greeting(case.protocol, talk)
        talk.say(log_in(case.protocol, b"joe-%d" % bad.port))
        reply = hear_reply()
        again = b""
        if b"You are so in" not in reply:
            talk.say(log_in(case.protocol, b"joe-%d" % good.port))
            again = hear_reply()
        way = talk.way
        running.proxy.wait_for(way, 'status="ok"')
    return Result(reply, again, b"".join(heard), false, running.proxy.lines_with(way))


def all_at_once(calls: dict[Key, Callable[[], Result]]) -> Futures:
    """Make calls that mostly wait, many at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {key: pool.submit(function) for key, function in calls.items()}


@pytest.fixture(scope="module")
def results(running: Running) -> Futures:
    calls: dict[Key, Callable[[], Result]] = {}
    for mode in MODES:
        for case in CLIENT_CASES:
            calls[case.name, mode] = partial(log_in_twice, running, case, mode, in_two=False)
        for case in INJECTED:
            calls[case.name, mode, "in two"] = partial(log_in_twice, running, case, mode, in_two=True)
    return all_at_once(calls)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CLIENT_CASES, ids=lambda case: case.name)
def test_daemon_believes_no_false_server(case: ClientCase, mode: str, results: Futures) -> None:
    result = results[case.name, mode].result()
    if case.machine == "injected" and b"TLS negotiation failure" in result.reply:
        # The kernel has cut the write: what comes behind the answer is then in the handshake's way.
        case = attrs.evolve(case, forced="TLS_FAILURE", offered="TLS_FAILURE", log="")

    check(case, mode, result)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", INJECTED, ids=lambda case: case.name)
def test_daemon_believes_no_injection_in_a_second_segment(case: ClientCase, mode: str, results: Futures) -> None:
    result = results[case.name, mode, "in two"].result()
    if b"TLS negotiation failure" in result.reply:  # else the kernel has joined the segments
        case = attrs.evolve(case, forced="TLS_FAILURE", offered="TLS_FAILURE", log="")

    check(case, mode, result)


# --- we are the server of an attacked client


def hear_answers(protocol: str, talk: Talk, lines: list[bytes]) -> None:
    """Say lines in clear, each with its answer of one line."""
    for line in lines:
        talk.say(line)
        talk.line()


def hear_one(protocol: str, talk: Talk, *, is_list: bool) -> bytes:
    """Hear one answer."""
    said = talk.line()
    while is_list and not said.endswith(b"\r\n.\r\n") and said.startswith(b"+OK"):
        said += talk.line()
    return said


@pytest.mark.parametrize("mode", CLIENT_MODES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", SERVER_CASES, ids=lambda case: case.name)
def test_daemon_obeys_no_attacker(case: ServerCase, protocol: str, mode: str, running: Running) -> None:
    with call(running.client_leg[protocol, mode]) as talk:
        hear_greeting(protocol, talk)
        way = talk.way
        match case.expect:
            case "passed on":
                starttls_reaches_the_real_server(running, protocol, mode, talk)
            case "closed":
                (before,) = case.lines_before(protocol)
                talk.say(before)

                assert is_closed_in_words(protocol, talk.rest())
                running.proxy.wait_for(way, "Protocol error of client")
            case "injected":
                talk.say(COMMANDS[protocol] + case.octets(case.behind, protocol))

                assert is_closed_in_words(protocol, talk.rest())
                running.proxy.wait_for(way, "(injected)")
            case "failed":
                talk.say(COMMANDS[protocol])

                assert is_good(protocol, talk.line())
                talk.say(case.octets(case.later, protocol))
                with pytest.raises((ssl.SSLError, OSError)):
                    talk.connect_tls(running.certificates.client)
                running.proxy.wait_for(way, "Fatal error establishing TLS connection")
            case _:
                hear_answers(protocol, talk, case.lines_before(protocol))
                talk.say(COMMANDS[protocol])

                assert is_good(protocol, talk.line())
                talk.connect_tls(running.certificates.client)
                if protocol == "managesieve":
                    hear_greeting(protocol, talk)
                talk.say(case.octets(case.then, protocol))
                reply = hear_one(protocol, talk, is_list=case.expect == "tls")

                assert is_good(protocol, reply) if case.expect == "tls" else is_refusal(protocol, reply)
        if case.expect != "passed on":
            assert not running.proxy.lines_with(way, "Auth:")


def starttls_reaches_the_real_server(running: Running, protocol: str, mode: str, talk: Talk) -> None:
    """Log in in clear; the command is then the real server's, and what answers it is its answer."""
    false = FalseServer(protocol, WITHOUT_TLS[protocol])
    false.handshakes = False
    with RealServer(lambda real: serve(false, running.certificates, real)) as real:
        talk.say(log_in(protocol, b"joe-%d" % real.port))
        replies = [talk.line() for _ in range(2 if protocol == "pop3" else 1)]
        if mode == "forced":
            assert all(is_refusal(protocol, reply) for reply in replies)
            assert not real.talks
            return
        assert b"You are so in" in replies[-1]
        talk.say(COMMANDS[protocol])
        answer = talk.line()

        assert false.is_starttls(false.in_clear.splitlines()[-1])
        assert answer == FalseServer(protocol, WITHOUT_TLS[protocol]).hear(COMMANDS[protocol])
