"""The processes of a run: the fake real server, the load generator, and the proxies; all end with the run."""

import contextlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.accounts import open_account
from benchmarks.cases import Protocol, Transport
from benchmarks.launch import Place, Target

LOAD_SOURCES: Final = Path(__file__).parent / "load"
PATIENCE: Final = 20.0
"""Seconds to wait for what should come at once."""


class RunError(Exception):
    """Something does not do what the run needs; the text says what."""


def program_of_load(folder: Path) -> Path:
    """Compile the load generator.

    Raises:
        RunError: it cannot be.
    """
    program = folder / "load"
    sources = sorted(str(source) for source in LOAD_SOURCES.glob("*.c"))
    command = ["cc", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", str(program), *sources, "-lssl", "-lcrypto"]
    run_command(command)
    return program


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate (ECDSA P-256) and its key.

    Raises:
        RunError: openssl cannot.
    """
    own, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost"
    run_command([*command.split(), "-keyout", str(key), "-out", str(own)])
    key.chmod(0o644)  # proxies read it as nobody, and it is worth nothing
    return own, key


def run_command(command: Sequence[str]) -> str:
    """Run a command to its end; give what it printed.

    Raises:
        RunError: it fails or is not there.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise RunError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise RunError(f"{command[0]} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def free_port() -> int:
    """Find a port that nobody listens on, below those that outgoing connections take."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = random.randrange(min(10000, first - 1000), first)  # noqa: S311  # no secret
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RunError("found no free port")


def as_child(argv: Sequence[str], cpus: Sequence[int], descriptors: int = 0, gate: str = "") -> list[str]:
    """Give the command that becomes another one, in a session of its own (child.py)."""
    words = [",".join(str(cpu) for cpu in cpus), str(descriptors), gate]
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py")), *words, *argv]


class Talker:
    """A process that answers in JSON, a line each, and ends with its standard input."""

    def __init__(self, argv: Sequence[str], cpus: Sequence[int]) -> None:
        self._process = subprocess.Popen(
            as_child(argv, cpus),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._buffer = b""

    @property
    def process(self) -> int:
        """Its number."""
        return self._process.pid

    def say(self, line: str) -> None:
        """Send a line.

        Raises:
            RunError: it has ended.
        """
        assert self._process.stdin is not None  # noqa: S101  # we asked for it
        try:
            self._process.stdin.write(line.encode() + b"\n")
        except OSError:
            raise RunError("the load generator has ended") from None

    def hear(self, event: str, patience: float = PATIENCE) -> dict[str, object]:
        """Wait for an event.

        Raises:
            RunError: something else came, or nothing.
        """
        limit = time.monotonic() + patience
        assert self._process.stdout is not None  # noqa: S101  # we asked for it
        while b"\n" not in self._buffer:
            readable, _, _ = select.select([self._process.stdout], [], [], max(0.0, limit - time.monotonic()))
            if not readable:
                raise RunError(f"the load generator did not say {event!r} within {patience:g} s")
            some = self._process.stdout.read(65536)
            if not some:
                raise RunError(f"the load generator ended before {event!r}")
            self._buffer += some
        line, _, self._buffer = self._buffer.partition(b"\n")
        said: dict[str, object] = json.loads(line)
        if said["event"] != event:
            raise RunError(f"expected {event!r} from the load generator, not {said['event']!r}")
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=5)
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


class Server(Talker):
    """The fake real server.

    Attributes:
        ports: where it listens, in the order that was asked for.
    """

    def __init__(
        self,
        program: Path,
        certificate: Path,
        key: Path,
        listeners: Sequence[tuple[Protocol, Transport]],
        cpus: Sequence[int],
    ) -> None:
        words = [f"{protocol}:{transport}" for protocol, transport in listeners]
        super().__init__([str(program), "server", "--tls", str(certificate), str(key), *words], cpus)
        ports = self.hear("listening")["ports"]
        assert isinstance(ports, list)  # noqa: S101  # server.c writes one
        self.ports: list[int] = ports


class Proxy:
    """A proxy that runs, in a folder of its own.

    Attributes:
        account: its processes.
        port: where it listens.
    """

    def __init__(self, target: Target, place: Place, cpus: Sequence[int]) -> None:
        assert target.launch is not None  # noqa: S101  # nobody asks for no proxy
        self._target, self._place = target, place
        self.port = place.port
        place.folder.mkdir(parents=True)
        launch = target.launch(place)
        for name in launch.folders:
            (place.folder / name).mkdir()
        for name, text in launch.files.items():
            (place.folder / name).write_text(text)
        for name in launch.logs:
            (place.folder / name).touch()
            (place.folder / name).chmod(0o666)
        self.account = open_account(place.folder.name)
        try:
            with (place.folder / "output").open("wb") as output:
                self._process = subprocess.Popen(
                    as_child(launch.argv, cpus, target.descriptors, self.account.gate),
                    cwd=place.folder,
                    env={**os.environ, **launch.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
        except BaseException:
            self.account.close()
            raise
        self.account.began(self._process.pid)

    def wait_until_ready(self) -> None:
        """Wait until it greets, or with TLS accepts.

        Raises:
            RunError: it does not.
        """
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                if self._place.transport is Transport.TLS or client.recv(1):
                    return
            time.sleep(0.02)
        raise RunError(f"{self._target.name} does not serve: {self.last_words()}")

    def last_words(self) -> str:
        """Give the end of what it wrote."""
        files = (self._place.folder / name for name in ("output", "log"))
        texts = (file.read_text(errors="replace")[-400:] for file in files if file.is_file())
        return " | ".join(" ".join(text.split()) for text in texts if text)

    def settle(self, patience: float = 10.0) -> None:
        """Wait until it rests."""
        limit = time.monotonic() + patience
        before = self.account.cpu()
        while time.monotonic() < limit:
            time.sleep(0.1)
            after = self.account.cpu()
            if after - before < 0.002:
                return
            before = after

    def end(self) -> None:
        """End all its processes."""
        if self._process.poll() is None:
            self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._target.grace)
        limit = time.monotonic() + PATIENCE
        while left := self.account.processes():
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self._process.poll()
            time.sleep(0.02)
            if time.monotonic() > limit:
                break
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self.account.close()
