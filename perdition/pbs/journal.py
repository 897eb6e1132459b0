"""The journal, as `journalctl --follow --output json` prints it: one JSON object a line, one for each entry.

The format is that of systemd's "Journal JSON Format": a field is a text, a list of octets if it is none, null if it is
long, and a list of these if it is there several times.
"""

import json
from collections.abc import Sequence
from typing import Final

import attrs

LONGEST: Final = 65536
"""How many octets an entry may have that is looked at."""
FIELDS: Final = "MESSAGE,SYSLOG_IDENTIFIER"


@attrs.frozen
class Entry:
    """What counts of an entry.

    Args:
        cursor: where it stands in the journal; "" if that is not said.
        identifier: the program that calls itself so.
        message: what it said, maybe several lines.
    """

    cursor: str
    identifier: str
    message: bytes


def command(units: Sequence[str], cursor: str) -> list[str]:
    """Give the command that prints what is new.

    Args:
        units: systemd's units that count; none are all.
        cursor: of the last entry that was seen; "" begins with what comes now.
    """
    begin = f"--after-cursor={cursor}" if cursor else "--lines=0"
    matches = [f"_SYSTEMD_UNIT={unit}" for unit in units]  # systemd says that, not the program
    return ["journalctl", "--follow", "--quiet", "--output=json", f"--output-fields={FIELDS}", begin, *matches]


def read_entry(line: bytes) -> Entry | None:
    """Read one line; None: it is no entry."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    return Entry(
        cursor=_text(fields.get("__CURSOR")).decode("utf-8", "replace"),
        identifier=_text(fields.get("SYSLOG_IDENTIFIER")).decode("utf-8", "replace"),
        message=_text(fields.get("MESSAGE")),
    )


def _text(field: object) -> bytes:
    """Give the octets of a field; of one that is there several times, null, or something else: none."""
    if isinstance(field, str):
        return field.encode("utf-8", "surrogatepass")
    try:
        return bytes(field) if isinstance(field, list) else b""
    except (TypeError, ValueError):
        return b""
