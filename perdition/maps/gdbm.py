"""The gdbm map: a GDBM file, as makegdbm writes them; perdition option map_library_opt is its name.

Keys and values are octets without a NUL behind them, and a key is compared to the octet.  The value is
`[user<delimiter>]server[:port]`; an empty one counts as absent.
"""

from typing import Final

from perdition.maps._file_map import FileMap, Format
from perdition.maps._gdbm_file import GdbmFile

FORMAT: Final = Format("/etc/perdition/popmap.gdbm.db", GdbmFile, locked=True)


def open_map(option: str) -> FileMap:
    """Open the map; `option` is perdition option map_library_opt, the file's name.

    Raises:
        MapError: the file is there and cannot be used.
    """
    return FileMap(FORMAT, option)
