"""The whole session: a hostile client, a hostile real server, and a map, a network and a clock that do anything.

The tape's head: octet 0: the protocol (two bits), the client's TLS, the real server's TLS; octets 1 and 2: a bit for
each switch of the policy; octet 3: how the octets are cut the second time.  Records:

    C  octets of the client (nothing: it closes)        S  octets of the real server (nothing: it closes)
    D  the client is silent for too long                U  the real server is silent for too long
    E  the daemon stops while the client is read        V  the daemon stops while the real server is read
    L  the map answers: an octet that chooses, a value  K  the network answers: an octet that chooses
    T  the handshake ends: an octet that chooses        A  the system checks a password: an octet that chooses

Each kind of record is a queue of its own, so that a mutation in one moves nothing in the others.  When a queue is
empty all goes well, and who is read closes.  What came in clear behind STARTTLS goes into the handshake and breaks it.
"""

import sys
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from perdition.conformance.lines import Speaker
from perdition.maps.outcome import Absent, Broken, Found, Unavailable
from perdition.protocol.limits import Limits
from perdition.session import Policy, Session, Tls
from perdition.session.effects import (
    Answer,
    Authenticate,
    Authenticated,
    Close,
    Connect,
    Connected,
    Deadline,
    Delay,
    Effect,
    Failed,
    HangUp,
    Level,
    Log,
    Lookup,
    NotAuthenticated,
    Read,
    Received,
    Relay,
    Send,
    Side,
    StartTls,
    Stopping,
    TimedOut,
    TlsStarted,
    Woke,
)
from perdition.session.names import Names, State
from tests.fuzz.seeds import transcripts_of
from tests.fuzz.tape import Tape, read_tape, write_tape
from tests.fuzz.target import Target
from tests.laws import CANARY
from tests.session.helpers import ENDPOINTS, MANAGESIEVE, PROTOS, WORDS, policy
from tests.session.laws import EVIL, Watch
from tests.strategies.streams import CLIENTS, SERVERS
from tests.strategies.words import words_of

SMALL: Final = Limits(line=300, sasl=400, literal=60, command=400, block=400, lines=8, bad_commands=6)
NAMES: Final = Names(
    client_server_specification=True, strip_domain=frozenset({State.REMOTE_LOGIN}), lower_case=frozenset(State)
)
SWITCHES: Final[tuple[Mapping[str, Any], ...]] = (
    {"server_resp_line": True},
    {"username_from_database": True},
    {"login_disabled": True},
    {"limits": SMALL},
    {"names": NAMES},
    {"outgoing_servers": ()},
    {"failures": 1},
    {"commands": 3},
    {"authenticate_in": True},
    {"connection_logging": True},
)
TLS: Final = tuple(Tls)
READS: Final[Mapping[bytes, tuple[Side, Answer | None]]] = {
    b"C": (Side.CLIENT, None),
    b"D": (Side.CLIENT, TimedOut()),
    b"E": (Side.CLIENT, Stopping()),
    b"S": (Side.SERVER, None),
    b"U": (Side.SERVER, TimedOut()),
    b"V": (Side.SERVER, Stopping()),
}
CONNECTS: Final = (Connected(), Failed("refused"), Failed("expired", tls=True), TimedOut())
CHECKS: Final = (Authenticated(), NotAuthenticated("no"), Failed("d\xe9ad\n"), TimedOut())
HANDSHAKES: Final = (TlsStarted(), Failed("no\ncipher", tls=True), TimedOut(), Stopping())


def policy_of(head: bytes) -> Policy:
    """Read the policy from the head."""
    changes: dict[str, Any] = {"outgoing_servers": (("real", None), ("real2", "2110")), "commands": 25, "failures": 3}
    for bit, change in enumerate(SWITCHES):
        if (head[1] | head[2] << 8) >> bit & 1:
            changes |= change
    client_tls, server_tls = TLS[head[0] >> 2 & 3], TLS[head[0] >> 4 & 3]
    return policy(PROTOS[head[0] % 4 % 3], client_tls=client_tls, server_tls=server_tls, **changes)


def map_answer(octets: bytes) -> Answer:
    """Read what the map answers."""
    value = octets[1:].replace(CANARY, b"").replace(EVIL, b"")
    return (Found(value), Absent(), Unavailable("d\xe9ad\n"), Broken("row"), TimedOut())[(octets or b"\1")[0] % 5]


def one_of(answers: tuple[Any, ...], octets: bytes) -> Any:
    """Choose by the first octet."""
    return answers[(octets or b"\0")[0] % len(answers)]


