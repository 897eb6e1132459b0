"""Where values come from, as messages say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config.origin import COMMAND_LINE, DEFAULT, ConfigError, Origin, Source, shown

PLACES = [
    (DEFAULT, "", ""),
    (COMMAND_LINE, "", "--"),
    (Origin(Source.FILE, "/p.conf", 3), "/p.conf:3: ", ""),
    (Origin(Source.FILE, "/p.toml"), "/p.toml: ", ""),
    (Origin(Source.FILE, "/p.toml", table=2), "/p.toml: [[listener]] 2: ", ""),
]


@pytest.mark.parametrize(("origin", "place", "dashes"), PLACES)
def test_place(origin: Origin, place: str, dashes: str) -> None:
    assert (origin.place, origin.dashes) == (place, dashes)


SHOWN = {"a b": '"a b"', "ä": '"ä"', "a\nb": '"a\\nb"', "\udcff": '"\\udcff"', True: '"True"'}


@pytest.mark.parametrize(("value", "text"), SHOWN.items())
def test_shown(value: str | bool, text: str) -> None:
    assert shown(value) == text


@given(st.text())
def test_shown_is_one_printable_line(value: str) -> None:
    assert shown(value).isprintable()


def test_config_error_keeps_its_lines() -> None:
    error = ConfigError("a", "b")

    assert str(error) == "a\nb"
    assert error.lines == ("a", "b")
