"""What is asked of a map, and the four things it may answer."""

from typing import TypeAlias

import attrs


@attrs.frozen
class Query:
    """One question to a map.

    Args:
        key: what to look up, most often the user name; octets as the client sent them.
        delimiter: perdition option domain_delimiter, for maps that take the key apart.
        client: address and port of the client's end, if known.
        local: address and port of our end, if known.
        protocol: pop3, imap4 or managesieve, if known.
        tls: whether the client's connection has TLS.
    """

    key: bytes
    delimiter: bytes = b"@"
    client: tuple[str, int] | None = None
    local: tuple[str, int] | None = None
    protocol: str = ""
    tls: bool = False


@attrs.frozen
class Found:
    """The map knows the key; `value` is `[user<delimiter>]server[:port]`, raw, as stored."""

    value: bytes


@attrs.frozen
class Absent:
    """The map works and does not know the key: the default server may be used."""


@attrs.frozen
class Unavailable:
    """The map cannot answer now.

    The client must be told to try again; sending it to the default server would show an empty mailbox.
    """

    why: str


@attrs.frozen
class Broken:
    """The map has an entry for the key, and the entry makes no sense."""

    why: str


Outcome: TypeAlias = Found | Absent | Unavailable | Broken
