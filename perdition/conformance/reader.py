"""Reads what the two sides of a dialogue say, by the codecs alone: no machine, no state."""

from collections.abc import Mapping
from typing import Any, Final

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.conversation import Row, Status, Table
from perdition.protocol.errors import RemoteProtocolError
from perdition.protocol.imap4 import _tables as imap4_tables
from perdition.protocol.imap4 import codec as imap4_codec
from perdition.protocol.limits import Limits
from perdition.protocol.literals import Assembler
from perdition.protocol.managesieve import _tables as managesieve_tables
from perdition.protocol.managesieve import codec as managesieve_codec
from perdition.protocol.pop3 import _tables as pop3_tables
from perdition.protocol.pop3 import codec as pop3_codec
from perdition.protocol.sasl import read_base64

TABLES: Final[Mapping[str, Table]] = {
    "pop3": pop3_tables.TABLE,
    "imap4": imap4_tables.TABLE,
    "managesieve": managesieve_tables.TABLE,
}
STATUS_WORDS: Final = tuple(status.name.encode() + b" " for status in Status)
CRLF: Final = b"\r\n"
LONG: Final = 1 << 20
"""A limit that no transcript passes, nor the answers of a server in it."""
LIMITS: Final = Limits(line=LONG, sasl=LONG, literal=LONG, command=LONG, block=LONG)


class Greets:
    """What a greeting answers: nothing."""


class Bad:
    """What the answer to a bad command answers."""


GREETS: Final = Greets()
BAD: Final = Bad()


class UnknownVerb(Exception):
    """A client says a command that the protocol does not have."""


BAD_ARGUMENTS: Final = (pop3_codec.BadArgument, imap4_codec.BadArgument, managesieve_codec.BadArgument)
"""What the codecs say of a command that cannot be."""


def row_of(protocol: str, verb: str) -> Row:
    """Give the row of a command, whatever the state: its arguments are the same in all.

    Raises:
        UnknownVerb: there is none.
    """
    for rows in TABLES[protocol].values():
        if verb in rows:
            return rows[verb]
    raise UnknownVerb(f"{protocol} has no {verb}")


def is_command(event: object) -> bool:
    """Tell whether an event is a command of a client."""
    return isinstance(event, pop3.Command | imap4.Command | managesieve.Command)


def is_challenge(event: object) -> bool:
    """Tell whether an event is a SASL challenge."""
    return isinstance(event, pop3.Challenge | imap4.Challenge | managesieve.Challenge)


def is_sasl(asked: Any) -> bool:
    """Tell whether what waits for its answer is a part of a SASL exchange."""
    response = isinstance(asked, pop3.SaslResponse | imap4.SaslResponse | managesieve.SaslResponse)
    return response or (is_command(asked) and asked.verb.startswith("AUTH"))


