"""What must hold everywhere: the password shows nowhere, and nobody keeps more octets than the limits say."""

import base64
import enum
from collections.abc import Iterator
from typing import Final

from perdition.protocol.conversation import Row
from perdition.protocol.limits import Limits
from perdition.protocol.secret import Secret

CANARY: Final = b"kAnArY%9731"
"""A password that nothing else has by chance, nor any repr.  It can be no IMAP4 tag, for tags are echoed."""

# Of each encoding only what does not depend on the octets before and behind.
FORMS: Final = tuple(
    base64.b64encode(b"\0" * shift + CANARY + b"\0" * 3)[-(-shift * 4 // 3) + 1 : (shift + len(CANARY)) * 4 // 3 - 1]
    for shift in range(3)
)


def shows(data: bytes) -> bool:
    """Tell whether octets show the canary, as it is or in base64 at any of the three places it can have there."""
    return CANARY in data or any(form in data for form in FORMS)


def tells(thing: object) -> bool:
    """Tell whether a repr, a str or an exception's arguments show the canary."""
    texts = [repr(thing), str(thing)]
    if isinstance(thing, BaseException):
        texts.append(repr(thing.args))
    return any(shows(text.encode("utf-8", "backslashreplace")) for text in texts)


NOT_LOOKED_INTO: Final = (Limits, Row, enum.Enum, type, int, float)
"""What holds nothing of a peer."""


def held(thing: object, *, but: tuple[type, ...] = (), names: frozenset[str] = frozenset()) -> Iterator[object]:
    """Give everything that is reached from a thing, once.

    Args:
        thing: where to begin.
        but: kinds that are not looked into, nor given.
        names: attributes that are not looked into.
    """
    leaves = NOT_LOOKED_INTO + but
    seen: set[int] = set()
    waiting: list[object] = [thing]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, leaves):
            continue
        seen.add(id(one))
        yield one
        match one:
            case bytes() | bytearray() | str() | None:
                pass
            case dict():
                waiting += [*one.keys(), *one.values()]
            case list() | tuple() | set() | frozenset():
                waiting += one
            case Secret():
                waiting.append(one.reveal())
            case _:
                waiting += [getattr(one, name, None) for name in attributes(one) - names]


def attributes(thing: object) -> set[str]:
    """Give the names of what an object has, by slots or not."""
    slots = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
    return (slots | vars(thing).keys() if hasattr(thing, "__dict__") else slots) - {"__weakref__"}


TABLES: Final = frozenset(("_table",))
"""Attributes that hold what all machines share."""


def octets_held(thing: object, *, but: tuple[type, ...] = ()) -> int:
    """Count the octets and characters that are reached from a thing."""
    reached = held(thing, but=but, names=TABLES)
    return sum(len(one) for one in reached if isinstance(one, bytes | bytearray | str))
