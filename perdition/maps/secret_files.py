"""Files that options of maps name: passwords, tokens, keys and certificates.

They may be root's alone, and SIGHUP comes when we are root no more.  Then what was made of them before stays in force,
and whoever asked for the reload can say so.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from perdition.maps.contract import MapError

T = TypeVar("T")

_NOTES: Final[list[str]] = []


def take_notes() -> list[str]:
    """Give a line for each file that could not be read again, once."""
    notes = list(dict.fromkeys(_NOTES))
    _NOTES.clear()
    return notes


class Kept(Generic[T]):
    """What was made of files, by their names."""

    def __init__(self) -> None:
        self._made: Final[dict[tuple[str, ...], T]] = {}

    def made(self, files: tuple[str, ...], what: str, make: Callable[[], T]) -> T:
        """Make it; where that is forbidden, give what was made the last time.

        Args:
            files: their names.
            what: the setting and the file, for the note.
            make: reads the files.

        Raises:
            PermissionError: it is forbidden and never was allowed.
        """
        try:
            made = make()
        except PermissionError as error:
            if files not in self._made:
                raise
            _NOTES.append(f"{what}: cannot be read: {error.strerror}")
            return self._made[files]
        self._made[files] = made
        return made


_TEXTS: Final[Kept[str]] = Kept()


def text_of(setting: str, file: str) -> str:
    """Read a small file that a setting names.

    Raises:
        MapError: it cannot be read, and could not before.
    """
    try:
        return _TEXTS.made((file,), f"{setting} {file}", lambda: Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(f"{setting} {file}: cannot be read: {getattr(error, 'strerror', 'not UTF-8')}") from None


def first_line_of(setting: str, file: str) -> str:
    """Read the password that stands in the first line of a file.

    Raises:
        MapError: it cannot be read, and could not before.
    """
    return text_of(setting, file).split("\n")[0]
