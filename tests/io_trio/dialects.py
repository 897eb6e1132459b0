"""The three protocols as a client and as a real server of the tests speak them: as little as a log-in needs."""

import base64
import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

import attrs

from tests.io_trio.talk import Talk

PASSWORD: Final = b"correct horse"

After = Callable[[Talk], object]


def echo(talk: Talk) -> None:
    """Say back what is heard, up to the end."""
    while data := talk.hear():
        talk.say(data)


@attrs.define
class Account:
    """What a real server knows and does.

    Attributes:
        context: for STARTTLS; None: it is not offered.
        after: what happens behind a good log-in.
        behind: octets sent in one piece with the good answer.
        seen: the credentials that came.
        heard: all command lines that came.
    """

    context: ssl.SSLContext | None = None
    after: After = echo
    behind: bytes = b""
    seen: list[tuple[bytes, bytes]] = attrs.field(factory=list)
    heard: list[bytes] = attrs.field(factory=list)

    def knows(self, name: bytes, password: bytes) -> bool:
        self.seen.append((name, password))
        return password == PASSWORD


class Dialect(ABC):
    """One protocol.

    Attributes:
        name: of the option `protocol`.
        starttls: the command.
        no: what a refusal looks like, as a pattern for a whole line.
        yes: the same for a good answer to the log-in.
        bye: the last word before the proxy closes.
        idle: a command that is legal before the log-in, for probing.
    """

    name: str
    starttls: bytes
    no: bytes
    yes: bytes
    bye: bytes
    idle: bytes
    greets_under_tls = False

    def __repr__(self) -> str:
        return self.name.lower()

    # --- the client

    def hear_greeting(self, talk: Talk) -> bytes:
        """Hear the proxy's greeting."""
        return talk.line()

    def prepare(self, talk: Talk, name: bytes) -> None:  # noqa: B027  # only POP3 has anything to say
        """Say and hear what comes before the password."""

    @abstractmethod
    def ask(self, name: bytes, password: bytes) -> bytes:
        """Give the command that logs in, behind `prepare`."""

    def log_in(self, talk: Talk, name: bytes, password: bytes = PASSWORD) -> bytes:
        """Log in; give the answer's line."""
        self.prepare(talk, name)
        talk.say(self.ask(name, password))
        return talk.line()

    def ask_for_tls(self, talk: Talk) -> bytes:
        """Send STARTTLS and hear its answer."""
        talk.say(self.starttls)
        return talk.line()

    def is_yes(self, line: bytes) -> bool:
        return re.fullmatch(self.yes, line) is not None

    def is_no(self, line: bytes) -> bool:
        return re.fullmatch(self.no, line) is not None

    def is_bye(self, line: bytes) -> bool:
        return re.fullmatch(self.bye, line) is not None

    # --- the real server

    @abstractmethod
    def greet(self, talk: Talk, account: Account) -> None:
        """Say the greeting."""

    @abstractmethod
    def obey(self, talk: Talk, account: Account, line: bytes) -> bool:
        """Answer one command; tell whether somebody is logged in."""

    def serve(self, talk: Talk, account: Account) -> None:
        """Serve one connection to its end."""
        self.greet(talk, account)
        while line := talk.line():
            account.heard.append(line)
            if self.obey(talk, account, line):
                account.after(talk)
                return


class Pop3(Dialect):
    name = "POP3"
    starttls = b"STLS\r\n"
    no = rb"-ERR .*\r\n"
    yes = rb"\+OK .*\r\n"
    bye = rb"-ERR .*\r\n"
    idle = b"NOOP\r\n"

    def prepare(self, talk: Talk, name: bytes) -> None:
        talk.say(b"USER %b\r\n" % name)
        talk.line()

    def ask(self, name: bytes, password: bytes) -> bytes:
        return b"PASS %b\r\n" % password

    def greet(self, talk: Talk, account: Account) -> None:
        talk.say(b"+OK at your service\r\n")

    def obey(self, talk: Talk, account: Account, line: bytes) -> bool:
        verb, _, rest = line.rstrip(b"\r\n").partition(b" ")
        match verb:
            case b"CAPA":
                stls = b"STLS\r\n" if account.context else b""
                talk.say(b"+OK\r\nUSER\r\nSASL PLAIN\r\n" + stls + b".\r\n")
            case b"STLS" if account.context:
                talk.say(b"+OK go ahead\r\n")
                talk.accept_tls(account.context)
            case b"USER":
                talk.say(b"+OK and now the password\r\n")
            case b"PASS" if account.knows(account.heard[-2][5:-2], rest):
                talk.say(b"+OK welcome\r\n" + account.behind)
                return True
            case b"QUIT":
                talk.say(b"+OK bye\r\n")
            case _:
                talk.say(b"-ERR no\r\n")
        return False


