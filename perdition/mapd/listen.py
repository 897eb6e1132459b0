"""A socket that is a file: made with its rights, in the place of one that was left behind, and taken away."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator


class CannotListen(Exception):
    """There can be no socket; the text is one line with its path."""


@contextlib.contextmanager
def listening(path: str, mode: int, kind: int = socket.SOCK_DGRAM) -> Iterator[socket.socket]:
    """Listen, and take the socket away at the end, unless another has put its own there.

    Args:
        path: where.
        mode: the socket's rights.
        kind: of datagrams, or SOCK_STREAM.

    Raises:
        CannotListen: somebody does already, or the path cannot be used.
    """
    with socket.socket(socket.AF_UNIX, kind) as sock:
        sock.setblocking(False)
        try:
            remove_what_was_left(path, kind)
            before = os.umask(0o777)  # nobody asks before the rights are as they should be
            try:
                sock.bind(path)
            finally:
                os.umask(before)
            os.chmod(path, mode)
            if kind == socket.SOCK_STREAM:
                sock.listen()
            ours = identity(path)
        except OSError as error:
            raise CannotListen(f"{path}: {error.strerror or error}") from None
        try:
            yield sock
        finally:
            with contextlib.suppress(OSError):
                if identity(path) == ours:
                    os.unlink(path)


def remove_what_was_left(path: str, kind: int) -> None:
    """Remove a socket that nobody listens on.

    Raises:
        CannotListen: somebody listens, or it is no socket.
        OSError: it cannot be removed.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise CannotListen(f"{path}: expected a socket or nothing there")
    with socket.socket(socket.AF_UNIX, kind) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except OSError as error:  # a socket of another kind: whose it is we cannot tell
            raise CannotListen(f"{path}: {error.strerror}") from None
    raise CannotListen(f"{path}: another process listens there")


def identity(path: str) -> tuple[int, int]:
    """Say which file a path names now."""
    status = os.lstat(path)
    return status.st_dev, status.st_ino
