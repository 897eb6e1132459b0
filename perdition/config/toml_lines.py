"""On which lines of a TOML file its keys stand: the standard library reads the values, and does not tell."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

Places: TypeAlias = Mapping[tuple[int, str], int]
"""The line of each key, counted from 1, by the number of its `[[listener]]` table (0: none) and its name."""

# What may look like a key and is none; strings on one line are matched so that a # in them begins no comment.
NO_KEY: Final = re.compile(
    r"""
      (?P<comment> \#[^\n]* )
    | (?P<lines> "{3} (?: \\. | [^\\] )*? "{3,5} | '{3} .*? '{3,5} )
    | "(?: \\. | [^"\\\n] )*" | '[^'\n]*'
    """,
    re.DOTALL | re.VERBOSE,
)
NAME: Final = r"""[ \t]*(?:"(?P<double>[^"\\]*)"|'(?P<single>[^']*)'|(?P<bare>[A-Za-z0-9_-]+))[ \t]*"""
KEY: Final = re.compile(NAME + r"[.=]")
HEADER: Final = re.compile(r"[ \t]*(?P<open>\[\[?)" + NAME + r"(?P<end>[\].])")


def lines_of(text: str, listener: str) -> Places:
    """Find the keys of a file that is TOML.

    Args:
        text: the file.
        listener: the name of the tables that are listeners.
    """
    places: dict[tuple[int, str], int] = {}
    for table, name, line in _keys(NO_KEY.sub(_without, text), listener):
        places.setdefault((table, name), line)
    return places


def _keys(text: str, listener: str) -> Iterator[tuple[int, str, int]]:
    table, is_listed = 0, True
    for number, line in enumerate(text.split("\n"), 1):
        if header := HEADER.match(line):
            name = _name(header)
            is_listed = name == listener and header["open"] == "[[" and header["end"] == "]"
            table += is_listed
            yield 0, name, number
        elif is_listed and (key := KEY.match(line)):
            yield table, _name(key), number


def _name(found: re.Match[str]) -> str:
    return next(name for name in (found["double"], found["single"], found["bare"]) if name is not None)


def _without(found: re.Match[str]) -> str:
    if found["comment"] is not None:
        return ""
    return found[0] if found["lines"] is None else '""' + "\n" * found[0].count("\n")
