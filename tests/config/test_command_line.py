"""The command line, as popt reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config.command_line import read
from perdition.config.origin import COMMAND_LINE, Value

GOOD: list[tuple[str, list[tuple[str, Value]]]] = [
    ("", []),
    ("--timeout 5", [("timeout", "5")]),
    ("--timeout=5", [("timeout", "5")]),
    ("--timeout=", [("timeout", "")]),
    ("-t 5", [("timeout", "5")]),
    ("-t5", [("timeout", "5")]),
    ("-t=5", [("timeout", "5")]),
    ("-b=127.0.0.1", [("bind_address", "127.0.0.1")]),
    ("-nd", [("no_lookup", True), ("debug", True)]),
    ("-nt9", [("no_lookup", True), ("timeout", "9")]),
    ("-nt 9 -q", [("no_lookup", True), ("timeout", "9"), ("quiet", True)]),
    ("-m -x", [("map_library_opt", "-x")]),
    ("-F - -t 1", [("log_facility", "-"), ("timeout", "1")]),
    ("--ok_line --quiet", [("ok_line", "--quiet")]),
    ("--listen-port 0", [("listen_port", "0")]),
    ("--ok_line=a=b", [("ok_line", "a=b")]),
    ("--server_ok_line", [("server_resp_line", True)]),
    ("-I X", [("imap_capability", "X"), ("pop_capability", "X"), ("managesieve_capability", "X")]),
    ("-t 1 -t 2", [("timeout", "1"), ("timeout", "2")]),
    ("-q --", [("quiet", True)]),
    ("--print_config", [("print_config", "")]),
    ("--print-config toml", [("print_config", "toml")]),
    ("--print-config=conf -q", [("print_config", "conf"), ("quiet", True)]),
    ("--print_config -q", [("print_config", ""), ("quiet", True)]),
    ("-f x -h --version", [("config_file", "x"), ("help", True), ("version", True)]),
]


@pytest.mark.parametrize(("line", "given"), GOOD)
def test_good(line: str, given: list[tuple[str, Value]]) -> None:
    reading = read(line.split())

    assert reading.errors == ()
    assert [(one.name, one.value) for one in reading.given] == given
    assert all(one.origin is COMMAND_LINE for one in reading.given)


def test_empty_word_is_a_value() -> None:
    assert [one.value for one in read(["-M", "", "--pid_file", ""]).given] == ["", ""]


BAD = {
    "--outgoing_sever x -q": ["unknown option --outgoing_sever (did you mean --outgoing_server?)"],
    "--outgoing_sever=x": ["unknown option --outgoing_sever (did you mean --outgoing_server?)"],
    "--bogus -q": ["unknown option --bogus"],
    "--bogus": ["unknown option --bogus"],
    "-qZn": ["unknown option -Z"],
    "-P": ["option --protocol needs a value: a text"],
    "-qP": ["option --protocol needs a value: a text"],
    "--quiet=yes": ['option --quiet takes no value, not "yes"'],
    "-n=5": ['option --no_lookup takes no value, not "5"'],
    "W": ['left-over word "W" on the command line'],
    "-": ['left-over word "-" on the command line'],
    "-- -q": [],
    "-q x": ['left-over word "x" on the command line'],
}


@pytest.mark.parametrize(("line", "errors"), BAD.items())
def test_bad(line: str, errors: list[str]) -> None:
    assert list(read(line.split()).errors) == errors


def test_errors_do_not_hide_what_follows() -> None:
    reading = read(["--bogus", "-q", "W", "-t5"])

    assert len(reading.errors) == 2
    assert [one.name for one in reading.given] == ["quiet", "timeout"]


@given(st.lists(st.text(alphabet="-=qtP5 \n") | st.sampled_from(["--timeout", "--quiet", "-d"])))
def test_any_words_are_read_to_the_end(words: list[str]) -> None:
    reading = read(words)

    assert all(error.isprintable() for error in reading.errors)


@given(st.text())
def test_any_value_comes_through(value: str) -> None:
    for words in (["--ok_line", value], [f"--ok_line={value}"], ["-O", value], [f"-O={value}"]):
        assert [one.value for one in read(words).given] == [value]
