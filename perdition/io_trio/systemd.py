"""What systemd and its kin hand over and want to hear: sockets that are bound already, and how the daemon is."""

import os
import socket
import time
from collections.abc import Callable, MutableMapping
from typing import Final

from perdition.config.values import Protocol
from perdition.io_trio.listeners import Address, Bound

FIRST: Final = 3
"""The number of the first descriptor that is handed over (sd_listen_fds(3), SD_LISTEN_FDS_START)."""
LABELS: Final = frozenset(protocol.value for protocol in Protocol)
"""Names of LISTEN_FDNAMES that mean something; systemd itself names a socket after its unit."""


class BadActivation(Exception):
    """The sockets handed over cannot be used; the text says which and what was expected."""


def handed_over(environment: MutableMapping[str, str]) -> tuple[Bound, ...]:
    """Take the listening sockets that the starter handed over (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES).

    The variables are removed: they are not for children.

    Raises:
        BadActivation: one is no listening TCP socket.
    """
    pid = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()):
        return ()
    if not (count.isascii() and count.isdecimal() and len(count) < 5):
        raise BadActivation(f"environment LISTEN_FDS: expected a number, not {count!a}")
    taken: list[Bound] = []
    for number in range(int(count)):
        name = names[number] if number < len(names) else ""
        taken.append(_listening(FIRST + number, name if name.upper() in LABELS else ""))
    return tuple(taken)


def _listening(descriptor: int, label: str) -> Bound:
    try:
        os.set_inheritable(descriptor, False)
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise BadActivation(f"descriptor {descriptor} of LISTEN_FDS: {error.strerror}") from None
    internet = sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM
    if not internet or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.close()
        raise BadActivation(f"descriptor {descriptor} of LISTEN_FDS: expected a listening TCP socket")
    sock.setblocking(False)
    return Bound(sock, Address(sock.family, sock.getsockname()), label)


class Notify:
    """Tells the service manager how the daemon is (sd_notify(3)); nobody may be listening.

    Args:
        place: NOTIFY_SOCKET: a path, or a name behind `@` in the abstract name space; "" is nobody.

    Attributes:
        first: called once, when everything is set up: the launcher of a daemon waits for that.
    """

    def __init__(self, place: str = "") -> None:
        self._place = f"\0{place[1:]}" if place.startswith("@") else place
        self._status = ""
        self.first: Callable[[], None] | None = None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> "Notify":
        """Take NOTIFY_SOCKET, and remove it: it is not for children."""
        return cls(environment.pop("NOTIFY_SOCKET", ""))

    def __bool__(self) -> bool:
        """Whether anybody wants to hear."""
        return bool(self._place)

    def ready(self) -> None:
        """Say that everything is set up."""
        first, self.first = self.first, None
        if first is not None:
            first()
        self._tell(f"READY=1\nMAINPID={os.getpid()}")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that no more connections are taken."""
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """Say a line for people, unless it is the one before."""
        if text != self._status:
            self._status = text
            self._tell(f"STATUS={text}")

    def _tell(self, text: str) -> None:
        if not self._place:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sock:
                sock.sendto(text.encode(), self._place)
        except OSError:
            return  # who does not listen does not hear
