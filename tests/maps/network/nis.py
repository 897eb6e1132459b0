"""A real NIS server, its client's helper and a portmapper, in namespaces of their own.

They listen on fixed ports, read fixed files in /etc and /var, and a machine is in one NIS domain: all of that is
another one's inside.  `in_namespaces` runs a command there; `nis` is for what runs inside.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.maps.network.server import PATIENCE, Server, find

DOMAIN: Final = "testnis"
OUTSIDE: Final = "PERDITION_NAMESPACE_OUTSIDE"
HERE: Final = "/proc/self/ns/mnt"
NAMESPACES: Final = ("--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child")
FILES: Final = {
    "/etc/yp.conf": f"domain {DOMAIN} server 127.0.0.1\n",
    "/etc/ypserv.conf": "*:*:*:none\n",
    "/etc/ypserv.securenets": "host 127.0.0.1\n",
}
MAKEDBM: Final = "/usr/lib/yp"


def in_namespaces(command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a command in a network, a file system, a host name and a process table of its own.  Needs to be root."""
    environment = {**os.environ, OUTSIDE: os.readlink(HERE)}
    return subprocess.run(
        [find("unshare"), *NAMESPACES, "--propagation", "private", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@contextlib.contextmanager
def nis(folder: Path, maps: dict[str, dict[str, str]]) -> Iterator[Server]:
    """Run the server with maps; everything ends with the namespace.

    Args:
        folder: for its files.
        maps: names, and their keys and values.
    """
    assert os.environ.get(OUTSIDE) not in (None, os.readlink(HERE)), "expected to be in namespaces of our own"
    run("ip", "link", "set", "lo", "up")
    name_the_domain(DOMAIN)
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("mount", "-t", "tmpfs", "tmpfs", "/var/yp")
    Path("/run/rpcbind").mkdir()
    for name, text in FILES.items():
        replace(Path(name), text, folder)
    tables = Path("/var/yp") / DOMAIN
    tables.mkdir()
    (tables.parent / "binding").mkdir()
    for name, rows in maps.items():
        source = folder / name
        source.write_text("".join(f"{key} {value}\n" for key, value in rows.items()))
        run("makedbm", "-m", "localhost", str(source), str(tables / name))
    portmapper = subprocess.Popen([find("rpcbind"), "-f", "-l"])
    server = Server([find("ypserv"), "-f"], lambda: says("rpcinfo", "-u", "127.0.0.1", "ypserv"), folder / "log")
    wait_for("rpcinfo", "-p", "127.0.0.1")
    server.start()
    binder = subprocess.Popen([find("ypbind"), "-n"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("ypwhich")
        yield server
    finally:
        server.kill()
        for process in (binder, portmapper):
            process.kill()
            process.wait()


def name_the_domain(name: str) -> None:
    """Put the machine into a NIS domain; "" is none."""
    with open("/proc/sys/kernel/domainname", "w") as file:
        file.write(name + "\n")


def replace(path: Path, text: str, folder: Path) -> None:
    """Put another file in the place of one; nobody outside sees that."""
    new = folder / path.name
    new.write_text(text)
    assert path.exists(), f"expected {path}, which its Debian package brings"
    run("mount", "--bind", str(new), str(path))


def wait_for(*command: str) -> None:
    """Wait until a command works."""
    limit = time.monotonic() + PATIENCE
    while not says(*command):
        assert time.monotonic() < limit, f"{' '.join(command)} does not work"
        time.sleep(0.05)


def run(*command: str) -> None:
    """Run a command that must work."""
    subprocess.run([find(command[0], MAKEDBM), *command[1:]], check=True, timeout=30)


def says(*command: str) -> bool:
    """Whether a command works."""
    return subprocess.run([find(command[0]), *command[1:]], capture_output=True, timeout=30).returncode == 0
