"""Plays the client's part of a transcript against a live server, without input or output.

`Dialogue.run` is a generator: it yields what is to be done (`Say`, `Hear`, `StartTls`, `HalfClose`), is sent what
came of it, and returns a verdict.  The driver has the sockets, the clock and the certificates.
"""

import re
from collections.abc import Generator, Mapping
from typing import Any, Final

from perdition.conformance import judge
from perdition.conformance.acts import (
    Account,
    Action,
    Answer,
    Failed,
    Flood,
    HalfClose,
    Hear,
    Heard,
    NotOffered,
    NotTested,
    Passed,
    Run,
    Say,
    StartTls,
    Tls,
    TlsFailed,
    TlsStarted,
    Verdict,
)
from perdition.conformance.capability_lists import LISTS, Circumstances, Wrong, too_long, wrong_around
from perdition.conformance.places import INJECTED, begins_in_clear
from perdition.conformance.reader import BAD, GREETS, Reader, is_challenge
from perdition.conformance.script import (
    Await,
    AwaitEnd,
    AwaitPlus,
    AwaitRefusal,
    Handshake,
    Move,
    Tell,
    Writer,
    is_final,
)
from perdition.conformance.stand_in import HIDDEN, CannotSay, StandIn
from perdition.conformance.stars import Stars
from perdition.conformance.transcript import Transcript
from perdition.protocol import imap4, managesieve
from perdition.protocol.conversation import Status
from perdition.protocol.errors import RemoteProtocolError

START_TLS: Final[Mapping[str, bytes]] = {
    "pop3": b"STLS\r\n",
    "imap4": b"tls1 STARTTLS\r\n",
    "managesieve": b"STARTTLS\r\n",
}
GOOD_BYE: Final[Mapping[str, bytes]] = {"pop3": b"QUIT\r\n", "imap4": b"bye1 LOGOUT\r\n", "managesieve": b"LOGOUT\r\n"}
ASKED_FOR: Final = re.compile(rb"\{([0-9]{1,10})\}\r\n\Z")
LONGEST_FILLER: Final = 65536
"""How large a literal is sent for nothing to a server that asks for it."""


