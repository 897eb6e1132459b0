"""A ManageSieve real server for the demo, on our own machine (RFC 5804)."""

import re
from typing import Final

from perdition.demo.application import MachineApplication
from perdition.demo.log_in import LogIn, Step
from perdition.demo.mailbox import LARGEST_SCRIPT, MOST_SCRIPTS, Account, Scripts, Store
from perdition.protocol import Fault, Limits, Secret, managesieve
from perdition.protocol.managesieve import Line, Response, Status
from perdition.protocol.managesieve.server import Event, Sendable
from perdition.protocol.sasl import Challenge, Failure

LIMITS: Final = Limits(line=4096)
LONGEST_NAME: Final = 512
"""RFC 5804 1.6 asks for names of 128 characters at least: so many octets in UTF-8."""

# RFC 5228 2.3, 2.4.2: where a brace is not a brace.
NO_CODE: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|#[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)


class Refused(Exception):
    """A command cannot be done; `args` are the text and perhaps a response code."""


class ManageSieveApplication(MachineApplication[Event, Sendable]):
    """One connection."""

    def __init__(self, store: Store) -> None:
        self._server = managesieve.Server(LIMITS)
        super().__init__(self._server)
        self._store = store
        self._log_in = LogIn(store)
        self._account: Account | None = None

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line."""
        return self._server.farewell(why)

    def _greet(self) -> None:
        self._say_capabilities()
        self._ok(self._store.name + b" ready")

    def _greet_again(self) -> None:
        self._greet()

    def _handle(self, event: Event) -> None:
        match event:
            case managesieve.BadCommand(reply):
                self._say(reply)
            case managesieve.SaslResponse(response):
                self._finish(self._log_in.step_sasl(response))
            case managesieve.Command("AUTHENTICATE", (bytes(mechanism), *initial)):
                first = initial[0] if initial else None
                self._finish(self._log_in.start_sasl(mechanism, first if isinstance(first, Secret) else None))
            case managesieve.Command(verb, args):
                try:
                    self._say(self._command(verb, args))
                except Refused as error:
                    self._say(Response(Status.NO, *error.args))

    def _finish(self, step: Step) -> None:
        match step:
            case Challenge(data):
                self._say(managesieve.Challenge(data))
            case Failure(text, reason):
                self._say(Response(Status.NO, text.encode("ascii"), managesieve.CODES.get(reason)))
            case Account():
                self._account = step
                self._ok(b"logged in to " + self._store.name)

    def _command(self, verb: str, args: tuple[bytes | Secret | int, ...]) -> Response:
        match verb, args:
            case "CAPABILITY", _:
                self._say_capabilities()
            case "NOOP", (bytes(tag),):
                return Response(Status.OK, b"nothing done", managesieve.tag_code(tag))
            case "STARTTLS", _ if not self._tls_offered:
                raise Refused(b"STARTTLS is not offered")
            case "NOOP" | "STARTTLS" | "LOGOUT", _:
                pass
            case "UNAUTHENTICATE", _:
                self._account = None
            case _ if self._account is not None:
                self._script_command(self._account.scripts, verb, args)
        return Response(Status.OK, verb.encode("ascii") + b" completed")

    def _script_command(self, scripts: Scripts, verb: str, args: tuple[bytes | Secret | int, ...]) -> None:
        match verb, args:
            case "LISTSCRIPTS", _:
                for name in sorted(scripts.texts):
                    self._say(Line((name, "ACTIVE") if name == scripts.active else (name,)))
            case "GETSCRIPT", (bytes(name),):
                expect(scripts, name)
                self._say(Line((scripts.texts[name],)))
            case "HAVESPACE", (bytes(name), int(size)):
                check_room(scripts, name, size)
            case "CHECKSCRIPT", (bytes(text),):
                check_script(text)
            case "PUTSCRIPT", (bytes(name), bytes(text)):
                check_room(scripts, name, len(text))
                check_script(text)
                scripts.texts[name] = text
            case "SETACTIVE", (bytes(name),):
                if name:  # RFC 5804 2.8: without a name, no script is active
                    expect(scripts, name)
                scripts.active = name
            case "DELETESCRIPT", (bytes(name),):
                expect(scripts, name)
                if name == scripts.active:
                    raise Refused(b"the active script is not deleted", b"ACTIVE")
                del scripts.texts[name]
            case "RENAMESCRIPT", (bytes(old), bytes(new)):
                rename(scripts, old, new)
            case _:
                raise Refused(b"not here")

    def _say_capabilities(self) -> None:
        self._say(Line((b"IMPLEMENTATION", b"perdition " + self._store.name)))
        self._say(Line((b"SIEVE", b"fileinto envelope copy")))
        self._say(Line((b"SASL", b"PLAIN LOGIN")))
        self._say(Line((b"UNAUTHENTICATE",)))
        if self._tls_offered:
            self._say(Line((b"STARTTLS",)))
        if self._account is not None:
            self._say(Line((b"OWNER", self._account.name)))
        self._say(Line((b"VERSION", b"1.0")))

    def _ok(self, text: bytes) -> None:
        self._say(Response(Status.OK, text))


def expect(scripts: Scripts, name: bytes) -> None:
    """Refuse a name that no script has."""
    if name not in scripts.texts:
        raise Refused(b"there is no such script", b"NONEXISTENT")


def check_name(name: bytes) -> None:
    """Refuse a name that no script can have (RFC 5804 1.6)."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = ""
    if not 1 <= len(name) <= LONGEST_NAME or not text.isprintable() or not text:
        raise Refused(b"expected a name in UTF-8 without control characters")


def check_room(scripts: Scripts, name: bytes, size: int) -> None:
    """Refuse a script that is too much."""
    check_name(name)
    if size > LARGEST_SCRIPT:
        raise Refused(b"expected a script of at most %d octets" % LARGEST_SCRIPT, b"QUOTA/MAXSIZE")
    if name not in scripts.texts and len(scripts.texts) >= MOST_SCRIPTS:
        raise Refused(b"expected at most %d scripts" % MOST_SCRIPTS, b"QUOTA/MAXSCRIPTS")


def check_script(text: bytes) -> None:
    """Refuse a script whose braces do not fit: as much Sieve as the demo knows."""
    depth = 0
    for brace in re.findall(rb"[{}]", NO_CODE.sub(b"", text)):
        depth += 1 if brace == b"{" else -1
        if depth < 0:
            break
    if depth != 0:
        raise Refused(b"expected as many closing braces as opening ones")


def rename(scripts: Scripts, old: bytes, new: bytes) -> None:
    """Give a script another name; the active one stays active (RFC 5804 2.11.1)."""
    expect(scripts, old)
    check_name(new)
    if new in scripts.texts:
        raise Refused(b"the new name is in use", b"ALREADYEXISTS")
    scripts.texts[new] = scripts.texts.pop(old)
    if scripts.active == old:
        scripts.active = new
