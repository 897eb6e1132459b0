"""Queries and outcomes are plain frozen data; importing them drags nothing along."""

import subprocess
import sys

import attrs
import pytest

import perdition.maps
from perdition.maps import Absent, Broken, Found, Outcome, Query, Unavailable

PUBLIC = {
    "Absent",
    "Broken",
    "Found",
    "Map",
    "MapError",
    "NativeMap",
    "Outcome",
    "Query",
    "Runs",
    "Unavailable",
}
HEAVY = ("trio", "socket", "ssl", "select", "logging", "ctypes", "sqlite3", "importlib.metadata")


def test_public_names() -> None:
    assert set(perdition.maps.__all__) == PUBLIC


def test_import_is_light() -> None:
    code = f"import perdition.maps, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_query_defaults() -> None:
    assert Query(b"joe") == Query(b"joe", delimiter=b"@", client=None, local=None)


@pytest.mark.parametrize("outcome", [Found(b"a"), Absent(), Unavailable("b"), Broken("c")])
def test_outcomes_differ_and_are_frozen(outcome: Outcome) -> None:
    assert [outcome == other for other in (Found(b"a"), Absent(), Unavailable("b"), Broken("c"))].count(True) == 1
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        outcome.why = "x"  # type: ignore[union-attr, misc]  # the point of the test
