"""mbsync: a mailbox into a Maildir, and what happens there back."""

import re
from pathlib import Path

import pytest

from tests.interop.certificates import Certificates
from tests.interop.dovecot import PASSWORD, Dovecot
from tests.interop.machine import program, run
from tests.interop.messages import fingerprint, large_message, message
from tests.interop.proxy import Proxy
from tests.interop.transports import Protocol, Tls, name, tls_id

SSL_TYPES = {Tls.SSL: "IMAPS", Tls.STARTTLS: "STARTTLS"}
CONFIGURATION = """
IMAPStore far
Host localhost
Port {port}
User {user}
Pass {password}
SSLType {ssl_type}
SystemCertificates no
CertificateFile {ca}

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""


def without_tuid(octets: bytes) -> bytes:
    """Take out the header by which mbsync finds a message that it has stored."""
    return re.sub(rb"^X-TUID: .*\r\n", b"", octets, count=1, flags=re.MULTILINE)


def in_maildir(folder: Path) -> list[bytes]:
    """Give the messages of a Maildir with CRLF."""
    files = [file for part in ("cur", "new") for file in (folder / part).iterdir()]
    return [without_tuid(file.read_bytes().replace(b"\n", b"\r\n")) for file in files]


def fingerprints(messages: list[bytes]) -> list[tuple[int, str]]:
    """Give the fingerprints of messages, in no order of theirs."""
    return sorted(fingerprint(octets) for octets in messages)


@pytest.mark.parametrize("client_tls", SSL_TYPES, ids=tls_id)
def test_mbsync(daemon: Proxy, real: Dovecot, certs: Certificates, tmp_path: Path, client_tls: Tls) -> None:
    user = f"mbsync-{client_tls.value}"
    there = [message("one", "first"), large_message("two", 1), message("three", "third")]
    real.deliver(user, *there)
    near = tmp_path / "near"
    near.mkdir()
    configuration = tmp_path / "mbsyncrc"
    configuration.write_text(
        CONFIGURATION.format(
            port=daemon.ports[name(Protocol.IMAP4, client_tls, Tls.SSL)],
            user=user,
            password=PASSWORD,
            ssl_type=SSL_TYPES[client_tls],
            ca=certs.ca,
            folder=near,
        )
    )
    mbsync = [program("mbsync", "isync"), "--config", str(configuration), "--all"]
    run(*mbsync)

    assert fingerprints(in_maildir(near / "INBOX")) == fingerprints(there)

    here = message("four", "from here")
    (near / "INBOX" / "new" / "1.from-here").write_bytes(here.replace(b"\r\n", b"\n"))
    (first,) = (file for file in (near / "INBOX").glob("*/*") if b"Subject: one" in file.read_bytes())
    first.rename(near / "INBOX" / "cur" / f"{first.name.partition(':')[0]}:2,ST")  # seen, and to be deleted
    run(*mbsync)

    assert fingerprints([without_tuid(octets) for octets in real.messages(user)]) == fingerprints([*there[1:], here])
    assert fingerprints(in_maildir(near / "INBOX")) == fingerprints([*there[1:], here])