class Reader:
    """Reads one side of a conversation."""

    def __init__(self, protocol: str) -> None:
        self._protocol = protocol
        self._buffer = ReceiveBuffer()
        self._assembler = Assembler(self._buffer, LIMITS, synchronising=False)
        self._block: tuple[pop3.Reply, list[bytes]] | None = None

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, octets: bytes) -> None:
        """Take what is said."""
        self._buffer.feed(octets)

    @property
    def in_the_middle(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._assembler.begun or self._block is not None

    def client_event(self, *, challenged: bool) -> object | None:
        """Give the next thing that the client says, or None: there is none, or not all of it."""
        match self._protocol:
            case "pop3":
                line = self._buffer.take_line(LONG)
                return None if line is None else pop3_client(line, challenged=challenged)
            case "imap4":
                message = self._assembler.next(LONG, literals=not challenged)
                return imap4_client(message, challenged=challenged) if isinstance(message, tuple) else None
        message = self._assembler.next(LONG)
        return managesieve_client(message, challenged=challenged) if isinstance(message, tuple) else None

    def server_event(self, asked: Any) -> object | None:
        """Give the next thing that the server says, in answer to `asked` (GREETS: nothing), or None."""
        if self._protocol == "pop3":
            return self._pop3_server(asked)
        # `* OK try {5}` and `+ {5}` are legal texts: only untagged data announces literals.
        data = self._buffer.startswith(b"* ") and not any(self._buffer.startswith(word, 2) for word in STATUS_WORDS)
        literals = self._protocol == "managesieve" or self._assembler.begun or data
        message = self._assembler.next(LONG, literals=literals)
        if not isinstance(message, tuple):
            return None
        return imap4_server(message, asked) if self._protocol == "imap4" else managesieve_server(message, asked)

    def _pop3_server(self, asked: Any) -> object | None:
        while (line := self._buffer.take_line(LONG)) is not None:
            if self._block is not None:
                reply, lines = self._block
                if line != b".":
                    lines.append(line.removeprefix(b"."))
                    continue
                self._block = None
                return pop3.Multiline(reply.text, b"".join(line + CRLF for line in lines))
            if is_sasl(asked) and line.partition(b" ")[0] == b"+":
                return pop3.Challenge(challenge(line[2:]))
            reply = pop3_codec.read_reply(line)
            if asked is GREETS:
                return pop3.Greeting(reply.text, reply.status, reply.code)
            block = is_command(asked) and pop3_codec.wants_block(row_of("pop3", asked.verb), asked.args)
            if not block or reply.status is Status.NO:
                return reply
            self._block = reply, []
        return None


def challenge(text: bytes) -> bytes:
    """Read a challenge's base64.

    Raises:
        RemoteProtocolError: it is none.
    """
    data = read_base64(text)
    if data is None:
        raise RemoteProtocolError("expected a challenge in base64")
    return data


def pop3_client(line: bytes, *, challenged: bool) -> object:
    """Read a line of a POP3 client."""
    if challenged:
        return pop3.SaslResponse(pop3_codec.read_sasl(line))
    verb, rest = pop3_codec.read_verb(line)
    return pop3.Command(verb, pop3_codec.read_arguments(row_of("pop3", verb), rest))


def imap4_client(message: tuple[bytes, ...], *, challenged: bool) -> object:
    """Read a message of an IMAP4 client."""
    if challenged:
        return imap4.SaslResponse(imap4_codec.read_sasl(message[0]))
    tag = imap4_codec.read_tag(message[0]) or b""
    verb, at = imap4_codec.read_verb(message[0])
    return imap4.Command(tag, verb, imap4_codec.read_arguments(row_of("imap4", verb), message, at))


def managesieve_client(message: tuple[bytes, ...], *, challenged: bool) -> object:
    """Read a message of a ManageSieve client."""
    if challenged:
        return managesieve.SaslResponse(
            managesieve_codec.read_sasl(managesieve_codec.take_string(managesieve_codec.read_tokens(message)))
        )
    verb, at = managesieve_codec.read_verb(message[0])
    row = row_of("managesieve", verb)
    return managesieve.Command(verb, managesieve_codec.read_arguments(row, message, at))


def imap4_server(message: tuple[bytes, ...], asked: Any) -> object:
    """Read a message of an IMAP4 server."""
    line = message[0]
    text = imap4_codec.read_continuation(line)
    if text is not None:
        return imap4.Challenge(challenge(text)) if is_sasl(asked) else imap4.Continuation(text)
    label, _, rest = line.partition(b" ")
    read = imap4_codec.read_status(rest)
    if read is None and label != b"*":
        raise RemoteProtocolError("expected `*`, `+`, or a tag with OK, NO or BAD behind it")
    if read is None:
        return imap4.Untagged((rest, *message[1:]))
    status, code, text = read
    if label != b"*":
        return imap4.Tagged(label, status, text, code)
    return imap4.Greeting(text, status, code) if asked is GREETS else imap4.Notice(status, text, code)


def managesieve_server(message: tuple[bytes, ...], asked: Any) -> object:
    """Read a message of a ManageSieve server."""
    read = managesieve_codec.read_message(message)
    if isinstance(read, managesieve.Line) and is_sasl(asked):
        word = read.words[0]
        return managesieve.Challenge(challenge(word if isinstance(word, bytes) and len(read.words) == 1 else b"?"))
    return read
