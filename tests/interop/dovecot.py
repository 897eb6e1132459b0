"""A real Dovecot in a folder of its own, as root or as an ordinary user."""

import contextlib
import grp
import imaplib
import os
import pwd
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.interop.machine import PATIENCE, CannotStart, end, program
from tests.interop.tls_front import TlsFront
from tests.interop.transports import Protocol, Tls
from tests.ports import IPV6, free_ports

PASSWORD: Final = "secret"
READER: Final = "reader"
"""The user whose INBOX holds one message, `LARGE`."""
PACKAGES: Final = {
    "imap-login": "dovecot-imapd",
    "pop3-login": "dovecot-pop3d",
    "managesieve-login": "dovecot-managesieved",
}

# Any user may log in with the one password.  Failed log-ins are answered at once: neither the delay of
# auth_failure_delay nor the penalty of anvil, which would meet the next log-in from the same address.
CONFIGURATION: Final = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3 sieve
listen = {listen}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
first_valid_uid = 1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 1000
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service managesieve-login {{
  chroot =
  inet_listener sieve {{
    port = {sieve}
  }}
}}
"""
NAMES: Final = ("imap", "imaps", "pop3", "pop3s", "sieve")
SIEVES: Final = "sieves"
"""The sixth port, of ManageSieve with implicit TLS: see tls_front.py."""
CLEAR: Final = {Protocol.IMAP4: "imap", Protocol.POP3: "pop3", Protocol.MANAGESIEVE: "sieve"}


class Dovecot:
    """A running Dovecot.

    Attributes:
        ports: by the names of `NAMES`, and SIEVES.
    """

    def __init__(
        self, folder: Path, process: subprocess.Popen[bytes], ports: Mapping[str, int], front: TlsFront
    ) -> None:
        self._folder = folder
        self._process = process
        self._front = front
        self.ports = {**ports, SIEVES: front.port}

    def address(self, protocol: Protocol, tls: Tls, host: str = "localhost") -> str:
        """Give `host:port` where a protocol is spoken: SSL has its own port, STARTTLS happens on the clear one."""
        return f"{host}:{self.ports[CLEAR[protocol] + ('s' if tls is Tls.SSL else '')]}"

    @property
    def log(self) -> str:
        """What it has logged up to now."""
        return (self._folder / "log").read_text()

    def deliver(self, user: str, *messages: bytes) -> None:
        """Put messages into a user's INBOX, behind the proxy's back."""
        with self.log_in(user) as imap:
            for message in messages:
                status, _ = imap.append("INBOX", None, None, message)

                assert status == "OK"

    def messages(self, user: str, mailbox: str = "INBOX") -> list[bytes]:
        """Give what is in a mailbox, behind the proxy's back."""
        with self.log_in(user) as imap:
            imap.select(mailbox, readonly=True)
            _, data = imap.fetch("1:*", "(BODY.PEEK[])") if imap.untagged_responses["EXISTS"] != [b"0"] else ("", [])
            return [part[1] for part in data if isinstance(part, tuple)]

    def log_in(self, user: str) -> imaplib.IMAP4:
        """Log in without a proxy."""
        imap = imaplib.IMAP4("localhost", self.ports["imap"], timeout=PATIENCE)
        imap.login(user, PASSWORD)
        return imap

    def stop(self) -> None:
        """End it; its login processes go with it."""
        self._front.stop()
        end(self._process)
        print(self.log)  # pytest shows it if a test fails


def start(folder: Path, certificate: Path, key: Path) -> Dovecot:
    """Start a Dovecot in an empty folder and wait for it, or skip the test.

    Raises:
        CannotStart: it does not come up.
    """
    dovecot = program("dovecot", "dovecot-core")
    check_installation(dovecot)
    named = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)  # whatever the umask is
    configuration = folder / "dovecot.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            listen="127.0.0.1, ::1" if IPV6 else "127.0.0.1",
            certificate=certificate,
            key=key,
            password=PASSWORD,
            **users(folder / "mail"),
            **named,
        )
    )
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen([dovecot, "-F", "-c", configuration], stdout=output, stderr=subprocess.STDOUT)
    try:
        for port in named.values():
            wait_for_port(process, port)
    except BaseException as error:
        end(process)
        said = "".join(file.read_text() for name in ("output", "log") if (file := folder / name).exists())
        raise CannotStart(f"dovecot: {error}\n{said}") from error
    front = TlsFront(named["sieve"], server_context(certificate, key))
    return Dovecot(folder, process, named, front)


def check_installation(dovecot: str) -> None:
    """Skip the test where not all of Dovecot is there."""
    version = subprocess.run([dovecot, "--version"], capture_output=True, text=True).stdout
    if not version.startswith("2.3."):
        pytest.skip(f"needs Dovecot 2.3, for its form of configuration; found {version.split(' ')[0]}")
    libexec = subprocess.run(
        [program("doveconf", "dovecot-core"), "-d", "-h", "libexec_dir"], capture_output=True, text=True
    ).stdout.strip()
    for name, package in PACKAGES.items():
        if not os.path.exists(f"{libexec}/{name}"):
            pytest.skip(f"needs {libexec}/{name} (Debian package {package})")


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Make the context of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def users(mail: Path) -> dict[str, object]:
    """Say as whom Dovecot's processes run: root has Debian's users, anybody else has himself."""
    uid, gid = os.getuid(), os.getgid()
    if uid != 0:
        name, group = pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name
        return {"uid": uid, "gid": gid, "internal_user": name, "internal_group": group, "login_user": name}
    nobody = pwd.getpwnam("nobody")
    os.chown(mail, nobody.pw_uid, nobody.pw_gid)
    return {
        "uid": nobody.pw_uid,
        "gid": nobody.pw_gid,
        "internal_user": "dovecot",
        "internal_group": "dovecot",
        "login_user": "dovenull",
    }


def wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a port answers.

    Raises:
        CannotStart: the process has ended, or it takes too long.
    """
    limit = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < limit:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise CannotStart(f"port {port} does not answer")
