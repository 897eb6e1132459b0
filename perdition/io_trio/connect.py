"""From a host and a port to a connection to the real server."""

import errno
import os
import socket
from typing import Any, Final, TypeAlias

import trio

from perdition.config.values import SERVICES

Address: TypeAlias = tuple[int, tuple[Any, ...]]
"""A family, and an address in the form of that family."""

SHARE: Final = 5.0
"""How many seconds one of several addresses may take before the next one is tried."""


class CannotConnect(Exception):
    """No address of the host can be reached; the text says why."""


async def connect(host: str, port: str) -> socket.socket:
    """Connect to the first address that answers; the socket does not block.

    Args:
        host: a name, or an address without brackets.
        port: a number, or the name of a service.

    Raises:
        CannotConnect: none answers.
    """
    addresses = numeric(host, port) or await resolve(host, port)
    why = f"{host} has no address"
    for index, (family, address) in enumerate(addresses):
        last = index == len(addresses) - 1
        with trio.move_on_after(float("inf") if last else SHARE):
            try:
                return await connect_to(family, address)
            except OSError as error:
                why = f"{address[0]} port {address[1]}: {os.strerror(error.errno or 0).lower()}"
                continue
        why = f"{address[0]} port {address[1]}: no answer"
    raise CannotConnect(why)


def numeric(host: str, port: str) -> list[Address] | None:
    """Give the address of a literal with a number as port: no resolver is asked, no thread is needed."""
    if not is_port(port):
        return None
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return [(family, (host, int(port)))]
    return None


def is_port(text: str) -> bool:
    """Tell whether a text is the number of a port."""
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) <= 65535


async def resolve(host: str, port: str) -> list[Address]:
    """Ask the resolver, in a thread of trio's.

    Raises:
        CannotConnect: it knows no address, or no such service.
    """
    if port.isdecimal() and not is_port(port):  # the resolver would take some other port for it
        raise CannotConnect(f"cannot resolve {host} port {port[:10]}: expected a port, 1 to 65535")
    try:
        found = await trio.socket.getaddrinfo(host, SERVICES.get(port, port), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "expected a host name"
        raise CannotConnect(f"cannot resolve {host} port {port}: {why}") from None
    return [(family, address) for family, _, _, _, address in found]


async def connect_to(family: int, address: tuple[Any, ...]) -> socket.socket:
    """Connect to one address.

    Raises:
        OSError: it cannot be reached.
    """
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            await trio.lowlevel.wait_writable(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock
