"""The two programs: how each is started, and what a running one shows from outside."""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import attrs

from perdition.config.settings import OPTIONS
from tests.interop.machine import ROOT

PATIENCE: Final = 20.0
"""How many seconds anything may take; what the C program never does is waited for as long."""
SBIN: Final = "/usr/sbin:/usr/bin"  # on PATH our own programs of the same names may come first
DAEMON: Final = "import sys; sys.argv = sys.argv[1:]; from perdition.io_trio.main import main; main()"
MAKEGDBM: Final = "from perdition.map_tool.make import makegdbm; makegdbm()"
LISTEN: Final = "0A"


@attrs.frozen
class Program:
    """A program that calls itself perdition.

    Attributes:
        name: for people.
        words: what a command begins with, before the name in argv[0].
        executable: the file to run, if it is not the first word.
        makegdbm: its tool of that name.
        more: options that only this one has.
    """

    name: str
    words: tuple[str, ...]
    executable: str | None
    makegdbm: tuple[str, ...]
    more: tuple[str, ...] = ()

    def command(self, name: str, options: Sequence[str]) -> tuple[list[str], str | None]:
        """Give the words to start it by a name, and the file to run if it is not the first."""
        return [*self.words, name, *self.more, *options], self.executable

    def start(
        self,
        *options: str,
        name: str = "perdition",
        within: Sequence[str] = (),
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
    ) -> "Running":
        """Start it; what it writes is its log.

        Args:
            options: its options.
            name: the name it is started by; with `within` the name `perdition`, or the path of a link.
            within: a command that starts it in its turn: by its own name, or by a path in `name`.
            stdin: a descriptor.
            stdout: a descriptor.
        """
        reading, writing = os.pipe()
        by_path = within and self.executable is not None and "/" not in name
        command, executable = self.command(self.executable if by_path and self.executable else name, options)
        try:
            process = subprocess.Popen(
                [*within, *command],
                executable=None if within else executable,
                cwd=ROOT,
                stdin=stdin,
                stdout=writing if stdout is None else stdout,
                stderr=writing,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return Running(process, reading)


def c_program() -> Program | None:
    """Give perdition 2.2, if it is installed."""
    found, makegdbm = shutil.which("perdition", path=SBIN), shutil.which("makegdbm", path=SBIN)
    return Program("perdition 2.2", (), found, (makegdbm,)) if found and makegdbm else None


def ours() -> Program:
    """Give the daemon of this tree."""
    more = ("--workers=1",) if "workers" in OPTIONS else ()
    return Program("ours", (sys.executable, "-c", DAEMON), None, (sys.executable, "-c", MAKEGDBM), more)


def account() -> tuple[str, ...]:
    """Give the options that leave a program under the account of whoever runs the tests."""
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    return f"--username={user}", f"--group={group}"


def can_mount() -> bool:
    """Tell whether we may have mount name spaces of our own."""
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


class Running:
    """A program that runs, or has run.

    Attributes:
        process: the one that was started.
    """

    def __init__(self, process: subprocess.Popen[bytes], reading: int) -> None:
        self.process = process
        self._reading = reading
        self._said = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with open(self._reading, "rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                self._said += data

    @property
    def said(self) -> str:
        """What it and its children have written so far."""
        return self._said.decode("latin-1")

    def comes_up(self, port: int) -> bool:
        """Wait until it listens; False: it has ended instead."""
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            if any(row[3] == LISTEN for row in rows(port)):
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)
        return False

    def ends(self) -> int | None:
        """Wait for the end of the process that was started; give its exit status, None: it goes on."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(PATIENCE)
        return None

    def stop(self) -> str:
        """End it and its children; give everything that they have said."""
        if self.process.poll() is None:
            self.process.terminate()
            self.ends()
        self._reader.join(PATIENCE)  # whoever still may write holds the pipe
        self.kill()
        self._reader.join(PATIENCE)
        return self.said

    def kill(self) -> None:
        """End what is left of its process group; it leads one, and so no other can be hit."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def rows(port: int) -> list[list[str]]:
    """Give the columns of each TCP socket that has a port at our end and is held by a process."""
    found: list[list[str]] = []
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = row.split()
            if columns[1].endswith(f":{port:04X}") and columns[9] != "0":
                found.append(columns)
    return found


def is_served(port: int) -> bool:
    """Tell whether a process holds a connection to a port."""
    return any(row[3] != LISTEN for row in rows(port))


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait for something in another process that gives no event; tell whether it has come."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


def holder(port: int) -> int | None:
    """Give the id of a process that listens on a port."""
    inodes = {f"socket:[{row[9]}]" for row in rows(port) if row[3] == LISTEN}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != "1":
            with contextlib.suppress(OSError):
                if inodes & {os.readlink(link) for link in (entry / "fd").iterdir()}:
                    return int(entry.name)
    return None
