"""Whether somebody else has an address, and who: without taking it."""

import contextlib
import errno
import os
import socket
from pathlib import Path
from typing import Final

from perdition.io_trio.listeners import Address

LISTEN: Final = "0A"
"""TCP_LISTEN in /proc/net/tcp."""


def is_taken(address: Address) -> bool:
    """Tell whether a socket listens on an address already."""
    with socket.socket(address.family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not address.takes_ipv4)
        try:
            sock.bind(address.name)
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def is_held_by(address: Address, pid: int) -> bool:
    """Tell whether that is a process's doing; it is taken for granted where only root can see it."""
    sockets = set(_listening(address.name[1]))
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except PermissionError:
        return True
    except OSError:
        return False
    for descriptor in descriptors:
        with contextlib.suppress(OSError):  # it is closed by now
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") in sockets:
                return True
    return False


def _listening(port: int) -> list[str]:
    """Give the names that /proc has for the sockets that listen on a port."""
    found: list[str] = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            rows = [row.split() for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
            found += [f"socket:[{row[9]}]" for row in rows if row[3] == LISTEN and row[1].endswith(f":{port:04X}")]
    return found
