"""Standard descriptors that are closed, or have no room."""

import subprocess
from pathlib import Path

import pytest

from tests.io_trio.proxy import AS_WE_ARE, COMMAND, ROOT, run
from tests.ports import free_port

QUESTIONS = ("--help", "--version", "--check", "--print_config")
OPTIONS = ("--config_file=", "--map_library=", "--listen_port=0", "--log_facility=mail")


def shell(redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the daemon with its descriptors as a shell makes them."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *AS_WE_ARE, *OPTIONS, *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("redirection", "why"), [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")]
)
def test_an_answer_that_cannot_be_written_is_an_error_in_one_line(question: str, redirection: str, why: str) -> None:
    done = shell(redirection, question)
    lines = [line for line in done.stderr.splitlines() if ": warning: " not in line]

    assert (done.returncode, lines) == (1, [f"perdition-trio: standard output: {why}"])


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_an_error_that_nobody_can_hear_is_a_status(redirection: str) -> None:
    done = shell(redirection, "--timeout=soon")

    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize("redirection", ["2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_daemon_needs_none_of_them(tmp_path: Path, redirection: str) -> None:
    port, pid_file, log = free_port(), tmp_path / "pid", tmp_path / "log"
    words = (f"--listen_port={port}", f"--pid_file={pid_file}", f"--log_facility={log}")
    done = shell(redirection, "--bind_address=127.0.0.1", *words)
    try:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert "Starting perdition" in log.read_text()
    finally:
        if pid_file.exists():
            subprocess.run(["kill", "-9", pid_file.read_text()], check=True)


def test_what_is_written_is_what_was_asked_for() -> None:
    assert run("--version").stdout.startswith("perdition ")