class _Wrong(Exception):
    """The server did something else; the text says what was expected, and ids may say what is not met."""

    def __init__(self, text: str, fails: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.fails = fails


class Dialogue:
    """Plays one transcript.

    Args:
        transcript: it; see `why_not_live` and `why_not_with` first.
        account: who logs in.
        tls: how the connection gets TLS.

    Attributes:
        said: what was said so far, by `C` and `S`, for people: without the password.
    """

    def __init__(self, transcript: Transcript, account: Account, tls: Tls) -> None:
        self._transcript, self._account, self._mode = transcript, account, tls
        self._stars = Stars(account.password.reveal())
        self._reader = Reader(transcript.protocol)
        self._tls = False
        self._codes = False  # whether a response code of POP3 was said
        self._number = 0
        self._last = b""  # what was said last
        self._tags: set[bytes] = set()  # of all commands that are answered in the dialogue
        self._early: dict[bytes, imap4.Tagged] = {}
        self._heard: list[tuple[str, bytes]] = []
        self._answers = bytearray()  # all that the server said

    @property
    def said(self) -> list[tuple[str, str]]:
        """Give the dialogue so far, line by line."""
        lines: list[tuple[str, str]] = []
        for speaker, data in self._heard:
            text = self._stars.hide(data).decode("latin-1")
            lines += [(speaker, line) for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n")]
        return lines

    def run(self) -> Run:
        """Play it."""
        login, password = self._transcript.login, self._account.password.reveal()
        real = StandIn(self._transcript.protocol, login, self._account.user, password)
        shown = StandIn(self._transcript.protocol, login, self._account.user, HIDDEN)
        try:
            moves = Writer(self._transcript, real, shown).script()
        except CannotSay as error:
            return NotTested(str(error))
        try:
            if self._mode is Tls.IMPLICIT:
                yield from self._start_tls()
            return (yield from self._play(moves))
        except (_Wrong, RemoteProtocolError) as error:
            return Failed(self._number, self._stars.hide_text(str(error)), getattr(error, "fails", ()))

    def _play(self, moves: list[Move]) -> Run:
        wanted: list[Any] = []  # untagged data that must have come before the answer
        greeted = False
        awaited = [move.event for move in moves if isinstance(move, Await)]
        self._tags = {event.tag for event in awaited if isinstance(event, imap4.Tagged)}
        for move in moves:
            self._number = move.number
            match move:
                case Tell(fatal=True):
                    return (yield from self._tell_fatal(move))
                case Tell():
                    yield self._say(move.data, move.shown)
                case AwaitPlus():
                    yield from self._await_plus()
                case AwaitRefusal(_, prefix):
                    yield from self._await_refusal(prefix)
                case Handshake():
                    yield from self._start_tls()
                case AwaitEnd():
                    yield from self._await_end()
                case Await(_, imap4.Untagged() | managesieve.Line() | imap4.Notice() as event):
                    wanted.append(event)
                case Await(_, event, asked):
                    verdict = yield from self._await(event, asked, wanted)
                    if verdict is not None:
                        return verdict
                    wanted = []
                    if not greeted:
                        greeted = True
                        yield from self._secure_greeting()
        return Passed()

    # --- what is said and heard

    def _say(self, data: bytes, shown: bytes | None = None) -> Say:
        self._heard.append(("C", data if shown is None else shown))
        self._last = data
        return Say(data)

    def _fill(self, expectation: str) -> Generator[Action, Answer, bool]:
        """Hear more; tell whether the stream goes on."""
        answer = yield Hear()
        if isinstance(answer, Flood):
            raise _Wrong(f"expected {expectation}, and not octets without end")
        if not isinstance(answer, Heard):
            raise _Wrong(f"expected {expectation}, nothing came in time")
        if not answer.data:
            return False
        if self._heard and self._heard[-1][0] == "S":
            self._heard[-1] = ("S", self._heard[-1][1] + answer.data)
        else:
            self._heard.append(("S", answer.data))
        self._answers += answer.data
        self._reader.feed(answer.data)
        return True

    def _next(self, asked: Any, expectation: str) -> Generator[Action, Answer, Any]:
        """Hear the next thing that the server says."""
        while (event := self._reader.server_event(asked)) is None:
            if not (yield from self._fill(expectation)):
                raise _Wrong(f"expected {expectation}, the server has closed the connection")
        return event

    def _start_tls(self) -> Generator[Action, Answer, None]:
        if len(self._reader):
            raise _Wrong("expected nothing in clear behind the answer to STARTTLS")
        answer = yield StartTls()
        if not isinstance(answer, TlsStarted):
            raise _Wrong(f"expected a TLS handshake: {answer.why if isinstance(answer, TlsFailed) else 'no answer'}")
        self._tls = True

    def _secure_greeting(self) -> Generator[Action, Answer, None]:
        """Put TLS in front of a dialogue that has none of its own."""
        if self._mode is not Tls.STARTTLS or begins_in_clear(self._transcript):
            return
        yield self._say(START_TLS[self._transcript.protocol])
        event = yield from self._next_answer(BAD, "an answer to STARTTLS")
        if judge.status_of(event) is not Status.OK:
            raise _Wrong("expected STARTTLS to be allowed")
        yield from self._start_tls()
        if self._transcript.protocol == "managesieve":
            yield from self._next_answer(GREETS, "the capabilities behind STARTTLS")

    def _next_answer(self, asked: Any, expectation: str) -> Generator[Action, Answer, Any]:
        """Hear up to a final answer."""
        while not is_final(event := (yield from self._next(asked, expectation))):
            pass
        return event

    # --- what is waited for

    def _await(self, expected: Any, asked: Any, wanted: list[Any]) -> Generator[Action, Answer, Verdict | None]:
        """Wait for a final answer or a challenge, and judge it with all that came before."""
        protocol, came = self._transcript.protocol, list[Any]()
        expectation = judge.shown(protocol, expected)
        got: Any = self._early.pop(expected.tag, None) if isinstance(expected, imap4.Tagged) else None
        while got is None:
            event = yield from self._next(asked, expectation)
            if isinstance(event, imap4.Notice) and event.status is Status.BAD:
                got = event  # RFC 9051 7.1.3: it does not know which command was meant
            elif isinstance(event, imap4.Untagged | imap4.Notice | managesieve.Line):
                came.append(event)
            elif isinstance(event, imap4.Tagged) and event.tag in self._tags - {getattr(asked, "tag", b"")}:
                self._early[event.tag] = event  # of another command that was pipelined
            else:
                got = event
        if expectation == "+OK" and getattr(asked, "verb", "") == "CAPA" and judge.status_of(got) is Status.NO:
            return NotOffered("CAPA")
        if judge.difference(expected, got, asked, self._transcript.login):
            raise _Wrong(f"expected {expectation}, not {judge.shown(protocol, got)}")
        self._codes = self._codes or (protocol == "pop3" and bool(getattr(got, "code", None)))
        self._judge(too_long(got))
        about = any(LISTS.match(name) for name in self._transcript.requires)
        self._judge(wrong_around(wanted, came, got, asked, Circumstances(about, self._tls, self._codes)))
        return None

    def _judge(self, wrong: Wrong) -> None:
        text, fails = wrong
        if text:
            raise _Wrong(text, fails)

    def _await_plus(self) -> Generator[Action, Answer, None]:
        event = yield from self._next(BAD, "`+`")
        while isinstance(event, imap4.Untagged | imap4.Notice):
            event = yield from self._next(BAD, "`+`")
        if not isinstance(event, imap4.Continuation):
            raise _Wrong(f"expected `+`, not {judge.shown(self._transcript.protocol, event)}")

    def _await_refusal(self, prefix: bytes) -> Generator[Action, Answer, None]:
        expectation = prefix.decode("ascii", "replace").strip()
        while True:
            event = yield from self._next(BAD, expectation)
            if isinstance(event, imap4.Continuation) and (found := ASKED_FOR.search(self._last)) is not None:
                size = int(found[1])  # it wants the literal before it refuses the command, as it may (RFC 9051 7.6)
                if size > LONGEST_FILLER:
                    raise _Wrong(f"expected {expectation}, not the wish for {size} octets")
                yield self._say(b"x" * size + b"\r\n", b"(%d octets)\r\n" % size)
                continue
            if judge.is_refusal(prefix, event):
                return
            if not isinstance(event, imap4.Untagged | imap4.Notice):
                raise _Wrong(f"expected {expectation}, not {judge.shown(self._transcript.protocol, event)}")

    def _await_end(self) -> Generator[Action, Answer, None]:
        """Wait for the end: the server's own behind a good-bye, else the answer to ours."""
        over = self._last.upper().rstrip(b"\r\n").rpartition(b" ")[2] in (b"QUIT", b"LOGOUT")
        if not over:
            yield HalfClose()
        while (yield from self._fill("the end of the connection")):
            pass

    # --- the last line of what nobody can go on behind

    def _tell_fatal(self, move: Tell) -> Run:
        yield self._say(move.data, move.shown)
        if INJECTED.match(move.data):
            return (yield from self._injected())
        yield HalfClose()
        return (yield from self._refused_all())

    def _refused_all(self) -> Run:
        """Hear the last words: nothing may have been granted."""
        before = len(self._answers)
        while (yield from self._fill("a refusal, or the end of the connection")):
            pass
        for line in judge.good_answers(self._transcript.protocol, bytes(self._answers[before:])):
            text = self._stars.hide(line).decode("latin-1")  # before its escapes take it apart
            raise _Wrong(f"expected a refusal or the end of the connection, not {text!r}")
        return Passed()

    def _injected(self) -> Run:
        """STARTTLS, with a command in clear behind it: that command must never be answered (RFC 9051 6.2.1)."""
        protocol = self._transcript.protocol
        expectation = "STARTTLS to be answered, or the end of the connection"
        while (event := self._reader.server_event(BAD)) is None:
            if not (yield from self._fill(expectation)):
                return Passed()
        if not is_final(event) or judge.status_of(event) is not Status.OK:
            yield HalfClose()
            return (yield from self._refused_all())
        if len(self._reader):
            raise _Wrong("expected one answer in clear, to STARTTLS and not to the command behind it")
        answer = yield StartTls()
        if isinstance(answer, TlsFailed) and answer.ended:
            return Passed()
        if not isinstance(answer, TlsStarted):
            raise _Wrong("expected a handshake, or the end of the connection")
        self._tls = True
        answers = 1 if protocol == "managesieve" else 0  # its capabilities come unasked
        yield self._say(GOOD_BYE[protocol])
        events: list[Any] = []
        while True:
            if (event := self._reader.server_event(BAD)) is not None:
                events.append(event)
            elif not (yield from self._fill("the end of the connection")):
                break
        if sum(is_final(event) or is_challenge(event) for event in events) > answers + 1:
            raise _Wrong("expected no answer under TLS to the command that stood in clear behind STARTTLS")
        return Passed()
