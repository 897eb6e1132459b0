"""Maps: from a user to the real server that holds the mailbox."""

from perdition.maps.contract import Map, MapError, NativeMap, Runs
from perdition.maps.outcome import Absent, Broken, Found, Outcome, Query, Unavailable

__all__ = [
    "Absent",
    "Broken",
    "Found",
    "Map",
    "MapError",
    "NativeMap",
    "Outcome",
    "Query",
    "Runs",
    "Unavailable",
]
