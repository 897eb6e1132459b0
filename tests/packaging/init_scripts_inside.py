"""Start, log in, reload and stop by init scripts.  Runs in namespaces of its own: see test_init_scripts.py."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import attrs
import pytest

from perdition.config.settings import PORTS
from perdition.config.values import Protocol
from tests.io_trio import certificates as throw_away
from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import Account, Dialect, Imap4, ManageSieve, Pop3
from tests.io_trio.proxy import eventually
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import RealServer, Talk, call
from tests.maps.network.nis import HERE, OUTSIDE
from tests.maps.network.nis import run as must
from tests.packaging.commands import PACKAGING, make_environment, make_launcher, make_script, run

DEBIANS: Final = "/etc/init.d/perdition"
OURS: Final = str(PACKAGING / "sysv" / "perdition")
DEFAULTS: Final = "/etc/default/perdition"
DAEMONS: Final[Mapping[str, tuple[Protocol, Dialect, str]]] = {
    "perdition.pop3": (Protocol.POP3, Pop3(), ""),
    "perdition.pop3s": (Protocol.POP3S, Pop3(), "ssl"),
    "perdition.imap4": (Protocol.IMAP4, Imap4(), ""),
    "perdition.imaps": (Protocol.IMAP4S, Imap4(), "ssl"),
    "perdition.managesieve": (Protocol.MANAGESIEVE, ManageSieve(), ""),
}


@attrs.frozen
class Way:
    """What is installed: an init script, its defaults (None: Debian's, as they are), and the kind of our commands."""

    script: str
    defaults: Path | None
    kind: str


WAYS: Final = {
    "Debian's script and the launcher": Way(DEBIANS, None, "launcher"),
    "our script and the launcher": Way(OURS, PACKAGING / "default" / "perdition", "launcher"),
    "our script and scripts": Way(OURS, PACKAGING / "default" / "perdition", "script"),
}


@attrs.frozen
class Machine:
    """A machine on which our commands are in the place of perdition 2.2's."""

    way: Way
    log: Path
    certificates: Certificates
    command: Path

    def do(self, action: str) -> subprocess.CompletedProcess[str]:
        """Run the init script."""
        return run(self.way.script, action, environment={**os.environ, "INIT_VERBOSE": "yes"})

    def pids(self) -> dict[str, int]:
        """Give the daemons that have a pid file."""
        files = {name: Path(f"/var/run/{name}/{name}.pid") for name in DAEMONS}
        return {name: int(file.read_text()) for name, file in files.items() if file.exists()}

    def log_in(self, name: str) -> Talk:
        """Log in through one daemon."""
        protocol, dialect, leg = DAEMONS[name]
        talk = reach(PORTS[protocol], dialect, leg, self.certificates)
        answer = dialect.log_in(talk, b"joe")

        assert dialect.is_yes(answer)
        return talk


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Prepare the network and the file system; give a folder that other users may enter."""
    assert os.environ.get(OUTSIDE) not in (None, os.readlink(HERE)), "expected to be in namespaces of our own"
    must("ip", "link", "set", "lo", "up")
    must("mount", "-t", "tmpfs", "tmpfs", "/run")
    must("mount", "-t", "tmpfs", "tmpfs", "/etc/perdition")
    with tempfile.TemporaryDirectory(prefix="perdition-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def commands(folder: Path) -> dict[str, Path]:
    """Make both kinds of commands."""
    python = make_environment(folder / "environment")
    return {"launcher": make_launcher(folder, python), "script": make_script(folder, python)}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def machine(request: pytest.FixtureRequest, folder: Path, commands: dict[str, Path]) -> Iterator[Machine]:
    """Put our commands in place, and real servers behind them."""
    way: Way = request.param
    certificates = throw_away.make(Path(tempfile.mkdtemp(dir=folder)))
    certificates.key_file.parent.chmod(0o755)
    log = folder / "log"
    log.write_text("")
    log.chmod(0o666)
    mounted: list[str] = []
    with ExitStack() as stack:
        for protocol, dialect, leg in DAEMONS.values():
            real = stack.enter_context(real_server(dialect, leg, Account(), certificates))
            write_configuration(protocol, real, log, certificates)
        try:
            for name in ("perdition", *DAEMONS):
                replace(commands[way.kind], f"/usr/sbin/{name}", mounted)
            if way.defaults is not None:
                replace(way.defaults, DEFAULTS, mounted)
            yield Machine(way, log, certificates, commands[way.kind])
        finally:
            run(way.script, "stop")
            for place in mounted:
                must("umount", "--lazy", place)  # what has given its pid file away may take a moment to end


def replace(what: Path, place: str, mounted: list[str]) -> None:
    """Put a file in the place of one that Debian's package brings."""
    must("mount", "--bind", str(what), place)
    mounted.append(place)


def write_configuration(protocol: Protocol, real: RealServer, log: Path, certificates: Certificates) -> None:
    """Write the configuration of one protocol, in perdition 2.2's grammar."""
    lines = {
        "log_facility": log,
        "bind_address": "127.0.0.1",
        "no_lookup": "",
        "outgoing_server": "localhost",
        "outgoing_port": real.port,
        "ssl_cert_file": certificates.cert_file,
        "ssl_key_file": certificates.key_file,
        "ssl_ca_file": certificates.ca_file,
    }
    text = "".join(f"{name} {value}\n" for name, value in lines.items())
    Path(f"/etc/perdition/perdition.{protocol.value.lower()}.conf").write_text(text)


def test_start_log_in_reload_stop(machine: Machine) -> None:
    started = machine.do("start")
    first = machine.pids()

    assert started.returncode == 0, started.stdout
    assert set(first) == set(DAEMONS), started.stdout + machine.log.read_text()
    assert min(first.values()) > 1

    again = machine.do("start")

    assert again.returncode == 0, again.stdout
    assert machine.pids() == first  # they run, and are left alone

    for name in DAEMONS:
        with machine.log_in(name) as talk:
            talk.say(b"hello\r\n")

            assert talk.line() == b"hello\r\n"

    reloaded = machine.do("reload")

    assert reloaded.returncode == 0, reloaded.stdout
    eventually(lambda: machine.log.read_text().count("Reloaded") == len(DAEMONS), "all daemons to reload")
    assert machine.pids() == first

    with machine.log_in("perdition.imap4") as session:
        restarted = machine.do("restart")
        second = machine.pids()

        assert restarted.returncode == 0, restarted.stdout
        assert set(second) == set(DAEMONS), restarted.stdout + machine.log.read_text()
        assert not set(second.values()) & set(first.values())
        assert is_alive(session)  # its process lives on without a pid file
        for name in DAEMONS:
            machine.log_in(name).close()

        stopped = machine.do("stop")

        assert stopped.returncode == 0, stopped.stdout
        assert machine.pids() == {}
        for protocol, _, _ in DAEMONS.values():
            with pytest.raises(ConnectionRefusedError):
                call(PORTS[protocol])
        assert is_alive(session)
    assert machine.log.read_text().count("Exiting on signal 15") == 2 * len(DAEMONS)


def is_alive(talk: Talk) -> bool:
    """Tell whether a session's other end, an echo, answers."""
    talk.say(b"hello\r\n")
    return talk.line() == b"hello\r\n"


@pytest.mark.parametrize("machine", [WAYS["our script and scripts"]], indirect=True)
def test_status_and_what_goes_wrong(machine: Machine) -> None:
    before = machine.do("status")

    assert before.returncode == 3  # LSB: not running
    assert before.stdout.count(" is not running\n") == len(DAEMONS)

    started = machine.do("start")
    running = machine.do("status")

    assert started.returncode == 0, started.stdout
    assert running.returncode == 0
    assert [line.partition(" (pid ")[0] for line in running.stdout.splitlines()] == [
        f"{name} is running" for name in DAEMONS
    ]

    victim = machine.pids()["perdition.imaps"]
    assert victim > 1
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)  # in this name space we are what init is elsewhere
    missed = machine.do("status")

    assert missed.returncode == 1  # LSB: dead, with a pid file
    assert "perdition.imaps is not running, and left a pid file\n" in missed.stdout

    again = machine.do("start")  # in the place of the stale file

    assert again.returncode == 0, again.stdout
    assert machine.do("status").returncode == 0

    stopped = machine.do("force-stop")

    assert stopped.returncode == 2
    assert stopped.stdout.startswith("Usage: ")

    configuration = Path("/etc/perdition/perdition.pop3.conf")
    configuration.write_text(configuration.read_text() + "no_such_option\n")
    refused = machine.do("restart")

    assert refused.returncode == 1
    assert "no_such_option" in refused.stdout
    assert "Starting perdition.pop3: failed (1)\n" in refused.stdout
    assert set(machine.pids()) == set(DAEMONS) - {"perdition.pop3"}
