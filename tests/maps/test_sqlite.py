"""The sqlite map, against real database files."""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps import Absent, Broken, Found, MapError, Outcome, Query, Runs, Unavailable, sqlite
from perdition.maps._sqlite_option import read_option
from perdition.maps.sqlite import Sqlite, SqliteQuery, create, open_map


@contextlib.contextmanager
def opened(option: str) -> Iterator[Sqlite | SqliteQuery]:
    with contextlib.closing(open_map(option)) as database:
        yield database


def execute(path: str, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = str(tmp_path / "popmap.sqlite")
    create(file, [("joe", "imap.example.com:1143"), ("ä", "äö@host"), ("empty", ""), ("' OR 1 --", "x")])
    return file


LOOKUPS: dict[bytes, Outcome] = {
    b"joe": Found(b"imap.example.com:1143"),
    b"Joe": Absent(),
    "ä".encode(): Found("äö@host".encode()),
    b"\xe4": Absent(),  # not UTF-8
    b"empty": Absent(),
    b"' OR '1'='1": Absent(),
    b"' OR 1 --": Found(b"x"),
    b"": Absent(),
    b"joe\0": Absent(),
}


@pytest.mark.parametrize(("key", "outcome"), LOOKUPS.items())
def test_lookup(path: str, key: bytes, outcome: Outcome) -> None:
    with opened(path) as database:
        assert database.lookup(Query(key)) == outcome


OPTIONS = [
    "?table=users&key=name&value=host",
    "?query=SELECT host FROM users WHERE name = ?",
    "?query=SELECT host, name FROM users WHERE name = :key OR name = :key || '@x'",
]


@pytest.mark.parametrize("option", OPTIONS)
def test_other_tables(tmp_path: Path, option: str) -> None:
    file = f"{tmp_path}/it's 100%.db"
    execute(file, "CREATE TABLE users (name, host)", "INSERT INTO users VALUES ('joe', 'h')")

    with opened(file + option) as database:
        assert database.lookup(Query(b"joe")) == Found(b"h")
        assert database.lookup(Query(b"ann")) == Absent()


@pytest.mark.parametrize("value", ["NULL", "5", "1.5", "x'6869'"])
def test_a_value_that_is_no_text_is_broken(tmp_path: Path, value: str) -> None:
    file = str(tmp_path / "m.db")
    execute(file, f"CREATE TABLE popmap AS SELECT 'joe' AS user, {value} AS server")

    with opened(file) as database:
        assert database.lookup(Query(b"joe")) == Broken(f"{file}: expected a text in the first column")


def test_a_text_that_is_not_utf_8_comes_as_stored(tmp_path: Path) -> None:
    file = str(tmp_path / "m.db")
    execute(file, "CREATE TABLE popmap (user, server)", "INSERT INTO popmap VALUES ('joe', CAST(x'ff' AS TEXT))")

    with opened(file) as database:
        assert database.lookup(Query(b"joe")) == Found(b"\xff")


REFUSED = {
    "?table=users": "no such table: users",
    "?value=sevrer": "no such column: m.sevrer",  # and not the text "sevrer"
    "?query=SELECT nonsense": "no such column: nonsense",
    "?query=SELECT server FROM popmap": "Incorrect number of bindings supplied.",
    "?query=SELECT server FROM popmap WHERE user IN (?, ?)": "Incorrect number of bindings supplied.",
    "?query=SELECT :key, :other": "You did not supply a value for binding",
    "?query=SELECT ?; SELECT 1": "You can only execute one statement at a time.",
    "?query=DELETE FROM popmap WHERE user = ?": "attempt to write a readonly database",
    "?query=/* :key */": "expected a SELECT",
}


@pytest.mark.parametrize(("option", "message"), REFUSED.items())
def test_refused_at_open(path: str, option: str, message: str) -> None:
    with pytest.raises(MapError) as caught:
        open_map(path + option)

    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MapError) as caught:
        open_map(f"{tmp_path}/no")

    assert str(caught.value) == f"{tmp_path}/no: No such file or directory"
    assert os.listdir(tmp_path) == []  # read-only: nothing is created


def test_no_database(tmp_path: Path) -> None:
    (tmp_path / "m.db").write_text("not a database, and long enough to look at: " * 50)

    with pytest.raises(MapError, match="file is not a database"):
        open_map(f"{tmp_path}/m.db")


ENDLESS = "?query=WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0 AND "


def test_a_query_that_may_last_runs_in_a_thread_and_ends(path: str) -> None:
    database = SqliteQuery(read_option(f"{path}{ENDLESS}? > ''"), 0.1)

    assert database.runs is Runs.THREAD
    assert database.lookup(Query(b"joe")) == Unavailable(f"{path}: no answer within 0.1 s")
    with pytest.raises(MapError, match=r": no answer within 0\.1 s$"):
        SqliteQuery(read_option(f"{path}{ENDLESS}? IS NOT NULL"), 0.1)


def test_the_default_lookup_runs_on_the_loop(path: str) -> None:
    with opened(path) as database:
        assert database.runs is Runs.INLINE


