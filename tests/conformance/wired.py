"""Plays a transcript on machines that are wired together: they hear what it says, and must themselves say it.

Two pairs of machines follow the transcript.  The first pair hears the transcript's octets: what the server machine
makes of `C` lines is sent by the client machine, and the other way round, and what they write must be the
transcript's octets again.  The second pair hears what the first writes, and must make the same events of it; so a
line may be marked `~`, where others write the same in other octets.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from perdition.conformance.lines import Mark, Speaker
from perdition.conformance.reader import is_challenge, is_command
from perdition.conformance.transcript import Transcript
from perdition.protocol import imap4, pop3
from perdition.protocol.errors import RemoteProtocolError
from perdition.protocol.imap4 import codec
from perdition.protocol.machine import Closed
from tests.conformance.players import Cut, expect, heard, is_fatal
from tests.conformance.words import CANCEL, as_sent, is_bad
from tests.protocol.helpers import AnyMachine, new_client, new_server

WAITS: Final = re.compile(rb"\{[0-9]+\}\r\n\Z")
"""The end of what an IMAP4 client sends before it waits for `+`."""


class Wired:
    """Plays one transcript on both machines.

    Args:
        transcript: what to play.
        cut: cuts the octets of a line into segments.
    """

    def __init__(self, transcript: Transcript, cut: Cut) -> None:
        self._transcript, self._cut = transcript, cut
        self._clients = [new_client(transcript.protocol) for _ in range(2)]
        self._servers = [new_server(transcript.protocol) for _ in range(2)]
        self._step = transcript.steps[0]
        self._due = {Speaker.CLIENT: b"", Speaker.SERVER: b""}  # said in the transcript and not yet by a machine
        self._offered = False  # a literal waits for `+`
        self._challenged = False
        self._bad: list[Any] = []  # what each server machine made of a bad command; the second need not hear it
        self._asked = ("GREETING", "")  # the state and the command that wait for an answer
        self.walked: set[tuple[str, str, str]] = set()  # state, command and status; no status: it was given

    def play(self) -> None:
        """Play it to the end.

        Raises:
            Mismatch: a machine does not do what the transcript says.
        """
        for step in self._transcript.steps:
            self._step = step
            match step.speaker:
                case Speaker.CLIENT:
                    self._hear(self._servers[0], self._on_client)
                case Speaker.SERVER:
                    self._server_speaks()
                case Speaker.BOTH:
                    self._happens()
                case Speaker.STATE:
                    states = [machine.state.name for machine in (*self._clients, *self._servers)]
                    self._expect(states == [step.word] * 4, f"expected {step.word}, not {states}")
        for speaker, octets in self._due.items():
            self._expect(not octets, f"no machine has said all that the {speaker.name} says: {octets!r} is left")

    def _expect(self, condition: bool, text: str) -> None:
        expect(self._transcript, self._step, condition, text)

    def _hear(self, machine: AnyMachine, on_event: Callable[[Any], None]) -> None:
        """Feed the octets of the step to the one who hears them."""
        step = self._step
        if step.mark is Mark.FATAL:
            self._expect(is_fatal(machine, self._cut(step.octets)), "expected a RemoteProtocolError")
            return
        if step.mark is Mark.NONE:
            self._due[step.speaker] += step.octets
        try:
            for piece in self._cut(step.octets):
                machine.receive_data(piece)
                for event in heard(machine):
                    on_event(event)
        except RemoteProtocolError as error:
            self._expect(False, f"RemoteProtocolError: {error}")
        self._expect((step.mark is Mark.REFUSED) == bool(self._bad), f"bad commands: {self._bad}")

    def _says(self, speaker: Speaker, octets: bytes) -> None:
        """Compare what a machine writes with the transcript."""
        if self._step.mark in (Mark.OTHERWISE, Mark.REFUSED):
            return
        due = self._due[speaker]
        self._expect(due.startswith(octets), f"the {speaker.name} machine writes {octets!r}, expected {due!r}")
        self._due[speaker] = due[len(octets) :]

    def _on_client(self, event: Any) -> None:
        """The first server machine heard an event of the client: have the first client machine say it."""
        if isinstance(event, imap4.LiteralOffered):
            self._offered = True
            return
        if is_command(event):
            self._asked = (self._servers[0].state.name, event.verb)
            self.walked.add((*self._asked, ""))
        if is_bad(event):
            self._bad.append(event)
            if not self._challenged:
                return  # no client machine says such a thing
            event = CANCEL[self._transcript.protocol]
        self._challenged = False
        octets = self._write(self._clients[0], event)
        self._expect(octets == self._write(self._clients[1], event), "two client machines write differently")
        self._says(Speaker.CLIENT, octets)
        again = self._hear_again(octets)
        if self._bad:
            self._expect(is_bad(again), f"a cancelled exchange is heard as {again}")
            self._bad.append(again)
        else:
            self._expect(again == event, f"the octets of the client machine are heard as {again}, not as {event}")

    def _write(self, client: Any, event: Any) -> bytes:
        """Let a client machine send an event, and its literals as soon as it can."""
        octets: bytes = client.send(as_sent(event))
        while self._transcript.protocol == "imap4" and WAITS.search(octets):
            client.receive_data(b"+ \r\n")
            self._expect(heard(client) == [imap4.Continuation()], "expected a client that waits for `+`")
            octets += client.send_literal()
        return octets

    def _hear_again(self, octets: bytes) -> object:
        """Let the second server machine hear what the first client machine wrote."""
        server = self._servers[1]
        server.receive_data(octets)
        (event,) = heard(server)
        while isinstance(event, imap4.LiteralOffered):
            server.send(imap4.Continuation())
            (event,) = heard(server)
        return event

    def _server_speaks(self) -> None:
        if self._step.status_only:
            self._refuse()
        elif self._offered:
            self._go_on()
        else:
            self._hear(self._clients[0], self._on_server)
        for event in heard(self._servers[0]):  # what was pipelined
            self._on_client(event)

    def _refuse(self) -> None:
        """Answer a bad command with its own reply; a client machine hears it if it waits for one."""
        replies = [server.send(bad.reply) for server, bad in zip(self._servers, self._bad, strict=False)]
        self._expect(replies[0].startswith(self._step.octets), f"the answer to a bad command is {replies[0]!r}")
        if len(replies) == 2:
            for client, reply in zip(self._clients, replies, strict=True):
                client.receive_data(reply)
                self._expect(len(heard(client)) == 1, "expected the end of an exchange")
        self._bad = []

    def _go_on(self) -> None:
        """Ask for a literal.  No client machine hears that: it writes in its own way, and waits for its own `+`."""
        text = codec.read_continuation(self._step.octets.removesuffix(b"\r\n"))
        self._expect(text is not None, "expected `+` behind a literal that waits for it")
        self._expect(self._servers[0].send(imap4.Continuation(text or b"")) == self._step.octets, "expected that `+`")
        self._offered = False

    def _on_server(self, event: Any) -> None:
        """The first client machine heard an event of the server: have the first server machine say it."""
        self._challenged = is_challenge(event)
        octets = self._servers[0].send(event)
        if isinstance(event, pop3.Multiline):
            self.walked.add((*self._asked, "OK"))
        elif not isinstance(event, imap4.Notice) and hasattr(event, "status"):
            self.walked.add((*self._asked, event.status.name))
        self._expect(octets == self._servers[1].send(event), "two server machines write differently")
        self._says(Speaker.SERVER, octets)
        self._clients[1].receive_data(octets)
        self._expect(heard(self._clients[1]) == [event], f"the octets of the server machine are not heard as {event}")

    def _happens(self) -> None:
        for machine in (*self._clients, *self._servers):
            if self._step.word == "tls":
                machine.start_tls()
                continue
            machine.receive_data(b"")
            self._expect(isinstance(machine.next_event(), Closed), "expected the end")
