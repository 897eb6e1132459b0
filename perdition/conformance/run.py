"""Runs the transcripts of a protocol against a server, one connection each, one after the other."""

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import attrs

from perdition.conformance.acts import Account, NotOffered, NotPlayed, NotTested, Tls, Verdict
from perdition.conformance.connection import NoConnection, Server, play
from perdition.conformance.handshakes import shake_hands
from perdition.conformance.live import Dialogue
from perdition.conformance.needs import missing
from perdition.conformance.places import why_not_live, why_not_with
from perdition.conformance.probe import Probed
from perdition.conformance.transcript import Reach, Transcript

PAUSES: Final = (1.0, 2.0, 4.0)
"""Seconds before it is tried again to reach a server: it may allow so many connections at once, or a minute."""


@attrs.frozen
class Outcome:
    """What came of one transcript.

    Attributes:
        transcript: it.
        verdict: how it ended.
        said: line by line, by `C` and `S`, without the password.
        seconds: how long it took.
    """

    transcript: Transcript
    verdict: Verdict
    said: Sequence[tuple[str, str]] = ()
    seconds: float = 0


Progress = Callable[[int, Transcript], None]


def is_played(transcript: Transcript) -> bool:
    """Tell whether a transcript is for a server of other people."""
    return transcript.reach is Reach.EVERYONE and not why_not_live(transcript)


@attrs.frozen
class Runner:
    """Plays transcripts.

    Attributes:
        server: to whom.
        account: who logs in.
        tls: how the connections get TLS.
        probed: what the server announces.
        pauses: before it is tried again, in seconds.
    """

    server: Server
    account: Account
    tls: Tls
    probed: Probed
    pauses: Sequence[float] = PAUSES

    def run(self, transcripts: Iterable[Transcript], progress: Progress) -> list[Outcome]:
        """Play transcripts; if nobody is there any more, the rest is not played."""
        outcomes, why = list[Outcome](), ""
        for number, transcript in enumerate(transcripts):
            progress(number, transcript)
            verdict = self.why_not(transcript)
            if verdict is None and not why:
                try:
                    outcomes.append(self._play(transcript))
                    continue
                except NoConnection as error:
                    why = str(error)
            outcomes.append(Outcome(transcript, verdict or NotPlayed(why)))
        return outcomes

    def why_not(self, transcript: Transcript) -> Verdict | None:
        """Say why a transcript is not for this server, or nothing."""
        why = why_not_live(transcript) or (transcript.reason if transcript.reach is not Reach.EVERYONE else "")
        if why := why or why_not_with(transcript, self.tls):
            return NotTested(why)
        need = missing(transcript, self.probed.in_clear, self.probed.here)
        return NotOffered(need) if need else None

    def _play(self, transcript: Transcript) -> Outcome:
        """Play one transcript, and be patient with a server that does not want to.

        Raises:
            NoConnection: nobody is there.
        """
        for pause in self.pauses:
            with contextlib.suppress(NoConnection):
                return self._play_once(transcript)
            time.sleep(pause)
        return self._play_once(transcript)

    def _play_once(self, transcript: Transcript) -> Outcome:
        begin = time.monotonic()
        if not transcript.steps:
            verdict = shake_hands(transcript, self.server, self.tls)
            return Outcome(transcript, verdict, (), time.monotonic() - begin)
        dialogue = Dialogue(transcript, self.account, self.tls)
        verdict = play(dialogue, self.server)
        return Outcome(transcript, verdict, dialogue.said, time.monotonic() - begin)
