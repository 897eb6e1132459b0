"""The posix_regex map, against real files."""

import hashlib
import os
from pathlib import Path

import pytest

from perdition.maps import Absent, Found, MapError, Outcome, Query, Runs
from perdition.maps.posix_regex import LONGEST_HARD_KEY, LONGEST_KEY, PosixRegex, open_map


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


@pytest.mark.parametrize(
    ("pattern", "runs"),
    [
        (r"^[a-k]:", Runs.INLINE),
        (r"'(.*)@(.*)':", Runs.INLINE),
        (r"'^a\.b$':", Runs.INLINE),
        (r"'^a\\\\1$':", Runs.INLINE),  # a backslash, then a digit
        (r"'^(a)\1$':", Runs.THREAD),
        (r"'^(a)\\\1$':", Runs.THREAD),
        (r"'^[a-z]{1,8}@[a-z]{1,8}$':", Runs.INLINE),
        (r"'^[a-z]{1,18}$':", Runs.THREAD),
        (r"'^([a-z]{1,5}){1,5}$':", Runs.THREAD),
        (r"'(a|b)*a(a|b){200}x':", Runs.THREAD),
    ],
)
def test_only_what_the_c_library_may_take_long_for_runs_in_a_thread(tmp_path: Path, pattern: str, runs: Runs) -> None:
    file = tmp_path / "re"
    file.write_text(f"^x: y\n{pattern} server\n")
    popmap = PosixRegex(str(file))

    assert popmap.runs is runs

    file.write_text("^x: y\n")
    popmap.reload()

    assert popmap.runs is Runs.INLINE


def test_a_name_that_nobody_has_is_not_matched(tmp_path: Path) -> None:
    (tmp_path / "re").write_text("'(.*)(.*)x?': server\n")
    popmap = PosixRegex(str(tmp_path / "re"))

    assert popmap.lookup(Query(b"a" * LONGEST_KEY)) == Found(b"server")
    assert popmap.lookup(Query(b"a" * (LONGEST_KEY + 1))) == Absent()


def test_a_longer_name_than_an_address_is_not_matched_where_a_pattern_is_hard(tmp_path: Path) -> None:
    (tmp_path / "re").write_text("'^a{1,400}$': server\n")
    popmap = PosixRegex(str(tmp_path / "re"))

    assert popmap.lookup(Query(b"a" * LONGEST_HARD_KEY)) == Found(b"server")
    assert popmap.lookup(Query(b"a" * (LONGEST_HARD_KEY + 1))) == Absent()


def test_what_a_hard_pattern_remembers_of_keys_goes_away(tmp_path: Path) -> None:
    """The C library keeps what it learns with the compiled pattern, here some MiB for each key."""
    (tmp_path / "re").write_text("'[a-z]*a[a-z]{60}@': server\n")
    popmap = PosixRegex(str(tmp_path / "re"))
    before = memory()
    for number in range(12):
        octets = hashlib.shake_128(b"%d" % number).digest(200)
        assert popmap.lookup(Query(b"@" + bytes(b"ab"[octet & 1] for octet in octets))) == Absent()

    assert memory() - before < 32 << 20


def memory() -> int:
    """Give the octets that this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("pattern", ["(.{0,200}){0,50}@", "((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+", "a{32767}"])
def test_a_pattern_that_would_not_compile_in_time_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(MapError) as caught:
        map_of(tmp_path, f"^a b\n'{pattern}' c\n".encode())

    assert str(caught.value) == (f"{tmp_path}/popmap.re:2: expected repetitions that make at most 2,000 copies in all")
