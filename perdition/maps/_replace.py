"""Puts a new file in the place of an old one all at once: a reader sees the old file or the new one."""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from typing import Final

READABLE_BY_ALL: Final = 0o644
"""The mode of a file that was not there before: a map holds no secrets, and lookups run without privileges."""


LEFT_BY_SQLITE: Final = ("-journal", "-wal", "-shm")


@contextlib.contextmanager
def replaced(path: str) -> Iterator[str]:
    """Give the name of a file to write; it takes the place of `path` if nothing is raised, and goes away else.

    Mode, and where it may be the owner, are those of the old file; a symbolic link goes on pointing to the file.

    Raises:
        OSError: it cannot be written or renamed, or there is something that is no file, such as a device.
    """
    target = os.path.realpath(path)
    with _named(path, None):
        _see_that_it_may_go(target)
        handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", dir=os.path.dirname(target))
    os.close(handle)
    try:
        with _named(path, temporary):
            yield temporary
            _take_over(target, temporary)
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())  # or a crash may leave a name without content
            os.replace(temporary, target)
    except BaseException:
        for end in ("", *LEFT_BY_SQLITE):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary + end)
        raise


@contextlib.contextmanager
def _named(path: str, temporary: str | None) -> Iterator[None]:
    """Have errors name the file that was asked for: nobody knows the other one."""
    try:
        yield
    except OSError as error:
        if temporary is None or error.filename in (None, temporary):
            error.filename = path
        raise


def _see_that_it_may_go(target: str) -> None:
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "expected a regular file or nothing there", target)


def _take_over(path: str, temporary: str) -> None:
    try:
        old = os.stat(path)
    except FileNotFoundError:
        os.chmod(temporary, READABLE_BY_ALL)
        return
    with contextlib.suppress(PermissionError):
        os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, old.st_mode & 0o777)