@attrs.define
class Peers:
    """All that a session meets: queues of answers."""

    tape: Tape
    size: int
    reads: dict[Side, deque[Answer]] = attrs.field(factory=lambda: defaultdict(deque))
    others: dict[bytes, deque[bytes]] = attrs.field(factory=lambda: defaultdict(deque))
    rest: dict[Side, bytes] = attrs.field(factory=lambda: {Side.CLIENT: b"", Side.SERVER: b""})
    fed: dict[Side, bytes] = attrs.field(factory=lambda: {Side.CLIENT: b"", Side.SERVER: b""})
    injected: bool = False

    def __attrs_post_init__(self) -> None:
        for record in self.tape.records:
            side, answer = READS.get(record.tag or b"C", (None, None))
            if side is None:
                self.others[record.tag].append(record.octets)
            elif answer is None:  # neither side has the other's words by chance
                octets = record.octets.replace(EVIL if side is Side.CLIENT else CANARY, b"")
                self.reads[side].append(Received(octets))
            else:
                self.reads[side].append(answer)

    def answer(self, wait: Effect) -> Answer:
        """Answer the effect that waits."""
        match wait:
            case Read(side):
                return self.read(side)
            case StartTls(side):
                return self.handshake(side)
            case Lookup():
                return map_answer(self.next_of(b"L"))
            case Authenticate():
                checked: Answer = one_of(CHECKS, self.next_of(b"A"))
                return checked
            case Connect():
                answer: Answer = one_of(CONNECTS, self.next_of(b"K"))
                return answer
            case Delay():
                return Woke()
        raise AssertionError(f"nothing waits: {wait}")

    def next_of(self, tag: bytes) -> bytes:
        """Take the next record of a kind."""
        return self.others[tag].popleft() if self.others[tag] else b""

    def read(self, side: Side) -> Answer:
        """Give the next octets of a side, or what happens instead."""
        if not self.rest[side]:
            answer = self.reads[side].popleft() if self.reads[side] else Received(b"")
            if not isinstance(answer, Received) or not answer.data:
                return answer
            self.rest[side] = answer.data
        data, self.rest[side] = self.rest[side][: self.size], self.rest[side][self.size :]
        self.fed[side] += data
        return Received(data)

    def handshake(self, side: Side) -> Answer:
        """Give the end of a handshake; octets in clear that are on their way break it."""
        answer: Answer = one_of(HANDSHAKES, self.next_of(b"T"))
        if self.rest[side]:
            self.rest[side], self.injected = b"", True
            return Failed("wrong version number", tls=True)
        if isinstance(answer, TlsStarted):
            self.fed[side] = b""
        return answer if side is Side.CLIENT or not isinstance(answer, Stopping) else TimedOut()


@attrs.define
class Run:
    """One session with one tape: what it did, however the octets were cut."""

    injected: bool = False
    to_client: bytes = b""
    to_server: list[bytes] = attrs.field(factory=lambda: [b""])
    lines: list[str] = attrs.field(factory=list)
    waits: list[Effect] = attrs.field(factory=list)
    relay: Relay | None = None


def run(tape: Tape, size: int) -> Run:
    """Play a tape to its end; look at every batch."""
    the_policy = policy_of(tape.head)
    said = b"".join(record.octets for record in tape.records if record.tag in (b"", b"C"))
    echoed = the_policy.proto is MANAGESIEVE and b"NOOP" in said.upper()
    watch, peers, done = Watch(the_policy, echoed=echoed), Peers(tape, size), Run()
    session = Session(the_policy, ENDPOINTS)
    effects = session.start()
    longest = max((len(record.octets) for record in tape.records), default=0)
    for count in range(sys.maxsize):
        closely = size == sys.maxsize or count % 16 == 0
        last = watch.take(session, effects, closely=closely)
        note(done, effects)
        if closely:
            watch.look_at_memory(session, min(size, longest))
        if isinstance(last, Close | Relay):
            break
        answer = peers.answer(last)
        match last, answer:
            case StartTls(side), TlsStarted():
                watch.secure(side)
            case Authenticate(), Authenticated():
                watch.authenticated = True
            case Connect(_, _, tls), Connected():
                watch.connect(tls=tls)
        if any(isinstance(effect, HangUp) for effect in effects):
            peers.rest[Side.SERVER] = peers.fed[Side.SERVER] = b""
        effects = session.handle(answer)
    done.injected = peers.injected or any("(injected)" in line for line in done.lines)
    if isinstance(last, Relay):
        assert peers.fed[Side.CLIENT].endswith(last.to_server)
        assert peers.fed[Side.SERVER].endswith(last.to_client)
        to_client, to_server = last.to_client + peers.rest[Side.SERVER], last.to_server + peers.rest[Side.CLIENT]
        done.relay = attrs.evolve(last, to_client=to_client, to_server=to_server)
    return done


