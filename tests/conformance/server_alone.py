"""Plays a transcript on a server machine alone: it hears the client's lines, and is told to say the server's."""

from typing import Any

from perdition.conformance.lines import Mark, Speaker, Step
from perdition.conformance.reader import BAD, GREETS, Reader
from perdition.conformance.transcript import Transcript
from perdition.protocol import imap4
from perdition.protocol.errors import RemoteProtocolError
from perdition.protocol.imap4 import codec
from perdition.protocol.machine import Closed
from tests.conformance.players import Cut, expect, heard, is_fatal
from tests.conformance.words import is_bad, written_by_client
from tests.protocol.helpers import new_server


class ServerAlone:
    """Plays one transcript on a server machine.

    Args:
        transcript: what to play.
        cut: cuts the octets of a line into segments.
    """

    def __init__(self, transcript: Transcript, cut: Cut) -> None:
        self._transcript, self._cut = transcript, cut
        self._machine = new_server(transcript.protocol)
        self._reader = Reader(transcript.protocol)
        self._step = transcript.steps[0]
        self._said = b""  # by the client, and no event of the machine yet
        self._due = b""  # from the server, and not yet written by the machine
        self._asked: Any = GREETS  # what waits for its answer
        self._bad: Any = None

    def play(self) -> None:
        """Play it to the end.

        Raises:
            Mismatch: the machine does not do what the transcript says.
        """
        for step in self._transcript.steps:
            self._step = step
            match step.speaker:
                case Speaker.CLIENT:
                    self._hear(step)
                case Speaker.SERVER if step.mark is not Mark.FATAL:
                    self._speak(step)
                case Speaker.BOTH if step.word == "tls":
                    self._machine.start_tls()
                    self._asked = GREETS if self._machine.state.name == "GREETING" else self._asked
                case Speaker.BOTH:
                    self._machine.receive_data(b"")
                    self._expect(isinstance(self._machine.next_event(), Closed), "expected the end")
                case Speaker.STATE:
                    state = self._machine.state.name
                    self._expect(state == step.word, f"expected {step.word}, not {state}")
        self._expect(not self._due, f"the machine has not said {self._due!r}")
        self._expect(not self._said, f"the machine has not heard {self._said!r}")

    def _expect(self, condition: bool, text: str) -> None:
        expect(self._transcript, self._step, condition, text)

    def _hear(self, step: Step) -> None:
        if step.mark is Mark.FATAL:
            self._expect(is_fatal(self._machine, self._cut(step.octets)), "expected a RemoteProtocolError")
            return
        if step.mark is Mark.NONE:
            self._said += step.octets
        try:
            for piece in self._cut(step.octets):
                self._machine.receive_data(piece)
                self._take_events()
        except RemoteProtocolError as error:
            self._expect(False, f"RemoteProtocolError: {error}")
        self._expect((step.mark is Mark.REFUSED) == (self._bad is not None), f"bad command: {self._bad}")

    def _take_events(self) -> None:
        for event in heard(self._machine):
            if is_bad(event):
                self._bad = event
                continue
            self._asked = event
            if not isinstance(event, imap4.LiteralOffered) and self._step.mark is not Mark.OTHERWISE:
                written = next(filter(self._said.startswith, written_by_client(event)), None)
                self._expect(written is not None, f"{self._said!r} is heard as {event}")
                self._said = self._said[len(written or b"") :]

    def _speak(self, step: Step) -> None:
        if step.status_only:
            self._expect(self._bad is not None, "expected a bad command")
            octets = self._machine.send(self._bad.reply)
            self._bad = None
            self._expect(octets.startswith(step.octets), f"the answer to a bad command is {octets!r}")
        elif isinstance(self._asked, imap4.LiteralOffered) and step.octets.startswith(b"+"):
            text = codec.read_continuation(step.octets.removesuffix(b"\r\n"))
            self._expect(self._machine.send(imap4.Continuation(text or b"")) == step.octets, "expected that `+`")
            self._asked = BAD  # no message of the server is read by it
        else:
            self._say(step)
        self._take_events()  # what was pipelined

    def _say(self, step: Step) -> None:
        self._due += b"" if step.mark is Mark.OTHERWISE else step.octets
        self._reader.feed(step.octets)
        while (event := self._reader.server_event(self._asked)) is not None:
            octets = self._machine.send(event)
            if step.mark is Mark.NONE:
                self._expect(self._due.startswith(octets), f"the machine writes {octets!r}, expected {self._due!r}")
                self._due = self._due[len(octets) :]
