"""The daemon under test: one process, its log, and an end that must be clean."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from tests.interop.certificates import Certificates
from tests.interop.machine import PATIENCE, ROOT, CannotStart, end
from tests.io_trio.proxy import AS_WE_ARE
from tests.ports import free_ports

Options: TypeAlias = Mapping[str, str | int | bool | list[str]]
"""perdition's options, as in TOML."""

COMMAND: Final = (sys.executable, "-m", "perdition.io_trio")


class Proxy:
    """A running daemon.

    Attributes:
        ports: of its listeners, by name.
    """

    def __init__(self, process: subprocess.Popen[bytes], ports: Mapping[str, int]) -> None:
        self._process = process
        self._lines: list[str] = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        self.ports = ports

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self._lines.append(line.decode().rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def log(self) -> str:
        """What it has logged up to now."""
        with self._news:
            return "\n".join(self._lines)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for a log line with something in it; lines that are there already count."""
        limit = time.monotonic() + PATIENCE
        seen = 0
        with self._news:
            while True:
                for line in self._lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(self._lines)
                if self._ended or not self._news.wait(limit - time.monotonic()):
                    break
        raise CannotStart(f"no log line like {pattern}; the last ones are:\n" + "\n".join(self._lines[-30:]))

    def auth(self, way: str) -> str:
        """Wait for the Auth line of a connection or a listener; give what stands behind `Auth: ` and the way."""
        return self.wait_for(rf"Auth: \S*{re.escape(way)} (.*)")[1]

    def closing(self, way: str) -> str:
        """Wait for the line of a session's end; give what stands behind the way."""
        return self.wait_for(rf"Closing session: \S*{re.escape(way)} (.*)")[1]

    def stop(self) -> int:
        """End it with SIGTERM; give its exit status, -9 if it had to be killed."""
        status = end(self._process)
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        return status


StartProxy: TypeAlias = Callable[[Mapping[str, Options]], contextlib.AbstractContextManager[Proxy]]
"""What the fixture `start_proxy` gives."""


def way(sock: socket.socket) -> str:
    """Write a client's connection as the log does."""
    ours, theirs = sock.getsockname(), sock.getpeername()
    return f"{ours[0]}:{ours[1]}->{theirs[0]}:{theirs[1]}"


def to_port(port: int) -> str:
    """Write the end of a way: any client of a listener."""
    return f"->127.0.0.1:{port}"


def start(folder: Path, certificates: Certificates, listeners: Mapping[str, Options]) -> Proxy:
    """Start a daemon with listeners on 127.0.0.1, unless their options say otherwise."""
    common: Options = {
        "bind_address": "127.0.0.1",
        "map_library": "",
        "ssl_cert_file": str(certificates.certificate),
        "ssl_key_file": str(certificates.key),
        "ssl_ca_file": str(certificates.ca),
        "no_lookup": True,
        "debug": True,  # it then says that it has started
    }

    named = dict(zip(listeners, free_ports(len(listeners)), strict=True))
    file = folder / "perdition.toml"
    tables = [common, *({**options, "listen_port": named[name]} for name, options in listeners.items())]
    file.write_text("\n[[listener]]\n".join(map(toml, tables)))
    return start_with(named, "--config_file", str(file), "--log_facility", "+")


def start_with(ports: Mapping[str, int], *options: str) -> Proxy:
    """Start a daemon with options of the command line; the log must go to standard error, with debug.

    Raises:
        CannotStart: it does not come up.
    """
    proxy = Proxy(subprocess.Popen([*COMMAND, *AS_WE_ARE, *options], cwd=ROOT, stderr=subprocess.PIPE), ports)
    try:
        proxy.wait_for("Starting perdition ")
    except BaseException:
        proxy.stop()
        raise
    return proxy


def toml(options: Options) -> str:
    """Write options; TOML's strings, numbers, booleans and arrays are JSON's."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items())
