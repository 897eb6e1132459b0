"""A Postfix of its own: its configuration, queue and log in one folder, on one port of 127.0.0.1.

It runs as root and `postfix`, as everywhere, and never touches /etc/postfix or /var/spool/postfix.
"""

import contextlib
import os
import pwd
import smtplib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest

from tests.interop.machine import PATIENCE, end, program
from tests.maps.network.server import folder_for_a_server
from tests.ports import free_port

MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mail.example.org
mydestination = example.org
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
local_recipient_maps =
alias_maps =
alias_database =
smtpd_client_restrictions =
{snippet}
"""
# Of Debian's, what a dialogue needs; nothing is in a chroot, and nobody delivers anything.
MASTER: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


@attrs.frozen
class Postfix:
    """A running one."""

    port: int
    folder: Path

    def rcpt(self, source: str, recipient: str = "joe@elsewhere.example") -> tuple[int, str]:
        """Talk to it from an address of this machine, up to RCPT; give the answer to that."""
        with smtplib.SMTP("127.0.0.1", self.port, "pc.example.net", PATIENCE, (source, 0)) as client:
            client.ehlo()
            client.mail("me@example.org")
            code, text = client.rcpt(recipient)
        return code, text.decode()

    def query(self, table: str, *keys: str) -> list[str]:
        """Ask a table as `postmap -q -` does; give `key<tab>answer` for each key that is there."""
        done = subprocess.run(
            [program("postmap", "postfix"), "-c", str(self.folder), "-q", "-", table],
            input="".join(f"{key}\n" for key in keys), capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

        assert done.stderr == "", done.stderr
        return done.stdout.splitlines()


@contextlib.contextmanager
def postfix(snippet: str) -> Iterator[Postfix]:
    """Run one with some lines more in main.cf."""
    command = program("postfix", "postfix")
    if os.geteuid() != 0:
        pytest.skip("needs root: Postfix is started by nobody else")
    port = free_port()
    with folder_for_a_server() as folder:
        for name in ("queue", "data"):
            (folder / name).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
        (folder / "main.cf").write_text(MAIN.format(folder=folder, snippet=snippet))
        (folder / "master.cf").write_text(MASTER.format(port=port))
        process = subprocess.Popen([command, "-c", str(folder), "start-fg"], stdin=subprocess.DEVNULL)
        try:
            limit = time.monotonic() + PATIENCE
            while not _greets(port):
                assert process.poll() is None, _log(folder)
                assert time.monotonic() < limit, _log(folder)
                time.sleep(0.05)
            yield Postfix(port, folder)
        finally:
            # What we have started waits for the master process, and that has a session of its own.
            subprocess.run([command, "-c", str(folder), "stop"], capture_output=True, timeout=PATIENCE, check=False)
            end(process)


def _greets(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE):
            return True
    except OSError:
        return False


def _log(folder: Path) -> str:
    log = folder / "log"
    return log.read_text() if log.exists() else "no log"
