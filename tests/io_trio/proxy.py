"""The daemon as a process, seen from outside: its log, its exit status, and what /proc tells of it."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import attrs

from tests.io_trio.talk import PATIENCE, call

ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-m", "perdition.io_trio")
# Tests run as whoever runs them, several at once.
AS_WE_ARE: Final = ("--username=root", "--group=root", "--pid_file=", "--workers=1")
LISTEN: Final = "0A"
"""TCP_LISTEN in /proc/net/tcp."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the daemon to its end: for what ends by itself."""
    return subprocess.run(
        [*COMMAND, *AS_WE_ARE, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait for something in another process that gives no event."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, f"expected {what}"
        time.sleep(0.005)


class Proxy:
    """A running daemon, with its log on its standard output.

    Attributes:
        process: it.
        ports: where it listens, in the order of its options.
        lines: its log so far.
        errors: what it wrote to its standard error, when it has ended.
    """

    def __init__(self, *arguments: str, debug: bool = True, command: Sequence[str] = COMMAND) -> None:
        options = ["--debug"] if debug else []
        self.process = subprocess.Popen(
            [*command, "--log_facility=-", *AS_WE_ARE, *options, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        # What does not fit is lost, not waited for; our reader may be slow on a busy machine.
        fcntl.fcntl(self.process.stdout, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.lines: list[str] = []
        self.errors: str | None = None
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        try:
            if debug:
                self.wait_for("Starting perdition")  # its sockets listen before it says so
            else:
                eventually(lambda: bool(listening(self.pid)), "the daemon to listen")
        except BaseException:
            self.process.kill()
            self._finish()
            raise
        self.ports = listening(self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            self.process.kill()
        self._finish()

    @property
    def pid(self) -> int:
        return self.process.pid

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()

    def _finish(self) -> None:
        if not self._reader.is_alive() and self.errors is not None:
            return
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.errors = self.process.stderr.read()
        self.process.stderr.close()

    def end(self, number: int) -> int:
        """Send a signal; give the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; give the exit status."""
        status = self.process.wait(PATIENCE)
        self._finish()
        return status

    def wait_for(self, *words: str) -> str:
        """Wait until a line has all of these words; give the first one that does."""
        found: list[str] = []

        def is_there() -> bool:
            found[:] = self.lines_with(*words)
            return bool(found)

        with self._more:
            assert self._more.wait_for(is_there, PATIENCE), f"expected a line with {words}"
        return found[0]

    def lines_with(self, *words: str) -> list[str]:
        """Give the lines that have all of these words."""
        return [line for line in self.lines if all(word in line for word in words)]

    def descriptors(self) -> int:
        """Count its open descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def descriptors_at_rest(self) -> int:
        """Count them when the loop is sure to run and nobody else is connected; the first port must greet."""
        with call(self.ports[0]) as talk:
            talk.line()
            return self.descriptors() - 1

    def wait_for_descriptors(self, count: int) -> None:
        """Wait until it has no more open descriptors than that."""
        try:
            eventually(lambda: self.descriptors() <= count, f"{count} descriptors")
        except AssertionError as error:
            error.add_note(f"{self.descriptors()} are left: {connections(self.pid)}")
            raise

    def memory(self) -> int:
        """Give its proportional set size in KiB."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def sockets(pid: int) -> Iterator[tuple[int, str]]:
    """Give descriptor and inode of each socket of a process."""
    for descriptor in sorted(os.listdir(f"/proc/{pid}/fd"), key=int):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
            if target.startswith("socket:["):
                yield int(descriptor), target[8:-1]


def rows(pid: int) -> Iterator[tuple[str, list[str]]]:
    """Give inode and columns of each TCP socket in a process's name space."""
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = row.split()
            yield columns[9], columns


def listening(pid: int) -> list[int]:
    """Give the TCP ports on which a process listens, in the order in which they were opened."""
    ports = {inode: columns[1] for inode, columns in rows(pid) if columns[3] == LISTEN}
    return [int(ports[inode].rpartition(":")[2], 16) for _, inode in sockets(pid) if inode in ports]


def connections(pid: int) -> list[str]:
    """Describe the TCP connections of a process: local and remote address, state, queues, for people to read."""
    known = {inode: " ".join(columns[1:5]) for inode, columns in rows(pid) if columns[3] != LISTEN}
    return [known[inode] for _, inode in sockets(pid) if inode in known]


@attrs.frozen
class Leg:
    """One listener of a daemon under test: protocol and TLS of both legs (words of ssl_mode without their side)."""

    protocol: str
    client: str = ""
    server: str = ""
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join((self.protocol.lower(), self.client or "plain", self.server or "plain"))

    def table(self) -> str:
        """Write it as a table of TOML."""
        modes = [f"{leg}_{side}" for leg, side in ((self.client, "listen"), (self.server, "outgoing")) if leg]
        mode = ",".join(mode.replace("_force_listen", "_listen_force") for mode in modes)
        mode = mode.replace("_force_outgoing", "_outgoing_force") or "none"
        lines = ("[[listener]]", f'protocol = "{self.protocol}"', f'ssl_mode = "{mode}"', *self.options)
        return "\n".join(lines) + "\n"


def write_configuration(folder: Path, legs: tuple[Leg, ...], *options: str) -> Path:
    """Write a file for several listeners on 127.0.0.1, and a map that sends `name-PORT` to that port as `name`."""
    popmap = folder / "popmap.re"
    popmap.write_text("^(.*)-([0-9]+)$: $1@127.0.0.1:$2\n")
    file = folder / "perdition.toml"
    top = (
        'bind_address = "127.0.0.1"',
        "listen_port = 0",
        "no_lookup = true",
        "username_from_database = true",
        'map_library = "posix_regex"',
        f'map_library_opt = "{popmap}"',
        *options,
    )
    file.write_text("\n".join(top) + "\n" + "".join(leg.table() for leg in legs))
    return file
