"""One listening socket on the loop."""

import errno
import os
import select
import socket
from collections.abc import Callable
from typing import Final

import trio

from perdition.io_trio.limits import FOREVER
from perdition.io_trio.loop import Loop

AT_ONCE: Final = 16
"""How many connections are accepted before log-ins and sessions have their turn."""
OUT_OF_DESCRIPTORS: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
MOMENT: Final = 0.01
"""How many seconds a worker with many connections gives others for theirs."""
PAUSE: Final = 0.1
"""How many seconds a listener rests when there is no descriptor left."""


class Acceptor:
    """Accepts connections, from now on until it is closed.

    Args:
        loop: what calls it.
        sock: the listening socket, which it closes; it does not block.
        take: called with each connection, which does not block, and its client.
        complain: told when there is no descriptor left.
        has_turn: whether the next connection is ours; else another worker has a moment to accept it.
    """

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        take: Callable[[socket.socket, tuple[str, int]], None],
        complain: Callable[[str], None],
        has_turn: Callable[[], bool] = lambda: True,
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._take = take
        self._complain = complain
        self._has_turn = has_turn
        self._limit = loop.limits.make(self)  # of a rest
        self._is_held = False
        self._listens = False
        self._listen()

    def ready(self, descriptor: int, events: int, now: float) -> None:
        """Accept who waits; of those who are left the loop tells again."""
        if not self._has_turn():
            self._rest(MOMENT)
        elif self._accept_one():
            for _ in range(AT_ONCE - 1):
                if not self._has_turn() or not self._accept_one():
                    return

    def go_on(self, now: float) -> None:
        """Never comes: a turn is not asked for."""

    def late(self, now: float) -> None:
        """It has rested: whoever still waits is ours."""
        self._listen()
        for _ in range(AT_ONCE):
            if not self._accept_one():
                return

    def hold(self) -> None:
        """Accept nobody until `release`; `take` may call it.  Who comes waits in the kernel's queue."""
        if not self._is_held:
            self._is_held = True
            self._rest(FOREVER)

    def release(self) -> None:
        """Go on."""
        if self._is_held:
            self._is_held = False
            self._listen()

    def close(self) -> None:
        """Close the socket."""
        self._loop.limits.drop(self._limit)
        self._loop.forget(self._sock.fileno())
        self._sock.close()

    def _listen(self) -> None:
        self._loop.limits.set(self._limit, FOREVER)
        self._loop.register(self._sock.fileno(), self, select.EPOLLIN)  # it is told of as long as somebody waits
        self._listens = True

    def _rest(self, seconds: float) -> None:
        if self._listens:
            self._loop.unregister(self._sock.fileno())
        self._listens = False
        self._loop.limits.set(self._limit, trio.current_time() + seconds)

    def _accept_one(self) -> bool:
        """Accept a connection; tell whether there may be more."""
        try:
            sock, client = self._sock.accept()
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in OUT_OF_DESCRIPTORS:
                self._complain(f"Cannot accept connections: {os.strerror(error.errno or 0).lower()}")
                self._rest(PAUSE)
                return False
            return True  # ECONNABORTED and the like: the client is gone again
        sock.setblocking(False)
        self._take(sock, client[:2])
        return not self._is_held
