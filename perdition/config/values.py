"""The kinds of value that options take: small parsers, text in, value out.

Each raises ValueError whose message is the expectation, to be put behind the word "expected".
"""

import enum
import ipaddress
import re
import socket
from typing import Final

import attrs

# An int of C; also bounds the digits before int() (Python refuses more than 4,300 of them).
NUMBER: Final = re.compile(r"[0-9]{0,10}\Z")
MAX_NUMBER: Final = 2**31 - 1
MAX_PORT: Final = 65535
CONTROL: Final = re.compile(r"[\0-\x1f\x7f]")

# Looked at before the system's table, so that a bare container needs no /etc/services.
SERVICES: Final = {"pop3": 110, "pop3s": 995, "imap": 143, "imap2": 143, "imaps": 993, "sieve": 4190}

# perdition option log_facility, RFC 5424 6.2.1 as syslog.conf spells them.
FACILITIES: Final = frozenset(
    ["auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp"]
    + [f"local{number}" for number in range(8)]
)


class Protocol(enum.Enum):
    """perdition option protocol."""

    POP3 = "POP3"
    POP3S = "POP3S"
    IMAP4 = "IMAP4"
    IMAP4S = "IMAP4S"
    MANAGESIEVE = "MANAGESIEVE"


@attrs.frozen
class HostPort:
    """An element of perdition options bind_address and outgoing_server; no port: the option for it counts."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def text(value: str) -> str:
    """Take any text."""
    return value


def file_name(value: str) -> str | None:
    """Take the name of a file; "" is none."""
    return value or None


def line_text(value: str) -> str:
    """Take a text that becomes part of a protocol line: CR or LF in it would break the protocol."""
    if CONTROL.search(value):
        raise ValueError("a text without control characters")
    return value


def pid_file(value: str) -> str:
    """Read perdition option pid_file: relative names mean nothing to a daemon."""
    if value and not value.startswith("/"):
        raise ValueError("a file name that begins with /, or nothing")
    return value


def log_facility(value: str) -> str:
    """Read perdition option log_facility: `-` stdout, `+` stderr, `/` a file, else a facility of syslog."""
    if value.startswith(("-", "+", "/")) or value in FACILITIES:
        return value
    raise ValueError("-, +, a file name that begins with /, or a syslog facility such as mail or local3")


def number(value: str) -> int:
    """Read a number of perdition 2.2: decimal digits, and nothing at all is 0."""
    if NUMBER.match(value) and (found := int(value or "0")) <= MAX_NUMBER:
        return found
    raise ValueError(f"a whole number, 0 to {MAX_NUMBER}")


def listen_port(value: str) -> int:
    """Read a port to listen on; 0 lets the system choose one, for tests."""
    return _port(value, lowest=0)


def server_port(value: str) -> int:
    """Read a port of a real server."""
    return _port(value, lowest=1)


def _port(value: str, lowest: int) -> int:
    expected = f"a port, {lowest} to {MAX_PORT}, or the name of a service"
    if value in SERVICES:
        return SERVICES[value]
    if value and NUMBER.match(value):
        if lowest <= int(value) <= MAX_PORT:
            return int(value)
        raise ValueError(expected)
    try:
        return socket.getservbyname(value, "tcp")
    except (OSError, ValueError):  # ValueError: a NUL, or no text at all
        raise ValueError(expected) from None


def protocol(value: str) -> Protocol:
    """Read perdition option protocol, in any case."""
    try:
        return Protocol(value.upper())
    except ValueError:
        raise ValueError(f"one of {', '.join(Protocol.__members__)}") from None


def bind_addresses(value: str) -> tuple[HostPort, ...]:
    """Read perdition option bind_address."""
    return tuple(_host_port(part, lowest=0) for part in _parts(value))


def servers(value: str) -> tuple[HostPort, ...]:
    """Read perdition option outgoing_server; a `user@` before a server is ignored, as in perdition 2.2."""
    return tuple(_host_port(part.rpartition("@")[2], lowest=1) for part in _parts(value))


def _parts(value: str) -> list[str]:
    return [part.strip(" \t") for part in value.split(",")] if value else []


def _host_port(value: str, lowest: int) -> HostPort:
    """Read `host[:port]` or `[IPv6][:port]`; the port is what follows the last colon, as in perdition 2.2.

    Without brackets `2001:db8::1:143` is therefore port 143 of 2001:db8::1, and `::1` is an error.
    """
    if value.startswith("["):
        host, bracket, rest = value[1:].partition("]")
        colon, port = rest[:1], rest[1:]
        wrong = not host or not bracket or colon not in ("", ":")
    else:
        host, colon, port = value.rpartition(":") if ":" in value else (value, "", "")
        wrong = not host or (":" in host and not _is_ipv6(host))
    if wrong or CONTROL.search(value) or " " in value:
        raise ValueError("a list of host[:port] or [IPv6 address][:port] with commas between")
    return HostPort(host, _port(port, lowest) if colon else None)


def _is_ipv6(value: str) -> bool:
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True
