"""A popmap for perdition: lines `user,server` in a file.

map_library_opt is the name of the file.  A server is `[user<delimiter>]server[:port]`.
"""

import csv
from typing import Final

from perdition.maps import Absent, Broken, Found, MapError, Outcome, Query, Runs


class Csv:
    """The map.  All of it is in memory, so that a lookup is short and nobody waits."""

    runs: Final = Runs.INLINE
    by_address: Final = False

    def __init__(self, file: str) -> None:
        self._file = file
        self._servers = read(file)

    def lookup(self, query: Query) -> Outcome:
        """Look a user up, octet for octet."""
        server = self._servers.get(query.key)
        if server is None:
            return Absent()
        return Found(server) if server else Broken("expected a server behind the comma")

    def reload(self) -> None:
        """Read the file again; if it cannot be read, the exception leaves what there is."""
        self._servers = read(self._file)

    def close(self) -> None:
        """Nothing is open."""


def read(file: str) -> dict[bytes, bytes]:
    """Read the file.

    Raises:
        MapError: it cannot be read, or a line makes no sense.
    """
    servers: dict[bytes, bytes] = {}
    try:
        with open(file, encoding="utf-8", errors="surrogateescape", newline="") as lines:
            for number, row in enumerate(csv.reader(lines), 1):
                if len(row) != 2:
                    raise MapError(f"{file}:{number}: expected user,server")
                user, server = (field.encode("utf-8", "surrogateescape") for field in row)
                servers.setdefault(user, server)
    except OSError as error:
        raise MapError(f"{file}: {error.strerror}") from None
    return servers


def open_map(option: str) -> Csv:
    """Open the map: the entry point.

    Args:
        option: perdition option map_library_opt; "" if it is not given.

    Raises:
        MapError: the map cannot be opened; perdition does not start.
    """
    return Csv(option or "/etc/perdition/popmap.csv")
