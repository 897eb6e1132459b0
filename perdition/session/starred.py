"""What the log may show of the commands before a log-in (perdition option connection_logging): no password.

Only what is known to hold none is shown: the verb, the mechanism, the name that is followed by a password, what a
client says of itself (ID).  Everything else is stars, in a command of any kind: it may be the log-in that was meant.
A line that is no command is not shown at all: it may be the rest of one that was refused, a literal, say.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from perdition.protocol.sasl import CANCEL
from perdition.session.policy import Proto

CRLF: Final = b"\r\n"
STARS: Final = b"***"
MECHANISM: Final = rb"[a-z0-9_-]{1,20}"
QUOTED: Final = rb'"(?:[^"\\]|\\.)*"'
FIELDS: Final = rb"\(" + QUOTED + rb" (?:" + QUOTED + rb"|NIL)(?: " + QUOTED + rb" (?:" + QUOTED + rb"|NIL))*\)"

NAME: Final = rb"(?:" + QUOTED + rb'|[^ "{][^ ]*)'
ID: Final = rb"ID(?: (?:NIL|" + FIELDS + rb"))?"
# The name, if another argument follows it, or the announcement of a literal that is the name.
LOGIN: Final = rb"LOGIN(?: " + NAME + rb"(?= ))?(?: \{[0-9]+\+?\}\Z)?"

COMMANDS: Final[Mapping[Proto, tuple[bytes, bytes, list[bytes]]]] = {
    Proto.POP3: (rb"", rb"[a-z]+", [rb"USER(?: [^ ]+)?", rb"AUTH(?: " + MECHANISM + rb")?"]),
    Proto.IMAP4: (rb"[^ ]+ ", rb"[a-z0-9-]+", [rb"AUTHENTICATE(?: " + MECHANISM + rb")?", LOGIN, ID]),
    Proto.MANAGESIEVE: (rb"", rb"[a-z]+", [rb'AUTHENTICATE(?: "' + MECHANISM + rb'")?']),
}
"""What stands before the verb, what a verb looks like, and of which verbs more is shown."""

SHOWN: Final[Mapping[Proto, re.Pattern[bytes]]] = {
    proto: re.compile(
        before + rb"(?=(" + verb + rb"))(?:" + b"|".join([*commands, verb]) + rb")(?= |\Z)", re.IGNORECASE
    )
    for proto, (before, verb, commands) in COMMANDS.items()
}
"""The beginning of a command's first line that may be shown; the group is the verb."""


def command(proto: Proto, octets: bytes, knows: Callable[[str], bool]) -> bytes:
    """Write what may be shown of a command.

    Args:
        proto: whose grammar holds.
        octets: the command, whole or up to the announcement of a literal.
        knows: tells whether a verb, in capitals, is one of the protocol's.
    """
    line, _, rest = octets.partition(CRLF)
    found = SHOWN[proto].match(line)
    if found is None or not knows(found[1].decode("ascii").upper()):
        return STARS + CRLF
    return octets if found[0] == line and not rest else found[0] + b" " + STARS + CRLF


def response(octets: bytes) -> bytes:
    """Write what may be shown of a SASL response: whether it gives up."""
    return octets if octets.strip(b'\r\n"') == CANCEL else STARS + CRLF
