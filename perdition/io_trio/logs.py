"""Where log lines go: standard output, standard error, a file, or syslog (perdition option log_facility)."""

import os
import select
import socket
import stat
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
    "log audit",
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
ALIASES: Final = {"security": "auth"}
"""Names that syslog.h has for others, and the C program with it."""
DEV_LOG: Final = "/dev/log"
LONGEST: Final = 4095
"""How many octets a line has at the most without its end: the C program's limit, and what a pipe takes in one piece."""


class Log(Protocol):
    """Takes one line at a time and never waits for anybody; what is no text in it is escaped."""

    def __call__(self, level: Level, line: str) -> None:
        """Write a line."""


class Place(Log, Protocol):
    """A log as one place has it."""

    def identify(self) -> None:
        """Take the process id anew: we have been forked."""

    def close(self) -> None:
        """Let go of the place."""


class OpenLog:
    """The log of the process; everybody has this one, and the place behind it may become another.

    Args:
        facility: option log_facility.
        ident: what stands before the process id.
        debug: option debug.
        quiet: option quiet.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, facility: str, ident: str, *, debug: bool = False, quiet: bool = False) -> None:
        self._ident = ident
        self._place = open_log(facility, ident, debug=debug, quiet=quiet)
        os.register_at_fork(after_in_child=self._identify)  # into the background

    def __call__(self, level: Level, line: str) -> None:
        """Write a line."""
        self._place(level, line)

    def anew(self, facility: str, *, debug: bool, quiet: bool) -> Place:
        """Open a place that `use` may make ours, by its name: a file may have been renamed (logrotate).

        Raises:
            OSError: it cannot be opened.
        """
        try:
            return open_log(facility, self._ident, debug=debug, quiet=quiet)
        except PermissionError:
            # Root opened it, and we are no longer root: the same file need not be opened again.
            if isinstance(self._place, FileLog) and (copied := self._place.copy_of(facility, debug=debug, quiet=quiet)):
                return copied
            raise

    def use(self, place: Place) -> None:
        """Write to that place from now on."""
        old, self._place = self._place, place
        old.close()

    def give_to(self, uid: int, gid: int) -> None:
        """Let a user open the file again, if we made it."""
        if isinstance(self._place, FileLog):
            self._place.give_to(uid, gid)

    def _identify(self) -> None:
        self._place.identify()


def open_log(facility: str, ident: str, *, debug: bool, quiet: bool) -> Place:
    """Open the log.

    Args:
        facility: `-` standard output, `+` standard error, `/path` a file, else a facility of syslog.
        ident: what stands before the process id.
        debug: whether all lines count.
        quiet: whether only errors count; debug overrides it.

    Raises:
        OSError: the file cannot be opened.
    """
    least = least_of(debug=debug, quiet=quiet)
    if facility.startswith("-"):
        return FileLog(sys.stdout.fileno(), ident, least)
    if facility.startswith("+"):
        return FileLog(sys.stderr.fileno(), ident, least)
    if facility.startswith("/"):
        made = not os.path.lexists(facility)
        descriptor = os.open(facility, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return FileLog(descriptor, ident, least, own=True, made=made)
    if not os.path.exists(DEV_LOG):
        return FileLog(sys.stderr.fileno(), ident, least)  # no syslog here: better seen than lost
    return SyslogLog(FACILITIES.index(ALIASES.get(facility, facility)), ident, least)


def least_of(*, debug: bool, quiet: bool) -> int:
    """Give the least urgent priority that counts."""
    return 7 if debug else 3 if quiet else 6


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

    def __init__(self, descriptor: int, ident: str, least: int, *, own: bool = False, made: bool = False) -> None:
        self._descriptor = descriptor
        self._own = own
        self._made = made
        self._program = ident
        self._ident = ""
        self.identify()
        self._least = least
        self._second, self._stamp = 0, ""
        self._lost = 0
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)  # it has always room
        self._room = select.poll()  # O_NONBLOCK would be set for all who share a terminal or a pipe
        self._room.register(descriptor, select.POLLOUT)

    def identify(self) -> None:
        """Take the process id anew."""
        self._ident = f" {self._program}[{os.getpid()}]: "

    def copy_of(self, path: str, *, debug: bool, quiet: bool) -> "FileLog | None":
        """Give a second log to the same file, if that is what a path names."""
        if not path.startswith("/") or not os.path.exists(path):
            return None
        ours, named = os.fstat(self._descriptor), os.stat(path)
        if (ours.st_dev, ours.st_ino) != (named.st_dev, named.st_ino):
            return None
        return FileLog(os.dup(self._descriptor), self._program, least_of(debug=debug, quiet=quiet), own=True)

    def give_to(self, uid: int, gid: int) -> None:
        """Make a file somebody's, if we made it."""
        if self._made:
            os.fchown(self._descriptor, uid, gid)

    def close(self) -> None:
        """Close the file; what was open before us stays."""
        if self._own:
            os.close(self._descriptor)

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
        if not self._is_file and not self._room.poll(0):
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
        self._program = ident
        self._ident = ""
        self.identify()
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

    def identify(self) -> None:
        """Take the process id anew."""
        self._ident = f"{self._program}[{os.getpid()}]: "

    def _send(self, priority: int, line: str) -> bool:
        try:
            self._socket.sendto(one_line(f"<{self._facility | priority}>{self._ident}{line}"), DEV_LOG)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
