"""--help."""

import re

import pytest

from perdition.config.help import usage
from perdition.config.option import Alias, Option
from perdition.config.settings import ALIASES, OPTIONS


@pytest.mark.parametrize("row", [*OPTIONS.values(), *ALIASES], ids=lambda row: row.name)
def test_every_option_is_there_once(row: Option | Alias) -> None:
    letter = f"-{row.short}, " if row.short else "    "
    entry = re.compile(rf"^  {letter}--{row.name}( |$)", re.MULTILINE)

    assert len(entry.findall(usage())) == 1


def test_it_fits_80_columns() -> None:
    assert max(map(len, usage().splitlines())) <= 80


def test_a_short_and_a_long_entry() -> None:
    text = usage()

    assert "  -d, --debug               Log more.\n" in text
    assert "      --connect_timeout SECONDS\n                            Time to reach" in text
    assert "handshake\n                            included. 0: no limit. Default: 30.\n" in text
    assert "no map. Default" not in text
