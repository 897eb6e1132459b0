"""Servers that say nothing, too much or too slowly, or go away in the middle of a run."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import pytest

from perdition.conformance.acts import Account, Failed, NotOffered, NotPlayed, Passed, Tls
from perdition.conformance.connection import PATIENCE, Server, play
from perdition.conformance.live import Dialogue
from perdition.conformance.needs import Announced
from perdition.conformance.probe import Probed, Unusable, probe
from perdition.conformance.run import Outcome, Runner
from perdition.conformance.transcript import Transcript, parse
from perdition.conformance.verdicts import why_not_all
from perdition.protocol.secret import Secret
from tests.conformance.test_transcript import PATH

ACCOUNT: Final = Account(b"joe", Secret(b"hunter2"))
NOTHING: Final = Probed(Announced(frozenset()), Announced(frozenset()))
QUIT: Final = "# rfc: 1939 4\n# protocol: pop3\n# requires: rfc1939-4-1\n"
Serve = Callable[[socket.socket, int], None]
"""What is done with a connection, and its number."""


@contextlib.contextmanager
def serving(serve: Serve, most: int | None = None) -> Iterator[int]:
    """Give the port of a server; after so many connections nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as ends:

        def accept() -> None:
            with contextlib.suppress(OSError):
                for number in itertools.count() if most is None else range(most):
                    client = ends.enter_context(listener.accept()[0])
                    threading.Thread(target=talk, args=(client, number), daemon=True).start()
                listener.close()

        def talk(client: socket.socket, number: int) -> None:
            with contextlib.suppress(OSError):
                serve(client, number)
                client.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


def server(port: int, seconds: float = 5) -> Server:
    return Server("127.0.0.1", port, None, "localhost", seconds)


def transcript(needs: str = "") -> Transcript:
    return parse(PATH, (QUIT + needs + "S: +OK\nC: QUIT\nS: +OK\n").encode())


def polite(client: socket.socket, _: int) -> None:
    client.sendall(b"+OK\r\n")
    client.recv(100)
    client.sendall(b"+OK\r\n")


def shy(client: socket.socket, number: int) -> None:
    if number > 0:
        polite(client, number)


def run(port: int, transcripts: Sequence[Transcript], *pauses: float) -> list[Outcome]:
    return Runner(server(port), ACCOUNT, Tls.NONE, NOTHING, pauses).run(transcripts, lambda _, __: None)


def test_what_came_of_a_run_is_kept_when_the_server_goes_away() -> None:
    with serving(polite, most=1) as port:
        outcomes = run(port, [transcript(), transcript(), transcript("# needs: X\n"), transcript()])

    verdicts = [outcome.verdict for outcome in outcomes]
    assert verdicts[0] == Passed()
    assert isinstance(verdicts[1], NotPlayed)
    assert verdicts[2] == NotOffered("X")
    assert verdicts[3] == verdicts[1]
    assert why_not_all(outcomes).startswith("2 dialogues were not played: ")
    assert why_not_all(outcomes[:1]) == ""


def test_server_that_wants_a_pause_gets_one() -> None:
    with serving(shy) as port:
        assert [outcome.verdict for outcome in run(port, [transcript()], 0)] == [Passed()]


def test_server_that_does_not_greet_is_not_there() -> None:
    with serving(shy) as port:
        (outcome,) = run(port, [transcript()])

    assert outcome.verdict == NotPlayed(f"no greeting from 127.0.0.1 port {port}")


# --- without end


def octets(client: socket.socket, _: int) -> None:
    while True:
        client.sendall(b"x")
        time.sleep(0.02)


def dribble(client: socket.socket, _: int) -> None:
    client.sendall(b"* OK hi\r\n")
    while True:
        client.sendall(b"* OK still here\r\n")
        time.sleep(0.02)


def flood(client: socket.socket, _: int) -> None:
    while True:
        client.sendall(b"* OK still here\r\n" * 4000)


@pytest.mark.parametrize(
    ("serve", "why"),
    [
        (octets, "no answer of the server came in time (--timeout)"),
        (dribble, "no answer of the server came in time (--timeout)"),
        (flood, "the server does not stop talking"),
    ],
)
def test_probe_ends(serve: Serve, why: str) -> None:
    begin = time.monotonic()
    seconds = 5 if serve is flood else 0.2
    with serving(serve) as port, pytest.raises(Unusable) as raised:
        probe("imap4", server(port, seconds), ACCOUNT, Tls.NONE)

    assert str(raised.value) == why
    assert time.monotonic() - begin < seconds * PATIENCE + 5


@pytest.mark.parametrize(
    ("serve", "why"),
    [
        (octets, "expected * OK, nothing came in time"),
        (dribble, "expected a OK, nothing came in time"),
        (flood, "expected a OK, and not octets without end"),
    ],
)
def test_dialogue_ends(serve: Serve, why: str) -> None:
    noop = QUIT.replace("pop3", "imap4") + "S: * OK hi\nC: a NOOP\nS: a OK x\n"
    dialogue = Dialogue(parse(PATH, noop.encode()), ACCOUNT, Tls.NONE)
    with serving(serve) as port:
        verdict = play(dialogue, server(port, 5 if serve is flood else 0.2))

    assert isinstance(verdict, Failed)
    assert verdict.why == why


@pytest.mark.parametrize("ends", [True, False], ids=["closes", "says nothing"])
def test_port_of_implicit_tls_has_a_hint(*, ends: bool) -> None:
    def wait(client: socket.socket, _: int) -> None:
        if not ends:
            client.recv(100)

    with serving(wait) as port, pytest.raises(Unusable, match="; perhaps --tls implicit"):
        probe("imap4", server(port, 0.1), ACCOUNT, Tls.STARTTLS)