class Imap4(Dialect):
    name = "IMAP4"
    starttls = b"t STARTTLS\r\n"
    no = rb"a NO .*\r\n"
    yes = rb"a OK .*\r\n"
    bye = rb"\* BYE .*\r\n"
    idle = b"i NOOP\r\n"

    def ask(self, name: bytes, password: bytes) -> bytes:
        return b'a LOGIN "%b" "%b"\r\n' % (name, password)

    def greet(self, talk: Talk, account: Account) -> None:
        talk.say(b"* OK [CAPABILITY " + self._capabilities(account) + b"] at your service\r\n")

    def _capabilities(self, account: Account) -> bytes:
        return b"IMAP4rev1 AUTH=PLAIN" + (b" STARTTLS" if account.context else b"")

    def obey(self, talk: Talk, account: Account, line: bytes) -> bool:
        tag, verb, *rest = line.rstrip(b"\r\n").split(b" ", 2)
        match verb.upper():
            case b"CAPABILITY":
                talk.say(b"* CAPABILITY " + self._capabilities(account) + b"\r\n" + tag + b" OK done\r\n")
            case b"STARTTLS" if account.context:
                talk.say(tag + b" OK go ahead\r\n")
                talk.accept_tls(account.context)
            case b"LOGIN":
                name, password = re.findall(rb'"([^"]*)"|(\S+)', rest[0])
                if account.knows(b"".join(name), b"".join(password)):
                    talk.say(tag + b" OK welcome\r\n" + account.behind)
                    return True
                talk.say(tag + b" NO wrong\r\n")
            case b"LOGOUT":
                talk.say(b"* BYE then\r\n" + tag + b" OK done\r\n")
            case _:
                talk.say(tag + b" BAD what\r\n")
        return False


class ManageSieve(Dialect):
    name = "MANAGESIEVE"
    starttls = b"STARTTLS\r\n"
    no = rb"NO .*\r\n"
    yes = rb"OK .*\r\n"
    bye = rb"BYE .*\r\n"
    idle = b"NOOP\r\n"
    greets_under_tls = True

    def hear_greeting(self, talk: Talk) -> bytes:
        while not (line := talk.line()).startswith((b"OK", b"BYE", b"NO")) and line:
            pass
        return line

    def ask(self, name: bytes, password: bytes) -> bytes:
        return b'AUTHENTICATE "PLAIN" "%b"\r\n' % base64.b64encode(b"\0%b\0%b" % (name, password))

    def greet(self, talk: Talk, account: Account) -> None:
        starttls = b'"STARTTLS"\r\n' if account.context else b""
        talk.say(b'"IMPLEMENTATION" "test"\r\n"SASL" "PLAIN"\r\n' + starttls + b'OK "at your service"\r\n')

    def obey(self, talk: Talk, account: Account, line: bytes) -> bool:
        verb, *rest = line.split()
        match verb:
            case b"CAPABILITY":
                self.greet(talk, account)
            case b"STARTTLS" if account.context:
                talk.say(b'OK "go ahead"\r\n')
                talk.accept_tls(account.context)
                self.greet(talk, account)
            case b"AUTHENTICATE":
                _, name, password = base64.b64decode(rest[1].strip(b'"')).split(b"\0")
                if account.knows(name, password):
                    talk.say(b'OK "welcome"\r\n' + account.behind)
                    return True
                talk.say(b'NO "wrong"\r\n')
            case b"LOGOUT":
                talk.say(b'OK "bye"\r\n')
            case _:
                talk.say(b'NO "what"\r\n')
        return False


DIALECTS: Final = (Pop3(), Imap4(), ManageSieve())
