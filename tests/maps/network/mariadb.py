"""A real MariaDB with the suite's users."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.maps.network.server import Server, answers, find, folder_for_a_server, give_to
from tests.maps.network.users import USERS
from tests.ports import free_port

SCHEMA = """
CREATE DATABASE dbPerdition CHARACTER SET utf8mb4;
USE dbPerdition;
CREATE TABLE tblPerdition (user varchar(128) NOT NULL PRIMARY KEY, servername varchar(255) NOT NULL,
    port varchar(8) DEFAULT NULL) COLLATE utf8mb4_nopad_bin;
CREATE TABLE mailboxes (address varchar(128) PRIMARY KEY, storage_ip varchar(64), login varchar(64),
    line varchar(255)) COLLATE utf8mb4_nopad_bin;
CREATE TABLE latin (user varchar(64) PRIMARY KEY, servername varchar(64), port varchar(8)) CHARACTER SET latin1;
CREATE TABLE mixed (a varchar(64) COLLATE utf8mb4_unicode_ci, b varchar(64) COLLATE utf8mb4_general_ci);
CREATE TABLE numbers (user int PRIMARY KEY, servername varchar(64), port varchar(8));
INSERT INTO latin VALUES ('joe', 'one.example.com', ''), (_utf8mb4 x'6a6f73c3a9', 'two.example.com', '');
INSERT INTO numbers VALUES (7, 'seven.example.com', '');
CREATE TABLE odd (name varchar(64) PRIMARY KEY, server double);
CREATE USER perdition@'127.0.0.1' IDENTIFIED BY 'perdition';
CREATE USER secret@'127.0.0.1' IDENTIFIED BY 'canary@pa/ss?&%';
GRANT SELECT ON dbPerdition.* TO perdition@'127.0.0.1', secret@'127.0.0.1';
"""


def quoted(text: str | None) -> str:
    """Write a text as SQL that MariaDB and PostgreSQL understand, if no backslash means anything."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


@contextlib.contextmanager
def mariadb() -> Iterator[tuple[Server, int]]:
    """Run it; give it and its port."""
    with folder_for_a_server() as folder:
        yield from running(folder)


def running(folder: Path) -> Iterator[tuple[Server, int]]:
    """Run it in a folder."""
    data, socket, port = folder / "data", folder / "my.sock", free_port()
    data.mkdir()
    for path in (folder, data):
        give_to(path, "mysql")
    options = ["--no-defaults", f"--datadir={data}", "--user=mysql"]
    subprocess.run(
        [find("mariadb-install-db"), *options, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    command = [find("mariadbd"), *options, f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1"]
    command += [f"--pid-file={folder}/my.pid", "--innodb-buffer-pool-size=16M", "--skip-log-bin", "--skip-name-resolve"]
    server = Server(command, lambda: answers(port), folder / "log")
    server.start()
    try:
        client = [find("mariadb"), "--no-defaults", f"--socket={socket}", "-uroot"]
        client.append("--default-character-set=utf8mb4")
        subprocess.run(client, input=b"SET sql_mode='NO_BACKSLASH_ESCAPES';" + rows().encode(), check=True, timeout=60)
        yield server, port
    finally:
        server.kill()


def rows() -> str:
    """Write the tables."""
    sql = SCHEMA + "INSERT INTO odd VALUES ('joe', 1.5);\n"
    for row in USERS:
        line = f"{row.user}@{row.server}:{row.port}" if row.port else f"{row.user}@{row.server}"
        sql += f"INSERT INTO tblPerdition VALUES ({quoted(row.key)}, {quoted(row.server)}, {quoted(row.port)});\n"
        sql += f"INSERT INTO mailboxes VALUES ({quoted(row.key)}, {quoted(row.server)}, {quoted(row.user)}, "
        sql += f"{quoted(line)});\n"
    return sql
