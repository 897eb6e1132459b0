"""A server machine with a hostile client: what the three targets share.

The tape's head: octet 0 chooses the state to begin in (low six bits), TLS (0x40) and larger limits (0x80); octets
1 and 2 have a bit for each answer, set: no; octet 3 is how the octets are cut the second time.  Records: `T` is the
handshake, if one is due; what stands before it came in clear.
"""

import sys
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Final

import attrs
import pytest
from hypothesis import strategies as st

from perdition.conformance.lines import Speaker
from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.machine import Closed
from perdition.protocol.signals import PAUSED, Signal
from tests.fuzz.seeds import transcripts_of
from tests.fuzz.tape import HEAD, Record, pieces, read_tape, write_tape
from tests.fuzz.target import Fuzz, Target
from tests.laws import CANARY, octets_held, shows, tells
from tests.protocol.helpers import (
    HANDSHAKE,
    OK,
    SMALL,
    WAYS,
    Script,
    is_starttls,
    pair_in,
    pull,
    serve,
    server_in,
    verdict,
)
from tests.strategies.streams import CLIENTS, HOSTILE_CLIENTS
from tests.strategies.words import words_of

LARGE: Final = Limits(line=512, sasl=1024, literal=256, command=1024, block=1024, lines=16, bad_commands=8)
UNDER_TLS: Final = 0x40
LARGE_LIMITS: Final = 0x80
ROOM: Final = 150
"""Octets that a POP3 argument may have in any case, in base64 too."""
MOST_ROUND_TRIPS: Final = 4
"""Each needs a new pair of machines."""


@attrs.frozen
class Begin:
    """How a play begins: the tape's head."""

    state: str
    tls: bool
    limits: Limits
    answers: tuple[bool, ...]
    cut: int


def begin_of(protocol: str, head: bytes) -> Begin:
    """Read the head."""
    states = list(WAYS[protocol])
    answers = tuple(not (head[1] | head[2] << 8) >> bit & 1 for bit in range(16))
    tls, limits = bool(head[0] & UNDER_TLS), LARGE if head[0] & LARGE_LIMITS else SMALL
    return Begin(states[(head[0] & 0x3F) % len(states)], tls, limits, answers, 1 + head[3] % 64)


class Play:
    """A server machine and all that it said to one tape."""

    def __init__(self, protocol: str, begin: Begin) -> None:
        self.said: list[object] = []
        self.commands: list[tuple[bool, Any]] = []  # as they were heard, and whether under TLS
        self._protocol = protocol
        self._limits = begin.limits
        self._script = Script(begin.answers)
        self._tag = b""
        self._server = server_in(protocol, begin.state, tls=begin.tls, limits=begin.limits)

    def play(self, records: tuple[Record, ...], size: int) -> list[object]:
        """Feed the records in pieces of a size; give all that the machine made of them."""
        try:
            for record in records:
                if not self._take(pieces(record.octets, size)):
                    return self.said
            self._server.receive_data(b"")
            self._listen(more=False)
        except RemoteProtocolError as error:
            self._look_at_error(error)
            self.said.append(verdict(error))
        return self.said

    def _take(self, chunks: list[bytes]) -> bool:
        """Feed one record, and do the handshake if that is due at its end; False: the play is over."""
        limits = self._limits
        for at, chunk in enumerate(chunks, 1):
            self._server.receive_data(chunk)
            if not self._listen(more=at < len(chunks)):
                return False

            assert octets_held(self._server) <= limits.command + max(limits.sasl, limits.line) + len(chunk) + 64
        if self._server.next_event() is PAUSED:
            self._server.start_tls()
            if self._protocol == "managesieve":
                self.said.append(self._server.send(managesieve.Response(OK)))
        return True

    def _listen(self, *, more: bool) -> bool:
        """Take and answer all events.

        Args:
            more: whether more octets of this record are to come.

        Returns:
            False: the conversation is over, or octets in clear stand behind STARTTLS.
        """
        while not isinstance(event := self._server.next_event(), Signal):
            if is_starttls(event) and more:
                self.said.append(HANDSHAKE)  # whole, they would have been refused in its place
                return False
            self.said.append(event)
            if isinstance(event, Closed):
                return False
            self._look_at(event)
            if isinstance(event, pop3.Command | imap4.Command | managesieve.Command):
                self.commands.append((self._server.tls, event))
                self._tag = getattr(event, "tag", b"")
            for answer in serve(event, self._tag, self._script):
                octets = self._server.send(answer)

                assert octets.endswith(b"\r\n")
                self.said.append(octets)
        return True

    def _look_at(self, event: object) -> None:
        """No password shows, and what is said to a bad command has none of its octets but the tag."""
        match event:
            case pop3.BadCommand(reply):
                assert not shows(reply.text)
            case imap4.BadCommand(imap4_reply):
                assert not shows(imap4_reply.text)
            case managesieve.BadCommand(response):
                assert not shows(response.text)
            case pop3.SaslResponse() | imap4.SaslResponse() | managesieve.SaslResponse():
                assert not tells(event)
            case pop3.Command(_, args) | imap4.Command(_, _, args) | managesieve.Command(_, args):
                public = (getattr(event, "tag", b""), *args)
                if not any(isinstance(arg, bytes) and CANARY in arg for arg in public):
                    assert CANARY.decode() not in repr(event)

    def _look_at_error(self, error: RemoteProtocolError) -> None:
        """It shows nothing, the machine is dead, and a farewell can be said."""
        assert not tells(error)
        assert not tells(self._server)
        assert self._server.farewell(error.fault).count(b"\r\n") == 1
        with pytest.raises(LocalProtocolError):
            self._server.next_event()


