"""What shows in the log all that passes behind a log-in (perdition option connection_logging)."""

from collections.abc import Callable
from typing import TypeAlias

from perdition.io_trio.logs import Log
from perdition.session import log_lines
from perdition.session.effects import Level

Tap: TypeAlias = Callable[[bytes], None]


def taps(log: Log, way: str | None) -> tuple[Tap, Tap] | None:
    """Make the taps for what the client says and for what the real server says.

    Args:
        log: where the lines go.
        way: who talks to whom; None: nothing is shown.
    """
    if way is None:
        return None

    def tap(who: str) -> Tap:
        def show(octets: bytes) -> None:
            for line in log_lines.passing(who, octets, way):
                log(Level.DEBUG, line)

        return show

    return tap("CLIENT"), tap("REAL")
