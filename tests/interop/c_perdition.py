"""The C program, perdition 2.2, as Debian packages it: its daemon and its tools, to be compared with ours."""

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.interop.machine import PATIENCE, CannotStart, end
from tests.ports import free_port

# Not PATH: there our own programs of the same names come first.
WHERE: Final = "/usr/sbin:/usr/bin"
PACKAGE: Final = "perdition"


def c_program(name: str, package: str = PACKAGE) -> str:
    """Find one of the C program's commands, or skip the test."""
    found = shutil.which(name, path=WHERE)
    if found is None:
        pytest.skip(f"needs {name} of the Debian package {package}")
    return found


@contextlib.contextmanager
def c_perdition(*options: str) -> Iterator[int]:
    """Run the daemon on 127.0.0.1 as whoever we are; give its port."""
    port = free_port()
    own = ("--username", pwd.getpwuid(os.getuid()).pw_name, "--group", grp.getgrgid(os.getgid()).gr_name)
    fixed = ("--no_daemon", "--log_facility", "+", "--no_lookup", "--pid_file", "", "--config_file", "")
    where = ("--bind_address", "127.0.0.1", "--listen_port", str(port))
    command = [c_program("perdition"), *fixed, *where, *own, *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + PATIENCE
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > limit:
                raise CannotStart(f"{' '.join(command)}: status {process.returncode}")
            time.sleep(0.02)
        yield port
    finally:
        end(process)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
