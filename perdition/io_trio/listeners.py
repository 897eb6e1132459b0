"""Listening sockets, and who connects to them."""

import os
import socket
from collections.abc import Sequence
from typing import Any, Final

import attrs

from perdition.config.settings import Settings
from perdition.config.values import HostPort

BACKLOG: Final = 1024
ALL_OF_IPV6: Final = "::"


class CannotListen(Exception):
    """An address cannot be listened on; the text names the options, the address and why."""


@attrs.frozen
class Address:
    """What one socket is bound to.

    Args:
        family: the family of its address.
        name: as bind(2) takes it: two or four, by the family; port 0: the kernel chooses.
        takes_ipv4: clients of IPv4 reach it as well; a socket that is there fits with or without.
    """

    family: int
    name: tuple[Any, ...]
    takes_ipv4: bool = attrs.field(default=False, eq=False)

    def __str__(self) -> str:
        host, port = self.name[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addresses(settings: Settings, wrong: list[str]) -> list[Address]:
    """Give what one listener is to be bound to (bind_address, listen_port); of a name's addresses the first.

    Args:
        settings: the options.
        wrong: gets a line for each name that has none.
    """
    found: list[Address] = []
    for element in settings.bind_address or (HostPort("0.0.0.0"),):  # noqa: S104  # perdition's default
        port = settings.listen_port_number if element.port is None else element.port
        try:
            found.append(resolve(element.host, port))
        except CannotListen as error:
            wrong.append(str(error))
    return found


def resolve(host: str, port: int) -> Address:
    """Give the first address of a name.

    Raises:
        CannotListen: it has none.
    """
    flags = socket.AI_PASSIVE
    try:
        family, *_, name = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=flags)[0]
    except (OSError, UnicodeError):
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise CannotListen(f"option bind_address: {where}: cannot be resolved") from None
    return Address(family, name)


def bind(address: Address) -> socket.socket:
    """Bind one socket.

    Raises:
        CannotListen: it cannot be had.
    """
    sock = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not address.takes_ipv4)
        sock.bind(address.name)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        why = os.strerror(error.errno or 0).lower()
        raise CannotListen(f"options bind_address and listen_port: cannot listen on {address}: {why}") from None
    return sock


@attrs.frozen(eq=False)
class Bound:
    """A listening socket.

    Args:
        sock: it.
        address: what it is bound to, as the options name it.
        label: the protocol that it was handed over for (LISTEN_FDNAMES), or "".
    """

    sock: socket.socket
    address: Address
    label: str = ""


def places(
    listeners: Sequence[Settings], there: Sequence[Bound], wrong: list[str]
) -> list[tuple[Settings, Bound | Address]]:
    """Give each listener its sockets: those that are there and fit, and the addresses of those to be bound.

    A socket with a label is for the first listener of that protocol, whatever the address of either.

    Args:
        listeners: the options.
        there: sockets that were handed over, or that are in use.
        wrong: gets a line for each address that cannot be had.
    """
    left = list(there)
    found: list[tuple[Settings, Bound | Address]] = []
    for settings in listeners:
        labelled = [bound for bound in left if bound.label.upper() == settings.protocol.value]
        for bound in labelled:
            left.remove(bound)
            found.append((settings, bound))
        if labelled:
            continue
        for address in addresses(settings, wrong):
            fits = next((bound for bound in left if not bound.label and bound.address == address), None)
            if fits is not None:
                left.remove(fits)
            found.append((settings, fits or address))
    return [(settings, with_ipv4(place, found) if isinstance(place, Address) else place) for settings, place in found]


def with_ipv4(address: Address, found: Sequence[tuple[Settings, Bound | Address]]) -> Address:
    """Let all of IPv6 take clients of IPv4, too, as perdition 2.2 does, unless a socket of IPv4 has its port."""
    host, port = address.name[:2]
    if host != ALL_OF_IPV6:
        return address
    others = (place.address if isinstance(place, Bound) else place for _, place in found)
    taken = any(other.family == socket.AF_INET and other.name[1] == port for other in others if port)
    return attrs.evolve(address, takes_ipv4=not taken)


def set_keepalive(sock: socket.socket, *, keepalive: bool) -> None:
    """Set SO_KEEPALIVE on a listening socket, for its connections have it from there (tcp_keepalive)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, keepalive)
