"""From the options to an open map."""

import contextlib
from pathlib import Path

import pytest

from perdition.maps import MapError, Query, bdb, cdb, gdbm
from perdition.maps._file_map import FileMap, Format
from perdition.maps.posix_regex import PosixRegex
from perdition.maps.registry import BUILT_IN, open_map
from perdition.maps.sqlite import Sqlite, create

SUPPORTED = ", ".join(BUILT_IN)
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


DEFAULTS = {
    "gdbm": "/etc/perdition/popmap.gdbm.db",
    "bdb": "/etc/perdition/popmap.bdb.db",
    "cdb": "/etc/perdition/popmap.cdb",
    "posix_regex": "/etc/perdition/popmap.re",
    "sqlite": "/etc/perdition/popmap.sqlite",
}


@pytest.mark.parametrize(("kind", "default"), DEFAULTS.items())
def test_default_options(kind: str, default: str) -> None:
    assert BUILT_IN[kind].default == default


@pytest.mark.parametrize(("kind", "form"), [("gdbm", gdbm.FORMAT), ("bdb", bdb.FORMAT), ("cdb", cdb.FORMAT)])
def test_the_default_file_of_a_map_is_the_one_that_may_be_missing(kind: str, form: Format) -> None:
    assert BUILT_IN[kind].default == form.default


@pytest.mark.parametrize("library", ["gdbm", "/usr/lib/libperditiondb_gdbm.so.0.0.0", "libperditiondb_bdb.so.0", "cdb"])
def test_file_maps(tmp_path: Path, library: str) -> None:
    opened = open_map(library, f"{tmp_path}/none-yet")

    assert isinstance(opened, FileMap)


@pytest.mark.parametrize("option", [None, ""])
def test_default_option_is_used(option: str | None) -> None:
    # No test may count on a file in /etc, but the name shows in the error.
    with pytest.raises(MapError, match=r"^sqlite: /etc/perdition/popmap\.sqlite: .*No such file"):
        open_map("sqlite", option)


def test_errors_of_the_map_name_the_option(tmp_path: Path) -> None:
    (tmp_path / "re").write_text("a\n")

    with pytest.raises(MapError) as caught:
        open_map("posix_regex", f"{tmp_path}/re")

    assert str(caught.value) == (f"posix_regex: {tmp_path}/re:1: expected a pattern and a substitution, found one word")


UNKNOWN = {
    "sqlte": f'map_library "sqlte": unknown kind of map (supported: {SUPPORTED}; did you mean sqlite?)',
    "/x/sqlite": f'map_library "/x/sqlite": unknown kind of map (supported: {SUPPORTED}; did you mean sqlite?)',
    "zzz": f'map_library "zzz": unknown kind of map (supported: {SUPPORTED})',
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
    if option == "secret":
        raise ValueError(option)
    if option == "nothing":
        return None
    return Constant(option)
"""
ENTRY_POINTS = """
[perdition.maps]
constant = third_party_map:open_map
from_home = third_party_map:open_map
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
@pytest.mark.parametrize("library", ["constant", "from_home", "libperditiondb_from_home.so.0"])
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
    with pytest.raises(MapError, match=r"^constant: expected something good$"):
        open_map("constant", "bad")
    with pytest.raises(
        MapError,
        match=r'^map_library "broken": entry point third_party_map:no_such_name cannot be loaded: Attr',
    ):
        open_map("broken", None)


@pytest.mark.usefixtures("_third_party")
def test_an_opener_that_raises_something_else_is_an_error_of_the_map_that_does_not_show_the_option() -> None:
    with pytest.raises(MapError, match=r"^constant: internal error of the map: ValueError$"):
        open_map("constant", "secret")


@pytest.mark.usefixtures("_third_party")
def test_an_opener_that_gives_no_map_is_not_taken_for_no_map_at_all() -> None:
    with pytest.raises(
        MapError, match=r"^constant: internal error of the map: expected a map with runs, not NoneType$"
    ):
        open_map("constant", "nothing")


@pytest.mark.usefixtures("_third_party")
def test_unknown_kinds_are_told_from_those_of_installed_packages() -> None:
    with pytest.raises(MapError) as caught:
        open_map("constnt", None)

    assert str(caught.value) == (
        f'map_library "constnt": unknown kind of map (supported: {SUPPORTED}, broken, constant, from_home; '
        "did you mean constant?)"
    )
