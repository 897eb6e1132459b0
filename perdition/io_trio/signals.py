"""Signals that come before anybody can hear them wait: from its first moment on, a pid file names who can be told."""

import signal
from typing import Final

HEARD: Final = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP))
"""What the daemon has a meaning for."""

IGNORED: Final = (signal.SIGUSR1, signal.SIGUSR2)
"""What would end us and means nothing, as in perdition 2.2; a worker takes the first from its supervisor."""


def hold() -> None:
    """Let them wait; what means nothing does nothing."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)


def release() -> None:
    """Let them come: they are heard now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
