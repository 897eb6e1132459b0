"""A real server under a map: what the suite needs to know of it, and how it is started, stopped and frozen."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

PATIENCE: Final = 60.0
FOLDERS: Final = "/usr/sbin:/sbin:/usr/local/sbin"


def find(program: str, *folders: str) -> str:
    """Give a program's path; servers of Debian are not on everybody's PATH."""
    found = shutil.which(program, path=":".join((os.environ["PATH"], FOLDERS, *folders)))
    assert found is not None, f"expected the program {program}: apt-packages.txt names its package"
    return found


@contextlib.contextmanager
def folder_for_a_server() -> Iterator[Path]:
    """Make a folder that a server under another name can reach: pytest's are closed to others."""
    with tempfile.TemporaryDirectory(prefix="perdition-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def as_user(name: str) -> list[str]:
    """Give what comes before a command to run it under another name, where we are root: some refuse to be root."""
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--clear-groups"] if os.geteuid() == 0 else []


def give_to(path: Path, name: str) -> None:
    """Let a server that runs under that name own a folder."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam(name)
        os.chown(path, owner.pw_uid, owner.pw_gid)


@attrs.define
class Server:
    """A server in a folder of its own.

    Args:
        command: starts it in the foreground.
        is_ready: whether it answers.
        log: what it says.
        user: under which name it runs, if we are root.
    """

    command: Sequence[str]
    is_ready: Callable[[], bool]
    log: Path
    user: str = ""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*as_user(self.user), *self.command] if self.user else self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        limit = time.monotonic() + PATIENCE
        while not self.is_ready():
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < limit, self.log.read_text(errors="replace")[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        """End it without a word to its clients but what the kernel says."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Let it neither answer nor close anything."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)  # until then its threads may still answer

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0
