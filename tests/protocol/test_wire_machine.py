"""A client and a server machine joined by two pipes: what one sends is what the other hears, whatever happens between.

Octets go through the pipes in pieces of any size and as late as they like; commands are pipelined as far as the client
machine lets them go; STARTTLS, refusals, literals, challenges and the loss of either side may come at any moment.

The laws: everything is heard in the order in which it was said, and nothing else; nobody waits for the other for ever;
when all has arrived and all is answered, both sides are in the same state; no machine holds more than its limits say.
"""

from collections import deque
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import Status
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.machine import Closed
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED, Signal
from tests.laws import octets_held
from tests.protocol.helpers import NO, OK, PROTOCOLS, answer_to, new_client, new_server
from tests.strategies.events import as_heard, commands_by_verb

LIMITS: Final = Limits(line=400, sasl=600, literal=300, command=600, block=800, lines=6, bad_commands=3)
TIGHT: Final = Limits(line=60, sasl=70, literal=12, command=80, block=100, lines=2, bad_commands=3)
"""What a log-in may pass."""
SMALLEST: Final = 12
"""No message of fewer octets passes a limit."""
COMMANDS: Final = {protocol: commands_by_verb(protocol) for protocol in PROTOCOLS}
CANCELS: Final = {"pop3": pop3.SaslCancel(), "imap4": imap4.SaslCancel(), "managesieve": managesieve.SaslCancel()}
RESPONSES: Final = {"pop3": pop3.SaslResponse, "imap4": imap4.SaslResponse, "managesieve": managesieve.SaslResponse}
CHALLENGES: Final = {"pop3": pop3.Challenge, "imap4": imap4.Challenge, "managesieve": managesieve.Challenge}
GREETINGS: Final[dict[str, tuple[tuple[Any, ...], ...]]] = {
    "pop3": ((pop3.Greeting(b"hi"),), (pop3.Greeting(b"hi"),), (pop3.Greeting(b"busy", NO),)),
    "imap4": (
        (imap4.Greeting(b"hi"),),
        (imap4.Greeting(b"hi", code=b"CAPABILITY IMAP4rev1 LITERAL+"),),
        (imap4.Greeting(b"hi", Status.PREAUTH),),
        (imap4.Greeting(b"later", Status.BYE),),
    ),
    "managesieve": (
        (managesieve.Response(OK),),
        (managesieve.Line((b"SASL", b"PLAIN")), managesieve.Line((b"STARTTLS",)), managesieve.Response(OK)),
        (managesieve.Response(Status.BYE, b"later"),),
    ),
}
MORE: Final[dict[str, tuple[Any, ...]]] = {
    "pop3": (),
    "imap4": (
        imap4.Notice(OK, b"still here"),
        imap4.Notice(NO, b"careful", b"ALERT"),
        imap4.Untagged((b"CAPABILITY IMAP4rev1 LITERAL-",)),
        imap4.Untagged((b"1 FETCH (BODY[] {3}", b"\r\n\0", b")")),
    ),
    "managesieve": (managesieve.Line((b"x", "ACTIVE")), managesieve.Line((b"\r\n",)), managesieve.Line((b"a", b"b"))),
}
"""What a server may say before its answer."""


