"""The option string of the sqlite map: a file name, and what to ask of the database."""

import os
import re
from typing import Final
from urllib.parse import unquote

import attrs

from perdition.maps.contract import MapError

IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")
DEFAULTS: Final = {"table": "popmap", "key": "user", "value": "server"}
SETTINGS: Final = (*DEFAULTS, "query")
# The columns carry the table's name: SQLite takes a lone "server" for a string when there is no such column.
SELECT: Final = 'SELECT m."{value}" FROM "{table}" AS m WHERE m."{key}" = :key'


@attrs.frozen
class Source:
    """Where to look a key up.

    Attributes:
        is_query: whether the SQL is the administrator's.
    """

    path: str
    sql: str
    is_query: bool = False

    @property
    def named(self) -> bool:
        """Whether the key is bound by name (`:key`) or to the one `?`."""
        return ":key" in self.sql


def read_option(option: str) -> Source:
    """Read `path[?name=value[&name=value...]]`; names are table, key and value, or query alone.

    Values may be percent-encoded; `+` is a plus, and `%26` is the way to write `&`.

    Raises:
        MapError: the option makes no sense.
    """
    path, _, rest = option.partition("?")
    settings: dict[str, str] = {}
    for part in rest.split("&") if rest else ():
        name, equals, value = part.partition("=")
        if name not in SETTINGS or not equals:
            raise MapError(f'expected name=value with one of {", ".join(SETTINGS)}, not "{part}"')
        settings[name] = unquote(value)
    if not path:
        raise MapError("expected the name of a database file")
    path = os.path.abspath(path)  # a daemon changes its folder
    if "query" in settings:
        if len(settings) > 1:
            raise MapError("expected either query, or table, key and value")
        return Source(path, settings["query"], is_query=True)
    names = DEFAULTS | settings
    for name, value in names.items():
        if not IDENTIFIER.match(value):
            raise MapError(f'{name}: expected a name of letters, digits and underscores, not "{value}"')
    return Source(path, SELECT.format(**names))
