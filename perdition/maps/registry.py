"""From perdition's options map_library and map_library_opt to an open map."""

import difflib
import importlib
import re
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final, TypeAlias

import attrs

from perdition.maps.contract import Map, MapError, NativeMap

# Installed configurations name files, "/usr/lib/libperditiondb_mysql.so.0.0.0": what counts is X.
OLD_LIBRARY: Final = re.compile(r"(?:.*/)?libperditiondb_(\w+?)(?:\.so[.0-9]*)?\Z", re.DOTALL | re.ASCII)
ENTRY_POINTS: Final = "perdition.maps"

Opener: TypeAlias = Callable[[str], Map | NativeMap]


@attrs.frozen
class Kind:
    """A kind of map: where its opener is ("module:function"), and what it opens if nothing is said."""

    opener: str
    default: str


BUILT_IN: Final = {
    "posix_regex": Kind("perdition.maps.posix_regex:open_map", "/etc/perdition/popmap.re"),
    "sqlite": Kind("perdition.maps.sqlite:open_map", "/etc/perdition/popmap.sqlite"),
}
# Kinds that a later release brings; until then an entry point may provide them.
LATER: Final = (
    "bdb",
    "cdb",
    "daemon",
    "gdbm",
    "http",
    "ldap",
    "mysql",
    "nis",
    "odbc",
    "postgresql",
    "redis",
)


def open_map(library: str, option: str | None) -> Map | NativeMap | None:
    """Open the map that the options name.

    Args:
        library: perdition option map_library, a short name ("sqlite") or perdition 2.2's name of a library
            with any folder and version; "" is no map.
        option: perdition option map_library_opt; None or "" is the kind's default.

    Raises:
        MapError: there is no such kind, or its source cannot be opened.
    """
    if not library:
        return None
    old = OLD_LIBRARY.match(library)
    kind = old[1] if old else library
    if kind in BUILT_IN:
        opener = _built_in(BUILT_IN[kind].opener)
        option = option or BUILT_IN[kind].default
    else:
        opener = _entry_point(kind, library)
    try:
        return opener(option or "")
    except MapError as error:
        raise MapError(f'map_library_opt "{option or ""}": {error}') from None


def _built_in(place: str) -> Opener:
    module, _, function = place.partition(":")
    opener: Opener = getattr(importlib.import_module(module), function)
    return opener


def _entry_point(kind: str, library: str) -> Opener:
    for entry in entry_points(group=ENTRY_POINTS, name=kind):
        try:
            opener: Opener = entry.load()
        except Exception as error:  # other people's code: whatever it raises, say which option led there
            raise MapError(f'map_library "{library}": entry point {entry.value} cannot be loaded: {error!r}') from error
        return opener
    supported = ", ".join(BUILT_IN)
    if kind in LATER:
        raise MapError(f'map_library "{library}": this kind of map is not supported yet (supported: {supported})')
    near = difflib.get_close_matches(kind, (*BUILT_IN, *LATER), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise MapError(f'map_library "{library}": unknown kind of map (supported: {supported}{hint})')
