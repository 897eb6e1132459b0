"""From perdition's options map_library and map_library_opt to an open map."""

import difflib
import importlib
import re
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final, TypeAlias

import attrs

from perdition.maps.contract import Map, MapError, NativeMap, Runs

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
    "gdbm": Kind("perdition.maps.gdbm:open_map", "/etc/perdition/popmap.gdbm.db"),
    "bdb": Kind("perdition.maps.bdb:open_map", "/etc/perdition/popmap.bdb.db"),
    "cdb": Kind("perdition.maps.cdb:open_map", "/etc/perdition/popmap.cdb"),
    "daemon": Kind("perdition.maps.daemon:open_map", "/var/run/perdition.db:1:5"),
    "http": Kind("perdition.maps.http:open_map", ""),
    "ldap": Kind(
        "perdition.maps.ldap:open_map", "ldap://localhost/ou=mailbox,dc=nodomain?username,mailhost,port?one?(uid=%s)"
    ),
    "mysql": Kind("perdition.maps.mysql:open_map", ""),
    "nis": Kind("perdition.maps.nis:open_map", "user_mail_server"),
    "odbc": Kind("perdition.maps.odbc:open_map", ""),
    "postgresql": Kind("perdition.maps.postgresql:open_map", ""),
    "posix_regex": Kind("perdition.maps.posix_regex:open_map", "/etc/perdition/popmap.re"),
    "redis": Kind("perdition.maps.redis:open_map", "redis://localhost:6379/0?key=popmap:{key}"),
    "sqlite": Kind("perdition.maps.sqlite:open_map", "/etc/perdition/popmap.sqlite"),
}


def kind_of(library: str) -> str:
    """Give the short name of a kind: "mysql" for "/usr/lib/libperditiondb_mysql.so.0.0.0"."""
    old = OLD_LIBRARY.match(library)
    return old[1] if old else library


def open_map(library: str, option: str | None) -> Map | NativeMap | None:
    """Open the map that the options name.

    Args:
        library: perdition option map_library, a short name ("sqlite") or perdition 2.2's name of a library
            with any folder and version; "" is no map.
        option: perdition option map_library_opt; None or "" is the kind's default.

    Raises:
        MapError: there is no such kind, its source cannot be opened, or its code is wrong.
    """
    if not library:
        return None
    kind = kind_of(library)
    if kind in BUILT_IN:
        opener = _built_in(BUILT_IN[kind].opener)
        option = option or BUILT_IN[kind].default
    else:
        opener = _entry_point(kind, library)
    try:
        popmap = opener(option or "")
    except MapError as error:
        raise MapError(f"{kind}: {error}") from None  # without the option string: it may hold a password
    except Exception as error:  # the same of what the error says
        raise MapError(f"{kind}: internal error of the map: {type(error).__name__}") from error
    if not isinstance(getattr(popmap, "runs", None), Runs):
        raise MapError(f"{kind}: internal error of the map: expected a map with runs, not {type(popmap).__name__}")
    return popmap


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
    kinds = list(dict.fromkeys([*BUILT_IN, *sorted(entry_points(group=ENTRY_POINTS).names)]))
    supported = ", ".join(kinds)
    near = difflib.get_close_matches(kind, kinds, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise MapError(f'map_library "{library}": unknown kind of map (supported: {supported}{hint})')
