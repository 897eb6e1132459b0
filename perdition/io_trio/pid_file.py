"""The file that names the process (perdition option pid_file)."""

import contextlib
import os
from typing import Final, Self

from perdition.io_trio.privileges import Account

FOLDER_MODE: Final = 0o750
FILE_MODE: Final = 0o660
LONGEST: Final = 64


class PidFileError(Exception):
    """The file cannot be written, or another process has it; the text names the option and the file."""


class PidFile:
    """The file, while we have it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._pid = os.getpid()

    @classmethod
    def write(cls, path: str, owner: Account | None) -> tuple[Self, str]:
        """Write it, with its folder; one whose process is gone is replaced.

        Args:
            path: the file.
            owner: who may remove it later: to whom file and folder are given; None: we are it.

        Returns:
            The file, and a line for the log, or "".

        Raises:
            PidFileError: it cannot be had.
        """
        said = ""
        try:
            folder = os.path.dirname(path)
            if not os.path.isdir(folder):
                os.mkdir(folder, FOLDER_MODE)
                if owner is not None:
                    os.chown(folder, owner.uid, owner.gid)
            if os.path.lexists(path):
                said = _clear(path)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
            try:
                os.fchmod(handle, FILE_MODE)
                if owner is not None:
                    os.fchown(handle, owner.uid, owner.gid)
                os.write(handle, str(os.getpid()).encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise PidFileError(f"option pid_file: {path}: {error.strerror}") from None
        return cls(path), said

    def remove(self) -> None:
        """Remove it, if it is ours: not in a child, and not if somebody put another in its place."""
        if os.getpid() != self._pid:
            return
        with contextlib.suppress(OSError, ValueError):
            if _read(self._path) == self._pid:
                os.unlink(self._path)


def process_of(path: str) -> int | None:
    """Give the process that a pid file names; None: it names none, or one that is gone."""
    with contextlib.suppress(OSError, ValueError):
        pid = _read(path)
        return pid if _runs(pid) else None
    return None


def _clear(path: str) -> str:
    """Remove the file of a process that is gone."""
    try:
        pid = _read(path)
    except ValueError:
        raise PidFileError(f"option pid_file: {path}: expected the number of a process in it") from None
    if _runs(pid):
        raise PidFileError(f"Pid file [{path}] exists for process [{pid}] which appears to be running, exiting")
    os.unlink(path)
    return f"Removed stale pid-file [{path}]"


def _read(path: str) -> int:
    with open(path, "rb") as file:
        text = file.read(LONGEST).strip()
    if not text.isdigit() or len(text) > len("4194304") or int(text) == 0:
        raise ValueError
    return int(text)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
