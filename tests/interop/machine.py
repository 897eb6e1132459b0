"""What the tests need of the machine that they run on: programs, a folder, processes that end."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PATIENCE: Final = 60.0
"""How many seconds anything that is to happen may take; enough for a machine under load."""
SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"


def program(name: str, package: str) -> str:
    """Find a program, or skip the test."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")
    if found is None:
        pytest.skip(f"needs {name} (Debian package {package})")
    return found


class CannotStart(Exception):
    """A server has not come up; the text is what it said."""


def run(
    *argv: str | Path,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
    good: Sequence[int] = (0,),
) -> bytes:
    """Run a client to its end; give what it writes to standard output."""
    done = subprocess.run(argv, input=given, capture_output=True, timeout=PATIENCE, env=environment)

    assert done.returncode in good, f"{argv[0]}: {done.returncode}\n{shown(done.stdout)}{shown(done.stderr)}"
    return done.stdout


def shown(octets: bytes) -> str:
    """Give the end of a program's output for people."""
    return octets[-4000:].decode(errors="replace")


def end(process: subprocess.Popen[bytes]) -> int:
    """Ask a process that we started to end, and wait for it; give its exit status, -9 if it had to be killed."""
    process.terminate()
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
