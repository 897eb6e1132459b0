"""From an option's value back to the text that gives it."""

import enum
from typing import Final

from perdition.config.name_states import ALL, AddDomain, NameState
from perdition.config.ssl_mode import SslMode, Tls
from perdition.config.values import FurtherMap, HostPort

SIDES: Final = ("listen", "outgoing")
MODES: Final = {Tls.SSL: "ssl_{}", Tls.TLS: "tls_{}", Tls.TLS_FORCE: "tls_{}_force"}


def as_text(value: object) -> str:
    """Write a value as its option reads it; a flag is no text and has none.

    Raises:
        TypeError: no option has such a value.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case enum.Enum():
            return str(value.value)
        case int() if not isinstance(value, bool):
            return str(value)
        case SslMode():
            return _ssl_mode(value)
        case AddDomain():
            return ",".join([*_states(value.states), *([str(value.depth)] if value.depth != 1 else [])])
        case frozenset():
            return ",".join(_states(value))
        case tuple():
            return _tuple(value)
    raise TypeError(f"expected the value of an option, not {type(value).__name__}")


def _tuple(values: tuple[object, ...]) -> str:
    between = "\n" if any(isinstance(value, FurtherMap) for value in values) else ","
    return between.join(_element(value) for value in values)


def _element(value: object) -> str:
    if isinstance(value, FurtherMap):
        return value.library if value.opt is None else f"{value.library}:{value.opt}"
    if isinstance(value, str | HostPort):
        return str(value)
    raise TypeError(f"expected the element of a list, not {type(value).__name__}")


def _states(states: frozenset[NameState]) -> list[str]:
    return ["all"] if states == ALL else [state.value for state in NameState if state in states]


def _ssl_mode(mode: SslMode) -> str:
    if mode.listen is mode.outgoing:
        return MODES[mode.listen].format("all") if mode.listen in MODES else "none"
    sides = zip(SIDES, (mode.listen, mode.outgoing), strict=True)
    return ",".join(MODES[tls].format(side) for side, tls in sides if tls in MODES)
