"""What the tests need of the machine that they run on: programs, free ports, a folder, processes that end."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PATIENCE: Final = 20.0
"""How many seconds anything that is to happen may take; enough for a machine under load."""
SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"
ATTEMPTS: Final = 3

Server = TypeVar("Server")


def program(name: str, package: str) -> str:
    """Find a program, or skip the test."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")
    if found is None:
        pytest.skip(f"needs {name} (Debian package {package})")
    return found


def has_ipv6() -> bool:
    """Tell whether ::1 can be listened on."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


IPV6: Final = has_ipv6()


def free_ports(count: int) -> list[int]:
    """Give ports that nobody listens on, on 127.0.0.1 and ::1 alike."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = held.enter_context(bound(socket.AF_INET, "127.0.0.1", 0)).getsockname()[1]
            try:
                if IPV6:
                    held.enter_context(bound(socket.AF_INET6, "::1", port))
            except OSError:
                continue
            ports.append(port)
    return ports


def bound(family: int, host: str, port: int) -> socket.socket:
    """Bind a socket."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class CannotStart(Exception):
    """A server has not come up; the text is what it said."""


def start_on_free_ports(count: int, start: Callable[[Sequence[int]], Server]) -> Server:
    """Start a server on free ports, and once more if somebody else takes one of them in between.

    Raises:
        CannotStart: it does not come up.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return start(free_ports(count))
        except CannotStart as error:
            if "address already in use" not in str(error).lower():
                raise
    return start(free_ports(count))


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
