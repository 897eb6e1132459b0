"""The client's side of a case: what it sends, and each answer as far as its protocol says that it goes."""

import re
import ssl
import time
from typing import Final

import attrs

from tests.compat.case import Close, Hear, Say, Send, Step, Tls
from tests.io_trio.talk import Talk

LAST_LINES: Final = {
    "POP3": r"(\+OK|-ERR|\+( |$))",
    "IMAP4": r"({tag} |\+( |$)|\* BAD)",
    "MANAGESIEVE": r'((OK|NO|BYE)( |$)|""$|\{{0\+?\}}$)',
}
GREETINGS: Final = {"POP3": r"[+-]", "IMAP4": r"\*", "MANAGESIEVE": r"(OK|NO|BYE)( |$)"}
ALONE: Final = 1.0
"""How many seconds a packet has to itself: the C program must have read it by then, for its bug to show."""


@attrs.frozen
class Answer:
    """What came.

    Attributes:
        lines: without their ends.
        seconds: until the first line was there.
        end: "", "end" of the connection, or "silence".
    """

    lines: tuple[str, ...]
    seconds: float
    end: str = ""


class Dialogue:
    """One client.

    Args:
        protocol: POP3, IMAP4 or MANAGESIEVE.
        talk: its connection.
    """

    def __init__(self, protocol: str, talk: Talk) -> None:
        self._protocol = protocol
        self._talk = talk
        self._tag = ""
        self._in_literal = False
        self._asked = time.monotonic()

    def greeting(self) -> Answer:
        """Hear the server's first words."""
        return self._hear(GREETINGS[self._protocol])

    def take(self, step: Step) -> Answer:
        """Take one step."""
        self._asked = time.monotonic()  # before anything is sent: a pause is never measured too short
        match step:
            case Tls():
                return self._start_tls()
            case Hear(until):
                return self._hear(GREETINGS[self._protocol] if until == "" else until)
            case Close():
                self._talk.end()
                return self._hear(None)
            case Say(text, until):
                return self._say(text, until)
            case Send(text):
                self._talk.say(text.encode("latin-1"))
                time.sleep(ALONE)
                return Answer((), 0)
        return self._say(step + "\r\n", "")

    def _start_tls(self) -> Answer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            self._talk.connect_tls(context)
        except OSError:
            return Answer(("no TLS",), 0, "end")
        return Answer(("TLS",), 0)

    def _say(self, text: str, until: str | None) -> Answer:
        if not self._in_literal:
            self._tag = (text.rstrip("\r\n").split("\n")[-1].split(" ") or [""])[0].strip("\r")
        try:
            self._talk.say(text.encode("latin-1"))
        except OSError:
            return Answer((), 0, "end")
        if until != "":
            return self._hear(until)
        answer = self._hear(LAST_LINES[self._protocol].format(tag=re.escape(self._tag)))
        asked_for_list = self._protocol == "POP3" and text.upper().startswith("CAPA")
        if asked_for_list and "".join(answer.lines).startswith("+OK"):
            rest = self._hear(r"\.$")
            answer = attrs.evolve(answer, lines=answer.lines + rest.lines, end=rest.end)
        self._in_literal = bool(answer.lines) and answer.lines[-1].startswith("+")
        return answer

    def _hear(self, last: str | None) -> Answer:
        """Hear lines up to one that matches; None: up to the end."""
        first = 0.0
        lines: list[str] = []
        while True:
            try:
                line = self._talk.line()
            except TimeoutError:
                return Answer(tuple(lines), first, "silence")
            if not lines:
                first = time.monotonic() - self._asked
            if not line:
                return Answer(tuple(lines), first, "end")
            lines.append(line.decode("latin-1").rstrip("\r\n"))
            if last is not None and re.match(last, lines[-1], re.IGNORECASE if not last.startswith("(OK") else 0):
                return Answer(tuple(lines), first)
