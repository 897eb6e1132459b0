"""On which lines the keys of a TOML file stand."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config.toml_lines import lines_of

TEXTS = {
    "": {},
    "a = 1\n\nb.c = 2\n  d=3": {(0, "a"): 1, (0, "b"): 3, (0, "d"): 4},
    '"a" = 1\n\'b c\' = 2\n"d"."e" = 3': {(0, "a"): 1, (0, "b c"): 2, (0, "d"): 3},
    "# a = 1\nb = 1 # c = 2": {(0, "b"): 2},
    'a = """\nb = 1\n\\"""\nc = 2\n"""\nd = 1': {(0, "a"): 1, (0, "d"): 6},
    "a = '''\nb = 1\n'''\nc = 1": {(0, "a"): 1, (0, "c"): 4},
    'a = """x""""\nb = 1': {(0, "a"): 1, (0, "b"): 2},
    "a = \"# \\\" '''\"\nb = 1": {(0, "a"): 1, (0, "b"): 2},
    'a = \'"""\'\nb = 1': {(0, "a"): 1, (0, "b"): 2},
    "a = [\n  'b',\n]\nc = 1": {(0, "a"): 1, (0, "c"): 4},
    "[a.b]\nc = 1\n[d]\ne = 1": {(0, "a"): 1, (0, "d"): 3},
    "x = 1\n[[listener]]\na = 1\n [[ 'listener' ]]\na = 2\n": {
        (0, "x"): 1,
        (0, "listener"): 2,
        (1, "a"): 3,
        (2, "a"): 5,
    },
    "[[listener]]\na = 1\n[listener.b]\nc = 1\n[[listener]]\nd = 1": {(0, "listener"): 1, (1, "a"): 2, (2, "d"): 6},
    "[listener]\na = 1": {(0, "listener"): 1},
    "[[other]]\na = 1": {(0, "other"): 1},
}


@pytest.mark.parametrize(("text", "places"), TEXTS.items())
def test_lines(text: str, places: dict[tuple[int, str], int]) -> None:
    tomllib.loads(text)  # or it would not be asked for

    assert lines_of(text, "listener") == places


VALUES = st.sampled_from(
    ["1", '"a"', "'#'", "\"\\\" # '''\"", '"""\nz = 1\n"""', "'''\n[[listener]]\n'''", "[\n1, # ]\n2]", "{ y = 1 }"]
)


@given(tables=st.lists(st.lists(st.sampled_from(["", "# x = 1"]) | VALUES, max_size=4), min_size=1, max_size=3))
def test_every_key_is_found(tables: list[list[str]]) -> None:
    lines: list[str] = []
    places: dict[tuple[int, str], int] = {}
    for table, values in enumerate(tables):
        if table:
            lines.append("[[listener]]")
            places.setdefault((0, "listener"), len(lines))
        for number, value in enumerate(values):
            if value[:1] not in ("", "#"):
                places[table, f"k{number}"] = len(lines) + 1
                value = f"k{number} = {value}"
            lines += value.split("\n")
    text = "\n".join(lines)
    tomllib.loads(text)

    assert lines_of(text, "listener") == places


def test_it_takes_no_longer_for_long_files() -> None:
    text = "a = 1\n" + "b = '" + '"' * 200_000 + "'\n" + "".join(f"k{number} = 1\n" for number in range(5000))

    assert lines_of(text, "listener")[0, "k4999"] == 5002
