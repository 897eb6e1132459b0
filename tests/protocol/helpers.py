"""What the tests of the machines share: octets in pieces, machines in a given state, answers by a fixed rule."""

import itertools
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.machine import Closed, Machine
from perdition.protocol.secret import Secret
from perdition.protocol.signals import PAUSED, Signal

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PROTOCOLS: Final = ("pop3", "imap4", "managesieve")

# The six machines have different events; a helper that serves them all can name none of them.
AnyMachine: TypeAlias = Machine[Any, Any]
AnyServer: TypeAlias = pop3.Server | imap4.Server | managesieve.Server
AnyClient: TypeAlias = pop3.Client | imap4.Client | managesieve.Client

SMALL: Final = Limits(line=100, sasl=200, literal=50, command=120, block=200, lines=4, bad_commands=4)
"""Limits that a test can pass with few octets.  `line` has room for every verb behind every tag."""


def spec(protocol: str) -> dict[str, Any]:
    """Give what `spec/` says of a protocol."""
    return tomllib.loads((ROOT / "spec" / f"{protocol}.toml").read_text())


# --- octets in pieces


def drip(data: bytes) -> list[bytes]:
    """Cut octets into single ones."""
    return [data[at : at + 1] for at in range(len(data))]


def chunks_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut octets at the given places, taken modulo their number."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


def pull(machine: AnyMachine, data: bytes = b"") -> list[object]:
    """Feed octets; give all events up to the next signal or the end."""
    if data:
        machine.receive_data(data)
    said: list[object] = []
    while not isinstance(event := machine.next_event(), Signal):
        said.append(event)
        if isinstance(event, Closed):
            break
    return said


# --- machines in a given state


SERVERS: Final[Mapping[str, type[AnyServer]]] = {
    "pop3": pop3.Server,
    "imap4": imap4.Server,
    "managesieve": managesieve.Server,
}
CLIENTS: Final[Mapping[str, type[AnyClient]]] = {
    "pop3": pop3.Client,
    "imap4": imap4.Client,
    "managesieve": managesieve.Client,
}
OK: Final = pop3.Status.OK
NO: Final = pop3.Status.NO


