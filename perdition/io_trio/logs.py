"""Where log lines go: standard output, standard error, a file, or syslog (perdition option log_facility)."""

import os
import select
import socket
import sys
import time
from collections.abc import Mapping
from typing import Final, Protocol

from perdition.session.effects import Level

PRIORITIES: Final[Mapping[Level, int]] = {Level.ERR: 3, Level.NOTICE: 5, Level.INFO: 6, Level.DEBUG: 7}
FACILITIES: Final = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
]
DEV_LOG: Final = "/dev/log"
LONGEST: Final = 4095
"""How many octets a line has at the most without its end: the C program's limit, and what a pipe takes in one piece."""


class Log(Protocol):
    """Takes one line at a time and never waits for anybody; what is no text in it is escaped."""

    def __call__(self, level: Level, line: str) -> None:
        """Write a line."""


def open_log(facility: str, ident: str, *, debug: bool, quiet: bool) -> Log:
    """Open the log.

    Args:
        facility: `-` standard output, `+` standard error, `/path` a file, else a facility of syslog.
        ident: what stands before the process id.
        debug: whether all lines count.
        quiet: whether only errors count; debug overrides it.

    Raises:
        OSError: the file cannot be opened.
    """
    least = 7 if debug else 3 if quiet else 6
    if facility.startswith("-"):
        return FileLog(sys.stdout.fileno(), ident, least)
    if facility.startswith("+"):
        return FileLog(sys.stderr.fileno(), ident, least)
    if facility.startswith("/"):
        return FileLog(os.open(facility, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640), ident, least)
    if not os.path.exists(DEV_LOG):
        return FileLog(sys.stderr.fileno(), ident, least)  # no syslog here: better seen than lost
    return SyslogLog(FACILITIES.index(facility), ident, least)


def one_line(text: str, end: str = "") -> bytes:
    """Write a text as one line, whatever stands in it: a map or a library may have chosen the words."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    data = text.encode()
    if len(data) > LONGEST:
        data = data[:LONGEST].decode(errors="ignore").encode()
    return data + end.encode()


class FileLog:
    """Writes `Mon DD HH:MM:SS ident[pid]: line` to a descriptor; a reader that is stuck loses lines."""

    def __init__(self, descriptor: int, ident: str, least: int) -> None:
        self._descriptor = descriptor
        self._ident = f" {ident}[{os.getpid()}]: "
        self._least = least
        self._second, self._stamp = 0, ""
        self._lost = 0
        self._room = select.poll()  # O_NONBLOCK would be set for all who share a terminal or a pipe
        self._room.register(descriptor, select.POLLOUT)

    def __call__(self, level: Level, line: str) -> None:
        """Write a line; a log that cannot be written stops nobody."""
        if PRIORITIES[level] > self._least:
            return
        second = int(time.time())
        if second != self._second:  # one strftime a second, not one a line
            self._second = second
            self._stamp = time.strftime("%b %e %H:%M:%S", time.localtime(second))
        if self._lost and self._write(f"{self._lost} log lines were lost: nobody was reading"):
            self._lost = 0
        if not self._write(line):
            self._lost += 1

    def _write(self, line: str) -> bool:
        if not self._room.poll(0):
            return False
        try:
            os.write(self._descriptor, one_line(f"{self._stamp}{self._ident}{line}", end="\n"))
        except OSError:
            return False
        return True


class SyslogLog:
    """Sends `<priority>ident[pid]: line` to the local syslog; a full queue loses lines and counts them."""

    def __init__(self, facility: int, ident: str, least: int) -> None:
        self._facility = facility << 3
        self._ident = f"{ident}[{os.getpid()}]: "
        self._least = least
        self._lost = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)

    def __call__(self, level: Level, line: str) -> None:
        """Send a line without waiting."""
        if PRIORITIES[level] > self._least:
            return
        if self._lost and self._send(4, f"{self._lost} log lines were lost: syslog was not reading"):
            self._lost = 0
        if not self._send(PRIORITIES[level], line):
            self._lost += 1

    def _send(self, priority: int, line: str) -> bool:
        try:
            self._socket.sendto(one_line(f"<{self._facility | priority}>{self._ident}{line}"), DEV_LOG)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
