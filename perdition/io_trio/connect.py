"""From the host and the port of a real server to addresses, and to a connection with the first that answers."""

import errno
import functools
import os
import socket
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import trio

from perdition.config.values import SERVICES
from perdition.io_trio.readiness import WRITABLE
from perdition.io_trio.waiter import LATE, Steps, Waiter
from perdition.session import effects as fx

Address: TypeAlias = tuple[int, tuple[Any, ...]]
"""A family, and an address in the form of that family."""
SHARE: Final = 5.0
"""How many seconds one of several addresses may take before the next one is tried."""


class CannotConnect(Exception):
    """No address of the host can be reached; the text says why."""


def connect(waiter: Waiter, host: str, port: str, *, keepalive: bool) -> Steps[fx.Connected | fx.Failed | fx.TimedOut]:
    """Connect to the first address that answers: then it is the waiter's real server."""
    addresses: Sequence[Address] | None = numeric(host, port)
    if addresses is None:
        try:
            addresses = yield from waiter.run_errand(resolve, host, port)
        except CannotConnect as error:
            return fx.Failed(str(error))
        if addresses is None:
            return fx.TimedOut()
    why = f"{host} has no address"
    for left, address in zip(reversed(range(len(addresses))), addresses, strict=True):
        until = min(waiter.deadline, trio.current_time() + SHARE) if left else waiter.deadline
        where = f"{address[1][0]} port {address[1][1]}"
        try:
            if (yield from _connect_to(waiter, address, until, keepalive=keepalive)):
                return fx.Connected()
        except OSError as error:
            why = f"{where}: {os.strerror(error.errno or 0).lower()}"
        else:
            if until == waiter.deadline:
                return fx.TimedOut()
            why = f"{where}: no answer"
    return fx.Failed(why)


def _connect_to(waiter: Waiter, address: Address, until: float, *, keepalive: bool) -> Steps[bool]:
    """Connect to one address; tell whether it answered in time.

    Raises:
        OSError: it cannot be reached.
    """
    waiter.hang_up()
    sock = unconnected(address, keepalive=keepalive)
    try:
        connected = go_on_connecting(sock, address)
        channel = waiter.watch(sock)
    except OSError:
        sock.close()
        raise
    try:
        while not connected:
            if (yield from waiter.wait_for(channel, WRITABLE, until)) is LATE:
                waiter.hang_up()
                return False
            connected = go_on_connecting(sock, address)
    except OSError:
        waiter.hang_up()
        raise
    return True


@functools.lru_cache(maxsize=1024)
def numeric(host: str, port: str) -> tuple[Address] | None:
    """Give the address of a literal with a number as port or a mail service: no resolver is asked."""
    number = SERVICES[port] if port in SERVICES else port_number(port)
    if number is None:
        return None
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return ((family, (host, number)),)
    return None


def port_number(text: str) -> int | None:
    """Read the number of a port; columns that are padded with zeros work in the C program, too."""
    digits = text.lstrip("0")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 5):
        return None
    number = int(digits)
    return number if number <= 65535 else None


async def resolve(host: str, port: str) -> list[Address]:
    """Ask the resolver, in a thread of trio's.

    Raises:
        CannotConnect: it knows no address, or no such service.
    """
    number = port_number(port)
    if number is None and port.isdecimal():  # the resolver would take some other port for it
        raise CannotConnect(f"cannot resolve {host} port {port[:10]}: expected a port, 1 to 65535")
    try:
        found = await trio.socket.getaddrinfo(host, number or SERVICES.get(port, port), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "expected a host name"
        raise CannotConnect(f"cannot resolve {host} port {port}: {why}") from None
    return [(family, address) for family, _, _, _, address in found]


def unconnected(address: Address, *, keepalive: bool = False) -> socket.socket:
    """Make a socket that does not block, and does not wait for more before small data goes out.

    Raises:
        OSError: there is none to be had.
    """
    sock = socket.socket(address[0], socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def go_on_connecting(sock: socket.socket, address: Address) -> bool:
    """Begin to connect, or look how far it is; tell whether it is connected.

    Raises:
        OSError: it cannot be.
    """
    code = sock.connect_ex(address[1])
    if code in (errno.EINPROGRESS, errno.EALREADY):
        return False
    if code:
        raise OSError(code, os.strerror(code))
    return True
