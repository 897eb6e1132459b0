"""Where mail servers ask, and where syslog daemons send to: sockets, on the network or as files."""

import contextlib
import os
import socket
from collections.abc import Iterator

from perdition.config.values import HostPort
from perdition.io_trio.listeners import CannotListen as CannotBind
from perdition.io_trio.listeners import bind, resolve
from perdition.io_trio.privileges import Account
from perdition.mapd.listen import CannotListen, listening


@contextlib.contextmanager
def socket_at(
    place: str | HostPort, *, mode: int, account: Account | None, kind: int = socket.SOCK_STREAM
) -> Iterator[socket.socket]:
    """Listen; a socket that is a file is taken away at the end.

    Args:
        place: a path, or host and port.
        mode: the rights of a file.
        account: whose it will be, if we are root now.
        kind: SOCK_STREAM, or SOCK_DGRAM for a path.

    Raises:
        CannotListen: the place cannot be had.
    """
    if isinstance(place, str):
        with listening(place, mode, kind) as sock:
            if account is not None:
                try:
                    os.chown(place, account.uid, account.gid)
                except OSError as error:
                    raise CannotListen(f"{place}: {error.strerror}") from None
            yield sock
        return
    try:
        sock = bind(resolve(place.host, place.port or 0))
    except CannotBind as error:
        raise CannotListen(str(error).partition(": ")[2]) from None
    with sock:
        yield sock


def name_of(sock: socket.socket) -> str:
    """Write where a socket listens."""
    name = sock.getsockname()
    return name if isinstance(name, str) else str(HostPort(name[0], name[1]))
