"""How many descriptors the daemon takes for itself."""

import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from perdition.config.settings import Settings
from perdition.io_trio.descriptors import RESERVE, limits, needed, room
from tests.io_trio.proxy import AS_WE_ARE, COMMAND, ROOT, Leg, Proxy, run, write_configuration

CAP_SYS_RESOURCE: Final = 24


@pytest.mark.parametrize(
    ("limits", "count"),
    [((0,), None), ((100, 0), None), ((100,), 200 + 20 + RESERVE), ((100, 50), 300 + 40 + RESERVE)],
)
def test_what_connections_need(limits: tuple[int, ...], count: int | None) -> None:
    assert needed([Settings(connection_limit=limit) for limit in limits]) == count


NO_LIMIT: Final = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("want", "soft", "hard", "expected"),
    [
        (None, 1024, 4096, (4096, 4096)),
        (None, 1024, NO_LIMIT, (99999, NO_LIMIT)),
        (None, NO_LIMIT, NO_LIMIT, (NO_LIMIT, NO_LIMIT)),
        (500, 1024, 4096, (1024, 4096)),
        (2000, 1024, 4096, (2000, 4096)),
        (2000, 1024, NO_LIMIT, (2000, NO_LIMIT)),
        (5000, 1024, 4096, (5000, 5000)),
        (5000, NO_LIMIT, NO_LIMIT, (NO_LIMIT, NO_LIMIT)),
    ],
)
def test_neither_limit_is_lowered(want: int | None, soft: int, hard: int, expected: tuple[int, int]) -> None:
    assert limits(want, soft, hard, 99999) == expected


@pytest.mark.parametrize(
    ("soft", "connections"), [(10_000 + RESERVE, 5000), (400, 100), (NO_LIMIT, None)], ids=["high", "low", "none"]
)
def test_how_many_connections_fit(soft: int, connections: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, NO_LIMIT))

    assert room() == connections


def limited(soft: int, hard: int, *command: str) -> list[str]:
    """Give a command that runs another under limits."""
    text = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard})); " + (
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-c", text, *command]


def limits_of(folder: Path, soft: int, hard: int, connection_limit: int) -> tuple[int, int] | None:
    """Start the daemon under limits; give those that it has then, None: it did not start."""
    file = write_configuration(folder, (Leg("POP3"),), f"connection_limit = {connection_limit}")
    command = limited(soft, hard, *COMMAND, *AS_WE_ARE, "--debug", "--log_facility=-", f"--config_file={file}")
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if "Starting perdition" not in process.stdout.readline():
            process.wait()  # it is still saying why
            return None
        return resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def test_the_soft_limit_goes_up_to_the_hard_one(tmp_path: Path) -> None:
    assert limits_of(tmp_path, 256, 4096, 0) == (4096, 4096)


def test_or_to_what_connection_limit_needs(tmp_path: Path) -> None:
    want = 2 * 500 + 20 + RESERVE

    assert limits_of(tmp_path, 256, 4096, 500) == (want, 4096)
    assert limits_of(tmp_path, 3000, 4096, 500) == (3000, 4096)


def may_raise() -> bool:
    """Tell whether we may raise the hard limit: root may, but for some containers (capabilities(7))."""
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> CAP_SYS_RESOURCE & 1)


def test_the_hard_limit_is_raised_where_that_may_be(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    want = 2 * 5000 + 20 + RESERVE
    found = limits_of(tmp_path, 256, 1024, 5000)
    refused = f"5000 connections need {want} descriptors, and the limit is 1024 (ulimit -Hn, LimitNOFILE, fs.nr_open)"

    assert (found, refused in capfd.readouterr().err) == (((want, want), False) if may_raise() else (None, True))


def test_a_limit_that_cannot_be_kept_is_an_error_at_the_start() -> None:
    many = 2_000_000_000
    done = run("--listen_port=0", "--map_library=", f"--connection_limit={many}")

    assert done.returncode == 1
    assert f"option connection_limit: {many} connections need " in done.stderr
    assert done.stderr.count("\n") == 1


def test_and_in_the_way_of_a_reload(tmp_path: Path) -> None:
    file = write_configuration(tmp_path, (Leg("POP3"),))
    with Proxy(f"--config_file={file}") as proxy:
        file.write_text("connection_limit = 2000000000\n" + file.read_text())
        proxy.process.send_signal(signal.SIGHUP)

        assert proxy.wait_for("option connection_limit: ", "everything stays as it was")
