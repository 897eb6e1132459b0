"""A whole session in memory, between two peers whose octets wait until it reads them, as in the kernel."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from perdition.config.load import load
from perdition.io_trio.service import make_policy
from perdition.maps.outcome import Outcome
from perdition.session import Endpoints, Policy, Session
from perdition.session import effects as fx
from perdition.session.effects import Side

ENDPOINTS: Final = Endpoints(client=("192.0.2.7", 4242), local=("192.0.2.1", 110), banner_host="mail.example")
REAL: Final = "192.0.2.50:2143"
DOWN: Final = "192.0.2.51:2143"
PROTOCOL: Final = {"pop3": "POP3", "imap4": "IMAP4", "managesieve": "MANAGESIEVE"}


def policy_for(protocol: str, options: Mapping[str, str | None]) -> Policy:
    """Give the policy that the daemon has with these options."""
    return _policy_for(protocol, tuple(options.items()))


@cache
def _policy_for(protocol: str, options: tuple[tuple[str, str | None], ...]) -> Policy:
    words = [f"--{name}" if value is None else f"--{name}={value}" for name, value in options]
    config = load(["perdition", f"--protocol={PROTOCOL[protocol]}", "--config_file=", *words])
    return make_policy(config.common)


class Stage:
    """A session and what has been said to it and by it.

    Args:
        policy: of the session.
        popmap: answers to keys.

    Attributes:
        to_client: what the session has said to the client and nobody has taken; to the real server likewise.
        log: its log lines.
        waiting: the effect that waits, or that has ended it.
        hung_up: the real server has been left, and nobody has noticed.
        in_clear: everything that the real server was sent before TLS.
    """

    def __init__(self, policy: Policy, popmap: Callable[[bytes], Outcome]) -> None:
        self.to_client, self.to_server, self.in_clear = bytearray(), bytearray(), bytearray()
        self.log: list[str] = []
        self.hung_up = False
        self._popmap = popmap
        self._secure = False
        self._unread: dict[Side, deque[bytes]] = {side: deque() for side in Side}
        self._session = Session(policy, ENDPOINTS)
        self.waiting: fx.Effect = fx.Close()
        self._perform(self._session.start())
        self._settle()

    def says(self, side: Side, pieces: Sequence[bytes]) -> None:
        """Have a peer send segments; an empty one ends its stream."""
        if isinstance(self.waiting, fx.StartTls) and self.waiting.side is side and any(pieces):
            self.answer(fx.Failed("wrong version number", tls=True))  # octets in clear are no handshake
            return
        self._unread[side].extend(pieces)
        self._settle()

    def has_unread(self, side: Side) -> bool:
        """Tell whether a peer has said what the session has not read."""
        return bool(self._unread[side])

    def answer(self, answer: fx.Answer) -> None:
        """Answer the effect that waits."""
        if isinstance(answer, fx.TlsStarted) and isinstance(self.waiting, fx.StartTls):
            self._secure = self._secure or self.waiting.side is Side.SERVER
        if isinstance(answer, fx.Connected):
            self._secure = isinstance(self.waiting, fx.Connect) and self.waiting.tls
        self._perform(self._session.handle(answer))
        self._settle()

    def take_line(self, side: Side, size: int | None = None) -> bytes:
        """Take a line, or so many octets, of what the session has said; all there is if it is less."""
        said = self.to_client if side is Side.CLIENT else self.to_server
        end = said.find(b"\n") + 1 or len(said) if size is None else size
        taken = bytes(said[:end])
        del said[:end]
        return taken

    def _perform(self, effects: Sequence[fx.Effect]) -> None:
        for effect in effects:
            match effect:
                case fx.Send(side, data):
                    (self.to_client if side is Side.CLIENT else self.to_server).extend(data)
                    if side is Side.SERVER and not self._secure:
                        self.in_clear += data
                case fx.Log(_, line):
                    self.log.append(line)
                case fx.HangUp():
                    self.hung_up = True
                    self._unread[Side.SERVER].clear()
                case fx.Relay(reply, to_client, to_server):
                    self.to_client += reply + to_client
                    self.to_server += to_server
        self.waiting = effects[-1]

    def _settle(self) -> None:
        """Give the answers that need nobody's decision: what is there to be read, the popmap's, the end of a pause."""
        while True:
            match self.waiting:
                case fx.Lookup(key):
                    answer: fx.Answer = self._popmap(key)
                case fx.Delay():
                    answer = fx.Woke()
                case fx.Read(side) if self._unread[side]:
                    answer = fx.Received(self._unread[side].popleft())
                case fx.Relay():
                    return self._pass_on()
                case _:
                    return None
            self._perform(self._session.handle(answer))

    def _pass_on(self) -> None:
        """Behind the hand-over everything is passed on."""
        self.to_server += b"".join(self._unread[Side.CLIENT])
        self.to_client += b"".join(self._unread[Side.SERVER])
        for unread in self._unread.values():
            unread.clear()
