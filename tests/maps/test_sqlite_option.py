"""The option string of the sqlite map."""

import pytest

from perdition.maps import MapError
from perdition.maps._sqlite_option import Source, read_option

GOOD = {
    "/m.db": Source("/m.db", 'SELECT m."server" FROM "popmap" AS m WHERE m."user" = :key'),
    "/m.db?": Source("/m.db", 'SELECT m."server" FROM "popmap" AS m WHERE m."user" = :key'),
    "/m.db?table=t&key=k&value=v": Source("/m.db", 'SELECT m."v" FROM "t" AS m WHERE m."k" = :key'),
    "/m.db?query=SELECT a+1 FROM b WHERE c = ?": Source("/m.db", "SELECT a+1 FROM b WHERE c = ?", is_query=True),
    "/m.db?query=SELECT%20a%26b%20WHERE c=:key": Source("/m.db", "SELECT a&b WHERE c=:key", is_query=True),
}


@pytest.mark.parametrize(("option", "source"), GOOD.items())
def test_good(option: str, source: Source) -> None:
    assert read_option(option) == source


def test_key_is_bound_by_name_or_place() -> None:
    assert read_option("/m.db").named
    assert not read_option("/m.db?query=SELECT ?").named


def test_path_is_made_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/usr")

    assert read_option("m.db").path == "/usr/m.db"


BAD = {
    "": "expected the name of a database file",
    "?table=t": "expected the name of a database file",
    "/m.db?tabel=t": 'expected name=value with one of table, key, value, query, not "tabel=t"',
    "/m.db?table": 'expected name=value with one of table, key, value, query, not "table"',
    "/m.db?table=t;": 'table: expected a name of letters, digits and underscores, not "t;"',
    '/m.db?key=a"b': 'key: expected a name of letters, digits and underscores, not "a"b"',
    "/m.db?value=1a": 'value: expected a name of letters, digits and underscores, not "1a"',
    "/m.db?value=": 'value: expected a name of letters, digits and underscores, not ""',
    "/m.db?query=SELECT ?&table=t": "expected either query, or table, key and value",
}


@pytest.mark.parametrize(("option", "message"), BAD.items())
def test_bad(option: str, message: str) -> None:
    with pytest.raises(MapError) as caught:
        read_option(option)

    assert str(caught.value) == message