def note(done: Run, effects: list[Effect]) -> None:
    """Keep what does not depend on how octets were cut: patience does, and how often somebody is read."""
    for effect in effects:
        match effect:
            case Send(Side.CLIENT, data):
                done.to_client += data
            case Send(Side.SERVER, data):
                done.to_server[-1] += data
            case HangUp():
                done.to_server.append(b"")
            case Log(Level.DEBUG):
                pass  # what we say at once is shown at once (connection_logging)
            case Log(_, line):
                done.lines.append(line)
            case Read() | Deadline() | Relay():
                pass
            case _:
                done.waits.append(effect)


def fuzz(data: bytes) -> None:
    """Play a tape, whole and cut."""
    tape = read_tape(data)
    whole = run(tape, sys.maxsize)
    cut = run(tape, 1 + tape.head[3] % 64)
    if whole.injected or cut.injected:
        return  # what stands in clear behind STARTTLS is refused at once, or breaks the handshake

    assert cut == whole


def head_of(
    proto: Any, client_tls: Tls = Tls.NONE, server_tls: Tls = Tls.NONE, switches: int = 0, cut: int = 2
) -> bytes:
    """Write a head."""
    legs = PROTOS.index(proto) | TLS.index(client_tls) << 2 | TLS.index(server_tls) << 4
    return bytes((legs, switches & 0xFF, switches >> 8, cut))


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give log-ins of each protocol, and each transcript with the client's or with the real server's words."""
    for proto in PROTOS:
        words = WORDS[proto]
        log_in = words.log_in.replace(b"hunter2", CANARY)
        steps = [words.greeting, *(says for _, says in words.steps if says)]
        for name, last in (("good", words.good), ("bad", words.bad)):
            records = [(b"C", log_in), *((b"S", said) for said in (*steps, last)), (b"C", words.log_out)]
            yield f"{proto.value}-{name}", write_tape(records, head_of(proto))
            for tls in (Tls.OFFERED, Tls.REQUIRED):
                tape = [(b"C", words.start_tls), *records[:1], (b"S", words.greeting), (b"S", words.good), *records[1:]]
                yield f"{proto.value}-{name}-{tls.value}", write_tape(tape, head_of(proto, tls, tls, 0b1001))
        for transcript in transcripts_of(proto.value):
            for speaker, tag, head in (
                (Speaker.CLIENT, b"C", head_of(proto, Tls.OFFERED)),
                (Speaker.SERVER, b"S", head_of(proto, server_tls=Tls.OFFERED, switches=1)),
            ):
                records = [] if speaker is Speaker.CLIENT else [(b"C", log_in)]
                records += [(tag, step.octets) for step in transcript.steps if step.speaker is speaker]
                records += [(b"S", said) for said in (*steps, words.good)] if speaker is Speaker.CLIENT else []
                yield f"{proto.value}-{transcript.name}-{speaker.name.lower()}", write_tape(records, head)


def words() -> list[bytes]:
    """Give the words of all three protocols, and the tags of records."""
    tags = [b"\xff%c" % tag for tag in b"CDESUVLKTA"]
    spoken = [word for proto in PROTOS for word in words_of(proto.value)]
    return [*dict.fromkeys(spoken), *tags, b"\xffL\0jane@other:2110", EVIL, b"cafe0123", b"joe@server:143"]


def grammar() -> st.SearchStrategy[bytes]:
    """Give sessions of each protocol whose peers are valid, nearly valid and hostile by turns."""
    return st.one_of([grammar_of(proto) for proto in PROTOS])


def grammar_of(proto: Any) -> st.SearchStrategy[bytes]:
    """Give sessions of one protocol."""
    words = WORDS[proto]
    log_in = words.log_in.replace(b"hunter2", CANARY)
    good = [(b"S", said) for said in (words.greeting, *(says for _, says in words.steps if says), words.good)]
    start_tls: list[tuple[bytes, bytes]] = [(b"C", words.start_tls)]
    any_record = st.one_of(
        st.tuples(st.just(b"C"), CLIENTS[proto.value]),
        st.tuples(st.just(b"S"), SERVERS[proto.value]),
        st.tuples(st.sampled_from((b"L", b"K", b"T", b"A")), st.binary(max_size=8)),
        st.sampled_from(((b"D", b""), (b"E", b""), (b"U", b""), (b"V", b""), (b"L", b"\0jane@other:2110"))),
    )
    records = st.lists(st.one_of(any_record, any_record, st.just((b"C", log_in)), st.sampled_from(good)), max_size=8)
    begins = st.sampled_from(([], start_tls, good[:1], [(b"C", log_in), *good], [*start_tls, (b"C", log_in), *good]))
    heads = st.builds(
        head_of, st.just(proto), st.sampled_from(TLS), st.sampled_from(TLS), st.integers(0, 1023), st.integers(0, 63)
    )
    return st.builds(lambda head, begin, more: write_tape([*begin, *more], head), heads, begins, records)


TARGET: Final = Target(
    title="the whole session, with both peers hostile", fuzz=fuzz, seeds=seeds, words=words, grammar=grammar
)