@cache
def state_for(protocol: str, verb: str, tls: bool) -> str | None:
    """Find a state in which a command is legal."""
    states = (state for state in WAYS[protocol] if server_in(protocol, state, tls=tls)._conversation.row(verb))
    return next(states, None)


def as_sent(command: Any) -> Any:
    """Give what a client sends for a server to hear the command: free text is heard as it is written."""
    if not isinstance(command, imap4.Command) or command.verb in ("LOGIN", "AUTHENTICATE"):
        return command
    return attrs.evolve(command, args=tuple(imap4.Raw(arg) for arg in command.args if isinstance(arg, bytes)))


def hear_again(protocol: str, command: Any, *, tls: bool) -> None:
    """Assert that a client machine can say what a server machine heard, and that it is heard as the same."""
    state = state_for(protocol, command.verb, tls)

    assert state is not None
    client, server = pair_in(protocol, state, tls=tls)
    if isinstance(command, imap4.Command):
        command = attrs.evolve(command, tag=b"t")  # ours are a little stricter than what we take
    sent = as_sent(command)
    try:
        octets = client.send(sent)
    except LocalProtocolError as error:
        assert not tells(error)
        # Ours is stricter than what we take: it writes no literals of others, and POP3 has short lines (RFC 2449 4).
        assert any(isinstance(arg, imap4.Raw) or (protocol == "pop3" and len(arg) > ROOM) for arg in sent.args)
        return
    heard = pull(server, octets)
    while isinstance(heard[0], imap4.LiteralOffered):
        pull(client, server.send(imap4.Continuation()))
        heard = pull(server, client.send_literal())

    assert heard == [command]


def fuzz_server(protocol: str, data: bytes) -> None:
    """Play a tape whole and cut, and say again what was heard."""
    tape = read_tape(data)
    begin = begin_of(protocol, tape.head)
    play = Play(protocol, begin)

    whole = play.play(tape.records, sys.maxsize)

    assert Play(protocol, begin).play(tape.records, begin.cut) == whole
    for tls, command in play.commands[:MOST_ROUND_TRIPS]:
        hear_again(protocol, command, tls=tls)


def seeds(protocol: str) -> Iterator[tuple[str, bytes]]:
    """Give what the clients of all transcripts say, and that with larger limits and a no to everything."""
    for transcript in transcripts_of(protocol):
        records = [(b"", b"")]
        for step in transcript.steps:
            if step.word == "tls":
                records.append((b"T", b""))
            elif step.speaker is Speaker.CLIENT:
                tag, octets = records[-1]
                records[-1] = tag, octets + step.octets
        for name, head in (("", b"\x80\0\0\0"), ("-no", b"\x80\xff\xff\x02"), ("-small", b"\0\x05\0\x06")):
            yield f"{transcript.name}{name}", write_tape(records, head)


def grammar(protocol: str) -> st.SearchStrategy[bytes]:
    """Give plays with streams of all kinds, some with a handshake."""
    head = st.binary(min_size=HEAD, max_size=HEAD) | st.just(b"\0\0\0\x02")
    stream = st.one_of(CLIENTS[protocol], CLIENTS[protocol], HOSTILE_CLIENTS[protocol])
    starttls = {"pop3": b"STLS\r\n", "imap4": b"s STARTTLS\r\n", "managesieve": b"STARTTLS\r\n"}[protocol]
    secured = st.builds(lambda one, two: one + starttls + b"\xffT" + two, stream, stream)
    return st.builds(bytes.__add__, head, st.one_of(stream, stream, secured))


def server_target(protocol: str, title: str, fuzz: Fuzz) -> Target:
    """Make the target of one protocol."""
    return Target(
        title=title,
        fuzz=fuzz,
        seeds=partial(seeds, protocol),
        words=lambda: (*words_of(protocol), b"\xffT"),
        grammar=partial(grammar, protocol),
    )