class Wire(RuleBasedStateMachine):
    """Rules are what the peers and the network do; expectations are queues of what was said and not yet heard."""

    @initialize(protocol=st.sampled_from(PROTOCOLS), limits=st.sampled_from((Limits(), LIMITS, LIMITS, TIGHT)))
    def begin(self, protocol: str, limits: Limits) -> None:
        """Connect."""
        self.protocol, self.limits = protocol, limits
        self.connect()

    def connect(self) -> None:
        """Make both machines, and pipes that are empty."""
        self.client, self.server = new_client(self.protocol, self.limits), new_server(self.protocol, self.limits)
        self.up, self.down = bytearray(), bytearray()
        self.for_server: deque[Any] = deque()
        self.for_client: deque[Any] = deque()
        self.greets = True  # the server's word comes first, and in ManageSieve again under TLS
        self.owed: Any = None  # a command or a SASL response that the server has heard and not answered
        self.bad: Any = None  # a bad command whose reply is due
        self.tag = b""  # of the IMAP4 command that the server is busy with
        self.challenged = self.asked = False  # the client owes a response; the rest of a command
        self.longest = 0  # message of the client
        self.count = 0
        self.over = False
        self.client_ended = self.server_ended = False  # each has heard that the other is gone, or the conversation over

    # --- the client speaks

    def say_up(self, octets: bytes) -> None:
        """Put the client's octets into the pipe."""
        assert octets
        self.longest = max(self.longest, len(octets))
        self.up += octets

    @precondition(lambda self: not self.over and not self.challenged and not self.asked)
    @rule(data=st.data())
    def client_commands(self, data: st.DataObject) -> None:
        """It sends a command, if its machine lets that go: the one before may not have been answered."""
        known = COMMANDS[self.protocol]
        legal = [verb for verb in known if self.client._conversation.row(verb)]
        verb = data.draw(st.sampled_from(legal or list(known)))
        command = data.draw(known[verb][1])
        if isinstance(command, imap4.Command):
            self.count += 1
            command = imap4.Command(b"t%d" % self.count, command.verb, command.args)
        try:
            octets = self.client.send(command)
        except LocalProtocolError:
            return
        self.say_up(octets)
        self.for_server.append(as_heard(command))

    @precondition(lambda self: self.challenged and not self.over)
    @rule(response=st.one_of(st.none(), st.binary(max_size=60)))
    def client_responds(self, response: bytes | None) -> None:
        """It answers a challenge, or gives up."""
        event = CANCELS[self.protocol] if response is None else RESPONSES[self.protocol](Secret(response))
        self.say_up(self.client.send(event))
        self.for_server.append(event)
        self.challenged = False

    @precondition(lambda self: self.asked and not self.over)
    @rule()
    def client_goes_on(self) -> None:
        """It sends the literal that the server has asked for, and what stands behind it."""
        self.say_up(self.client.send_literal())
        self.asked = False

    # --- the server speaks

    def say_down(self, *events: Any) -> None:
        """Let the server say events."""
        for event in events:
            octets = self.server.send(event)

            assert octets
            self.down += octets
            self.for_client.append(event)

    @precondition(lambda self: self.greets and not self.over)
    @rule(choice=st.integers(0, 3))
    def server_greets(self, choice: int) -> None:
        """It says its first word."""
        greetings = GREETINGS[self.protocol]
        self.greets = False
        self.say_down(*greetings[choice % len(greetings)])
        self.server_hears()

    @precondition(lambda self: self.owed is not None and not self.over)
    @rule(yes=st.sampled_from((True, True, False)), more=st.lists(st.integers(0, 9), max_size=2))
    def server_answers(self, *, yes: bool, more: list[int]) -> None:
        """It answers what it has heard, in ManageSieve and IMAP4 perhaps with data before."""
        owed, self.owed = self.owed, None
        events = MORE[self.protocol]
        if owed == managesieve.Command("CAPABILITY"):
            events = (managesieve.Line((b"SIEVE", b"fileinto")), managesieve.Line((b"STARTTLS",)))
        sasl = self.server._conversation.pending(self.tag if self.protocol == "imap4" else 0)[1].sasl
        if events and not (sasl and self.protocol == "managesieve"):
            self.say_down(*(events[at % len(events)] for at in more))
        if isinstance(owed, pop3.SaslResponse | managesieve.SaslResponse):
            final: Any = (
                pop3.Reply(OK if yes else NO) if self.protocol == "pop3" else managesieve.Response(OK if yes else NO)
            )
        elif isinstance(owed, imap4.SaslResponse):
            final = imap4.Tagged(self.tag, OK if yes else NO, b"x")
        else:
            final = answer_to(owed, OK if yes else NO)
        self.say_down(final)
        self.server_hears()

    @precondition(lambda self: self.owed is not None and not self.over)
    @rule(challenge=st.binary(max_size=30))
    def server_challenges(self, challenge: bytes) -> None:
        """It asks for more, if this is SASL."""
        if not self.server._conversation.pending(self.tag if self.protocol == "imap4" else 0)[1].sasl:
            return
        self.owed = None
        self.say_down(CHALLENGES[self.protocol](challenge))
        self.server_hears()

    @precondition(lambda self: self.bad is not None and not self.over)
    @rule()
    def server_refuses(self) -> None:
        """It answers a bad command, or a literal that it does not want."""
        bad, self.bad = self.bad, None
        self.say_down(bad)
        self.server_hears()

    # --- the network

    @precondition(lambda self: self.up and not self.over)
    @rule(size=st.sampled_from((1, 2, 7, 50, 10_000)))
    def octets_go_up(self, size: int) -> None:
        """Some octets reach the server."""
        chunk = bytes(self.up[:size])
        del self.up[:size]
        self.server.receive_data(chunk)
        self.server_hears()

    @precondition(lambda self: self.down and not self.over)
    @rule(size=st.sampled_from((1, 2, 7, 50, 10_000)))
    def octets_go_down(self, size: int) -> None:
        """Some octets reach the client."""
        chunk = bytes(self.down[:size])
        del self.down[:size]
        self.client.receive_data(chunk)
        self.client_hears()

    @precondition(lambda self: not self.over and self.client._handshake_due and self.server._handshake_due)
    @rule()
    def handshake(self) -> None:
        """The client has heard that the server agrees: both are under TLS."""
        assert not self.up
        assert not self.down
        self.client.start_tls()
        self.server.start_tls()
        self.greets = self.protocol == "managesieve"  # RFC 5804 2.2

    @precondition(lambda self: not self.over)
    @rule(who=st.sampled_from(("client", "server")), patience=st.integers(0, 12))
    def somebody_is_lost(self, who: str, patience: int) -> None:
        """A side is gone; what it had said may arrive or not.  Not too often, or nothing else would happen."""
        if patience:
            return
        machine, pipe = (self.client, self.down) if who == "server" else (self.server, self.up)
        half = bytes(pipe[: len(pipe) // 2])
        if half:
            machine.receive_data(half)
        machine.receive_data(b"")
        # First what was still heard; its answers go nowhere.
        (self.client_hears if who == "server" else self.server_hears)(at_end=True)
        self.over = True

    @precondition(lambda self: self.over)
    @rule()
    def begin_again(self) -> None:
        """Another client comes."""
        self.connect()

    # --- what is heard

    def server_hears(self, *, at_end: bool = False) -> None:
        """Take all that the server has to say about what came, and compare it with what was said."""
        try:
            while not isinstance(event := self.server.next_event(), Signal):
                if isinstance(event, Closed):
                    assert at_end or self.server.state.name == "CLOSED"
                    return
                self.server_heard(event)
        except RemoteProtocolError as error:
            self.may_fail(error, at_end=at_end)

    def server_heard(self, event: Any) -> None:
        """Compare one event; remember what the server owes for it."""
        match event:
            case imap4.LiteralOffered(tag, size):
                assert self.for_server[0].tag == tag
                if size % 3:
                    self.say_down(imap4.Continuation(b"go"))
                else:
                    self.bad = imap4.Tagged(tag, NO, b"no")
                    self.for_server.popleft()
            case pop3.BadCommand(reply) | imap4.BadCommand(reply) | managesieve.BadCommand(reply):
                said = self.for_server.popleft()
                # What was legal when it was said may be so no more: its answer was on the way.  Or it is too large.
                if said != CANCELS[self.protocol]:
                    assert self.limits is TIGHT or self.server._conversation.row(said.verb) is None
                self.bad = reply
            case _:
                assert event == self.for_server.popleft()
                self.owed = event
                self.tag = event.tag if isinstance(event, imap4.Command) else self.tag

    def client_hears(self, *, at_end: bool = False) -> None:
        """Take all that the client has to say about what came, and compare it with what was said."""
        try:
            while not isinstance(event := self.client.next_event(), Signal):
                if isinstance(event, Closed):
                    assert at_end or self.client.state.name == "CLOSED"
                    return

                assert event == self.for_client.popleft()
                self.challenged = isinstance(event, CHALLENGES[self.protocol])
                self.asked = isinstance(event, imap4.Continuation)
        except RemoteProtocolError as error:
            self.may_fail(error, at_end=at_end)

    def may_fail(self, error: RemoteProtocolError, *, at_end: bool) -> None:
        """A stream that ends in the middle is a failure; so is what passes a limit; nothing else is."""
        self.over = True
        match error.fault:
            case Fault.CLOSED:
                assert at_end
            case Fault.TOO_LONG:
                assert self.limits is not Limits()
                assert self.longest > SMALLEST or self.protocol != "pop3"
            case Fault.TOO_MANY:
                assert self.server._bad_commands > self.limits.bad_commands
            case _:
                raise error

    # --- the laws that hold at all times

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        """When all has arrived and nobody owes anything, both agree where they are, and the client may speak."""
        if not hasattr(self, "client") or self.over or self.up or self.down or self.greets:
            return
        if self.owed is not None or self.bad is not None or self.challenged or self.asked:
            return
        assert self.client.state is self.server.state
        if self.client.state.name == "CLOSED":
            return
        signals = {self.client.next_event(), self.server.next_event()}

        assert signals in ({NEED_DATA}, {PAUSED})  # PAUSED: the handshake is next
        assert self.client.tls is self.server.tls
        assert not self.for_client
        assert not self.for_server
        greets = signals == {PAUSED} and self.protocol == "managesieve"

        assert self.client._conversation.waiting is greets
        assert self.server._conversation.waiting is greets

    @invariant()
    def limits_hold(self) -> None:
        """No machine holds more than its limits say, beside what it was fed at once."""
        if not hasattr(self, "client"):
            return
        limits = self.limits
        message = limits.command + max(limits.sasl, limits.line)

        assert octets_held(self.server) <= message + limits.backlog
        assert octets_held(self.client) <= 3 * message + limits.block + limits.backlog


Wire.TestCase.settings = settings(stateful_step_count=60)
TestWire = Wire.TestCase
