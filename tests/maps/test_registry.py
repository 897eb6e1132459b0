"""From the options to an open map."""

import contextlib
from pathlib import Path

import pytest

from perdition.maps import MapError, Query
from perdition.maps.posix_regex import PosixRegex
from perdition.maps.registry import BUILT_IN, LATER, open_map
from perdition.maps.sqlite import Sqlite, create

REGEX_NAMES = [
    "posix_regex",
    "libperditiondb_posix_regex.so.0",
    "/usr/lib/libperditiondb_posix_regex.so.0.0.0",
    "/usr/lib/x86_64-linux-gnu/libperditiondb_posix_regex.so",
    "libperditiondb_posix_regex",
]


def test_no_map() -> None:
    assert open_map("", "anything") is None


@pytest.mark.parametrize("library", REGEX_NAMES)
def test_posix_regex(tmp_path: Path, library: str) -> None:
    (tmp_path / "re").write_text("a b\n")

    assert isinstance(open_map(library, f"{tmp_path}/re"), PosixRegex)


@pytest.mark.parametrize("library", ["sqlite", "libperditiondb_sqlite.so.0"])
def test_sqlite(tmp_path: Path, library: str) -> None:
    create(f"{tmp_path}/db", [])
    opened = open_map(library, f"{tmp_path}/db")

    assert isinstance(opened, Sqlite)
    with contextlib.closing(opened):
        pass


def test_default_options() -> None:
    assert {name: kind.default for name, kind in BUILT_IN.items()} == {
        "posix_regex": "/etc/perdition/popmap.re",
        "sqlite": "/etc/perdition/popmap.sqlite",
    }


@pytest.mark.parametrize("option", [None, ""])
def test_default_option_is_used(option: str | None) -> None:
    # No test may count on a file in /etc, but the name shows in the error.
    with pytest.raises(MapError, match=r'^map_library_opt "/etc/perdition/popmap\.sqlite": .*No such file'):
        open_map("sqlite", option)


def test_errors_of_the_map_name_the_option(tmp_path: Path) -> None:
    (tmp_path / "re").write_text("a\n")

    with pytest.raises(MapError) as caught:
        open_map("posix_regex", f"{tmp_path}/re")

    assert str(caught.value) == (
        f'map_library_opt "{tmp_path}/re": {tmp_path}/re:1: expected a pattern and a substitution, found one word'
    )


@pytest.mark.parametrize("kind", LATER)
def test_kinds_of_a_later_release(kind: str) -> None:
    library = f"/usr/lib/libperditiondb_{kind}.so.0.0.0"

    with pytest.raises(MapError) as caught:
        open_map(library, None)

    assert str(caught.value) == (
        f'map_library "{library}": this kind of map is not supported yet (supported: posix_regex, sqlite)'
    )


UNKNOWN = {
    "sqlte": ('map_library "sqlte": unknown kind of map (supported: posix_regex, sqlite; did you mean sqlite?)'),
    "/x/sqlite": (
        'map_library "/x/sqlite": unknown kind of map (supported: posix_regex, sqlite; did you mean sqlite?)'
    ),
    "zzz": 'map_library "zzz": unknown kind of map (supported: posix_regex, sqlite)',
}


@pytest.mark.parametrize(("library", "message"), UNKNOWN.items())
def test_unknown(library: str, message: str) -> None:
    with pytest.raises(MapError) as caught:
        open_map(library, None)

    assert str(caught.value) == message


MODULE = """
from perdition.maps import Found, MapError, Runs

class Constant:
    runs = Runs.INLINE
    def __init__(self, option): self.option = option
    def lookup(self, query): return Found(self.option.encode())
    def reload(self): pass
    def close(self): pass

def open_map(option):
    if option == "bad":
        raise MapError("expected something good")
    return Constant(option)
"""
ENTRY_POINTS = """
[perdition.maps]
constant = third_party_map:open_map
ldap = third_party_map:open_map
sqlite = third_party_map:open_map
broken = third_party_map:no_such_name
"""


@pytest.fixture
def _third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with maps, as pip would leave it."""
    info = tmp_path / "third_party-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "third_party_map.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("_third_party")
@pytest.mark.parametrize("library", ["constant", "ldap", "libperditiondb_ldap.so.0"])
def test_entry_points(library: str) -> None:
    opened = open_map(library, "host")

    assert opened is not None
    assert getattr(opened.lookup(Query(b"joe")), "value", None) == b"host"


@pytest.mark.usefixtures("_third_party")
def test_entry_points_get_an_empty_option_for_none() -> None:
    opened = open_map("constant", None)

    assert getattr(opened, "option", None) == ""


@pytest.mark.usefixtures("_third_party")
def test_built_in_kinds_come_first() -> None:
    with pytest.raises(MapError, match="No such file"):
        open_map("sqlite", "/nowhere")


@pytest.mark.usefixtures("_third_party")
def test_errors_of_entry_points() -> None:
    with pytest.raises(MapError, match=r'^map_library_opt "bad": expected something good$'):
        open_map("constant", "bad")
    with pytest.raises(
        MapError,
        match=r'^map_library "broken": entry point third_party_map:no_such_name cannot be loaded: Attr',
    ):
        open_map("broken", None)
