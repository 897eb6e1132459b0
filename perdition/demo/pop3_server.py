"""A POP3 real server for the demo, on our own machine (RFC 1939)."""

from collections.abc import Iterable
from typing import Final

from perdition.demo.application import MachineApplication
from perdition.demo.log_in import LogIn, Step
from perdition.demo.mailbox import Account, Message, Store
from perdition.protocol import Fault, Limits, Secret, pop3
from perdition.protocol.pop3.server import Event, Sendable
from perdition.protocol.sasl import Challenge, Failure

LIMITS: Final = Limits(line=4096)
CAPABILITIES: Final = (
    b"TOP",
    b"UIDL",
    b"USER",
    b"RESP-CODES",
    b"AUTH-RESP-CODE",
    b"PIPELINING",
    b"SASL PLAIN LOGIN",
    b"IMPLEMENTATION perdition-demo",
)


class Pop3Application(MachineApplication[Event, Sendable]):
    """One connection.  Deleted messages go at QUIT and not before (RFC 1939 6)."""

    def __init__(self, store: Store) -> None:
        self._server = pop3.Server(LIMITS)
        super().__init__(self._server)
        self._store = store
        self._log_in = LogIn(store)
        self._user = b""
        self._account: Account | None = None
        self._messages: list[Message] = []
        self._deleted: set[int] = set()

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line."""
        return self._server.farewell(why)

    def _greet(self) -> None:
        self._say(pop3.Greeting(self._store.name + b" ready"))

    def _handle(self, event: Event) -> None:
        match event:
            case pop3.BadCommand(reply):
                self._say(reply)
            case pop3.SaslResponse(response):
                self._finish(self._log_in.step_sasl(response))
            case pop3.Command("USER", (bytes(name),)):
                self._user = name
                self._ok(b"and the password?")
            case pop3.Command("PASS", (Secret() as password,)):
                self._finish(self._log_in.by_password(self._user, password))
            case pop3.Command("AUTH", (bytes(mechanism), *initial)):
                first = initial[0] if initial else None
                self._finish(self._log_in.start_sasl(mechanism, first if isinstance(first, Secret) else None))
            case pop3.Command("STLS"):
                self._ok(b"begin TLS") if self._tls_offered else self._no(b"STLS is not offered")
            case pop3.Command("CAPA"):
                stls = (b"STLS",) if self._tls_offered else ()
                self._say(pop3.Multiline(b"capabilities follow", block((*CAPABILITIES, *stls))))
            case pop3.Command("QUIT"):
                self._quit()
            case pop3.Command(verb, args):
                self._transaction(verb, [int(arg) for arg in args if isinstance(arg, bytes)])

    def _finish(self, step: Step) -> None:
        match step:
            case Challenge(data):
                self._say(pop3.Challenge(data))
            case Failure(text, reason):
                self._say(pop3.Reply(pop3.Status.NO, text.encode("ascii"), pop3.CODES.get(reason)))
            case Account():
                self._account = step
                self._messages = list(step.inbox.messages)
                self._ok(b"%d messages on %s" % (len(self._messages), self._store.name))

    def _quit(self) -> None:
        if self._account is not None:
            self._account.inbox.remove(self._messages[number - 1] for number in self._deleted)
        self._ok(b"good-bye from " + self._store.name)

    def _transaction(self, verb: str, args: list[int]) -> None:
        if args and verb != "NOOP" and self._message(args[0]) is None:
            self._no(b"no such message")
            return
        match verb, args:
            case "NOOP", []:
                self._ok(b"nothing done")
            case "RSET", []:
                self._deleted.clear()
                self._ok(b"nothing is deleted")
            case "STAT", []:
                sizes = [len(content(message)) for _, message in self._listed()]
                self._ok(b"%d %d" % (len(sizes), sum(sizes)))
            case "LIST", []:
                self._list((number, b"%d" % len(content(message))) for number, message in self._listed())
            case "UIDL", []:
                self._list((number, b"%d" % message.uid) for number, message in self._listed())
            case "LIST", [number]:
                self._ok(b"%d %d" % (number, len(content(self._messages[number - 1]))))
            case "UIDL", [number]:
                self._ok(b"%d %d" % (number, self._messages[number - 1].uid))
            case "RETR", [number]:
                body = content(self._messages[number - 1])
                self._say(pop3.Multiline(b"%d octets" % len(body), body))
            case "TOP", [number, count]:
                self._say(pop3.Multiline(b"top of message follows", top(self._messages[number - 1], count)))
            case "DELE", [number]:
                self._deleted.add(number)
                self._ok(b"message %d is deleted" % number)
            case _:
                self._no(b"not here")

    def _message(self, number: int) -> Message | None:
        if not 1 <= number <= len(self._messages) or number in self._deleted:
            return None
        return self._messages[number - 1]

    def _listed(self) -> list[tuple[int, Message]]:
        return [pair for pair in enumerate(self._messages, 1) if pair[0] not in self._deleted]

    def _list(self, rows: Iterable[tuple[int, bytes]]) -> None:
        self._say(pop3.Multiline(b"list follows", block(b"%d %s" % row for row in rows)))

    def _ok(self, text: bytes) -> None:
        self._say(pop3.Reply(pop3.Status.OK, text))

    def _no(self, text: bytes) -> None:
        self._say(pop3.Reply(pop3.Status.NO, text))


def block(lines: Iterable[bytes]) -> bytes:
    """Put lines together, each with its CRLF."""
    return b"".join(line + b"\r\n" for line in lines)


def content(message: Message) -> bytes:
    """Give a message as POP3 can carry it: whole lines that end in CRLF and nowhere else."""
    return block(message.octets.splitlines())


def top(message: Message, count: int) -> bytes:
    """Give the header of a message and so many lines of its body (RFC 1939 7, TOP)."""
    header, blank, body = content(message).partition(b"\r\n\r\n")
    return header + blank + block(body.splitlines()[:count])
