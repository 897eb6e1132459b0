"""The kinds of value that options take: small parsers, text in, value out.

Each raises ValueError whose message is the expectation, to be put behind the word "expected".
"""

import enum
import ipaddress
import re
import socket
from typing import Final, Self

import attrs

# An int of C; also bounds the digits before int() (Python refuses more than 4,300 of them).
NUMBER: Final = re.compile(r"[0-9]{0,10}\Z")
MAX_NUMBER: Final = 2**31 - 1
MAX_PORT: Final = 65535
MAX_WORKERS: Final = 120  # twice that fit the table of connections: those before a SIGHUP, and those behind it
CONTROL: Final = re.compile(r"[\0-\x1f\x7f]")

# Looked at before the system's table, so that a bare container needs no /etc/services.
SERVICES: Final = {"pop3": 110, "pop3s": 995, "imap": 143, "imap2": 143, "imaps": 993, "sieve": 4190}

# perdition option log_facility, RFC 5424 6.2.1 as syslog.conf spells them.
FACILITIES: Final = frozenset(
    ["auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "security", "syslog", "user", "uucp"]
    + [f"local{number}" for number in range(8)]
)


class Protocol(enum.Enum):
    """perdition option protocol."""

    POP3 = "POP3"
    POP3S = "POP3S"
    IMAP4 = "IMAP4"
    IMAP4S = "IMAP4S"
    MANAGESIEVE = "MANAGESIEVE"


class Port(int):
    """The number of a port, written as it was given: by the name of a service, perhaps."""

    def __new__(cls, number: int, written: str) -> Self:
        """Make one."""
        port = super().__new__(cls, number)
        port._written = written
        return port

    def __str__(self) -> str:
        return self._written

    _written: str


@attrs.frozen
class HostPort:
    """An element of perdition options bind_address and outgoing_server; no port: the option for it counts."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@attrs.frozen
class FurtherMap:
    """An element of option further_map: what map_library and map_library_opt are for the first map."""

    library: str
    opt: str | None = None


# Debian's build of perdition 2.2 has nogroup, the sources have nobody.
NO_GROUP: Final = "nogroup"


class LogPasswd(enum.Enum):
    """perdition option log_passwd: of which log-ins the log shows the password."""

    NEVER = "never"
    FAIL = "fail"
    OK = "ok"
    ALWAYS = "always"


class Form(enum.Enum):
    """Option print_config: how the configuration is printed."""

    AS_READ = ""  # as the file that was read
    CONF = "conf"  # perdition.conf
    TOML = "toml"


def form(value: str) -> Form:
    """Read option print_config, in any case."""
    try:
        return Form(value.lower())
    except ValueError:
        raise ValueError("conf, toml or nothing") from None


def log_passwd(value: str) -> LogPasswd:
    """Read perdition option log_passwd, in any case."""
    try:
        return LogPasswd(value.lower())
    except ValueError:
        raise ValueError("never, fail, ok or always") from None


def account(value: str) -> str:
    """Take the name or the number of a user or group; whether there is one is seen at the start."""
    if not value or CONTROL.search(value):
        raise ValueError("a name or a number")
    return value


def text(value: str) -> str:
    """Take any text."""
    return value


def file_name(value: str) -> str | None:
    """Take the name of a file; "" is none."""
    return value or None


def ciphers(value: str) -> str | None:
    """Take a list of ciphers; "" is OpenSSL's own.  OpenSSL looks at the rest."""
    if CONTROL.search(value) or not value.isascii():
        raise ValueError("a list of ciphers in OpenSSL's words")
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


def positive(value: str) -> int:
    """Read a number of which 0 makes no sense."""
    if value and NUMBER.match(value) and 0 < (found := int(value)) <= MAX_NUMBER:
        return found
    raise ValueError(f"a whole number, 1 to {MAX_NUMBER}")


def workers(value: str) -> int:
    """Read option workers."""
    if value and NUMBER.match(value) and 0 < (found := int(value)) <= MAX_WORKERS:
        return found
    raise ValueError(f"a whole number, 1 to {MAX_WORKERS}")


def further_maps(value: str) -> tuple[FurtherMap, ...]:
    """Read option further_map: `MAP[:STRING]`, one a line where several are given."""
    return tuple(_further_map(part) for part in value.split("\n")) if value else ()


def _further_map(value: str) -> FurtherMap:
    library, colon, opt = value.partition(":")
    if not library:
        raise ValueError("the kind of a map, and behind a colon its option string")
    return FurtherMap(library, opt if colon else None)


def listen_port(value: str) -> int:
    """Read a port to listen on; 0 lets the system choose one, for tests."""
    return _port(value, lowest=0)


def server_port(value: str) -> int:
    """Read a port of a real server."""
    return _port(value, lowest=1)


def _port(value: str, lowest: int) -> Port:
    expected = f"a port, {lowest} to {MAX_PORT}, or the name of a service"
    if value in SERVICES:
        return Port(SERVICES[value], value)
    if value and NUMBER.match(value):
        if lowest <= int(value) <= MAX_PORT:
            return Port(int(value), value)
        raise ValueError(expected)
    try:
        return Port(socket.getservbyname(value, "tcp"), value)
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
    if wrong or CONTROL.search(value) or " " in value or "[" in host or "]" in host:
        raise ValueError("a list of host[:port] or [IPv6 address][:port] with commas between")
    return HostPort(host, _port(port, lowest) if colon else None)


def _is_ipv6(value: str) -> bool:
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True
