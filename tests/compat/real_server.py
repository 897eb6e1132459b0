"""Scripted real servers: what they hear, in words that do not depend on the form in which it was said."""

import base64
import re
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Final

from tests.compat.case import CLOSE, SILENT, Real
from tests.io_trio.talk import RealServer, Talk

QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
LITERAL: Final = re.compile(r"\{(\d+)(\+?)\}$")
SIEVE_LITERAL: Final = re.compile(r"\{(\d+)\+?\}$")


class Over(Exception):
    """The script ends here."""


class Scripted:
    """A real server on a port of its own.

    Args:
        protocol: POP3, IMAP4 or MANAGESIEVE.
        real: how it answers.
        context: its certificate.

    Attributes:
        heard: for each connection, who logged in and what came behind it.
    """

    def __init__(self, protocol: str, real: Real, context: ssl.SSLContext) -> None:
        self._real = real
        self._context = context
        self._script = SCRIPTS[protocol]
        self._lock = threading.Lock()
        self.heard: list[list[str]] = []
        self.server = RealServer(self._follow)

    def _follow(self, talk: Talk) -> None:
        heard: list[str] = []
        with self._lock:
            self.heard.append(heard)
        voice = Voice(talk, self._real, self._context, heard)
        try:
            if self._real.tls:
                voice.start_tls()
            self._script(voice)
        except (Over, ssl.SSLError):
            pass


class Voice:
    """One connection of a scripted server."""

    def __init__(self, talk: Talk, real: Real, context: ssl.SSLContext, heard: list[str]) -> None:
        self.talk = talk
        self.real = real
        self.heard = heard
        self.tls = False
        self._context = context

    def say(self, *lines: str) -> None:
        """Say lines in one packet; CLOSE and SILENT are deeds."""
        if lines[0] == CLOSE:
            raise Over
        if lines[0] == SILENT:
            self.talk.rest()
            raise Over
        self.talk.say("".join(line + "\r\n" for line in lines).encode("latin-1"))

    def line(self) -> str:
        line = self.talk.line()
        if not line:
            raise Over
        return line.decode("latin-1").rstrip("\r\n")

    def hear(self, line: str) -> None:
        """Take what is no part of a log-in; at a TLS handshake where none is wanted it closes."""
        if line.startswith("\x16\x03"):
            self.heard.append("a TLS handshake")
            raise Over
        self.heard.append(line)

    def octets(self, count: int) -> str:
        return self.talk.exactly(count).decode("latin-1")

    def start_tls(self) -> None:
        self.talk.accept_tls(self._context)
        self.tls = True

    def offers_tls(self) -> bool:
        return self.real.offers_tls and not self.tls

    def answer_log_in(self, user: str, password: str, *, good: str, bad: str, prefix: str = "") -> None:
        """Say yes, but to a password that is "bad"."""
        self.heard.append(f"log-in {user!r} {password!r}")
        if "bad" in password:
            self.say(*self.real.before, prefix + (self.real.refusal or bad))
        elif self.real.log_in in (CLOSE, SILENT):
            self.say(self.real.log_in)
        else:
            self.say(*self.real.before, prefix + (self.real.log_in or good), *self.real.behind)

    def leave(self, *lines: str) -> None:
        self.say(*lines) if self.real.quit else self.say(SILENT)
        raise Over


def pop3(voice: Voice) -> None:
    """Speak POP3."""
    real = voice.real
    voice.say(real.greeting or "+OK real server ready")
    user = ""
    while True:
        line = voice.line()
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "CAPA":
                tls = ("STLS",) if voice.offers_tls() else ()
                voice.say("+OK", *(real.capabilities or "UIDL").split("|"), *tls, ".")
            case "STLS":
                voice.say(real.tls_answer or "+OK begin")
                if not real.tls_answer:
                    voice.start_tls()
            case "USER":
                user = rest
                voice.say(real.user)
            case "PASS":
                voice.answer_log_in(user, rest, good="+OK in at the backend", bad="-ERR [AUTH] no says the backend")
            case "QUIT":
                voice.leave("+OK backend says bye")
            case _:
                voice.hear(line)
                voice.say(f"+OK echo {line}")


