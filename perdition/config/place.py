"""Where the option stands that a message is about."""

import re
from typing import Final

from perdition.config.origin import Source
from perdition.config.settings import OPTIONS, Settings

ABOUT: Final = re.compile(r"options? (\w+)(?: and (\w+))?")
# A message about the option string of a map may be about the map's kind as well.
AND: Final = {"map_library_opt": "map_library"}


def placed(line: str, settings: Settings) -> str:
    """Put the file and line in front of a message that begins with "option NAME" or "options NAME and NAME"."""
    found = ABOUT.match(line)
    names = [name for name in found.groups() if name in OPTIONS] if found else []
    for name in (*names, *(AND[name] for name in names if name in AND)):
        origin = settings.origin(name)
        if origin.kind is Source.FILE:
            return origin.place + line
    return line
