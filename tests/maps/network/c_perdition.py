"""The C perdition and ours, run with the same options: where does each send a user, and under which name?

Clients speak IMAP4, where a literal carries any user name.  The real servers are fake and take everybody; each
answers on all addresses of 127.0.0.0/8 at its port, so that a map has many to choose from.
"""

import contextlib
import os
import pwd
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from tests.io_trio.proxy import eventually, listening
from tests.io_trio.talk import PATIENCE, RealServer, Talk, at_once, call
from tests.maps.network.server import find

ROOT: Final = Path(__file__).parents[3]
OURS: Final = (sys.executable, "-m", "perdition.io_trio")
AUTH_LINE: Final = re.compile(rb'Auth: 127\.0\.0\.1:(\d+)->.*?server="([^"\n]*)" protocol=IMAP4 ', re.DOTALL)
ARGUMENT: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\S+)')
LITERAL: Final = re.compile(rb"\{(\d+)\+?\}\r\n\Z")


@attrs.frozen
class Route:
    """What became of a log-in.  Ports of the real servers stand as PORT and OTHER.

    Attributes:
        answer: OK, NO or BAD, as the client heard it; empty if it was cut off.
        server: field `server` of the Auth line; empty if there is no such line.
        at: address and port of the real server that was asked to let somebody in; empty if none was.
        name: the user name that it was told.
    """

    answer: str = ""
    server: str = ""
    at: str = ""
    name: bytes = b""


@attrs.define
class RealServers:
    """Two fake real servers: at the default port and at another one.

    Attributes:
        heard: by password, which no two log-ins share: where and as whom somebody logged in.
    """

    heard: dict[bytes, tuple[str, bytes]] = attrs.field(factory=dict)
    port: int = 0
    other: int = 0

    @contextlib.contextmanager
    def running(self) -> Iterator["RealServers"]:
        """Run them."""
        with RealServer(self._serve, host="0.0.0.0") as one, RealServer(self._serve, host="0.0.0.0") as two:  # noqa: S104
            self.port, self.other = one.port, two.port
            yield self

    def masked(self, text: str) -> str:
        """Write the names of the two ports for their numbers."""
        return text.replace(f":{self.port}", ":PORT").replace(f":{self.other}", ":OTHER")

    def _serve(self, talk: Talk) -> None:
        talk.say(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        while line := talk.line():
            tag, _, command = line.partition(b" ")
            verb = command.split()[0].upper()
            if verb == b"LOGIN":
                name, password = arguments(talk, command[len(verb) :])
                address, port = talk.sock.getsockname()
                self.heard[password] = (self.masked(f"{address}:{port}"), name)
            else:
                talk.say({b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"LOGOUT": b"* BYE bye\r\n"}.get(verb, b""))
            talk.say(tag + b" OK done\r\n")


def arguments(talk: Talk, line: bytes) -> list[bytes]:
    """Read the arguments of a command, each an atom, a quoted string or a literal."""
    found: list[bytes] = []
    while literal := LITERAL.search(line):
        found += words(line[: literal.start()])
        if b"+" not in literal[0]:
            talk.say(b"+ go on\r\n")
        found.append(talk.exactly(int(literal[1])))
        line = talk.line()
    return found + words(line)


def words(line: bytes) -> list[bytes]:
    """Split what has no literals."""
    return [re.sub(rb"\\(.)", rb"\1", quoted) if quoted else atom for quoted, atom in ARGUMENT.findall(line)]


class Program:
    """One of the two, running, with its log in a file.

    Attributes:
        port: where it listens.
    """

    def __init__(self, command: Sequence[str], options: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--log_facility=+", "-l", "0", *options],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        limit = time.monotonic() + PATIENCE
        while not (ports := listening(self._process.pid)):
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < limit, self.log()
            time.sleep(0.01)
        [self.port] = ports

    def log(self) -> bytes:
        """Give its log so far."""
        return self._log.read_bytes()

    def auth_lines(self) -> dict[int, str]:
        """Give the field `server` of its Auth lines so far, by the client's port."""
        found: list[tuple[bytes, bytes]] = AUTH_LINE.findall(self.log())
        return {int(port): server.decode("ascii", "backslashreplace") for port, server in found}

    def end(self) -> None:
        """End it and, of the C program, the children of its connections."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextlib.contextmanager
def program(command: Sequence[str], options: Sequence[str], log: Path) -> Iterator[Program]:
    """Run one of the two."""
    running = Program(command, options, log)
    try:
        yield running
    finally:
        running.end()


def both(
    options: Sequence[str], names: Sequence[bytes], servers: RealServers, folder: Path
) -> tuple[Mapping[bytes, Route], Mapping[bytes, Route]]:
    """Log all of these users in through the C program and through ours, and tell where each came.

    Args:
        options: perdition's, as on its command line.
        names: as clients say them.
        servers: the real servers that the map knows.
        folder: for the logs.
    """
    calls = {
        "c": partial(routes, (find("perdition"),), options, names, servers, folder / "c.log"),
        "ours": partial(routes, OURS, options, names, servers, folder / "ours.log"),
    }
    servers.heard.clear()
    answers = at_once(calls)
    return answers["c"].result(), answers["ours"].result()


def routes(
    command: Sequence[str], options: Sequence[str], names: Iterable[bytes], servers: RealServers, log: Path
) -> Mapping[bytes, Route]:
    """Log all of these users in through one process, and tell where each came."""
    who = pwd.getpwuid(os.geteuid()).pw_name  # it can read then what we can
    basics = ["-P", "IMAP4", "-b", "127.0.0.1", "-n", "--no_daemon", "--pid_file", "", "-f", ""]
    basics += ["-u", who, "-g", str(os.getegid()), "-s", DEFAULT, "-p", str(servers.port)]
    asked = {name: b"%s-%d" % (log.stem.encode(), number) for number, name in enumerate(names)}
    with program(command, [*basics, *options], log) as running:
        calls = {name: partial(log_in, running.port, name, password) for name, password in asked.items()}
        answers = {name: future.result() for name, future in at_once(calls, AT_ONCE).items()}
        logged = {port for port, answer in answers.values() if answer in ("OK", "NO")}
        eventually(lambda: logged <= running.auth_lines().keys(), "an Auth line for each answer")
        lines = running.auth_lines()
    return {
        name: Route(answer, servers.masked(lines.get(port, "")), *servers.heard.get(asked[name], NOWHERE))
        for name, (port, answer) in answers.items()
    }


AT_ONCE: Final = 10
"""How many log-ins: each has a process of the C program's and one of the database's, and those give up in time."""
DEFAULT: Final = "127.0.9.9"
"""The default server, option outgoing_server: for those whom the map does not know."""
NOWHERE: Final = ("", b"")


def log_in(port: int, name: bytes, password: bytes) -> tuple[int, str]:
    """Log in; give our own port, and the word of the answer."""
    with call(port) as talk:
        own: int = talk.sock.getsockname()[1]
        talk.line()
        talk.say(b"a LOGIN {%d}\r\n" % len(name))
        talk.line()
        talk.say(name + b" {%d}\r\n" % len(password))
        talk.line()
        talk.say(password + b"\r\n")
        while (line := talk.line()).startswith(b"*"):
            pass
        return own, line[2:].split(b" ")[0].decode("ascii")
