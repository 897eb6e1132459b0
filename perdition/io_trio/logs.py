"""Where log lines go: standard output, standard error, a file, or syslog (perdition option log_facility)."""

import os
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
"""How many characters a line has at the most; the C program's limit."""


class Log(Protocol):
    """Takes one line at a time and never waits for anybody."""

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


class FileLog:
    """Writes `Mon DD HH:MM:SS ident[pid]: line` to a descriptor."""

    def __init__(self, descriptor: int, ident: str, least: int) -> None:
        self._descriptor = descriptor
        self._ident = f" {ident}[{os.getpid()}]: "
        self._least = least
        self._second, self._stamp = 0, ""

    def __call__(self, level: Level, line: str) -> None:
        """Write a line; a log that cannot be written stops nobody."""
        if PRIORITIES[level] > self._least:
            return
        second = int(time.time())
        if second != self._second:  # one strftime a second, not one a line
            now = time.localtime(second)
            self._second, self._stamp = (
                second,
                time.strftime("%b ", now) + time.strftime("%d %H:%M:%S", now).lstrip(),
            )
            if now.tm_mday < 10:
                self._stamp = time.strftime(f"%b  {now.tm_mday} %H:%M:%S", now)
        text = f"{self._stamp}{self._ident}{line[:LONGEST]}\n"
        try:
            os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))
        except OSError:
            return


class SyslogLog:
    """Sends `<priority>ident[pid]: line` to the local syslog; a full queue loses lines and counts them."""

    def __init__(self, facility: int, ident: str, least: int) -> None:
        self._facility = facility << 3
        self._ident = f"{ident}[{os.getpid()}]: "
        self._least = least
        self._lost = 0
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)

    def __call__(self, level: Level, line: str) -> None:
        """Send a line without waiting."""
        if PRIORITIES[level] > self._least:
            return
        if self._lost and self._send(4, f"{self._lost} log lines were lost: syslog was not reading"):
            self._lost = 0
        if not self._send(PRIORITIES[level], line[:LONGEST]):
            self._lost += 1

    def _send(self, priority: int, line: str) -> bool:
        text = f"<{self._facility | priority}>{self._ident}{line}"
        try:
            self._socket.sendto(text.encode("utf-8", "backslashreplace"), DEV_LOG)
        except OSError:
            return False
        return True
