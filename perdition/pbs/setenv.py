"""Mode setenv, for qmail: who runs qmail-smtpd runs us instead, and we run it, with RELAYCLIENT if the client is known.

tcpserver and its like say who the client is in TCPREMOTEIP; under inetd it is the peer of standard input.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Final

from perdition.pbs.addresses import canonical
from perdition.pbs.open_store import open_store, open_to_read, sqlite_path
from perdition.pbs.store import StoreTrouble

CLIENT: Final = "TCPREMOTEIP"
MAY_RELAY: Final = "RELAYCLIENT"
SECONDS: Final = 5.0
"""How long a store on the network may take before the client is let in as a stranger."""


def setenv(store: str, program: Sequence[str]) -> None:
    """Become another program, with RELAYCLIENT in its environment if the client is known; it may have been there.

    Raises:
        BadStore: option store makes no sense.
        OSError: the program cannot be run.
    """
    address = canonical(os.environ.get(CLIENT, "") or peer(0))
    if MAY_RELAY not in os.environ and address is not None:
        try:
            if is_known(store, address):
                os.environ[MAY_RELAY] = ""
        except StoreTrouble as trouble:  # mail for our own users must come in all the same
            sys.stderr.write(f"perdition-pbs: {trouble}\n")
            sys.stderr.flush()
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)  # Python ignores them, and the program would as well
    os.execvp(program[0], list(program))  # noqa: S606  # what the administrator has written


def is_known(store: str, address: str) -> bool:
    """Look an address up.

    Raises:
        BadStore: option store makes no sense.
        StoreTrouble: the store cannot be had.
    """
    path = sqlite_path(store)
    if path is not None:  # without a loop: each connection of a client pays for this
        file = open_to_read(path)
        try:
            return file.until(address, time.time()) is not None
        finally:
            file.close()
    import trio

    async def ask() -> float | None:
        opened = open_store(store)
        try:
            with trio.move_on_after(SECONDS):
                return await opened.until(address)
            raise StoreTrouble(f"no answer within {SECONDS:.0f} s")
        finally:
            opened.close()

    return trio.run(ask) is not None


def peer(descriptor: int) -> str:
    """Give the address of who is at the other end of a socket; "" if it is none of TCP."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as sock:
            name = sock.getpeername()
    except OSError:
        return ""
    return str(name[0]) if isinstance(name, tuple) else ""
