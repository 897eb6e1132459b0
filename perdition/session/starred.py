"""What the log may show of the commands before a log-in (perdition option connection_logging): no password.

Only what is known to hold none is shown.  A command with credentials is shown up to them, a SASL response not at
all, and no more a line that is no command: it may be the rest of one that was refused, a literal, say.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from perdition.protocol.sasl import CANCEL
from perdition.session.policy import Proto

CRLF: Final = b"\r\n"
STARS: Final = b"***"
MECHANISM: Final = rb"(?: [a-z0-9_-]{1,20}(?= |\Z))?"


@attrs.frozen
class Grammar:
    """Where verbs stand, and credentials.

    Attributes:
        verb: the beginning of a command's first line; its group is the verb.
        secretive: the same up to the credentials, of a command that has any.
    """

    verb: re.Pattern[bytes]
    secretive: re.Pattern[bytes]


GRAMMARS: Final[Mapping[Proto, Grammar]] = {
    Proto.POP3: Grammar(
        re.compile(rb"([A-Za-z]+)(?= |\Z)"),
        re.compile(rb"PASS(?= |\Z)|(?:AUTH(?= |\Z)" + MECHANISM + rb")", re.IGNORECASE),
    ),
    # Of LOGIN the name, if another argument follows it, or the announcement of a literal that is the name.
    Proto.IMAP4: Grammar(
        re.compile(rb"[^ ]+ ([A-Za-z0-9-]+)(?= |\Z)"),
        re.compile(
            rb"[^ ]+ (?:AUTHENTICATE(?= |\Z)"
            + MECHANISM
            + rb'|LOGIN(?= |\Z)(?: (?:"(?:[^"\\]|\\.)*"|[^ "{][^ ]*)(?= ))?'
            rb"(?: \{[0-9]+\+?\}\Z)?)",
            re.IGNORECASE,
        ),
    ),
    Proto.MANAGESIEVE: Grammar(
        re.compile(rb"([A-Za-z]+)(?= |\Z)"),
        re.compile(rb'AUTHENTICATE(?= |\Z)(?: "[a-z0-9_-]{1,20}"(?= |\Z))?', re.IGNORECASE),
    ),
}


def command(proto: Proto, octets: bytes, knows: Callable[[str], bool]) -> tuple[bytes, bool]:
    """Write what may be shown of a command; tell whether what may follow in it is hidden, too.

    Args:
        proto: whose grammar holds.
        octets: the command, whole or up to the announcement of a literal.
        knows: tells whether a verb, in capitals, is one of the protocol's.
    """
    grammar = GRAMMARS[proto]
    line, _, rest = octets.partition(CRLF)
    verb = grammar.verb.match(line)
    if verb is None or not knows(verb[1].decode("ascii").upper()):
        return STARS + CRLF, True
    found = grammar.secretive.match(line)
    if found is None:
        return octets, False
    whole = found[0] == line and not rest
    return (found[0] if whole else found[0] + b" " + STARS) + CRLF, True


def response(octets: bytes) -> bytes:
    """Write what may be shown of a SASL response: whether it gives up."""
    return octets if octets.strip(b'\r\n"') == CANCEL else STARS + CRLF
