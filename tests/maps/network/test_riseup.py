"""A configuration from the wild: riseup.net's, as its help pages published it, on a real MariaDB.

Replaced are: the paths of certificate and key; `dbhost-vpn` and `3306`, where the database is; and the port `143`
or `110` at the end, where a fake real server listens.  Addresses and ports to listen on are given on the command
line, for the usual ports may be taken.  Everything else stands as it was published.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest

from tests.io_trio.certificates import Certificates, make
from tests.io_trio.dialects import Account, Dialect, Imap4, Pop3
from tests.io_trio.reach import reach
from tests.io_trio.talk import RealServer, Talk
from tests.maps.network.c_perdition import OURS, program
from tests.maps.network.mariadb import mariadb
from tests.maps.network.server import find

pytestmark = pytest.mark.interop

IMAP4: Final = """\
connection_limit 0
imap_capability "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE STARTTLS"
ssl_cert_file /etc/certs/mail.riseup.net/cert.pem
ssl_key_file /etc/certs/mail.riseup.net/key.pem 
map_library /usr/lib/libperditiondb_mysql.so.0.0.0
map_library_opt dbhost-vpn:3306:nest:mailboxes:nest_mail:xxxxxxx:storage_ip:address:143
no_lookup
lower_case all
explicit_domain 'riseup.net'
add_domain servername_lookup
ssl_mode tls_listen
"""  # noqa: W291  # the blank behind key.pem was published, too
POP3: Final = """\
connection_limit 0
ssl_cert_file /etc/certs/mail.riseup.net/cert.pem
ssl_key_file /etc/certs/mail.riseup.net/key.pem 
map_library /usr/lib/libperditiondb_mysql.so.0.0.0
map_library_opt dbhost-vpn:3306:nest:mailboxes:nest_mail:xxxxxxx:storage_ip:address:110
no_lookup
lower_case all
explicit_domain 'riseup.net'
add_domain servername_lookup
ssl_mode tls_listen
"""  # noqa: W291
MAILBOXES: Final = """
CREATE DATABASE nest;
CREATE TABLE nest.mailboxes (address varchar(128) NOT NULL PRIMARY KEY, storage_ip varchar(64) NOT NULL);
INSERT INTO nest.mailboxes VALUES ('bob@riseup.net', '127.0.4.1'), ('alice@riseup.net', '127.0.4.2');
CREATE USER nest_mail@'127.0.0.1' IDENTIFIED BY 'xxxxxxx';
GRANT SELECT ON nest.mailboxes TO nest_mail@'127.0.0.1';
"""
LOG_INS: Final = {
    b"Bob": ("127.0.4.1", b"bob"),
    b"Bob@riseup.net": ("127.0.4.1", b"bob@riseup.net"),
    b"ALICE": ("127.0.4.2", b"alice"),
    b"alice@RISEUP.net": ("127.0.4.2", b"alice@riseup.net"),
}
"""What is typed, and to which address and as whom it goes."""


@attrs.frozen
class File:
    """A file of theirs, and how its listener is reached."""

    text: str
    protocol: str
    dialect: Dialect
    leg: str


FILES: Final = {
    "perdition.imap4.conf": File(IMAP4, "IMAP4", Imap4(), "tls"),
    "perdition.imaps.conf": File(IMAP4.replace("tls_listen", "ssl_listen"), "IMAP4S", Imap4(), "ssl"),
    "perdition.pop3.conf": File(POP3, "POP3", Pop3(), "tls"),
    "perdition.pops.conf": File(POP3.replace("tls_listen", "ssl_listen"), "POP3S", Pop3(), "ssl"),
}


@pytest.fixture(scope="module")
def database() -> Iterator[int]:
    with mariadb() as (server, port):
        client = [find("mariadb"), "--no-defaults", f"--socket={server.log.parent}/my.sock", "-uroot"]
        subprocess.run(client, input=MAILBOXES.encode(), check=True, timeout=60)
        yield port


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("name", FILES)
def test_riseups_files_run_as_they_stand(database: int, certificates: Certificates, tmp_path: Path, name: str) -> None:
    file = FILES[name]
    seen: list[tuple[str, bytes]] = []

    def real_server(talk: Talk) -> None:
        def note(talk: Talk) -> None:
            seen.append((talk.sock.getsockname()[0], account.seen[0][0]))

        account = Account(after=note)
        file.dialect.serve(talk, account)

    with RealServer(real_server, host="0.0.0.0") as real:  # noqa: S104  # all of 127.0.0.0/8
        replaced = {
            "/etc/certs/mail.riseup.net/cert.pem": str(certificates.cert_file),
            "/etc/certs/mail.riseup.net/key.pem": str(certificates.key_file),
            "dbhost-vpn:3306": f"127.0.0.1:{database}",
            ":address:143": f":address:{real.port}",
            ":address:110": f":address:{real.port}",
        }
        text = file.text
        for old, new in replaced.items():
            text = text.replace(old, new)
        (tmp_path / name).write_text(text)
        options = ["-P", file.protocol, "-f", str(tmp_path / name), "-b", "127.0.0.1", "--no_daemon", "--pid_file", ""]
        with program(OURS, options, tmp_path / "log") as running:
            for typed, there in LOG_INS.items():
                with reach(running.port, file.dialect, file.leg, certificates) as talk:
                    answer = file.dialect.log_in(talk, typed)
                real.wait()

                assert file.dialect.is_yes(answer), (answer, running.log())
                assert seen.pop() == there
            with reach(running.port, file.dialect, file.leg, certificates) as talk:
                assert file.dialect.is_no(file.dialect.log_in(talk, b"nobody"))
        assert seen == []
