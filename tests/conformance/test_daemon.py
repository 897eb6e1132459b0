"""Every transcript of a server holds on the running daemon, over sockets, however cut.

The daemon lets three seconds pass before it says no to a log-in, so all dialogues are played at the same time, and
each test looks at its own.
"""

import random
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeAlias

import pytest

from perdition.conformance.acts import Passed, Tls, Verdict
from perdition.conformance.connection import Cut, Server, play, whole
from perdition.conformance.live import Dialogue
from perdition.conformance.transcript import Transcript
from tests.conformance.conftest import Daemon
from tests.conformance.players import by_lengths, name
from tests.conformance.test_session import NOT_OFFERED, every_way
from tests.io_trio.talk import PATIENCE
from tests.protocol.helpers import drip

AT_ONCE: Final = 200
Key: TypeAlias = tuple[str, Tls]
Told: TypeAlias = tuple[str, Verdict, list[tuple[str, str]]]
"""How it was cut, how it ended, and what was said."""


def cuts(transcript: Transcript) -> Mapping[str, Cut]:
    """Give the cuts of a dialogue; the random ones are the same each time."""
    dice = random.Random(name(transcript))  # noqa: S311  # no secret
    return {"whole": whole, "drip": drip, "random": by_lengths([dice.randint(1, 12) for _ in range(5)])}


def tell(daemon: Daemon, transcript: Transcript, tls: Tls, how: str, cut: Cut) -> Told:
    """Play a transcript."""
    word = "demanded" if "LOGINDISABLED" in transcript.needs else tls.value
    port = daemon.ports[transcript.protocol, word]
    server = Server("127.0.0.1", port, daemon.certificates.client, "localhost", PATIENCE)
    dialogue = Dialogue(transcript, daemon.accounts[transcript.protocol], tls)
    return how, play(dialogue, server, cut), dialogue.said


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, conformance_daemon: Daemon) -> Mapping[Key, list[Future[Told]]]:
    """Play what the tests of this run ask for."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    ours = [item for item in items if item.function is test_daemon_keeps_to_the_transcript]
    ways: list[Any] = [item.callspec.params for item in ours]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            (name(way["transcript"]), way["tls"]): [
                pool.submit(tell, conformance_daemon, way["transcript"], way["tls"], how, cut)
                for how, cut in cuts(way["transcript"]).items()
            ]
            for way in ways
        }


@pytest.mark.timeout(1800)  # the first one plays them all
@every_way
def test_daemon_keeps_to_the_transcript(
    told: Mapping[Key, list[Future[Told]]], transcript: Transcript, tls: Tls
) -> None:
    if any((transcript.protocol, need) in NOT_OFFERED for need in transcript.needs):
        return

    ends = [future.result() for future in told[name(transcript), tls]]

    assert [end for end in ends if end[1] != Passed()] == []
    assert len(ends) == 3
