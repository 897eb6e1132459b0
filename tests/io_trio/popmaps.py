"""Maps for services that a test makes itself."""

from perdition.io_trio.service import Popmaps
from perdition.session.effects import Level


def silent_popmaps() -> Popmaps:
    """Give the maps of a process whose log nobody reads."""
    return Popmaps(ignore)


def ignore(level: Level, line: str) -> None:
    """Write no log."""
