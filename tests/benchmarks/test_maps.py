"""`./dev bench maps`: its figures are right where they can be known, and its tables say what they should."""

import socket
import time
from pathlib import Path

import pytest

from benchmarks.maps import main
from benchmarks.maps.drive import Sample, measure
from benchmarks.maps.loading import Built, builds
from benchmarks.maps.report import lookups_table, report, slow_table
from benchmarks.maps.rows import draw, key
from benchmarks.maps.slow import SlowMap
from benchmarks.maps.sources import KINDS, Open
from benchmarks.measure import Sample as Relayed
from benchmarks.processes import RunError
from perdition.maps.registry import BUILT_IN


def test_each_kind_of_map_is_measured_or_named() -> None:
    assert {*KINDS, "nis"} == set(BUILT_IN)


@pytest.mark.parametrize("kind", ["gdbm", "bdb", "cdb", "sqlite"])
def test_files_are_built_asked_and_removed(tmp_path: Path, kind: str) -> None:
    with KINDS[kind].source(tmp_path, 50) as source:
        sample = measure(source, 50, draw(50, 10), 2, 0.02, cached=False)

    assert (sample.kind, sample.rows, sample.at_once, sample.inline) == (kind, 50, 2, True)
    assert min(sample.per_second, sample.cpu_us, sample.p50_us, sample.p99_us) > 0
    assert not list(tmp_path.glob(f"{kind}-*"))


def test_a_user_who_is_not_found_is_an_error(tmp_path: Path) -> None:
    with KINDS["cdb"].source(tmp_path, 5) as source, pytest.raises(RunError, match="expected nobody to be found"):
        measure(source, 5, [b"nobody"], 2, 0.02, cached=False)


def test_a_map_that_cannot_be_opened_is_an_error() -> None:
    with pytest.raises(RunError, match="expected the name of a database file"):
        measure(Open("sqlite", "?"), 1, [b"joe"], 1, 0.02, cached=False)


def test_the_same_users_are_drawn_each_time() -> None:
    assert draw(1000, 10) == draw(1000, 10)
    assert set(draw(3, 100)) == {key(number).encode() for number in range(3)}


def test_builds_are_measured(tmp_path: Path) -> None:
    ours = [each for each in builds(tmp_path, 200) if each.by == "perdition-map build"]

    assert [each.kind for each in ours] == ["gdbm", "bdb", "cdb", "sqlite"]
    assert all(each.seconds > 0 and each.cpu > 0 and each.peak_mb > 5 and each.file_mb > 0.005 for each in ours)


def test_the_slow_map_answers_everybody_and_not_before_its_time() -> None:
    with SlowMap(0.05).running() as port:
        began = time.monotonic()
        clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(5)]
        for client in clients:
            client.sendall(b"*2\r\n$3\r\nGET\r\n$3\r\njoe\r\n")
        answers = [client.recv(100) for client in clients]
        passed = time.monotonic() - began
        for client in clients:
            client.close()

    assert answers == [b"$-1\r\n"] * 5
    assert passed >= 0.05


def sample(kind: str, cpu: float, at_once: int = 1, *, rows: int = 10, cached: bool = False) -> Sample:
    return Sample(kind, rows, at_once, cached, False, 1000, cpu, 20, 30)


def test_lookups_are_compared_with_the_baseline_of_as_many_users() -> None:
    samples = [
        sample("gdbm", 10),
        sample("gdbm", 40, rows=20),
        sample("ldap", 80, 16, rows=20),
        sample("http", 5, rows=0),
    ]
    rows = lookups_table(samples).splitlines()

    assert "| ldap | 20 | 16 | no | 1,000 | 80.0 | 2.00 | 20.0 | 30.0 |" in rows
    assert "| http | - | 1 | no | 1,000 | 5.0 | 0.50 | 20.0 | 30.0 |" in rows


def test_without_the_baseline_there_is_no_ratio() -> None:
    assert "| ldap | 10 | 1 | yes | 1,000 | 80.0 | - | 20.0 | 30.0 |" in lookups_table(
        [sample("ldap", 80, cached=True)]
    )


def test_what_failed_is_said() -> None:
    failed = Sample("odbc", 10, 0, cached=False, failed="no driver")
    text = report("here\n", [sample("gdbm", 1), failed], [], [], [], ["nis: why"])

    assert "Left out: nis: why" in text
    assert "Left out: odbc: no driver" in text
    assert "| odbc" not in text


def test_the_other_tables() -> None:
    values = {"round_trip_p99_us": 50.0, "errors": 0.0}
    relayed = [Relayed("slow-map-0", "ours", values | {"round_trip_p99_us": value}) for value in (10.0, 50.0, 90.0)]
    text = slow_table(relayed, [("slow-map-0", "alone"), ("slow-map-60", "beside")])
    built = report("", [], [Built("cdb", "perdition-map build", 1000, 2.04, 1.0, 30.4, 5.0)], [], [], [])

    assert "| alone | - | 50 | - | - | - | 0 |" in text
    assert "beside" not in text
    assert "| cdb | 1,000 | perdition-map build | 2.0 | 1.0 | 30 | 5 |" in built


def test_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--packages", "mysql", "--part", "lookups"]) == 0
    assert capsys.readouterr().out == "mariadb-server\n"


@pytest.mark.parametrize("words", [["nonsense"], ["--rows", "0"]])
def test_nonsense_is_refused(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit):
        main.options(words)
    assert "expected" in capsys.readouterr().err
