"""A client machine with a hostile server: what the three targets share.

The tape's head: octet 0 chooses the state to begin in (low six bits), TLS (0x40) and larger limits (0x80); octet 3
is how the octets are cut the second time.  Records: the octets at the beginning are the server's; `K` has one octet
that chooses a command to be sent, and then the server's octets; `T` is the handshake, if one is due, and then the
server's octets; what stands before it came in clear.  Challenges and continuations are answered at once.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

from perdition.conformance.lines import Speaker
from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.imap4 import codec as imap4_codec
from perdition.protocol.literals import Assembler
from perdition.protocol.machine import Closed
from perdition.protocol.managesieve import codec as sieve_codec
from perdition.protocol.pop3 import codec as pop3_codec
from perdition.protocol.secret import Secret
from perdition.protocol.signals import PAUSED, Signal
from tests.fuzz.seeds import transcripts_of
from tests.fuzz.servers import LARGE, LARGE_LIMITS, ROOM, UNDER_TLS
from tests.fuzz.tape import HEAD, Record, pieces, read_tape, write_tape
from tests.fuzz.target import Fuzz, Target
from tests.laws import CANARY, octets_held, shows, tells
from tests.protocol.helpers import HANDSHAKE, SMALL, WAYS, client_in, verdict
from tests.strategies.streams import HOSTILE_SERVERS, SERVERS
from tests.strategies.words import words_of

CANONICAL: Final = re.compile(rb"\{(0|[1-9][0-9]*)\}\Z")
"""A size as we write it: others may write zeros before it, and our client lets a `+` pass."""
CANCEL: Final = {"pop3": pop3.SaslCancel(), "imap4": imap4.SaslCancel(), "managesieve": managesieve.SaslCancel()}
PASSWORD: Final = Secret(CANARY)
MESSAGE: Final = Secret(b"\0joe\0" + CANARY)
COMMANDS: Final[Mapping[str, tuple[tuple[str, tuple[Any, ...]], ...]]] = {
    "pop3": (
        ("CAPA", ()),
        ("STLS", ()),
        ("USER", (b"joe",)),
        ("PASS", (PASSWORD,)),
        ("AUTH", (b"PLAIN",)),
        ("AUTH", (b"PLAIN", MESSAGE)),
        ("QUIT", ()),
        ("LIST", ()),
        ("LIST", (b"1",)),
        ("STAT", ()),
        ("RETR", (b"1",)),
    ),
    "imap4": (
        ("CAPABILITY", ()),
        ("STARTTLS", ()),
        ("LOGIN", (b"joe", PASSWORD)),
        ("LOGIN", (b"j\xfc", Secret(CANARY + b"\xfc"))),
        ("AUTHENTICATE", (b"PLAIN",)),
        ("AUTHENTICATE", (b"PLAIN", MESSAGE)),
        ("LOGOUT", ()),
        ("NOOP", ()),
        ("ID", (imap4.Raw(b"NIL"),)),
        ("SELECT", (b"INBOX",)),
        ("APPEND", (b"x", b"\r\n\xff")),
        ("FETCH", (imap4.Raw(b"1 (FLAGS)"),)),
    ),
    "managesieve": (
        ("CAPABILITY", ()),
        ("STARTTLS", ()),
        ("AUTHENTICATE", (b"PLAIN",)),
        ("AUTHENTICATE", (b"PLAIN", MESSAGE)),
        ("LOGOUT", ()),
        ("NOOP", ()),
        ("NOOP", (b"x",)),
        ("LISTSCRIPTS", ()),
        ("PUTSCRIPT", (b"x", b"keep;\r\n")),
        ("UNAUTHENTICATE", ()),
    ),
}


def command_of(protocol: str, choice: int, count: int) -> Any:
    """Give a command; `count` is how many there were before it."""
    verb, args = COMMANDS[protocol][choice % len(COMMANDS[protocol])]
    match protocol:
        case "pop3":
            return pop3.Command(verb, args)
        case "imap4":
            return imap4.Command(b"p%d" % (count + 1), verb, args)
    return managesieve.Command(verb, args)


class Play:
    """A client machine and all that it made of one tape."""

    def __init__(self, protocol: str, head: bytes) -> None:
        states = ["GREETING", *WAYS[protocol]]
        self.said: list[object] = []
        self._protocol = protocol
        self._limits = LARGE if head[0] & LARGE_LIMITS else SMALL
        state, tls = states[(head[0] & 0x3F) % len(states)], bool(head[0] & UNDER_TLS)
        self._client = client_in(protocol, state, tls=tls, limits=self._limits)
        self._count = 0

    def play(self, records: tuple[Record, ...], size: int) -> list[object]:
        """Feed the records in pieces of a size; give all that the machine made of them."""
        try:
            for record in records:
                octets = record.octets
                if record.tag == b"K":
                    self._send(octets[:1])
                    octets = octets[1:]
                if not self._take(pieces(octets, size)):
                    return self.said
            self._client.receive_data(b"")
            self._listen()
        except RemoteProtocolError as error:
            assert not tells(error)
            assert not tells(self._client)
            self.said.append(verdict(error))
        return self.said

    def _send(self, choice: bytes) -> None:
        """Send a command if the machine lets it go."""
        command = command_of(self._protocol, choice[0] if choice else 0, self._count)
        self._count += 1
        try:
            self.said.append(self._client.send(command))
        except LocalProtocolError as error:
            assert not tells(error)
            self.said.append(str(error))

    def _take(self, chunks: list[bytes]) -> bool:
        """Feed one record, and do the handshake if that is due at its end; False: the play is over."""
        for at, chunk in enumerate(chunks, 1):
            self._client.receive_data(chunk)
            before = self._listen()
            if self.said and isinstance(self.said[-1], Closed):
                return False
            if at < len(chunks) and self._client.next_event() is PAUSED:
                self.said[before:] = [HANDSHAKE]  # whole, the octets would have been refused in its place
                return False
            self._look_at_what_is_kept(len(chunk))
        if self._client.next_event() is PAUSED:
            self._client.start_tls()

            assert self._client.capabilities is None
        return True

    def _look_at_what_is_kept(self, chunk: int) -> None:
        """Of a message that is not whole, and of what was learnt, no more than the limits say."""
        limits = self._limits
        message = limits.command + max(limits.sasl, limits.line)
        unread = [thing for thing in vars(self._client).values() if isinstance(thing, ReceiveBuffer | Assembler)]

        assert octets_held(unread) <= message + chunk + 64
        assert octets_held(self._client, but=(ReceiveBuffer, Assembler)) <= 2 * message + limits.block + 512

    def _listen(self) -> int:
        """Take all events and answer those that want it; give the place of the last one in what was said."""
        place = len(self.said)
        while not isinstance(event := self._client.next_event(), Signal):
            place = len(self.said)
            self.said.append(event)
            match event:
                case Closed():
                    break
                case pop3.Challenge(data):
                    self._respond(pop3.SaslCancel() if data else pop3.SaslResponse(MESSAGE))
                case imap4.Challenge(data):
                    self._respond(imap4.SaslCancel() if data else imap4.SaslResponse(MESSAGE))
                case managesieve.Challenge(data):
                    self._respond(managesieve.SaslCancel() if data else managesieve.SaslResponse(MESSAGE))
                case imap4.Continuation():
                    assert isinstance(self._client, imap4.Client)
                    self.said.append(self._client.send_literal())
                case _ if type(event).__name__ == "BadChallenge":  # XX not every protocol has it
                    self._respond(CANCEL[self._protocol])
                case _:
                    write_again(event)
        return place

    def _respond(self, event: Any) -> None:
        self.said.append(self._client.send(event))


def fits(text: bytes, code: bytes | None) -> bool:
    """Tell whether a POP3 server writes a text as it is: a long one is cut, and one that looks like a code is not."""
    return len(text) + len(code or b"") < ROOM and not text.startswith(b"[")


def write_again(event: object) -> None:
    """Assert that what a client heard can be written by a server, and reads as the same."""
    match event:
        case pop3.Greeting(text, status, code) | pop3.Reply(status, text, code) if fits(text, code):
            data = pop3_codec.write_reply(status, text, code)

            assert pop3_codec.read_reply(data[:-2]) == pop3.Reply(status, text, code)
        case pop3.Multiline(_, body):
            stuffed = pop3_codec.stuff(body)

            assert stuffed.endswith(b".\r\n")
            assert [line.removeprefix(b".") for line in stuffed[:-3].split(b"\r\n")] == body.split(b"\r\n")
        case (
            imap4.Greeting(text, status, code) | imap4.Notice(status, text, code) | imap4.Tagged(_, status, text, code)
        ):
            data = imap4_codec.write_status(b"*", status, text, code)

            assert imap4_codec.read_status(data[2:-2]) == (status, code, text or b"done")
        case imap4.Untagged(parts) if all(CANONICAL.search(line) for line in parts[:-1:2]):
            assert len(imap4_codec.write_parts(parts)) == len(b"".join(parts)) + len(b"* ") + 2 * (len(parts) // 2 + 1)
        case managesieve.Response():
            assert sieve_codec.reads_as(event, sieve_codec.write_response(event))
        case managesieve.Line(words):
            assert sieve_codec.write_line(words).endswith(b"\r\n")


def fuzz_client(protocol: str, data: bytes) -> None:
    """Play a tape whole and cut."""
    tape = read_tape(data)
    said = b"".join(record.octets[record.tag == b"K" :] for record in tape.records)
    play = Play(protocol, tape.head)

    whole = play.play(tape.records, sys.maxsize)

    assert Play(protocol, tape.head).play(tape.records, 1 + tape.head[3] % 64) == whole
    assert shows(said) or not any(shows(repr(each).encode()) for each in whole if not isinstance(each, bytes))


def choice_of(protocol: str, line: bytes) -> bytes | None:
    """Find the command that a line of a client begins, and give the octet that chooses it."""
    words = line.upper().split()
    verb = words[1:2] if protocol == "imap4" else words[:1]
    for at, (known, args) in enumerate(COMMANDS[protocol]):
        if [known.encode()] == verb and (known not in ("AUTH", "AUTHENTICATE") or len(args) == (2 if words[3:] else 1)):
            return bytes([at])
    return None


def seeds(protocol: str) -> Iterator[tuple[str, bytes]]:
    """Give what the servers of all transcripts say, with our own commands between, and our own tags."""
    for transcript in transcripts_of(protocol):
        records, tags = [(b"", b"")], dict[bytes, bytes]()
        for step in transcript.steps:
            tag, octets = records[-1]
            if step.word == "tls":
                records.append((b"T", b""))
            elif step.speaker is Speaker.SERVER:
                first, blank, rest = step.octets.partition(b" ")
                records[-1] = tag, octets + tags.get(first, first) + blank + rest
            elif step.speaker is Speaker.CLIENT and (choice := choice_of(protocol, step.octets)) is not None:
                tags[step.octets.split()[0]] = b"p%d" % (len(tags) + 1)
                records.append((b"K", choice))
        for name, head in (("", b"\x80\0\0\0"), ("-small", b"\0\0\0\x06")):
            yield f"{transcript.name}{name}", write_tape(records, head)


def grammar(protocol: str) -> st.SearchStrategy[bytes]:
    """Give plays with streams of all kinds, with commands and handshakes between."""
    greeting = {"pop3": b"+OK hi\r\n", "imap4": b"* OK [CAPABILITY LITERAL- STARTTLS] hi\r\n"}.get(
        protocol, b'"SASL" "PLAIN"\r\n"STARTTLS"\r\nOK\r\n'
    )
    stream = st.one_of(SERVERS[protocol], SERVERS[protocol], HOSTILE_SERVERS[protocol])
    choices = st.integers(0, len(COMMANDS[protocol]) - 1).map(lambda choice: b"\xffK" + bytes([choice]))
    records = st.lists(st.one_of(choices, choices, stream, st.just(b"\xffT")), max_size=8).map(b"".join)
    head = st.binary(min_size=HEAD, max_size=HEAD) | st.just(b"\0\0\0\x02")
    return st.builds(lambda head, greeting, rest: head + greeting + rest, head, st.just(greeting), records)


def client_target(protocol: str, title: str, fuzz: Fuzz) -> Target:
    """Make the target of one protocol."""
    return Target(
        title=title,
        fuzz=fuzz,
        seeds=partial(seeds, protocol),
        words=lambda: (*words_of(protocol), b"\xffT", *(b"\xffK%c" % at for at in range(len(COMMANDS[protocol])))),
        grammar=partial(grammar, protocol),
    )
