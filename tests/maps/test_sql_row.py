"""From keys to texts, and from rows to outcomes."""

from collections.abc import Sequence

import pytest

from perdition.maps import Absent, Broken, Found, Outcome, Query
from perdition.maps._sql_row import key_of, outcome_of


@pytest.mark.parametrize(
    ("key", "text"),
    [(b"joe", "joe"), (b"", ""), ("jos\u00e9".encode(), "jos\u00e9"), (b"jos\xe9", None), (b"joe\0", None)],
)
def test_key_of(key: bytes, text: str | None) -> None:
    assert key_of(Query(key)) == text


ONE_TO_THREE = Broken("expected a row with one to three columns")
ROWS: list[tuple[Sequence[object] | None, Outcome]] = [
    (None, Absent()),
    (("server",), Found(b"server")),
    (("joe@server:143",), Found(b"joe@server:143")),
    (("2001:db8::1",), Found(b"2001:db8::1")),  # a result string: it is read as it stands
    (("server", "143"), Found(b"server:143")),
    (("server", 143), Found(b"server:143")),
    (("server", None), Found(b"server")),
    (("server", ""), Found(b"server")),
    (("2001:db8::1", None), Found(b"[2001:db8::1]")),
    (("2001:db8::1", 143), Found(b"[2001:db8::1]:143")),
    (("joe", "server", "143"), Found(b"joe@server:143")),
    ((None, "server", "143"), Found(b"server:143")),
    (("joe", "server", "143", "more"), Found(b"joe@server:143")),
    (("joe   ", "server  ", "143 "), Found(b"joe@server:143")),
    ((b"joe", bytearray(b"server"), memoryview(b"143")), Found(b"joe@server:143")),
    (("jos\u00e9", "server", None), Found("jos\u00e9@server".encode())),
    ((None,), Absent()),
    (("",), Absent()),
    (("  ",), Absent()),
    (("joe", None, "143"), Absent()),
    (("joe", "", "143"), Absent()),
    ((), ONE_TO_THREE),
    (("server", 1.5), Broken("expected texts and numbers in the row, not float")),
]


@pytest.mark.parametrize(("row", "outcome"), ROWS)
def test_outcome_of(row: Sequence[object] | None, outcome: Outcome) -> None:
    assert outcome_of(row, b"@") == outcome


def test_the_delimiter_is_the_configured_one() -> None:
    assert outcome_of(("joe", "server", None), b"%%") == Found(b"joe%%server")
