"""How many descriptors the process may have (RLIMIT_NOFILE, getrlimit(2))."""

import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from perdition.config.settings import Settings
from perdition.io_trio.pipes import IN_USE, SPARE

A_CONNECTION: Final = 2
"""The client's leg and the real server's."""
RESERVE: Final = 128 + 2 * (IN_USE + SPARE)
"""Listeners, log, files, maps, those who are turned away; and the pipes of splice, two descriptors each."""
MOST: Final = Path("/proc/sys/fs/nr_open")


class TooFewDescriptors(Exception):
    """connection_limit cannot be kept; the text names the option and both numbers."""


def needed(listeners: Sequence[Settings]) -> int | None:
    """Give how many descriptors all connections need; None: as many as there may be (no connection_limit)."""
    limits = [settings.connection_limit for settings in listeners]
    a_map = max((settings.map_concurrency for settings in listeners), default=0)
    return None if 0 in limits else A_CONNECTION * sum(limits) + a_map * len(limits) + RESERVE


def room() -> int | None:
    """Give how many connections fit within the limit in force; None: it is no limit.

    Where that is low, they get a half of it, and streams perhaps no pipes.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else max(soft - RESERVE, soft // 2) // A_CONNECTION


def make_room(listeners: Sequence[Settings]) -> None:
    """Raise the soft limit to what connection_limit needs, or to the hard limit; root raises the hard one, too.

    Raises:
        TooFewDescriptors: connection_limit needs more.
    """
    want = needed(listeners)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits(want, soft, hard, int(MOST.read_text())))
    except (OSError, ValueError):
        numbers = "+".join(str(settings.connection_limit) for settings in listeners)
        raise TooFewDescriptors(
            f"option connection_limit: {numbers} connections need {want} descriptors, and the limit is {hard} "
            "(ulimit -Hn, LimitNOFILE, fs.nr_open)"
        ) from None


def limits(want: int | None, soft: int, hard: int, most: int) -> tuple[int, int]:
    """Give the soft and the hard limit to set; neither is ever lowered.

    Args:
        want: what connections need; None: as many as there may be.
        soft: the limit in force.
        hard: what it may be raised to.
        most: what the kernel allows at all, where that is no limit.
    """
    without = resource.RLIM_INFINITY
    if want is None:
        want = most if hard == without else hard
    if soft == without or want <= soft:
        return soft, hard
    return want, hard if hard == without else max(want, hard)
