"""What the players of transcripts have in common: cuts, and the verdict."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from hypothesis import settings

from perdition.conformance.lines import Step
from perdition.conformance.transcript import Transcript
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.machine import ClientMachine, Closed
from perdition.protocol.signals import PAUSED, Signal
from tests.protocol.helpers import OK, AnyMachine, answer_to, drip, is_starttls

FEW: Final = max(3, settings.get_profile(settings.get_current_profile_name()).max_examples // 25)
"""Random cuts of each file by each player: a hundred times as many files make up for that."""

Cut = Callable[[bytes], list[bytes]]


class Mismatch(AssertionError):
    """A machine did not do what the transcript says."""


class Player(Protocol):
    """Plays one transcript."""

    def __init__(self, transcript: Transcript, cut: Cut) -> None: ...

    def play(self) -> None:
        """Play it to the end.

        Raises:
            Mismatch: a machine does not do what the transcript says.
        """


def name(transcript: Transcript) -> str:
    """Name a transcript in the id of a test."""
    return f"{transcript.protocol}/{transcript.name}"


def whole(octets: bytes) -> list[bytes]:
    """Cut nothing."""
    return [octets]


def threes(octets: bytes) -> list[bytes]:
    """Cut behind every third octet."""
    return [octets[at : at + 3] for at in range(0, len(octets), 3)]


CUTS: Final[tuple[Cut, ...]] = (whole, drip, threes)


def by_lengths(lengths: list[int]) -> Cut:
    """Cut into pieces of these lengths, in turn and over and over."""

    def cut(octets: bytes) -> list[bytes]:
        pieces, at, turn = [], 0, 0
        while at < len(octets):
            pieces.append(octets[at : at + lengths[turn % len(lengths)]])
            at, turn = at + len(pieces[-1]), turn + 1
        return pieces

    return cut


def heard(machine: AnyMachine) -> list[Any]:
    """Give all events up to the next signal or the end."""
    events: list[Any] = []
    while not isinstance(event := machine.next_event(), Signal) and not isinstance(event, Closed):
        events.append(event)
    return events


def is_fatal(machine: AnyMachine, pieces: list[bytes]) -> bool:
    """Tell whether octets are the end: an error, or the handshake that they stand in the way of."""
    agreed = False
    try:
        for piece in pieces:
            machine.receive_data(piece)
            for event in heard(machine):
                if is_starttls(event):
                    machine.send(answer_to(event, OK))
                    agreed = True
        if not agreed and not (isinstance(machine, ClientMachine) and machine.next_event() is PAUSED):
            return False
        machine.start_tls()
    except (RemoteProtocolError, LocalProtocolError):
        return True
    return False


def expect(transcript: Transcript, step: Step, condition: bool, text: str) -> None:
    """Raise `Mismatch` unless the condition holds."""
    if not condition:
        raise Mismatch(f"{transcript.path.name}:{step.number}: {text}")
