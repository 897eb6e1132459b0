"""The command `perdition-mapd` in a process of its own."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.interop.machine import ROOT
from tests.interop.proxy import Proxy

COMMAND: Final = (sys.executable, "-m", "perdition.mapd")


class Mapd(Proxy):
    """A running map daemon; its log is read as the proxy's is."""

    def __init__(self, socket: Path, options: Sequence[str]) -> None:
        words = [*COMMAND, "--socket", str(socket), "--config_file", "", "--log_facility", "+", *options]
        self.process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE)
        super().__init__(self.process, {})

    def hang_up(self) -> None:
        """Send SIGHUP."""
        self.process.send_signal(signal.SIGHUP)


@contextlib.contextmanager
def mapd(socket: Path, *options: str) -> Iterator[Mapd]:
    """Run it; it must come to a clean end, and take its socket away."""
    daemon = Mapd(socket, options)
    try:
        daemon.wait_for(f"Answering at {socket}$")
        yield daemon
    finally:
        status = daemon.stop()

    assert status == 0, daemon.log
    assert not socket.exists()
    assert "Internal error" not in daemon.log
