"""Listening sockets, and who connects to them."""

import errno
import os
import socket
from collections.abc import AsyncGenerator, Callable
from typing import Final

import trio

from perdition.config.settings import Settings
from perdition.config.values import HostPort

BACKLOG: Final = 1024
AT_ONCE: Final = 64
"""How many connections one listener accepts before the sessions have their turn."""
OUT_OF_DESCRIPTORS: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
PAUSE: Final = 0.1
"""How many seconds a listener rests when there is no descriptor left."""


class CannotListen(Exception):
    """An address cannot be listened on; the text names the options, the address and why."""


def listen(settings: Settings) -> list[socket.socket]:
    """Bind the sockets of one listener (bind_address, listen_port).

    Raises:
        CannotListen: one of them cannot be had; none is left open.
    """
    sockets: list[socket.socket] = []
    try:
        for element in settings.bind_address or (HostPort("0.0.0.0"),):  # noqa: S104  # perdition's default
            port = settings.listen_port_number if element.port is None else element.port
            sockets.append(listen_on(element.host, port))
    except CannotListen:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def listen_on(host: str, port: int) -> socket.socket:
    """Bind one socket; of a name's addresses the first.

    Raises:
        CannotListen: it cannot be had.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except (OSError, UnicodeError):
        raise CannotListen(f"option bind_address: {where}: cannot be resolved") from None
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        why = os.strerror(error.errno or 0).lower()
        raise CannotListen(f"options bind_address and listen_port: cannot listen on {where}: {why}") from None
    return sock


async def connections(sock: socket.socket, complain: Callable[[str], None]) -> AsyncGenerator[socket.socket, None]:
    """Give the connections of one listening socket, for ever; they do not block.

    Args:
        sock: the listening socket.
        complain: told when there is no descriptor left.
    """
    while True:
        await trio.lowlevel.wait_readable(sock)
        for _ in range(AT_ONCE):
            try:
                accepted, _ = sock.accept()
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in OUT_OF_DESCRIPTORS:
                    complain(f"Cannot accept connections: {os.strerror(error.errno or 0).lower()}")
                    await trio.sleep(PAUSE)
                break  # ECONNABORTED and the like: the client is gone again
            accepted.setblocking(False)
            yield accepted
