"""The packets of the daemon map, in both directions.  No I/O.

perdition 2.2 sends a question in one datagram, and its map daemon answers in one:

    octets  0-3  magic number                  12-15  client's IPv4 address
            4-5  version                       16-19  our IPv4 address
            6-7  flags: which packet it is     20-21  client's port
            8-9  length of all                 22-23  our port
          10-11  checksum, always 0            24-    texts: two octets of length and the octets

A question has the texts key and delimiter; one about IPv6 has the addresses and ports as four more texts and 0 in
the header.  An answer has user, server and port.
"""

import enum
import ipaddress
import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

import attrs

from perdition.maps.outcome import Query

MAGIC: Final = 0x07070707
VERSION: Final = 1
MOST: Final = 65000
"""How many octets a packet has at the most."""

HEADER: Final = struct.Struct(">IHHHH")
# perdition 2.2 turns what is in network order once more, so they are in the machine's order; its map daemons know.
ADDRESSES: Final = struct.Struct("=IIHH")
LENGTH: Final = struct.Struct(">H")
START_OF_TEXTS: Final = HEADER.size + ADDRESSES.size
HIGHEST_PORT: Final = 65535

Address: TypeAlias = tuple[str, int]


class Flags(enum.IntEnum):
    """Which packet it is."""

    REQUEST = 1
    RESPONSE = 2
    REQUEST_WITH_ADDRESSES = 3


class BadPacket(Exception):
    """Octets that are no such packet, or something that fits into none; the text says what was expected."""


@attrs.frozen
class Answer:
    """What a map daemon says; without a server it does not know the key."""

    user: bytes = b""
    server: bytes = b""
    port: bytes = b""


def write_question(query: Query) -> bytes:
    """Write a question; addresses that are not known are 0, or empty where they are texts.

    Raises:
        BadPacket: it is too long.
    """
    texts = [query.key, query.delimiter]
    client, local = _ipv4(query.client), _ipv4(query.local)
    if client is not None and local is not None:
        return _written(Flags.REQUEST, ADDRESSES.pack(client[0], local[0], client[1], local[1]), texts)
    for address in (query.client, query.local):
        host, port = ("", "") if address is None else (address[0], str(address[1]))
        texts += [host.encode("utf-8", "surrogateescape"), port.encode("ascii")]
    return _written(Flags.REQUEST_WITH_ADDRESSES, bytes(ADDRESSES.size), texts)


def read_question(octets: bytes) -> Query:
    """Read a question.

    Raises:
        BadPacket: it is none.
    """
    flags, texts = _read(octets)
    match flags, texts:
        case (Flags.REQUEST, [key, delimiter]):
            client, local, client_port, local_port = ADDRESSES.unpack_from(octets, HEADER.size)
            return Query(key, delimiter, _from_ipv4(client, client_port), _from_ipv4(local, local_port))
        case (Flags.REQUEST_WITH_ADDRESSES, [key, delimiter, client, client_port, local, local_port]):
            return Query(key, delimiter, _from_texts(client, client_port), _from_texts(local, local_port))
    raise BadPacket("expected a question with two texts, or six if its flags say so")


def write_answer(answer: Answer) -> bytes:
    """Write an answer.

    Raises:
        BadPacket: it is too long.
    """
    return _written(Flags.RESPONSE, bytes(ADDRESSES.size), [answer.user, answer.server, answer.port])


def read_answer(octets: bytes) -> Answer:
    """Read an answer.  A text ends at a NUL: there are daemons that send the end of a C string.

    Raises:
        BadPacket: it is none.
    """
    flags, texts = _read(octets)
    if flags != Flags.RESPONSE or len(texts) != 3:
        raise BadPacket("expected an answer with user, server and port")
    user, server, port = (text.partition(b"\0")[0] for text in texts)
    return Answer(user, server, port)


def _written(flags: int, addresses: bytes, texts: list[bytes]) -> bytes:
    length = START_OF_TEXTS + sum(LENGTH.size + len(text) for text in texts)
    if length > MOST:
        raise BadPacket(f"expected texts that fit into {MOST} octets")
    header = HEADER.pack(MAGIC, VERSION, flags, length, 0)
    return header + addresses + b"".join(LENGTH.pack(len(text)) + text for text in texts)


def _read(octets: bytes) -> tuple[int, list[bytes]]:
    """Give flags and texts.  As in perdition 2.2 any version will do, and what stands behind the length."""
    if not START_OF_TEXTS <= len(octets) <= MOST:
        raise BadPacket(f"expected a packet of {START_OF_TEXTS} to {MOST} octets")
    magic, _, flags, length, checksum = HEADER.unpack_from(octets)
    if magic != MAGIC or checksum:
        raise BadPacket("expected the magic number and a checksum of 0")
    if not START_OF_TEXTS <= length <= len(octets):
        raise BadPacket("expected as many octets as the packet says it has")
    return flags, list(_texts(octets[START_OF_TEXTS:length]))


def _texts(octets: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(octets):
        start = place + LENGTH.size
        place = start + int.from_bytes(octets[place:start], "big")
        if max(start, place) > len(octets):
            raise BadPacket("expected the texts to end where the packet ends")
        yield octets[start:place]


def _ipv4(address: Address | None) -> tuple[int, int] | None:
    if address is None:
        return 0, 0
    try:
        return int(ipaddress.IPv4Address(address[0])), address[1]
    except ValueError:
        return None


def _from_ipv4(host: int, port: int) -> Address | None:
    return (str(ipaddress.IPv4Address(host)), port) if host or port else None


def _from_texts(host: bytes, port: bytes) -> Address | None:
    if not host:
        return None
    if not (port.isdigit() and len(port) <= len(str(HIGHEST_PORT)) and int(port) <= HIGHEST_PORT):
        raise BadPacket("expected a port's number beside the address")
    return host.decode("utf-8", "surrogateescape"), int(port)
