"""Clients' addresses, one way to write each: IPv4 in dots, IPv6 in its shortest form (RFC 5952)."""

import ipaddress
from collections.abc import Sequence
from typing import Final, TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST: Final = 45
"""How many letters an address has at the most: an IPv6 one that ends like IPv4."""
MAPPED: Final = "::ffff:"


def canonical(text: str) -> str | None:
    """Write an address as it is stored and asked for; None: it is none, or one that means something on a link only.

    An IPv4 address written as IPv6, as sockets for both have it (RFC 4291 2.5.5.2), is that IPv4 address.
    """
    if len(text) > LONGEST or "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)


def without_port(text: str) -> str | None:
    """Find the address in `address`, `address:port` or `[address]:port`."""
    whole = canonical(text)
    if whole is not None:
        return whole
    host, _, _ = text.rpartition(":")
    return canonical((host or text).removeprefix("[").removesuffix("]"))


def networks(text: str) -> tuple[Network, ...]:
    """Read `network[,network...]`, each an address or `address/bits`; "" is none.

    Raises:
        ValueError: with the expectation.
    """
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("networks such as 192.0.2.0/24, with commas between them") from None


def within(address: str, nets: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks."""
    return bool(nets) and any(ipaddress.ip_address(address) in net for net in nets)
