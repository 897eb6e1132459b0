"""Every dialogue of the proxy holds: on a whole session, however its octets are cut, and on the running daemon."""

import contextlib
import random
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Final

import pytest

from perdition.conformance.proxy_transcript import ProxyTranscript, all_proxy_transcripts, proxy_folder
from tests.conformance.proxy_live import LivePlayer, daemon, make_place
from tests.conformance.proxy_player import Cut, Player
from tests.io_trio import certificates as throw_away
from tests.io_trio.certificates import Certificates
from tests.io_trio.talk import at_once
from tests.protocol.helpers import PROTOCOLS, chunks_of, drip

TRANSCRIPTS: Final = all_proxy_transcripts()


def whole(octets: bytes) -> list[bytes]:
    """Cut nothing."""
    return [octets]


def random_cuts(seed: int) -> Cut:
    """Cut in places that depend on the seed alone."""

    def cut(octets: bytes) -> list[bytes]:
        places = random.Random(seed)  # noqa: S311  # no secret
        return chunks_of(octets, (places.randrange(1 << 16) for _ in range(4)))

    return cut


CUTS: Final[dict[str, Cut]] = {
    "whole": whole,
    "drip": drip,
    "random 1": random_cuts(1),
    "random 2": random_cuts(2),
    "random 3": random_cuts(3),
}

Results = dict[str, Future[None]]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_dialogue_holds_for_the_session(transcript: ProxyTranscript, cut: str) -> None:
    Player(transcript, CUTS[cut]).play()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return throw_away.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Results]:
    """All of them at the same time, each on a listener of its own: most of the time they wait."""
    folder = tmp_path_factory.mktemp("dialogues")
    strange_folder = tmp_path_factory.mktemp("stranger")
    stranger = throw_away.make(strange_folder).server
    with contextlib.ExitStack() as sockets:
        places = [make_place(transcript, folder, sockets) for transcript in TRANSCRIPTS]
        with daemon(folder, places, certificates) as proxy:
            players = {
                place.transcript.name: LivePlayer(place, port, proxy, certificates, stranger)
                for place, port in zip(places, proxy.ports, strict=True)
            }
            yield at_once({name: player.play for name, player in players.items()})
        assert proxy.errors == ""
        assert not proxy.lines_with("Internal error")


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
def test_dialogue_holds_for_the_daemon(transcript: ProxyTranscript, played: Results) -> None:
    played[transcript.name].result()


def test_dialogues_are_there() -> None:
    files = [path for path in proxy_folder().rglob("*") if path.is_file() and path.name != "README.md"]

    assert sorted(files) == sorted(transcript.path for transcript in TRANSCRIPTS)
    assert all(transcript.path.parent.name == transcript.protocol for transcript in TRANSCRIPTS)
    for protocol in PROTOCOLS:
        assert len([transcript for transcript in TRANSCRIPTS if transcript.protocol == protocol]) >= 15
