"""A real PostgreSQL with the suite's users."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.maps.network.mariadb import quoted
from tests.maps.network.server import Server, as_user, find, folder_for_a_server, give_to
from tests.maps.network.users import USERS
from tests.ports import free_port

SCHEMA = """
CREATE TABLE tblPerdition ("user" varchar(128) PRIMARY KEY, servername varchar(255) NOT NULL,
    port varchar(8) DEFAULT NULL);
CREATE TABLE mailboxes (address varchar(128) PRIMARY KEY, storage_ip char(64), login varchar(64), line varchar(255));
CREATE TABLE numbers ("user" int PRIMARY KEY, servername varchar(64), port varchar(8));
INSERT INTO numbers VALUES (7, 'seven.example.com', '');
CREATE TABLE odd (name varchar(64) PRIMARY KEY, server bytea);
CREATE USER perdition PASSWORD 'perdition';
CREATE USER secret PASSWORD 'canary@pa/ss?&%';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO perdition, secret;
INSERT INTO odd VALUES ('joe', 'one');
"""
LATIN = """
CREATE TABLE tblPerdition ("user" varchar(128) PRIMARY KEY, servername varchar(255) NOT NULL, port varchar(8));
GRANT SELECT ON tblPerdition TO public;
SET client_encoding = 'UTF8';
INSERT INTO tblPerdition VALUES ('joe', 'one.example.com'), ('jos\u00e9', 'two.example.com');
"""
FOLDERS = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


@contextlib.contextmanager
def postgres() -> Iterator[tuple[Server, int]]:
    """Run it; give it and its port."""
    with folder_for_a_server() as folder:
        yield from running(folder)


def running(folder: Path) -> Iterator[tuple[Server, int]]:
    """Run it in a folder."""
    data, port = folder / "data", free_port()
    give_to(folder, "postgres")
    password = folder / "password"
    password.write_text("postgres\n")
    give_to(password, "postgres")
    create = [*as_user("postgres"), find("initdb", *FOLDERS), "-D", str(data), "-A", "scram-sha-256"]
    create += ["-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C", f"--pwfile={password}"]
    subprocess.run(create, check=True, capture_output=True, timeout=60)
    command = [find("postgres", *FOLDERS), "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    command += ["-c", f"unix_socket_directories={folder}", "-c", "fsync=off", "-c", "max_connections=300"]
    environment = {"PGPASSWORD": "postgres", "PATH": "/usr/bin:/bin"}

    def sql(text: str, *, database: str = "dbperdition") -> subprocess.CompletedProcess[bytes]:
        client = [find("psql", *FOLDERS), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", database, "-qX"]
        client += ["-v", "ON_ERROR_STOP=1"]
        return subprocess.run(
            client, input=text.encode(), env=environment, capture_output=True, timeout=60, check=False
        )

    server = Server(command, lambda: sql("SELECT 1;", database="postgres").returncode == 0, folder / "log", "postgres")
    server.start()
    try:
        latin = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0;"
        tables = (("CREATE DATABASE dbperdition;", "postgres"), (rows(), "dbperdition"), (latin, "postgres"))
        for text, database in (*tables, (LATIN, "latin")):
            done = sql(text, database=database)
            assert done.returncode == 0, done.stderr.decode()
        yield server, port
    finally:
        server.kill()


def rows() -> str:
    """Write the tables."""
    sql = SCHEMA
    for row in USERS:
        line = f"{row.user}@{row.server}:{row.port}" if row.port else f"{row.user}@{row.server}"
        sql += f"INSERT INTO tblPerdition VALUES ({quoted(row.key)}, {quoted(row.server)}, {quoted(row.port)});\n"
        sql += f"INSERT INTO mailboxes VALUES ({quoted(row.key)}, {quoted(row.server)}, {quoted(row.user)}, "
        sql += f"{quoted(line)});\n"
    return sql
