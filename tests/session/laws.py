"""What holds of every session, whatever client, real server, map and network do: looked at batch by batch."""

import re
from typing import Final

import attrs

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.literals import Assembler
from perdition.protocol.sasl import Credentials
from perdition.session import Policy, Proto, Session, Tls
from perdition.session.effects import (
    Authenticate,
    Close,
    Connect,
    Effect,
    HangUp,
    Log,
    Lookup,
    Read,
    Relay,
    Send,
    Side,
    StartTls,
)
from tests.laws import TABLES, held, octets_held, shows, tells
from tests.session.helpers import whole

EVIL: Final = b"EVIL"
"""What a real server says, and the client may hear only where the policy lets its words pass."""
TAG: Final = re.compile(rb"^[^ *+\r\n]+ ", re.MULTILINE)
UNREAD: Final = (ReceiveBuffer, Assembler, Policy, Relay)
"""What holds octets that nobody has read yet, or may hold anything."""
NAMES: Final = TABLES | {"_tag", "tag", "_pending"}
"""Where tags are: they are echoed, whatever stands in them; and tables, which hold nothing of a peer."""


@attrs.define
class Watch:
    """Looks at all effects of one session; the canary is the password of its log-ins.

    Attributes:
        policy: of the session.
        client_under_tls: whether the client's leg is under TLS; whoever answers `StartTls` says so.
        server_under_tls: the same of the real server's leg.
        offered_tls: whether the real server has offered TLS on this connection.
        authenticated: whether the system has said yes since the last log-in; whoever answers `Authenticate` says so.
        connected: whether there is a real server.
        heard: what the real server has been told on this connection, since TLS if there was a handshake.
        misplaced: the client has put its password where a name stands: then it may be seen.
        echoed: the client may hear its own octets.
    """

    policy: Policy
    client_under_tls: bool = False
    server_under_tls: bool = False
    offered_tls: bool = False
    authenticated: bool = False
    connected: bool = False
    heard: bytes = b""
    misplaced: bool = False
    echoed: bool = False

    def connect(self, *, tls: bool) -> None:
        """Say that a real server has been reached."""
        self.connected, self.server_under_tls, self.offered_tls, self.heard = True, tls, False, b""

    def secure(self, side: Side) -> None:
        """Say that a handshake is done."""
        if side is Side.CLIENT:
            self.client_under_tls = True
        else:
            self.server_under_tls, self.heard = True, b""

    def take(self, session: Session, effects: list[Effect], *, closely: bool = True) -> Effect:
        """Look at a batch; give the effect that waits or ends.

        Args:
            session: whose it is.
            effects: the batch.
            closely: whether all that the session keeps is looked at, too, which takes its time.
        """
        last = whole(effects)[-1]
        self.misplaced = self.misplaced or shows_in_names(session)
        for effect in effects:
            assert self.misplaced or not tells(effect)
            self.look_at(effect)
        idle = isinstance(last, Read | StartTls) and last.side is Side.CLIENT
        if isinstance(last, Close | Relay) or (idle and closely):
            self.look_at_what_is_kept(session)
        return last

    def look_at(self, effect: Effect) -> None:
        """Check one effect against what has been done so far."""
        match effect:
            case Log(_, line):
                assert line.isascii()
                assert line.isprintable()
                assert self.misplaced or not shows(line.encode())
            case Send(Side.CLIENT, data):
                self.look_at_octets_for_the_client(data)

                assert EVIL not in data or self.policy.server_resp_line
            case Send(Side.SERVER, data):
                self.look_at_octets_for_the_server(data)
            case HangUp():
                self.connected = self.server_under_tls = False
            case Lookup():
                assert not self.policy.login_disabled
                assert self.client_under_tls or self.policy.client_tls is not Tls.REQUIRED
            case Authenticate():
                assert self.policy.authenticate_in
                assert not self.connected
                assert not self.authenticated
            case Connect(_, _, tls):
                assert not self.connected
                assert self.authenticated is self.policy.authenticate_in
                self.authenticated = False
                assert tls is (self.policy.server_tls is Tls.IMPLICIT)
            case Read(Side.SERVER) | StartTls(Side.SERVER):
                assert self.connected
                assert not (isinstance(effect, StartTls) and self.server_under_tls)
            case StartTls(Side.CLIENT):
                assert not self.client_under_tls
            case Relay():
                self.look_at_octets_for_the_client(effect.reply)
                # The capabilities of the time behind the log-in are the real server's (RFC 9051 6.2.3).
                assert EVIL not in effect.reply or self.policy.server_resp_line or self.policy.proto is Proto.IMAP4
                assert self.misplaced or not shows(effect.idle_farewell + effect.closing.encode())

    def look_at_octets_for_the_client(self, data: bytes) -> None:
        """Nothing is sent that is nothing, and no password."""
        assert data
        if self.policy.proto is Proto.IMAP4:  # a client that makes its password a tag gets it back
            data = TAG.sub(b"", data)
        assert self.echoed or not shows(data)

    def look_at_octets_for_the_server(self, data: bytes) -> None:
        """A password goes there only as the policy allows."""
        assert data
        assert self.connected
        self.heard += data
        if not shows(self.heard):
            return
        assert self.server_under_tls or self.policy.server_tls not in (Tls.REQUIRED, Tls.IMPLICIT)
        assert self.server_under_tls or not (self.offered_tls and self.policy.server_tls is Tls.OFFERED)
        assert self.client_under_tls or self.policy.client_tls is not Tls.REQUIRED
        assert not self.policy.login_disabled

    def look_at_what_is_kept(self, session: Session) -> None:
        """While the client is asked, and when all is over, nothing that was read of a log-in is left."""
        if self.misplaced:
            return
        for thing in held(session, but=UNREAD, names=NAMES):
            assert not isinstance(thing, Credentials)
            assert not (isinstance(thing, bytes | bytearray) and shows(bytes(thing)))
            assert not (isinstance(thing, str) and shows(thing.encode("utf-8", "backslashreplace")))

    def look_at_memory(self, session: Session, chunk: int) -> None:
        """However much was said, no more is kept than some messages.

        Args:
            session: to look at.
            chunk: the most octets that one answer has had.
        """
        limits = self.policy.limits
        message = limits.command + max(limits.sasl, limits.line)

        # On both legs one that is read, one that is not whole, and what was understood of another.
        assert octets_held(session, but=(Policy,)) <= 8 * message + limits.block + 2 * chunk + 2000


def shows_in_names(session: Session) -> bool:
    """Tell whether a name that the client gives is the canary."""
    front, credentials = session._front, session._credentials
    names = [getattr(front, "_user", b""), getattr(front._mechanism, "_name", None) or b""]
    if isinstance(credentials, Credentials):
        names += [credentials.authcid, credentials.authzid or b""]
    return any(shows(name) for name in names)
