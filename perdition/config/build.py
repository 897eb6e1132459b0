"""From what was given to Settings: parse each value, let the stronger place win, then look at the whole."""

from collections.abc import Sequence
from typing import Any

import attrs

from perdition.config.option import Option
from perdition.config.origin import Given, Origin, printable, shown
from perdition.config.settings import OPTIONS, Settings
from perdition.config.values import HostPort


def build(base: Settings, layers: Sequence[Sequence[Given]]) -> tuple[Settings, list[str]]:
    """Put layers of given options over a base, weakest layer first.

    Every value is parsed, also one that a stronger place replaces: a typing error is one wherever it stands.

    Returns:
        The settings, and one line for each error.
    """
    # Any: an option's parser and its field have the same type, but by name that is out of mypy's sight.
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = dict(base.origins)
    errors: list[str] = []
    for layer in layers:
        texts: dict[str, str] = {}  # of options that add up, in this layer
        for given in layer:
            option = OPTIONS[given.name]
            origins[given.name] = given.origin
            try:
                values[given.name] = _parse(option, given, texts)
            except ValueError as error:
                errors.append(_complaint(given, str(error)))
                origins[given.name] = attrs.evolve(given.origin, bad=True)
    return attrs.evolve(base, **values, origins=origins), errors


def _parse(option: Option, given: Given, texts: dict[str, str]) -> object:
    if isinstance(given.value, bool):
        return given.value
    if not option.adds:
        return option.parse(given.value)
    option.parse(given.value)  # on its own first, or its error would be reported again with the next one
    texts[given.name] = option.adds.join(filter(None, (texts.get(given.name), given.value)))
    return option.parse(texts[given.name])


def _complaint(given: Given, expected: str) -> str:
    origin = given.origin
    return f"{origin.place}option {origin.dashes}{given.name}: expected {expected}, not {shown(given.value)}"


def clashes(listeners: Sequence[Settings]) -> list[str]:
    """Find listeners that want the same address and port."""
    errors: list[str] = []
    seen: dict[HostPort, int] = {}
    for number, settings in enumerate(listeners, 1):
        for bind in settings.bind_address or (HostPort(""),):
            port = settings.listen_port_number if bind.port is None else bind.port
            place = HostPort(bind.host, port)
            if port and place in seen:
                errors.append(
                    f"options bind_address and listen_port: listeners {seen[place]} and {number} "
                    f"both listen on {printable(place.host) or 'all addresses'} port {port}"
                )
            seen[place] = number
    return errors
