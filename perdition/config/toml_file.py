"""The TOML form of the configuration file.

Top-level keys are options for all listeners; each `[[listener]]` table is one listener with its own values:

    map_library = "sqlite"
    [[listener]]
    protocol = "IMAP4"
    ssl_mode = ["tls_listen"]
    [[listener]]
    protocol = "POP3S"
"""

import tomllib
from collections.abc import Mapping
from typing import Final

from perdition.config.names import OptionError, find, give
from perdition.config.option import Later, Option, Scope, Takes
from perdition.config.origin import Given, Origin, Reading, Source, Value

LISTENER: Final = "listener"
# What an option accepts; a bool is no integer here, though Python thinks so.
TYPES: Final[Mapping[Takes, tuple[type, ...]]] = {
    Takes.FLAG: (bool,),
    Takes.NUMBER: (int,),
    Takes.PORT: (int, str),
    Takes.TEXT: (str,),
    Takes.LIST: (str, list),
}
TYPE_NAMES: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "an integer",
    str: "a string",
    list: "an array of strings",
}


def read(data: bytes, file: str) -> Reading:
    """Read a whole file; all errors are kept, none is raised."""
    try:
        document = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Reading(errors=(f"{file}: expected TOML: {error}",))
    errors: list[str] = []
    tables = document.pop(LISTENER, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        errors.append(f"{file}: {LISTENER}: expected tables, each under a line [[{LISTENER}]]")
        tables = []
    given = _read_table(document, Origin(Source.FILE, file), errors)
    listeners = tuple(
        _read_table(table, Origin(Source.FILE, file, table=number), errors) for number, table in enumerate(tables, 1)
    )
    return Reading(given, tuple(errors), listeners)


def _read_table(table: Mapping[str, object], origin: Origin, errors: list[str]) -> tuple[Given, ...]:
    given: list[Given] = []
    for key, value in table.items():
        try:
            given += _read_key(key, value, origin)
        except OptionError as error:
            errors.append(str(error))
    return tuple(given)


def _read_key(key: str, value: object, origin: Origin) -> tuple[Given, ...]:
    known = find(key, origin)
    about = f"{origin.place}option {known.name}"
    if isinstance(known, Option):
        if known.scope is Scope.START:
            raise OptionError(f"{about} may stand on the command line only")
        if known.scope is Scope.PROCESS and origin.table:
            raise OptionError(f"{about} is for the whole process: write it above the first [[{LISTENER}]]")
    if isinstance(known, Later):
        return give(known, None, origin)  # raises: its type does not matter
    read = _value(value, known.takes)
    if read is None:
        names = " or ".join(TYPE_NAMES[accepted] for accepted in TYPES[known.takes])
        raise OptionError(f"{about}: expected {names}, not {_kind(value, known.takes)}")
    return give(known, read, origin)


def _value(value: object, takes: Takes) -> Value | None:
    """Bring a TOML value into the form that the command line has; None when it is of the wrong type."""
    if type(value) not in TYPES[takes]:
        return None
    if isinstance(value, bool):
        return value
    if not isinstance(value, list):
        return str(value)
    return ",".join(value) if all(isinstance(element, str) for element in value) else None


def _kind(value: object, takes: Takes) -> str:
    if type(value) in TYPES[takes]:  # then it is what stands in the array
        return "an array with something else"
    return TYPE_NAMES.get(type(value), "another type").removesuffix(" of strings")
