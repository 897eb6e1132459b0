"""A transcript as a script for the client's part: what is said, and what is waited for."""

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any, TypeAlias

import attrs

from perdition.conformance.lines import Mark, Speaker, Step, TranscriptError
from perdition.conformance.places import why_not_live
from perdition.conformance.reader import BAD, BAD_ARGUMENTS, GREETS, Reader, UnknownVerb, is_challenge, is_command
from perdition.conformance.stand_in import StandIn
from perdition.conformance.transcript import Transcript
from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import Status
from perdition.protocol.errors import ProtocolError
from perdition.protocol.reprs import octets


@attrs.frozen
class Tell:
    """Say octets.

    Attributes:
        number: of the line in the file.
        data: what is said.
        shown: the same for people, with nothing secret in it.
        fatal: nobody can be expected to go on behind it.
    """

    number: int
    data: bytes = attrs.field(repr=octets)
    shown: bytes
    fatal: bool = False


@attrs.frozen
class Await:
    """Wait for an event of the server, in answer to what was asked."""

    number: int
    event: Any
    asked: Any


@attrs.frozen
class AwaitRefusal:
    """Wait for a refusal; `prefix` is how the dialogue has it."""

    number: int
    prefix: bytes


@attrs.frozen
class AwaitPlus:
    """Wait for the word that lets a literal go."""

    number: int


@attrs.frozen
class Handshake:
    """Do the TLS handshake."""

    number: int


@attrs.frozen
class AwaitEnd:
    """Wait for the end of the stream."""

    number: int


Move: TypeAlias = Tell | Await | AwaitRefusal | AwaitPlus | Handshake | AwaitEnd


class UnaskedFor(Exception):
    """A server answers what nobody has said."""


class Writer:
    """Makes the script of one transcript.

    Args:
        transcript: it.
        real: puts the server's own user in.
        shown: the same for people.
    """

    def __init__(self, transcript: Transcript, real: StandIn, shown: StandIn) -> None:
        self._transcript, self._real, self._shown = transcript, real, shown
        self._client, self._server = Reader(transcript.protocol), Reader(transcript.protocol)
        self._asked: deque[Any] = deque([GREETS])
        self._turn: int | None = None  # of the SASL response that is due
        self._turns = 0
        self._lines: list[Step] = []  # of a command that has not ended
        self._places: list[int] = []  # theirs among the moves
        self._moves: list[Move] = []

    def script(self) -> list[Move]:
        """Give the script.

        Raises:
            CannotSay: it cannot be said with this user or password.
            TranscriptError: a line says nothing that the protocol knows.
        """
        for step in self._transcript.steps:
            match step.speaker:
                case Speaker.CLIENT:
                    with self._in_the_file(step, "a command or a response; `?C` is one that the server refuses"):
                        self._client_says(step)
                case Speaker.SERVER:
                    with self._in_the_file(step, "a greeting, an answer or data"):
                        self._server_says(step)
                case Speaker.BOTH if step.word == "tls":
                    self._moves.append(Handshake(step.number))
                    if self._transcript.protocol == "managesieve":
                        self._asked.append(GREETS)
                case Speaker.BOTH:
                    self._moves.append(AwaitEnd(step.number))
                case Speaker.STATE:
                    pass
        if self._lines or self._client.in_the_middle or len(self._server) or self._server.in_the_middle:
            last = self._transcript.steps[-1].number
            raise TranscriptError(self._transcript.path, last + 1, "the rest of what is said above")
        return self._moves

    @contextlib.contextmanager
    def _in_the_file(self, step: Step, expectation: str) -> Iterator[None]:
        """Name the line of what the codecs do not take."""
        try:
            yield
        except (UnknownVerb, UnaskedFor, ProtocolError, *BAD_ARGUMENTS) as error:
            raise TranscriptError(self._transcript.path, step.number, f"{expectation} ({error})") from None

    def _client_says(self, step: Step) -> None:
        self._lines.append(step)
        self._places.append(len(self._moves))
        self._moves.append(Tell(step.number, step.octets, step.octets, fatal=step.mark is Mark.FATAL))
        if step.mark in (Mark.REFUSED, Mark.FATAL):
            if self._turn is not None:
                self._asked.popleft()  # the refusal ends the exchange
            self._complete()
            return
        self._client.feed(step.octets)
        ended = False
        while (event := self._client.client_event(challenged=self._turn is not None)) is not None:
            if is_command(event):
                self._asked.append(event)
                self._turns = 0
            ended = True
        if ended:
            self._complete()

    def _complete(self) -> None:
        """The command or response has ended: put the server's own user into its lines."""
        lines = [step.octets for step in self._lines]
        if self._turn is None:
            said, shown = self._real.command(lines), self._shown.command(lines)
        else:
            said, shown = self._real.response(lines, self._turn), self._shown.response(lines, self._turn)
        for place, data, text in zip(self._places, said, shown, strict=True):
            move = self._moves[place]
            assert isinstance(move, Tell)  # noqa: S101  # for the type checker
            self._moves[place] = attrs.evolve(move, data=data, shown=text)
        self._lines, self._places, self._turn = [], [], None

    def _server_says(self, step: Step) -> None:
        if step.status_only:
            self._moves.append(AwaitRefusal(step.number, step.octets))
            return
        if self._client.in_the_middle:
            self._moves.append(AwaitPlus(step.number))
            return
        self._server.feed(step.octets)
        while (event := self._server.server_event(asked := self._waiting())) is not None:
            self._moves.append(Await(step.number, event, asked))
            if is_challenge(event):
                self._turn = self._turns
                self._turns += 1
            elif is_final(event):
                if not self._is_asked_for(event):
                    raise UnaskedFor("nobody has asked for it")
                self._answered(event)

    def _is_asked_for(self, event: Any) -> bool:
        """Tell whether a final answer has its command."""
        if isinstance(event, imap4.Tagged):
            return any(getattr(asked, "tag", None) == event.tag for asked in self._asked)
        farewell = isinstance(event, managesieve.Response) and event.status is Status.BYE  # RFC 5804 1.2: at any time
        return bool(self._asked) or farewell

    def _waiting(self) -> Any:
        return self._asked[0] if self._asked else BAD

    def _answered(self, event: Any) -> None:
        if isinstance(event, imap4.Tagged):  # in the order that the server likes
            self._asked = deque(asked for asked in self._asked if getattr(asked, "tag", None) != event.tag)
        elif self._asked:
            self._asked.popleft()


def check(transcript: Transcript) -> None:
    """Look at what the lines of a transcript say, with nobody's name put in, unless it is about a hostile server.

    Raises:
        TranscriptError: a line says nothing that the protocol knows.
    """
    if why_not_live(transcript):
        return
    nobody = StandIn(transcript.protocol, None, b"", b"")
    Writer(transcript, nobody, nobody).script()


def is_final(event: object) -> bool:
    """Tell whether nothing follows in answer to the same command."""
    return isinstance(
        event, pop3.Greeting | pop3.Reply | pop3.Multiline | imap4.Greeting | imap4.Tagged | managesieve.Response
    )
