"""How long a lookup may still take, for a map that blocks: in a thread trio's deadline cannot be asked."""

import contextlib
import math
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

_DEADLINE: Final = ContextVar("deadline", default=math.inf)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what is done in it take so many seconds at the most, as far as it asks for `remaining`."""
    token = _DEADLINE.set(min(_DEADLINE.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def remaining() -> float:
    """Give the seconds that are left; infinity if nothing bounds them."""
    return max(0.0, _DEADLINE.get() - time.monotonic())
