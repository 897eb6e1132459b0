"""The TOML form of the configuration file.

Top-level keys are options for all listeners; each `[[listener]]` table is one listener with its own values:

    map_library = "sqlite"
    [[listener]]
    protocol = "IMAP4"
    ssl_mode = ["tls_listen"]
    [[listener]]
    protocol = "POP3S"
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Final

import attrs

from perdition.config.names import OptionError, find, give
from perdition.config.option import Alias, Option, Scope, Takes
from perdition.config.origin import Given, Origin, Reading, Source, Value
from perdition.config.toml_lines import Places, lines_of

LISTENER: Final = "listener"
# What an option accepts; a bool is no integer here, though Python thinks so.
TYPES: Final[Mapping[Takes, tuple[type, ...]]] = {
    Takes.FLAG: (bool,),
    Takes.NUMBER: (int,),
    Takes.PORT: (int, str),
    Takes.TEXT: (str,),
    Takes.LIST: (str, list),
}
NEWLINE: Final = b"\n"
# Where tomllib says that it stopped.
AT: Final = re.compile(r"\(at line ([0-9]+), ")
AT_THE_END: Final = "(at end of document)"
LARGEST_INTEGER: Final = 64
"""Bits: what TOML promises."""
TYPE_NAMES: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "an integer",
    str: "a string",
    list: "an array of strings",
}


def read(data: bytes, file: str) -> Reading:
    """Read a whole file; all errors are kept, none is raised."""
    try:
        text = data.decode().replace("\r\n", "\n")
        document = tomllib.loads(text)
    except ValueError as error:  # no UTF-8, no TOML, or a number of more digits than Python reads
        return Reading(errors=(f"{file}{_line_of(error, data)}: expected TOML: {error}",), whole=False)
    except RecursionError:
        return Reading(errors=(f"{file}: expected TOML: arrays and tables in each other, but fewer",), whole=False)
    errors: list[str] = []
    lines = lines_of(text, LISTENER)
    tables = document.pop(LISTENER, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        place = Origin(Source.FILE, file, lines.get((0, LISTENER), 0)).place
        errors.append(f"{place}{LISTENER}: expected tables, each under a line [[{LISTENER}]]")
        tables = []
    given = _read_table(document, Origin(Source.FILE, file), lines, errors)
    listeners = tuple(
        _read_table(table, Origin(Source.FILE, file, table=number), lines, errors)
        for number, table in enumerate(tables, 1)
    )
    return Reading(given, tuple(errors), listeners)


def _line_of(error: ValueError, data: bytes) -> str:
    """Give the line that an error is on, as a place has it, if that is known."""
    if isinstance(error, UnicodeDecodeError):
        return f":{data.count(NEWLINE, 0, error.start) + 1}"
    found = AT.search(str(error))
    if found is None:
        return f":{data.count(NEWLINE) + 1}" if AT_THE_END in str(error) else ""
    return f":{found[1]}"


def _read_table(table: Mapping[str, object], origin: Origin, lines: Places, errors: list[str]) -> tuple[Given, ...]:
    given: list[Given] = []
    for key, value in table.items():
        try:
            given += _read_key(key, value, attrs.evolve(origin, line=lines.get((origin.table, key), 0)))
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
    read = _value(value, known)
    if read is None:
        names = " or ".join(TYPE_NAMES[accepted] for accepted in TYPES[known.takes])
        raise OptionError(f"{about}: expected {names}, not {_kind(value, known.takes)}")
    return give(known, read, origin)


def _value(value: object, known: Option | Alias) -> Value | None:
    """Bring a TOML value into the form that the command line has; None when it is of the wrong type."""
    if type(value) not in TYPES[known.takes]:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() > LARGEST_INTEGER:
        return hex(value)  # which no option takes; Python would not write so many digits
    if not isinstance(value, list):
        return str(value)
    between = known.adds if isinstance(known, Option) and known.adds else ","
    return between.join(value) if all(isinstance(element, str) for element in value) else None


def _kind(value: object, takes: Takes) -> str:
    if type(value) in TYPES[takes]:  # then it is what stands in the array
        return "an array with something else"
    return TYPE_NAMES.get(type(value), "another type").removesuffix(" of strings")