def imap4(voice: Voice) -> None:
    """Speak IMAP4."""
    real = voice.real
    voice.say(real.greeting or "* OK real server ready")
    while True:
        line = voice.line()
        tag, _, rest = line.partition(" ")
        verb, _, rest = rest.partition(" ")
        match verb.upper():
            case "CAPABILITY":
                tls = " STARTTLS" if voice.offers_tls() else ""
                words = real.capabilities or "IMAP4rev1 ID"
                voice.say(*real.asked, f"* CAPABILITY {words}{tls}", f"{tag} OK done")
            case "STARTTLS":
                voice.say(f"{tag} {real.tls_answer or 'OK begin'}")
                if not real.tls_answer:
                    voice.start_tls()
            case "LOGIN":
                if real.at_once is not None:
                    voice.say(f"{tag} {real.at_once}")
                    continue
                user, password = (*arguments(voice, rest), "", "")[:2]
                voice.answer_log_in(
                    user,
                    password,
                    good="OK in at the backend",
                    bad="NO [AUTHENTICATIONFAILED] no says the backend",
                    prefix=tag + " ",
                )
            case "LOGOUT":
                voice.leave("* BYE backend says bye", f"{tag} OK backend out")
            case _:
                voice.hear(line)
                voice.say(f"{tag} OK echo {verb}")


def arguments(voice: Voice, rest: str) -> list[str]:
    """Read atoms, quoted strings and literals up to the end of the command."""
    words: list[str] = []
    while rest:
        literal, quoted = LITERAL.match(rest), QUOTED.match(rest)
        if literal:
            if not literal[2]:
                voice.say("+ go on")
            words.append(voice.octets(int(literal[1])))
            rest = voice.line().removeprefix(" ")
        elif quoted:
            words.append(re.sub(r"\\(.)", r"\1", quoted[1]))
            rest = rest[quoted.end() :].removeprefix(" ")
        else:
            word, _, rest = rest.partition(" ")
            words.append(word)
    return words


def managesieve(voice: Voice) -> None:
    """Speak ManageSieve."""
    real = voice.real

    def capabilities() -> list[str]:
        sasl = "PLAIN" if real.capabilities is None else real.capabilities
        return [
            '"IMPLEMENTATION" "scripted"',
            *([f'"SASL" "{sasl}"'] if sasl != "NONE" else []),
            *(['"STARTTLS"'] if voice.offers_tls() else []),
            '"SIEVE" "fileinto"',
        ]

    voice.say(*([real.greeting] if real.greeting else [*capabilities(), 'OK "real server ready"']))
    while True:
        line = voice.line()
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "STARTTLS":
                voice.say(real.tls_answer or 'OK "begin"')
                if not real.tls_answer:
                    voice.start_tls()
                    voice.say(*capabilities(), 'OK "TLS"')
            case "AUTHENTICATE":
                literal = SIEVE_LITERAL.search(rest)
                if literal:
                    message = voice.octets(int(literal[1]))
                    voice.line()
                else:
                    message = QUOTED.findall(rest)[-1]
                parts = base64.b64decode(message).decode("latin-1").split("\0")
                user = parts[1] if not parts[0] else f"{parts[0]} by {parts[1]}"
                voice.answer_log_in(user, parts[2], good='OK "in at the backend"', bad='NO "no says the backend"')
            case "LOGOUT":
                voice.leave('OK "backend says bye"')
            case _:
                voice.hear(line)
                voice.say(f'OK "echo {verb}"')


SCRIPTS: Final[Mapping[str, Callable[[Voice], None]]] = {
    "POP3": pop3,
    "POP3S": pop3,
    "IMAP4": imap4,
    "IMAP4S": imap4,
    "MANAGESIEVE": managesieve,
}
