"""Plays a dialogue of the proxy on a whole session in memory."""

from collections.abc import Callable, Sequence
from typing import Final

from perdition.conformance.proxy_transcript import Event, ProxyTranscript, Step, Verdict, Voice
from perdition.maps.outcome import Absent, Broken, Found, Outcome, Unavailable
from perdition.session import effects as fx
from perdition.session.effects import Side
from tests.conformance.proxy_stage import DOWN, REAL, Stage, policy_for

Cut = Callable[[bytes], list[bytes]]

VERDICTS: Final[dict[Verdict, Outcome]] = {
    Verdict.ABSENT: Absent(),
    Verdict.UNAVAILABLE: Unavailable("out of order"),
    Verdict.BROKEN: Broken("expected a text"),
}


class Mismatch(AssertionError):
    """The proxy did not do what the dialogue says."""


class Player:
    """Plays one dialogue.

    Args:
        transcript: what to play.
        cut: cuts a peer's write into segments, if it is not marked to be one.
    """

    def __init__(self, transcript: ProxyTranscript, cut: Cut) -> None:
        self._transcript, self._cut = transcript, cut
        self._asked: list[bytes] = []
        self._number = 0
        policy = policy_for(transcript.protocol, expand_options(transcript, REAL, DOWN))
        self._instance = policy.instance.encode("ascii")
        self.stage = Stage(policy, self._look_up)

    def play(self) -> None:
        """Play it to its end.

        Raises:
            Mismatch: the session does something else.
        """
        for write in self._transcript.writes:
            step = write[0]
            self._number = step.number
            match step.what:
                case Voice.CLIENT | Voice.SERVER:
                    self._expect_silence()
                    self._hear(write)
                case Voice.TO_CLIENT | Voice.TO_SERVER:
                    self._said(step)
                case Voice.LOG:
                    self._logged(step)
                case Event.SERVER_CLOSED:
                    self._expect(self.stage.hung_up or self._is_over(), "the real server has not been left")
                    self.stage.hung_up = False
                case Event.CLIENT_CLOSED:
                    self._expect(self._is_over(), f"the client has not been left: {self.stage.waiting}")
                case Event():
                    self._expect_silence()
                    self._happens(step.what)
        self._expect_silence()
        self._expect({row.key for row in self._transcript.popmap} == set(self._asked), f"looked up: {self._asked}")

    def _expect(self, condition: bool, text: str) -> None:
        if not condition:
            raise Mismatch(f"{self._transcript.path.name}:{self._number}: {text}; log: {self.stage.log}")

    def _expect_silence(self) -> None:
        """All that the proxy has said must have been in the dialogue."""
        for side, said in ((Side.CLIENT, self.stage.to_client), (Side.SERVER, self.stage.to_server)):
            self._expect(not said, f"the proxy has also said {bytes(said)!r} to the {side.value}")
        self._expect(not self.stage.hung_up, "the proxy has left the real server")

    def _is_over(self) -> bool:
        return isinstance(self.stage.waiting, fx.Close | fx.Relay)

    def _look_up(self, key: bytes) -> Outcome:
        self._asked.append(key)
        for row in self._transcript.popmap:
            if row.key == key:
                if isinstance(row.answer, Verdict):
                    return VERDICTS[row.answer]
                return Found(row.answer.replace("{real}", REAL).replace("{down}", DOWN).encode("ascii"))
        raise Mismatch(f"{self._transcript.path.name}: no row of the popmap for {key!r}")

    def _hear(self, write: Sequence[Step]) -> None:
        side = Side.CLIENT if write[0].what is Voice.CLIENT else Side.SERVER
        octets = b"".join(step.octets for step in write)
        for name, value in ((b"{instance}", self._instance), (b"{real}", REAL.encode("ascii"))):
            octets = octets.replace(name, value)
        self.stage.says(side, [octets] if len(write) > 1 else self._cut(octets))

    def _said(self, step: Step) -> None:
        side = Side.CLIENT if step.what is Voice.TO_CLIENT else Side.SERVER
        said = self.stage.take_line(side, len(step.octets) or None)
        self._expect(step.is_said(said), f"expected {step.parts}, the proxy has said {said!r}")

    def _logged(self, step: Step) -> None:
        words = [part.decode("ascii") for part in step.parts]
        self._expect(any(all(word in line for word in words) for line in self.stage.log), f"no log line with {words}")

    def _happens(self, event: Event) -> None:
        waiting, expected = self.stage.waiting, f"the session does not wait for it: {self.stage.waiting}"
        over = isinstance(waiting, fx.Relay)
        match event:
            case Event.CONNECT:
                self._expect(isinstance(waiting, fx.Connect) and f"{waiting.host}:{waiting.port}" == REAL, expected)
                if isinstance(waiting, fx.Connect) and not waiting.tls:
                    self.stage.answer(fx.Connected())
            case Event.REFUSED:
                self._expect(isinstance(waiting, fx.Connect) and f"{waiting.host}:{waiting.port}" == DOWN, expected)
                self.stage.answer(fx.Failed("connection refused"))
            case Event.CLIENT_TLS:
                self._expect(waiting == fx.StartTls(Side.CLIENT), expected)
                self.stage.answer(fx.TlsStarted())
            case Event.SERVER_TLS | Event.SERVER_TLS_FAILS:
                implicit = isinstance(waiting, fx.Connect) and waiting.tls
                self._expect(implicit or (isinstance(waiting, fx.StartTls) and waiting.side is Side.SERVER), expected)
                good = fx.Connected() if implicit else fx.TlsStarted()
                bad = fx.Failed("certificate verify failed", tls=True)
                self.stage.answer(good if event is Event.SERVER_TLS else bad)
                self.stage.hung_up = self.stage.hung_up or (implicit and event is Event.SERVER_TLS_FAILS)
            case Event.CLIENT_EOF | Event.SERVER_EOF if not over:
                self.stage.says(Side.CLIENT if event is Event.CLIENT_EOF else Side.SERVER, [b""])
            case Event.TIME_PASSES:
                self.stage.answer(fx.TimedOut())


def expand_options(transcript: ProxyTranscript, real: str, down: str) -> dict[str, str | None]:
    """Put addresses into the options."""
    return {
        name: None if value is None else value.replace("{real}", real).replace("{down}", down)
        for name, value in transcript.options.items()
    }
