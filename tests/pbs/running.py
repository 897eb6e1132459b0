"""The command `perdition-pbs` in a process of its own."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.interop.machine import PATIENCE, ROOT
from tests.interop.proxy import Proxy

COMMAND: Final = (sys.executable, "-m", "perdition.pbs")


class Pbs(Proxy):
    """A running daemon; its log is read as the proxy's is."""

    def __init__(self, options: tuple[str, ...], environment: Mapping[str, str] | None = None) -> None:
        words = [*COMMAND, "--log_facility", "+", "--debug", *options]
        self.process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        super().__init__(self.process, {})

    def stop(self) -> int:
        """End it with SIGTERM; give its exit status."""
        status = super().stop()
        assert self.process.stdin is not None
        self.process.stdin.close()
        return status

    def hang_up(self) -> None:
        """Send SIGHUP."""
        self.process.send_signal(signal.SIGHUP)


@contextlib.contextmanager
def pbs(*options: str, environment: Mapping[str, str] | None = None) -> Iterator[Pbs]:
    """Run the daemon; it must come to a clean end."""
    daemon = Pbs(options, environment)
    try:
        daemon.wait_for("Following ")
        yield daemon
    finally:
        status = daemon.stop()

    assert status == 0, daemon.log
    assert "Internal error" not in daemon.log


def command(*words: str) -> tuple[int, str, str]:
    """Run the command to its end; give its status and what it prints, on standard output and standard error."""
    done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


def known(store: str) -> list[str]:
    """Give the addresses that are known, as `perdition-pbs list` prints them."""
    status, printed, said = command("--store", store, "list")

    assert (status, said) == (0, "")
    return [line.split("\t")[0] for line in printed.splitlines()]


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


def line(address: str, *, name: str = "joe", status: str = "ok") -> str:
    """Write a line of the C program."""
    return (
        f"Nov 21 06:29:56 mail perdition[11036]: Auth: {address}:41320->127.0.0.1:21102 client-secure=plaintext "
        f'authorisation_id=NONE authentication_id="{name}" server="127.0.0.1:21101" protocol=POP3 '
        f'server-secure=plaintext status="{status}"\n'
    )


def append(path: Path, text: str) -> None:
    """Write to the end of a file."""
    with path.open("a") as file:
        file.write(text)


class Asking:
    """A connection to one of the daemon's sockets: `host:port` or a path."""

    def __init__(self, place: str) -> None:
        if place.startswith("/"):
            self._sock = socket.socket(socket.AF_UNIX)
            self._sock.settimeout(PATIENCE)
            self._sock.connect(place)
        else:
            host, _, port = place.rpartition(":")
            self._sock = socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)

    def __enter__(self) -> "Asking":
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def say(self, octets: bytes, length: int) -> bytes:
        """Send a question; give an answer of so many octets, or what there is at the end of the connection."""
        self._sock.sendall(octets)
        answer = b""
        with contextlib.suppress(ConnectionResetError):  # an end as well
            while len(answer) < length and (more := self._sock.recv(length - len(answer))):
                answer += more
        return answer


def place(daemon: Pbs, dialect: str) -> str:
    """Give the place where a daemon answers."""
    return daemon.wait_for(rf"Answering {dialect} at (\S+)$")[1]