def new_server(protocol: str, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Give a server machine that has not greeted."""
    return SERVERS[protocol](limits)


def new_client(protocol: str, limits: Limits = DEFAULT_LIMITS, *, require_tls: bool = False) -> Any:
    """Give a client machine that has not been greeted."""
    return CLIENTS[protocol](limits, require_tls=require_tls)


@attrs.frozen
class Way:
    """How to bring a machine into a state.

    Attributes:
        greeting: the server's first event.
        steps: commands, and the status that answers each.
    """

    greeting: object
    steps: tuple[tuple[object, pop3.Status], ...] = ()


SECRET: Final = Secret(b"\0u\0p")
WAYS: Final[Mapping[str, Mapping[str, Way]]] = {
    "pop3": {
        "AUTHORIZATION": Way(pop3.Greeting(b"hi")),
        "USER_GIVEN": Way(pop3.Greeting(b"hi"), ((pop3.Command("USER", (b"u",)), OK),)),
        "TRANSACTION": Way(pop3.Greeting(b"hi"), ((pop3.Command("AUTH", (b"PLAIN", SECRET)), OK),)),
        "CLOSED": Way(pop3.Greeting(b"hi"), ((pop3.Command("QUIT"), OK),)),
    },
    "imap4": {
        "NOT_AUTHENTICATED": Way(imap4.Greeting(b"hi")),
        "AUTHENTICATED": Way(imap4.Greeting(b"hi", pop3.Status.PREAUTH)),
        "SELECTED": Way(
            imap4.Greeting(b"hi", pop3.Status.PREAUTH), ((imap4.Command(b"w", "SELECT", (b"INBOX",)), OK),)
        ),
        "CLOSED": Way(imap4.Greeting(b"hi", pop3.Status.BYE)),
    },
    "managesieve": {
        "NOT_AUTHENTICATED": Way(managesieve.Response(OK)),
        "AUTHENTICATED": Way(
            managesieve.Response(OK), ((managesieve.Command("AUTHENTICATE", (b"PLAIN", SECRET)), OK),)
        ),
        "CLOSED": Way(managesieve.Response(pop3.Status.BYE)),
    },
}


def pair_in(protocol: str, state: str, *, tls: bool = False, limits: Limits = DEFAULT_LIMITS) -> tuple[Any, Any]:
    """Give a client and a server machine that have talked until both are in a state."""
    client, server = new_client(protocol, limits), new_server(protocol, limits)
    if tls:
        client.start_tls()
        server.start_tls()
    if state != "GREETING":
        way = WAYS[protocol][state]
        assert pull(client, server.send(way.greeting))[0] == way.greeting
        for command, status in way.steps:
            assert len(pull(server, client.send(command))) == 1
            pull(client, server.send(answer_to(command, status)))
    assert client.state.name == server.state.name == state
    return client, server


def server_in(protocol: str, state: str, *, tls: bool = False, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Give a server machine in a state."""
    return pair_in(protocol, state, tls=tls, limits=limits)[1]


def client_in(protocol: str, state: str, *, tls: bool = False, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Give a client machine in a state."""
    return pair_in(protocol, state, tls=tls, limits=limits)[0]


BLOCKS: Final = frozenset(("CAPA", "LIST", "UIDL", "RETR", "TOP"))


def answer_to(command: object, status: pop3.Status) -> object:
    """Give the final answer of a server to a command."""
    match command:
        case pop3.Command(verb, args):
            one_line = verb not in BLOCKS or (verb in ("LIST", "UIDL") and args)
            return pop3.Reply(status, b"x") if one_line or status is NO else pop3.Multiline(b"x", b".a\r\n")
        case imap4.Command(tag):
            return imap4.Tagged(tag, status, b"x")
        case managesieve.Command():
            return managesieve.Response(status, b"x")
    raise AssertionError(f"no command: {command}")


# --- answers by a fixed rule


HANDSHAKE: Final = "handshake"
"""Where a transcript stops: behind STARTTLS the verdict on octets in clear depends on when they came."""


class Script:
    """Says yes and no in turn, as drawn; then only yes."""

    def __init__(self, answers: Iterable[bool]) -> None:
        self._answers = iter(answers)

    def status(self) -> pop3.Status:
        """Give the next answer."""
        return OK if next(self._answers, True) else NO


def serve(event: object, tag: bytes, script: Script) -> list[object]:
    """Answer one event of a server machine.  `tag`: of the IMAP4 command that the answer is for."""
    match event:
        case pop3.BadCommand(reply) | imap4.BadCommand(reply) | managesieve.BadCommand(reply):
            return [reply]
        case pop3.Command("AUTH", (_,)):
            return [pop3.Challenge(b"who?")]
        case imap4.Command(_, "AUTHENTICATE", (_,)):
            return [imap4.Challenge(b"who?")]
        case managesieve.Command("AUTHENTICATE", (_,)):
            return [managesieve.Challenge(b"who?")]
        case pop3.SaslResponse():
            return [pop3.Reply(script.status())]
        case imap4.SaslResponse():
            return [imap4.Tagged(tag, script.status())]
        case managesieve.SaslResponse():
            return [managesieve.Response(script.status())]
        case imap4.LiteralOffered(offered):
            if script.status() is OK:
                return [imap4.Continuation(b"go")]
            return [imap4.Tagged(offered, NO)]
    return [answer_to(event, script.status())]


def is_starttls(event: object) -> bool:
    """Tell whether an event is the command STARTTLS or STLS."""
    return getattr(event, "verb", None) in ("STARTTLS", "STLS")


def verdict(error: RemoteProtocolError) -> str:
    """Say how a conversation failed, with nothing that depends on the cut."""
    return HANDSHAKE if error.fault is Fault.INJECTED else f"{error.fault}: {error}"


def play_server(protocol: str, chunks: Iterable[bytes], answers: Iterable[bool], limits: Limits) -> list[object]:
    """Give all that a server machine makes of octets, up to its error or a handshake."""
    server, script, said, tag = server_in_greeting(protocol, limits), Script(answers), list[object](), b""
    try:
        for chunk in (*chunks, b""):
            server.receive_data(chunk)
            while not isinstance(event := server.next_event(), Signal):
                if is_starttls(event):
                    return [*said, HANDSHAKE]
                said.append(event)
                if isinstance(event, Closed):
                    return said
                tag = event.tag if isinstance(event, imap4.Command) else tag
                said += [server.send(answer) for answer in serve(event, tag, script)]
            assert event is not PAUSED
    except RemoteProtocolError as error:
        said.append(verdict(error))
    return said


def server_in_greeting(protocol: str, limits: Limits) -> Any:
    """Give a server machine that has just greeted."""
    server = new_server(protocol, limits)
    first = {"pop3": "AUTHORIZATION", "imap4": "NOT_AUTHENTICATED", "managesieve": "NOT_AUTHENTICATED"}[protocol]
    server.send(WAYS[protocol][first].greeting)
    return server


def play_client(protocol: str, chunks: Iterable[bytes], commands: Iterable[object], limits: Limits) -> list[object]:
    """Give all that a client machine makes of octets while it sends commands, up to its error or a handshake.

    Each final answer lets two more commands go, as far as the machine allows them.
    """
    client, waiting, said = new_client(protocol, limits), iter(commands), list[object]()
    before = 0
    try:
        for chunk in (*chunks, b""):
            client.receive_data(chunk)
            while not isinstance(event := client.next_event(), Signal):
                before = len(said)
                said.append(event)
                if isinstance(event, Closed):
                    return said
                said += go_on(client, event, waiting)
            if event is PAUSED:
                # The same octets whole may have been refused in the place of the last event.
                return [*said[:before], HANDSHAKE]
    except RemoteProtocolError as error:
        said.append(verdict(error))
    return said


def go_on(client: Any, event: object, waiting: Iterator[object]) -> list[object]:
    """Answer one event of a client machine; give what was sent, and what the machine did not allow."""
    match event:
        case pop3.Challenge(data):
            return [client.send(pop3.SaslCancel() if data == b"give up" else pop3.SaslResponse(SECRET))]
        case imap4.Challenge(data):
            return [client.send(imap4.SaslCancel() if data == b"give up" else imap4.SaslResponse(SECRET))]
        case managesieve.Challenge(data):
            cancel, response = managesieve.SaslCancel(), managesieve.SaslResponse(SECRET)
            return [client.send(cancel if data == b"give up" else response)]
        case imap4.Continuation():
            return [client.send_literal()]
        case imap4.Notice() | imap4.Untagged() | managesieve.Line():
            return []
    said: list[object] = []
    for command in itertools.islice(waiting, 2):
        try:
            said.append(client.send(command))
        except LocalProtocolError as error:
            said.append(str(error))
    return said


Play: TypeAlias = Callable[[Iterable[bytes]], list[object]]


def assert_same_however_cut(play: Play, data: bytes, cuts: Iterable[int]) -> None:
    """Assert that octets mean the same whole, one at a time and cut at the given places."""
    whole = play([data] if data else [])

    assert play(drip(data)) == whole
    assert play(chunks_of(data, cuts)) == whole
