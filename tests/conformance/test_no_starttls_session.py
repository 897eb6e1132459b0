"""The NO STARTTLS catalogue against the whole session: as server, and as client of a false real server."""

from typing import Final

import attrs
import pytest

from perdition.maps.outcome import Found
from perdition.session import effects as fx
from perdition.session.effects import Side
from tests.conformance.no_starttls import (
    CLIENT_CASES,
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
from tests.conformance.proxy_player import Cut
from tests.conformance.proxy_stage import REAL, Stage, policy_for
from tests.protocol.helpers import PROTOCOLS, drip


def whole(octets: bytes) -> list[bytes]:
    """Cut nothing."""
    return [octets] if octets else []


WITHOUT_TLS: Final = {case.protocol: case for case in CLIENT_CASES if case.name.endswith("/Negotiation/O_1")}
CUTS: Final[dict[str, Cut]] = {"whole": whole, "drip": drip}


def is_closed(stage: Stage) -> bool:
    """Tell whether the session is over without a hand-over."""
    return isinstance(stage.waiting, fx.Close)


def serve(stage: Stage, server: FalseServer, cut: Cut) -> None:
    """Let the session and a real server talk until both wait."""
    while True:
        waiting = stage.waiting
        if isinstance(waiting, fx.Connect):
            stage.hung_up = False
            stage.to_server.clear()
            stage.answer(fx.Connected())
            stage.says(Side.SERVER, cut(server.greet()))
        elif stage.hung_up or isinstance(waiting, fx.Relay):
            return
        elif b"\n" in stage.to_server:
            stage.says(Side.SERVER, cut(server.hear(stage.take_line(Side.SERVER))))
        elif isinstance(waiting, fx.StartTls):
            shakes_hands = server.handshakes and not stage.has_unread(Side.SERVER)
            stage.answer(fx.TlsStarted() if shakes_hands else fx.Failed("the connection was closed", tls=True))
            if shakes_hands:
                stage.says(Side.SERVER, cut(server.start_tls()))
        else:
            return


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CLIENT_CASES, ids=lambda case: case.name)
def test_session_believes_no_false_server(case: ClientCase, mode: str, cut: str) -> None:
    if cut == "drip" and case.machine == "injected":  # what comes behind the answer is in the handshake's way
        case = attrs.evolve(case, forced="TLS_FAILURE", offered="TLS_FAILURE", log="the connection was closed")
    stage = Stage(policy_for(case.protocol, {"ssl_mode": MODES[mode]}), lambda _: Found(REAL.encode("ascii")))
    stage.to_client.clear()  # the greeting
    server = FalseServer(case.protocol, case)
    stage.says(Side.CLIENT, [log_in(case.protocol)])
    serve(stage, server, CUTS[cut])
    reply = bytes(stage.to_client)
    stage.to_client.clear()
    if not isinstance(stage.waiting, fx.Relay):
        stage.says(Side.CLIENT, [log_in(case.protocol)])
        serve(stage, FalseServer(case.protocol), whole)
    again = bytes(stage.to_client)

    check(case, mode, Result(reply, again, reply + again, server, stage.log))


@pytest.mark.parametrize("mode", ["tls_listen", "tls_listen_force"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", SERVER_CASES, ids=lambda case: case.name)
def test_session_obeys_no_attacker(case: ServerCase, protocol: str, mode: str) -> None:
    asked: list[bytes] = []

    def look_up(key: bytes) -> Found:
        asked.append(key)
        return Found(REAL.encode("ascii"))

    stage = Stage(policy_for(protocol, {"ssl_mode": mode}), look_up)
    stage.to_client.clear()  # the greeting

    def say(octets: bytes) -> bytes:
        stage.says(Side.CLIENT, [octets])
        said = bytes(stage.to_client)
        stage.to_client.clear()
        return said

    if case.expect == "passed on":
        if mode == "tls_listen":
            stage.says(Side.CLIENT, [log_in(protocol)])
            serve(stage, FalseServer(protocol, WITHOUT_TLS[protocol]), whole)
            stage.to_client.clear()

            assert say(COMMANDS[protocol]) == b""
            assert bytes(stage.to_server) == COMMANDS[protocol]
        else:
            assert is_refusal(protocol, say(log_in(protocol)).splitlines(keepends=True)[-1])
        return
    if case.expect == "closed":
        (before,) = case.lines_before(protocol)

        assert is_closed_in_words(protocol, say(before))
        assert is_closed(stage)
        assert not asked
        return
    for line in case.lines_before(protocol):
        say(line)
    reply = say(COMMANDS[protocol] + case.octets(case.behind, protocol))
    if case.expect == "injected":
        assert is_closed_in_words(protocol, reply)
        assert is_closed(stage)
        assert any("(injected)" in line for line in stage.log)
        assert not asked
        return
    assert is_good(protocol, reply)
    assert isinstance(stage.waiting, fx.StartTls)
    if case.expect == "failed":
        assert say(case.octets(case.later, protocol)) == b""
        assert is_closed(stage)
        assert any("Fatal error establishing TLS connection" in line for line in stage.log)
        assert not asked
        return
    stage.answer(fx.TlsStarted())
    stage.to_client.clear()  # capabilities, in ManageSieve
    reply = say(case.octets(case.then, protocol))

    assert is_good(protocol, reply) if case.expect == "tls" else is_refusal(protocol, reply)
    assert not is_closed(stage)
    assert not asked
