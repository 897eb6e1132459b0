"""The command `perdition-mapd`: started, told to read again, and ended."""

import stat
import subprocess
from pathlib import Path

import pytest
import trio

from perdition.maps import Absent, Found, Outcome, Query, Unavailable
from perdition.maps.daemon import DaemonMap
from tests.interop.machine import PATIENCE, ROOT
from tests.mapd.running import COMMAND, Mapd, mapd


def ask(path: Path, key: bytes = b"joe") -> Outcome:
    """Ask as the proxy does."""
    return trio.run(DaemonMap(str(path), 10, 3).lookup, Query(key))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "popmap.re"
    file.write_text("^joe$: robert@one.example.com:143\n")
    return file


def test_it_answers_and_ends(tmp_path: Path, rules: Path) -> None:
    path = tmp_path / "s"
    with mapd(path, "--mode", "0600", "-M", "posix_regex", "-m", str(rules), "--debug") as daemon:
        mode = stat.S_IMODE(path.stat().st_mode)
        heard = [ask(path), ask(path, b"eve\n")]
        daemon.wait_for("Answer: .*: absent")

    assert mode == 0o600
    assert heard == [Found(b"robert@one.example.com:143"), Absent()]
    said = [line.partition(": ")[2] for line in daemon.log.splitlines()]
    assert said == [
        f"Answering at {path}",
        'Answer: key="joe": found',
        'Answer: key="eve\\012": absent',
        "Exiting on signal 15",
    ]


def test_several_maps_in_order(tmp_path: Path, rules: Path) -> None:
    (tmp_path / "more.re").write_text("^ann$: two.example.com\n")
    path = tmp_path / "s"
    options = ("-M", "posix_regex", "-m", str(rules), "--further_map", f"posix_regex:{tmp_path}/more.re")
    with mapd(path, "--empty_user", *options):
        heard = [ask(path), ask(path, b"ann"), ask(path, b"eve")]

    assert heard == [Found(b"robert@one.example.com:143"), Found(b"two.example.com"), Absent()]


def test_it_reads_its_maps_again(tmp_path: Path, rules: Path) -> None:
    path = tmp_path / "s"
    with mapd(path, "--empty_user", "-M", "posix_regex", "-m", str(rules)) as daemon:
        rules.write_text("^joe$: two.example.com\n")
        daemon.hang_up()
        daemon.wait_for("Reloaded the maps")
        moved = ask(path)
        rules.write_text("lone-word\n")
        daemon.hang_up()
        daemon.wait_for("popmap.re:1: expected .*; what was read before stays in force")
        daemon.wait_for("Reloaded what could be read")
        still = ask(path)

    assert moved == still == Found(b"two.example.com")


def test_what_a_killed_one_left_behind_is_replaced(tmp_path: Path, rules: Path) -> None:
    path = tmp_path / "s"
    killed = Mapd(path, ("-M", "posix_regex", "-m", str(rules)))
    killed.wait_for("Answering at ")
    killed.process.kill()
    killed.stop()

    assert path.exists()
    with mapd(path, "-M", "posix_regex", "-m", str(rules)):
        assert ask(path) == Found(b"robert@one.example.com:143")


def test_an_unavailable_map_makes_it_silent(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with mapd(path, "-M", "daemon", "-m", f"{tmp_path}/none:1:1") as daemon:
        outcome = trio.run(DaemonMap(str(path), 1, 1).lookup, Query(b"joe"))
        daemon.wait_for(r"Map daemon is unavailable: .*/none: No such file or directory$")
        daemon.wait_for(r"No answers, those who ask have to wait: .*/none: No such file or directory$")

    assert outcome == Unavailable(f"{path}: no answer within 1 s")


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end."""
    return subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


def test_help_and_version() -> None:
    helped, version = run("--help"), run("--version")

    assert helped.returncode == version.returncode == 0
    assert helped.stdout.startswith("Usage: perdition-mapd [--socket PATH] [--mode MODE] [--empty_user]\n")
    assert version.stdout.startswith("perdition ")


WRONG = {
    ("-M", ""): "option map_library: expected a map to answer from",
    ("-m", "{0}/no"): "option map_library_opt: posix_regex: {0}/no: cannot be read: No such file or directory",
    ("--log_facility", "{0}/no/log"): "option log_facility: {0}/no/log: No such file or directory",
    ("--mode", "x"): 'option --mode: "x": expected an octal number such as 0660',
    ("--socket", "{0}/s"): "option --socket: {0}/s: another process listens there",
}


def test_what_keeps_it_from_starting(tmp_path: Path, rules: Path) -> None:
    with mapd(tmp_path / "s", "-M", "posix_regex", "-m", str(rules)):
        for words, line in WRONG.items():
            fixed = ("--config_file", "", "--log_facility", "+", "--socket", f"{tmp_path}/other")
            done = run(*fixed, "-M", "posix_regex", "-m", str(rules), *(word.format(tmp_path) for word in words))

            assert done.returncode == 1
            assert done.stderr == f"perdition-mapd: {line.format(tmp_path)}\n"