def test_a_query_sees_another_file_at_once(path: str) -> None:
    with opened(f"{path}?query=SELECT server FROM popmap WHERE user = ?") as database:
        create(path, [("joe", "elsewhere")])
        before = database.lookup(Query(b"joe"))
        os.unlink(path)

        assert before == Found(b"elsewhere")
        assert database.lookup(Query(b"joe")) == Unavailable(f"{path}: unable to open database file")
        with pytest.raises(MapError, match=r"No such file"):
            database.reload()


def with_a_damaged_schema(path: str) -> None:
    """Make an octet of the schema, which SQLite quotes in its error, one that is not UTF-8."""
    data = bytearray(Path(path).read_bytes())
    data[data.index(b"NOT NULL") + 4] ^= 0x80
    Path(path).write_bytes(data)


def test_a_schema_that_is_not_utf_8_is_an_error_of_the_map(path: str) -> None:
    with opened(path) as database:
        with_a_damaged_schema(path)

        outcome = database.lookup(Query(b"joe"))
        with pytest.raises(MapError, match=f"^{re.escape(path)}: expected a schema in UTF-8: the file is damaged$"):
            database.reload()
    with pytest.raises(MapError, match=r"expected a schema in UTF-8"):
        open_map(path)
    with pytest.raises(MapError, match=r"expected a schema in UTF-8"):
        list(sqlite.rows(path))

    assert outcome == Unavailable(f"{path}: expected a schema in UTF-8: the file is damaged")


def test_a_replaced_file_is_picked_up(path: str) -> None:
    with opened(path) as database:
        create(path, [("joe", "elsewhere")])

        assert database.lookup(Query(b"joe")) == Found(b"elsewhere")


def test_a_changed_file_is_picked_up(path: str) -> None:
    with opened(path) as database:
        execute(path, "UPDATE popmap SET server = 'elsewhere'")

        assert database.lookup(Query(b"joe")) == Found(b"elsewhere")


def test_a_vanished_file_is_unavailable_until_it_is_back(path: str) -> None:
    with opened(path) as database:
        os.rename(path, f"{path}.away")

        assert database.lookup(Query(b"joe")) == Unavailable(f"{path}: No such file or directory")

        os.rename(f"{path}.away", path)

        assert database.lookup(Query(b"joe")) == Found(b"imap.example.com:1143")


def test_a_file_replaced_by_rubbish_is_unavailable(path: str) -> None:
    with opened(path) as database:
        Path(f"{path}.new").write_text("rubbish " * 200)
        os.replace(f"{path}.new", path)

        assert database.lookup(Query(b"joe")) == Unavailable(f"{path}: file is not a database")


def test_a_dropped_table_is_unavailable(path: str) -> None:
    with opened(path) as database:
        execute(path, "DROP TABLE popmap")

        assert database.lookup(Query(b"joe")) == Unavailable(f"{path}: no such table: popmap")


def test_a_locked_database_is_unavailable(path: str) -> None:
    with opened(path) as database, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")

        assert database.lookup(Query(b"joe")) == Unavailable(f"{path}: database is locked")

        writer.execute("ROLLBACK")

        assert database.lookup(Query(b"joe")) == Found(b"imap.example.com:1143")


def test_reload(path: str) -> None:
    with opened(path) as database:
        database.reload()

        assert database.lookup(Query(b"joe")) == Found(b"imap.example.com:1143")


def test_a_failed_reload_leaves_the_old_connection(path: str) -> None:
    with opened(path) as database:
        os.rename(path, f"{path}.away")
        with pytest.raises(MapError, match="No such file"):
            database.reload()
        os.rename(f"{path}.away", path)

        assert database.lookup(Query(b"joe")) == Found(b"imap.example.com:1143")


def test_lookup_behind_a_fork(path: str) -> None:
    with opened(path) as database:
        child = os.fork()
        if not child:  # pragma: no cover - another process
            os._exit(0 if database.lookup(Query(b"joe")) == Found(b"imap.example.com:1143") else 1)

        assert os.waitpid(child, 0)[1] == 0


def test_create_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    file = f"{tmp_path}/m.db"
    create(file, [("joe", "h")])

    with pytest.raises(sqlite3.IntegrityError):
        create(file, [("joe", "h"), ("joe", "i")])

    assert os.listdir(tmp_path) == ["m.db"]
    with opened(file) as database:
        assert database.lookup(Query(b"joe")) == Found(b"h")


def test_create_in_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    create("m.db", [])

    assert (tmp_path / "m.db").stat().st_mode & 0o777 == 0o644


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(st.dictionaries(texts, texts), texts)
def test_what_was_put_in_comes_out(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, str], other: str) -> None:
    file = f"{tmp_path_factory.getbasetemp()}/rows.db"
    create(file, rows.items())

    with opened(file) as database:
        for user in (*rows, other):
            expected = Found(rows[user].encode()) if user in rows else Absent()

            assert database.lookup(Query(user.encode())) == expected
