"""The daemon end to end: log-ins over every combination of TLS, and what survives the hand-over."""

import base64
import re
from concurrent.futures import Future
from functools import partial

import pytest

from tests.io_trio.certificates import Certificates
from tests.io_trio.conftest import CLIENT_LEGS, SERVER_LEGS, Running
from tests.io_trio.dialects import DIALECTS, PASSWORD, Account, Dialect
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import at_once

Way = tuple[str, str, str]


@pytest.fixture(scope="module")
def log_ins(running: Running, certificates: Certificates) -> dict[Way, Future[tuple[bytes, bytes, bytes]]]:
    """Over each combination of legs: the wrong password, then the right one, then something for the real server."""

    def log_in(dialect: Dialect, client: str, server: str) -> tuple[bytes, bytes, bytes]:
        account = Account()
        port = running.ports[dialect.name, client, server]
        with (
            real_server(dialect, server, account, certificates) as real,
            reach(port, dialect, client, certificates) as talk,
        ):
            name = b"joe-%d" % real.port
            refusal = dialect.log_in(talk, name, b"wrong")
            answer = dialect.log_in(talk, name)
            talk.say(b"here\r\n")
            assert account.seen == [(b"joe", b"wrong"), (b"joe", PASSWORD)]
            return refusal, answer, talk.line()

    return at_once(
        {
            (dialect.name, client, server): partial(log_in, dialect, client, server)
            for dialect in DIALECTS
            for client in CLIENT_LEGS
            for server in SERVER_LEGS
        }
    )


@pytest.mark.parametrize("server", SERVER_LEGS)
@pytest.mark.parametrize("client", CLIENT_LEGS)
def test_log_in_wrong_then_right_and_both_directions_follow(
    log_ins: dict[Way, Future[tuple[bytes, bytes, bytes]]], dialect: Dialect, client: str, server: str
) -> None:
    refusal, answer, heard = log_ins[dialect.name, client, server].result()

    assert dialect.is_no(refusal)
    assert dialect.is_yes(answer)
    assert heard == b"here\r\n"


@pytest.mark.requirement("rfc5161-3.1-3")
@pytest.mark.requirement("rfc9051-5.5-2")
@pytest.mark.requirement("rfc9051-6.3.1-3")
@pytest.mark.parametrize("client", CLIENT_LEGS)
def test_what_is_pipelined_behind_either_end_of_the_log_in_survives(
    running: Running, certificates: Certificates, dialect: Dialect, client: str
) -> None:
    behind = b"* from the real server \x00\xff\n"
    ahead = b"a command\r\n" * 1000
    account = Account(behind=behind)
    port = running.ports[dialect.name, client, ""]
    with real_server(dialect, "", account, certificates) as real, reach(port, dialect, client, certificates) as talk:
        name = b"joe-%d" % real.port
        dialect.prepare(talk, name)
        talk.say(dialect.ask(name, PASSWORD) + ahead)
        answer = talk.line()
        heard = talk.exactly(len(behind) + len(ahead))
        peer = talk.way
        talk.end()
        talk.rest()
        closing = running.proxy.wait_for("Closing session", peer)

        assert dialect.is_yes(answer)
        assert heard == behind + ahead
        assert f"received={len(ahead)} sent={len(behind) + len(ahead)}" in closing


PIPELINED = {
    "POP3": (b"NOOP\r\nUSER joe-%d\r\nPASS correct horse\r\n", (rb"-ERR .*", rb"\+OK .*", rb"\+OK .*")),
    "IMAP4": (b'1 NOOP\r\na LOGIN "joe-%d" "correct horse"\r\n', (rb"1 OK .*", rb"a OK .*")),
    "MANAGESIEVE": (b'NOOP\r\nAUTHENTICATE "PLAIN" "%b"\r\n', (rb"OK .*", rb"OK .*")),
}


def test_what_is_pipelined_in_front_of_a_log_in_is_answered(
    running: Running, certificates: Certificates, dialect: Dialect
) -> None:
    octets, answers = PIPELINED[dialect.name]
    with (
        real_server(dialect, "", Account(), certificates) as real,
        reach(running.ports[dialect.name, "", ""], dialect, "", certificates) as talk,
    ):
        name = real.port if b"%d" in octets else base64.b64encode(b"\0joe-%d\0correct horse" % real.port)
        talk.say(octets % name)
        heard = [talk.line().rstrip() for _ in answers]

        assert all(re.fullmatch(answer, line) for answer, line in zip(answers, heard, strict=True)), heard


def test_nothing_is_left_of_all_these_sessions(running: Running) -> None:
    running.is_at_rest()
