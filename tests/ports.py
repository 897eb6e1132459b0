"""Ports for servers of the tests: below those that the kernel gives away, and none twice."""

import contextlib
import itertools
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST: Final = 10_000


def free_port() -> int:
    """Give a port on which nobody listens, and that no call of this process gives again.

    A port that was bound and let go would do but for this: whoever connects, or binds port 0, may be handed it
    before the server comes up for which it was meant. The kernel takes those from a range of its own.
    """
    for port in _PORTS:
        if _is_free(socket.AF_INET, "", port) and (not IPV6 or _is_free(socket.AF_INET6, "::", port)):
            return port
    raise AssertionError("the ports are endless")


def free_ports(count: int) -> list[int]:
    """Give several of them."""
    return [free_port() for _ in range(count)]


def ports_of(worker: int, workers: int) -> range:
    """Give the ports of one of several processes that test at the same time."""
    lowest_given_away = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else 32_768
    share = (lowest_given_away - FIRST) // workers
    return range(FIRST + worker * share, FIRST + (worker + 1) * share)


def _is_free(family: socket.AddressFamily, host: str, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as sock, contextlib.suppress(OSError):
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        return True
    return False


def _ports() -> Iterator[int]:
    """Walk round and round, from anywhere: another run on this machine is hardly at the same place."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    ours = ports_of(int(worker), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    start = random.randrange(len(ours))  # noqa: S311  # no secret
    return itertools.islice(itertools.cycle(ours), start, None)


IPV6: Final = _is_free(socket.AF_INET6, "::1", 0)
"""Whether ::1 can be listened on."""
_PORTS: Final = _ports()
