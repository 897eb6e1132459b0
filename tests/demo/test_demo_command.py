"""The command `perdition-demo`, with the real daemon behind it."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from perdition.demo.files import ENTRIES, LARGEST_BASE_PORT, Folder, ports
from perdition.demo.lines import lines_to_try
from perdition.demo.main import is_listening

COMMAND = [sys.executable, "-m", "perdition.demo"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Let the demo make its folder where we can look."""
    return {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def base_port() -> int:
    """Find a base port whose ports are all free."""
    for candidate in range(20_000 + os.getpid() % 10_000, LARGEST_BASE_PORT, 37):
        if not any(is_listening(port) for port in ports(candidate).values()):
            return candidate
    raise AssertionError("expected free ports")


def run(*arguments: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )


def test_every_line_works_as_printed(base_port: int, environment: dict[str, str], tmp_path: Path) -> None:
    ended = run("--check", "--base-port", str(base_port), environment=environment)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "FAILED" not in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert len(re.findall("^ok: ", ended.stdout, re.MULTILINE)) >= 3
    if os.environ.get("CI"):
        assert "not here" not in ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(
    number: signal.Signals, base_port: int, environment: dict[str, str], tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*COMMAND, "--base-port", str(base_port)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C ends the demo" in line:
                break
        assert all(is_listening(port) for port in ports(base_port).values())
        process.send_signal(number)
        rest = process.stdout.read()

    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
    assert not any(is_listening(port) for port in ports(base_port).values())


def test_a_port_in_use_is_named(base_port: int, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", ports(base_port)["IMAP4S"])):
        ended = run("--base-port", str(base_port), environment=environment)

    assert ended.returncode == 1
    assert ended.stderr == (
        f"perdition-demo: port {base_port + 993} for IMAP4S is in use; choose others by --base-port N\n"
    )


def test_a_base_port_out_of_range_is_refused(environment: dict[str, str]) -> None:
    ended = run("--base-port", "60000", environment=environment)

    assert ended.returncode == 1
    assert ended.stderr == f"perdition-demo: option --base-port 60000: expected 0 to {LARGEST_BASE_PORT}\n"


def test_default_ports_are_the_standard_ones_behind_a_1() -> None:
    assert ports(1000) == {"POP3": 1110, "POP3S": 1995, "IMAP4": 1143, "IMAP4S": 1993, "MANAGESIEVE": 14190}


def test_lines_speak_of_every_port(tmp_path: Path) -> None:
    commands = "\n".join(line.command for line in lines_to_try(Folder(tmp_path), 1000))

    assert all(f":{1000 + entry.offset}" in commands or f" {1000 + entry.offset}" in commands for entry in ENTRIES)
