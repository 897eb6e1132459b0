"""The proxies that are measured: ours, perdition 2.2 and their peers."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.cases import Protocol, Transport
from benchmarks.launch import Launch, Place, Target
from benchmarks.peers import dovecot, haproxy, nginx

ROOT: Final = Path(__file__).parents[1]

# --- ours and the C program: the same options

PERDITION_PROTOCOLS: Final = {Protocol.IMAP: "IMAP4", Protocol.POP3: "POP3", Protocol.SIEVE: "MANAGESIEVE"}
PERDITION_TLS: Final = {Transport.PLAIN: "", Transport.TLS: "ssl_listen", Transport.STARTTLS: "tls_listen"}


def perdition_options(place: Place, regex_library: str) -> list[str]:
    """Write the options that both know."""
    options = ["-P", PERDITION_PROTOCOLS[place.protocol], "--no_daemon", "-f", "/dev/null", "--no_lookup"]
    options += ["-F", f"{place.folder}/log", "-b", "127.0.0.1", "-l", str(place.port), "--pid_file", ""]
    options += ["-s", "127.0.0.1", "-p", str(place.server)]
    options += ["-M", regex_library, "-m", f"{place.folder}/popmap.re"] if place.regex_map else ["-M", ""]
    if place.transport is not Transport.PLAIN:
        options += ["--ssl_mode", PERDITION_TLS[place.transport]]
        options += ["--ssl_cert_file", str(place.certificate), "--ssl_key_file", str(place.key)]
    return options


def regex_map(place: Place) -> Mapping[str, str]:
    """Write a popmap of 20 rules, of which the last one matches."""
    if not place.regex_map:
        return {}
    others = (f"^[^@]*@d{number:02}\\.example\\.org$: 127.0.0.1:1\n" for number in range(19))
    return {"popmap.re": "".join(others) + f"^user[0-9]+$: 127.0.0.1:{place.server}\n"}


def ours(place: Place) -> Launch:
    """Start the daemon of this work tree, with the Python that runs this or PERDITION_BENCH_PYTHON."""
    return daemon(place, os.environ.get("PERDITION_BENCH_PYTHON", sys.executable), str(ROOT))


def other(place: Place) -> Launch:
    """Start the daemon of another work tree or with another Python, to be compared with ours."""
    python = os.environ.get("PERDITION_BENCH_OTHER_PYTHON", sys.executable)
    return daemon(place, python, os.environ.get("PERDITION_BENCH_OTHER_TREE", str(ROOT)))


def daemon(place: Place, python: str, tree: str) -> Launch:
    """Start perdition-trio of a work tree with a Python that has its dependencies."""
    argv = [python, "-m", "perdition.io_trio", *perdition_options(place, "posix_regex")]
    argv += ["--workers", str(place.workers)] if place.workers else []  # else one a core, and there is one
    return Launch(argv, regex_map(place), ["log"], environment={"PYTHONPATH": tree})


def perdition(place: Place) -> Launch:
    """Start perdition 2.2."""
    libraries = sorted(Path("/usr/lib").glob("*/libperditiondb_posix_regex.so.0"))
    library = str(libraries[0]) if libraries else "libperditiondb_posix_regex.so.0"
    return Launch(["perdition", *perdition_options(place, library)], regex_map(place), ["log"])


def debian_version(package: str) -> Sequence[str]:
    """Give the command that prints a package's version."""
    return ("dpkg-query", "-W", "-f", "${Version}", package)


TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for target in (
        Target("direct", "no proxy: clients talk to the fake real server", None),
        Target(
            "perdition",
            "perdition 2.2, no map, log to a file",
            perdition,
            program="perdition",
            packages=("perdition",),
            version=debian_version("perdition"),
            descriptors=1024,  # its children close every number below: the higher, the slower
        ),
        Target(
            "nginx",
            "nginx mail, one worker, authentication by the same nginx",
            nginx,
            protocols=frozenset({Protocol.IMAP, Protocol.POP3}),
            program="nginx",
            packages=("nginx", "libnginx-mod-mail"),
            version=debian_version("nginx"),
        ),
        Target(
            "dovecot",
            "Dovecot's log-in proxy, one process, static passdb",
            dovecot,
            program="dovecot",
            packages=("dovecot-imapd", "dovecot-pop3d", "dovecot-managesieved"),
            version=debian_version("dovecot-core"),
            grace=6.0,
        ),
        Target(
            "haproxy",
            "HAProxy, TCP only: no log-in",
            haproxy,
            transports=frozenset({Transport.PLAIN, Transport.TLS}),
            program="haproxy",
            packages=("haproxy",),
            version=debian_version("haproxy"),
        ),
        Target("ours", "perdition-trio of this work tree, no map, log to a file", ours),
        Target("other", "perdition-trio as PERDITION_BENCH_OTHER_PYTHON and _TREE say", other),
    )
}
FULL_TARGETS: Final = tuple(name for name in TARGETS if name != "other")
"""What is measured if nothing is said."""
QUICK_TARGETS: Final = ("direct", "perdition", "ours")
LOAD_PACKAGES: Final = ("gcc", "libc6-dev", "libssl-dev", "openssl")
"""What the load generator is made with."""
