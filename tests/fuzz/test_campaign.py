"""tests/fuzz: the command, and what it makes of what libFuzzer says.  The run itself needs atheris: ./dev fuzz."""

from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz.campaign import Counts, Result, escaped, write_files
from tests.fuzz.finds import Finds
from tests.fuzz.targets import NAMES


def test_list_names_every_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(NAMES)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "expected a target"),
        (["nothing"], "unknown target nothing: expected one of pop3_server"),
        (["sasl", "--seconds", "0"], "expected one second"),
        (["sasl", "--jobs", "0"], "one process at least"),
    ],
)
def test_command_line_that_cannot_be(words: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        command.main(words)

    assert raised.value.code == 2
    assert expected in capsys.readouterr().err


def test_without_atheris_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")  # a Python that cannot import it

    assert command.main(["sasl", "--seconds", "1"]) == 2
    assert "atheris is not installed" in capsys.readouterr().err


def test_counts_are_read_from_what_libfuzzer_prints() -> None:
    counts = Counts()
    for line in (
        "INFO: Seed: 1\n",
        "#2\tINITED cov: 3 ft: 4 corp: 1/1b exec/s: 0 rss: 36Mb\n",
        "#8192\tpulse  cov: 281 ft: 1204 corp: 112/9Kb lim: 4096 exec/s: 414 rss: 60Mb\n",
        "stat::number_of_executed_units: 9000\n",
        "stat::peak_rss_mb:              77\n",
    ):
        counts.read(line)

    assert counts == Counts(9000, 281, 1204, 112)


def test_result_is_one_line() -> None:
    result = Result(9000, 20.0, 281, 1204, 112, (Path("x"),))

    assert result.line("sasl") == "sasl: 9000 executions in 20 s (450/s), 281 edges, 1204 features, corpus 112, 1 found"


def test_a_process_that_died_is_not_passed_over() -> None:
    assert Result(0, 1.0, 0, 0, 0, (), died=1).line("sasl").endswith("0 found, 1 processes died")


def test_dictionary_is_escaped() -> None:
    assert escaped(b'a"\\\r\n\xff') == 'a\\"\\\\\\x0D\\x0A\\xFF'


def test_seeds_are_files(tmp_path: Path) -> None:
    write_files(tmp_path, [("regressions/x/y", b"1")])

    assert (tmp_path / "regressions-x-y").read_bytes() == b"1"


def raised(divisor: float) -> Exception:
    """Give an exception that was raised here."""
    try:
        divisor /= divisor
    except ZeroDivisionError as error:
        return error
    raise AssertionError("expected an error")


def test_find_is_kept_once_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finds = Finds(tmp_path)
    finds.add(b"one", raised(0))
    finds.add(b"two", raised(0))

    (kept,) = (path for path in tmp_path.iterdir() if path.suffix != ".txt")
    assert kept.read_bytes() == b"one"
    assert kept.name.startswith("ZeroDivisionError-test_campaign-")
    assert "ZeroDivisionError" in kept.with_name(kept.name + ".txt").read_text()
    assert "FOUND" in capsys.readouterr().err
