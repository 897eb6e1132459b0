"""The posix_regex map, against real files."""

from pathlib import Path

import pytest

from perdition.maps import Absent, Found, MapError, Outcome, Query
from perdition.maps.posix_regex import PosixRegex, open_map


def map_of(folder: Path, text: bytes) -> PosixRegex:
    file = folder / "popmap.re"
    file.write_bytes(text)
    return open_map(str(file))


# The lines that perdition 2.2 ships, and the map of compat cases M01 to M05.
SHIPPED = b"^[a-k]: localhost\n^[^a-k]: localhost:110\n"
CASES = b"# c\n^joe$: 127.0.0.1:7\n^al: alice@127.0.0.1:7\n(.*)@(.*): $1_$2@127.0.0.1:7\n"

LOOKUPS: list[tuple[bytes, bytes, Outcome]] = [
    (SHIPPED, b"joe", Found(b"localhost")),
    (SHIPPED, b"zoe", Found(b"localhost:110")),
    (SHIPPED, b"Joe", Found(b"localhost:110")),  # case-sensitive
    (CASES, b"joe", Found(b"127.0.0.1:7")),
    (CASES, b"alan", Found(b"alice@127.0.0.1:7")),
    (CASES, b"x@y.z", Found(b"x_y.z@127.0.0.1:7")),
    (CASES, b"nobody", Absent()),
    (CASES, b"joe\0", Absent()),
    (b"flim localhost\n", b"itsflim", Found(b"itslocalhost")),
    (b"flim localhost\n", b"itsflimsy", Found(b"itslocalhost")),
    (b"@x: 127.0.0.1\n", b"joe@x", Found(b"joe127.0.0.1")),
    (b"a|ab [$0]\n", b"ab", Found(b"[ab]")),
    (b"[[:alpha:]]+@(.*) $1\n", b"joe@h", Found(b"h")),
    (b"a b\na c\n", b"a", Found(b"b")),  # the first match wins
    (b"a b c d\n", b"a", Found(b"b")),  # further words are ignored
    (b"  a\t:b\n", b"a", Found(b":b")),
    (b"a:: b\n", b"a:", Found(b"b")),  # one colon is removed
    (b"a:: b\n", b"a", Absent()),
    (b'"a b": c\n', b"a b", Found(b"c")),
    (b"'^\\.': c\n", b".", Found(b"c")),
    (b"^\\\\.: c\n", b".", Found(b"c")),
    (b"a \\\n  b", b"a", Found(b"b")),
    (b"# a b \\\n a c\na d\n", b"a", Found(b"d")),
    (b"$ @host\n", b"joe", Found(b"joe@host")),  # empty matches: no luck in perdition 2.2
    (b"x* host\n", b"joe", Found(b"host")),
    (b": host\n", b"joe", Found(b"host")),
    (b"(a)|(b) $1-$2-$9-$x-$\n", b"b", Found(b"$1-b-$9-$x-$")),
    (b"(a) $10\n", b"a", Found(b"a0")),
    (b'a ""\n', b"a", Absent()),  # an empty server counts as not found
    (b'a ""\n', b"xa", Found(b"x")),
    (b"^a:\tb:143\r\n", b"a", Found(b"b:143")),
    (b"^\xe4$ h\n", b"\xe4", Found(b"h")),
    (b"", b"a", Absent()),
]


@pytest.mark.parametrize(("text", "key", "outcome"), LOOKUPS)
def test_lookup(tmp_path: Path, text: bytes, key: bytes, outcome: Outcome) -> None:
    assert map_of(tmp_path, text).lookup(Query(key)) == outcome


ERRORS = {
    b"a b\n\nlonely\n": ":3: expected a pattern and a substitution, found one word",
    b"a b\n[a: b\n": ":2: expected a POSIX extended regular expression: Unmatched [",
    b"a b\n'a b": ":2: expected a closing single quote",
    b"a b\0": ":1: expected text, found a NUL octet",
}


@pytest.mark.parametrize(("text", "message"), ERRORS.items())
def test_errors_name_file_and_line(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(MapError) as caught:
        map_of(tmp_path, text)

    assert str(caught.value).startswith(f"{tmp_path}/popmap.re{message}")
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MapError) as caught:
        open_map(str(tmp_path / "no"))

    assert str(caught.value) == f"{tmp_path}/no: cannot be read: No such file or directory"


def test_reload(tmp_path: Path) -> None:
    regexes = map_of(tmp_path, b"a one\n")
    (tmp_path / "popmap.re").write_text("a two\n")

    assert regexes.lookup(Query(b"a")) == Found(b"one")

    regexes.reload()

    assert regexes.lookup(Query(b"a")) == Found(b"two")


def test_a_broken_file_leaves_the_old_rules(tmp_path: Path) -> None:
    regexes = map_of(tmp_path, b"a one\n")
    (tmp_path / "popmap.re").write_text("a two\n[\n")

    with pytest.raises(MapError):
        regexes.reload()

    assert regexes.lookup(Query(b"a")) == Found(b"one")


def test_reload_after_a_change_of_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "popmap.re").write_text("a one\n")
    monkeypatch.chdir(tmp_path)
    regexes = open_map("popmap.re")
    monkeypatch.chdir("/")
    regexes.reload()

    assert regexes.lookup(Query(b"a")) == Found(b"one")


def test_close(tmp_path: Path) -> None:
    regexes = map_of(tmp_path, b"a one\n")
    regexes.close()

    assert regexes.lookup(Query(b"a")) == Absent()
