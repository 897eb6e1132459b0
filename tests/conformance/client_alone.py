"""Plays a transcript on a client machine alone: it hears the server's lines, and is told to say the client's."""

import re
from collections import deque
from typing import Any, Final

from perdition.conformance.lines import Mark, Speaker, Step
from perdition.conformance.reader import Reader, is_challenge
from perdition.conformance.transcript import Transcript
from perdition.protocol import imap4
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.machine import Closed
from tests.conformance.players import Cut, expect, heard, is_fatal
from tests.conformance.words import CANCEL, as_sent, write
from tests.protocol.helpers import new_client

WAITS: Final = re.compile(rb"\{[0-9]+\}\r\n\Z")
"""The end of what an IMAP4 client sends before it waits for `+`."""


class ClientAlone:
    """Plays one transcript on a client machine.

    Args:
        transcript: what to play.
        cut: cuts the octets of a line into segments.
    """

    def __init__(self, transcript: Transcript, cut: Cut) -> None:
        self._transcript, self._cut = transcript, cut
        self._machine = new_client(transcript.protocol)
        self._reader = Reader(transcript.protocol)
        self._step = transcript.steps[0]
        self._to_say: deque[tuple[object, Mark]] = deque()  # the machine pipelines less than some clients do
        self._said = b""  # in the transcript, and not yet by the machine
        self._due = b""  # from the server, and no event of the machine yet
        self._why_not = ""
        self._challenged = False
        self._gave_up = False  # a bad response was sent as `*`

    def play(self) -> None:
        """Play it to the end.

        Raises:
            Mismatch: the machine does not do what the transcript says.
        """
        for step in self._transcript.steps:
            self._step = step
            match step.speaker:
                case Speaker.CLIENT if step.mark is Mark.FATAL:
                    return  # no client machine says such a thing
                case Speaker.CLIENT:
                    self._speak(step)
                case Speaker.SERVER:
                    self._hear(step)
                case Speaker.BOTH if step.word == "tls":
                    self._machine.start_tls()
                case Speaker.BOTH:
                    self._machine.receive_data(b"")
                    self._expect(isinstance(self._machine.next_event(), Closed), "expected the end")
                case Speaker.STATE:
                    state = self._machine.state.name
                    self._expect(state == step.word, f"expected {step.word}, not {state}")
        self._expect(not self._to_say, f"the machine does not say {list(self._to_say)}: {self._why_not}")
        self._expect(not self._said, f"the machine has not said {self._said!r}")
        self._expect(not self._due, f"the machine has not heard {self._due!r}")

    def _expect(self, condition: bool, text: str) -> None:
        expect(self._transcript, self._step, condition, text)

    def _speak(self, step: Step) -> None:
        if step.mark is Mark.REFUSED:
            if self._challenged:  # no client machine says anything wrong; it may give up
                self._machine.send(CANCEL[self._transcript.protocol])
                self._challenged, self._gave_up = False, True
            return
        self._said += step.octets if step.mark is Mark.NONE else b""
        self._reader.feed(step.octets)
        while (event := self._reader.client_event(challenged=self._challenged)) is not None:
            self._challenged = False
            self._to_say.append((event, step.mark))
        self._say()

    def _say(self) -> None:
        """Say what can be said now."""
        while self._to_say:
            event, mark = self._to_say[0]
            try:
                octets = self._machine.send(as_sent(event))
            except LocalProtocolError as error:
                self._why_not = str(error)
                return  # it must wait for an answer that comes, or what it owes is found at the end
            self._to_say.popleft()
            while self._transcript.protocol == "imap4" and WAITS.search(octets):
                self._machine.receive_data(b"+ \r\n")
                self._expect(heard(self._machine) == [imap4.Continuation()], "expected a client that waits for `+`")
                octets += self._machine.send_literal()
            if mark is Mark.NONE:
                self._expect(self._said.startswith(octets), f"the machine writes {octets!r}, expected {self._said!r}")
                self._said = self._said[len(octets) :]

    def _hear(self, step: Step) -> None:
        if step.status_only:
            if self._gave_up:
                self._feed(step, step.octets + b'"x"\r\n')
            self._gave_up = False
            return
        if self._reader.in_the_middle:
            return  # `+` for a literal: our machine has had its own
        if step.mark is Mark.FATAL:
            self._expect(is_fatal(self._machine, self._cut(step.octets)), "expected a RemoteProtocolError")
            return
        self._due += step.octets if step.mark is Mark.NONE else b""
        self._feed(step, step.octets)
        self._say()

    def _feed(self, step: Step, octets: bytes) -> None:
        try:
            for piece in self._cut(octets):
                self._machine.receive_data(piece)
                for event in heard(self._machine):
                    self._hear_event(event, step)
        except RemoteProtocolError as error:
            self._expect(False, f"RemoteProtocolError: {error}")

    def _hear_event(self, event: Any, step: Step) -> None:
        self._challenged = is_challenge(event)
        if step.mark is not Mark.NONE or step.status_only:
            return
        octets = write(event)
        self._expect(self._due.startswith(octets), f"{self._due!r} is heard as {event}")
        self._due = self._due[len(octets) :]
