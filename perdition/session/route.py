"""What a popmap's result means: `[user<delimiter>]server[:port]` (perditiondb(5))."""

import attrs


class BadRoute(Exception):
    """A result that makes no sense; the text says what was expected."""


@attrs.frozen
class Route:
    """Where a user's mail is.

    Attributes:
        user: the name there, or None: the result has none.  An empty name is none: nobody can log in by it.
        host: a name or an address without brackets; None: the result names no server.
        port: a number or the name of a service, or None: the result has none.
    """

    user: bytes | None
    host: str | None
    port: str | None


def read_route(value: bytes, delimiter: bytes) -> Route:
    """Read a result.

    Args:
        value: as it was stored; white space counts.
        delimiter: the option domain_delimiter; the user stands before the last one.

    Raises:
        BadRoute: server or port are not ASCII, or a bracket is not closed.
    """
    user, _, server = value.rpartition(delimiter) if delimiter else (b"", b"", value)
    try:
        text = server.decode("ascii")
    except UnicodeDecodeError:
        raise BadRoute("expected a server and a port in ASCII") from None
    if not text.isprintable():
        raise BadRoute("expected a server and a port without control characters")
    host, port = split_port(text)
    return Route(user or None, host or None, port or None)


def split_port(text: str) -> tuple[str, str]:
    """Part `host:port`, `[address]:port` or either without port.

    Raises:
        BadRoute: a bracket is not closed.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise BadRoute("expected [address] or [address]:port")
        return host, rest[1:]
    host, colon, port = text.rpartition(":")
    return (host, port) if colon else (text, "")
