"""What the three targets of the configuration share: options as they may be written, and what must hold of them."""

from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

from perdition.config.build import build, clashes
from perdition.config.option import Option, Takes
from perdition.config.origin import Reading
from perdition.config.settings import ALIASES, OPTIONS, Settings

VALUES: Final = {
    Takes.FLAG: ("",),
    Takes.OPTIONAL: ("", "conf", "toml", "yaml"),
    Takes.NUMBER: ("", "0", "30", "2147483648"),
    Takes.PORT: ("110", "imaps", "0", "65536"),
    Takes.TEXT: ("", "IMAP4S", "/etc/perdition/x.pem", "a b", "mail", "%s", "u\u0308"),
    Takes.LIST: ("", "[::1]:143,localhost", "tls_all,ssl_all", "all,2", "\\U,\\u\\D\\d", "joe@host:x"),
}
NAMES: Final = [*OPTIONS, *(alias.name for alias in ALIASES)]


def examples() -> Iterator[tuple[Option, str]]:
    """Give every option with values that fit it, or nearly."""
    for option in OPTIONS.values():
        for value in VALUES[option.takes]:
            yield option, value


def look_at(*readings: Reading) -> None:
    """What was read can be built, or is an error of one line that can be printed; nothing is raised."""
    layers = [layer for reading in readings for layer in (reading.given, *reading.listeners)]
    settings, wrong = build(Settings(), layers)

    assert isinstance(settings, Settings)
    for line in (*(line for reading in readings for line in reading.errors), *wrong, *clashes([settings, settings])):
        assert line.isprintable()
        assert line
    for layer in layers:
        for given in layer:
            assert given.name in OPTIONS
            assert isinstance(given.value, bool) == (OPTIONS[given.name].takes is Takes.FLAG)


def words() -> list[bytes]:
    """Give the names of all options, and what values are made of."""
    values = {value for group in VALUES.values() for value in group if value}
    return [*(name.encode() for name in NAMES), *(value.encode() for value in sorted(values))]


OPTION: Final = st.sampled_from(list(OPTIONS.values()))
NAME: Final = st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES), st.text(max_size=8))
VALUE: Final = st.one_of(st.sampled_from(sorted({v for group in VALUES.values() for v in group})), st.text(max_size=12))
