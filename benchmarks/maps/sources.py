"""Each kind of map with its rows: a file that perdition-map built, or a real server that the tests start, too."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.maps.rows import rows, write_popmap
from benchmarks.processes import run_command

REGEX_RULES: Final = 20
LDAP_BASE: Final = "ou=rows,dc=example,dc=com"
POSTGRESQL_TABLE: Final = """
CREATE TABLE rows ("user" varchar(128) PRIMARY KEY, servername varchar(255) NOT NULL, port varchar(8));
"""
NGINX: Final = """
daemon off;
master_process off;
error_log stderr warn;
pid {folder}/pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    default_type application/json;
    server {{
        listen 127.0.0.1:{port};
        location = /json {{ return 200 '{{"server": "192.0.2.1", "port": 143}}'; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Open:
    """A map that can be opened: perdition's options map_library and map_library_opt, and a remark for the table."""

    library: str
    option: str
    remark: str = ""


Source = Callable[[Path, int], AbstractContextManager[Open]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of map.

    Attributes:
        source: runs what is needed, with so many rows in a folder.
        packages: of Debian.
        scales: whether the number of rows means anything.
    """

    source: Source
    packages: Sequence[str] = ()
    scales: bool = True


def build(kind: str, folder: Path, count: int) -> Path:
    """Make a map's file by `perdition-map build`."""
    popmap, file = folder / f"popmap-{count}", folder / f"{kind}-{count}"
    if not popmap.exists():
        write_popmap(popmap, count)
    with popmap.open("rb") as lines:
        subprocess.run(build_command(kind, file), stdin=lines, stderr=subprocess.DEVNULL, check=True)
    os.utime(file, times=(0, 0))  # what has just been written is looked at more closely
    return file


def build_command(kind: str, file: Path) -> list[str]:
    """Give the command that reads a popmap from its standard input."""
    return [sys.executable, "-m", "perdition.map_tool", "build", kind, str(file)]


def file_of(kind: str) -> Source:
    """Give the source of a map that is a file."""

    @contextlib.contextmanager
    def source(folder: Path, count: int) -> Iterator[Open]:
        file = build(kind, folder, count)
        yield Open(kind, str(file))
        file.unlink()

    return source


@contextlib.contextmanager
def posix_regex(folder: Path, count: int) -> Iterator[Open]:
    """Write rules of which the last one matches."""
    file = folder / "popmap.re"
    others = (f"^[^@]*@d{number:02}\\\\.example\\\\.org$: 192.0.2.1\n" for number in range(REGEX_RULES - 1))
    file.write_text("".join(others) + "^user[0-9]+@: 192.0.2.1:143\n")
    yield Open("posix_regex", str(file), f"{REGEX_RULES} rules, the last one matches")


@contextlib.contextmanager
def mysql(folder: Path, count: int) -> Iterator[Open]:
    """Run MariaDB."""
    from tests.maps.network.mariadb import mariadb
    from tests.maps.network.server import find

    file = write_columns(folder, count)
    with mariadb() as (server, port):
        sql = "SET GLOBAL innodb_buffer_pool_size = 536870912;"  # the tests' 16 MB hold no million
        sql += (
            "CREATE TABLE dbPerdition.`rows` (user varchar(128) PRIMARY KEY, servername varchar(255), port varchar(8));"
        )
        sql += f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE dbPerdition.`rows`;"
        client = [
            find("mariadb"),
            "--no-defaults",
            f"--socket={server.log.parent}/my.sock",
            "-uroot",
            "--local-infile=1",
        ]
        subprocess.run(client, input=sql.encode(), check=True)
        yield Open("mysql", f"127.0.0.1:{port}:dbPerdition:`rows`", "MariaDB")


@contextlib.contextmanager
def filled_postgres(folder: Path, count: int) -> Iterator[tuple[Path, int]]:
    """Run PostgreSQL; give its folder and port."""
    import psycopg

    from tests.maps.network.postgres import postgres

    with postgres() as (server, port):
        place = f"host=127.0.0.1 port={port} user=postgres password=postgres dbname=dbperdition"
        with psycopg.connect(place) as client, client.cursor() as cursor:
            cursor.execute(POSTGRESQL_TABLE.encode())
            with cursor.copy("COPY rows FROM STDIN") as copy, write_columns(folder, count).open("rb") as file:
                while some := file.read(1 << 20):
                    copy.write(some)
            cursor.execute("GRANT SELECT ON rows TO perdition")
        with psycopg.connect(place, autocommit=True) as client:
            client.execute("VACUUM ANALYZE rows")
        yield server.log.parent, port


@contextlib.contextmanager
def postgresql(folder: Path, count: int) -> Iterator[Open]:
    """Run PostgreSQL."""
    with filled_postgres(folder, count) as (_, port):
        yield Open("postgresql", f"127.0.0.1:{port}:dbperdition:rows")


@contextlib.contextmanager
def odbc(folder: Path, count: int) -> Iterator[Open]:
    """Run PostgreSQL, behind unixODBC."""
    with filled_postgres(folder, count) as (home, port):
        (home / "odbcinst.ini").write_text("[pg]\nDriver = psqlodbcw.so\n")
        source = f"[rows]\nDriver = pg\nServername = 127.0.0.1\nPort = {port}\nDatabase = dbperdition\n"
        (home / "odbc.ini").write_text(source)
        os.environ["ODBCSYSINI"], os.environ["ODBCINI"] = str(home), str(home / "odbc.ini")
        option = 'localhost:0:rows:rows:perdition:perdition:servername:"user":port'
        yield Open("odbc", option, "PostgreSQL's driver")


@contextlib.contextmanager
def ldap(folder: Path, count: int) -> Iterator[Open]:
    """Run slapd."""
    from tests.maps.network.server import find
    from tests.maps.network.slapd import slapd

    with slapd() as directory:
        directory.server.kill()
        home = directory.server.log.parent
        configuration = home / "slapd.conf"
        # Room for a million, and the index that slapd asks for referrals at every search.
        text = configuration.read_text().replace("maxsize 104857600", "maxsize 8589934592")
        configuration.write_text(text.replace("index uid eq", "index objectClass,uid eq"))
        with (folder / "rows.ldif").open("w") as file:
            file.write(f"dn: {LDAP_BASE}\nobjectClass: organizationalUnit\nou: rows\n")
            for name, host, port in rows(count):
                file.write(f"\ndn: uid={name},{LDAP_BASE}\nobjectClass: perditionPopmap\nuid: {name}\n")
                file.write(f"username: {name}\nmailhost: {host}\nport: {port}\n")
        command = [find("slapadd"), "-q", "-f", str(configuration), "-l", str(folder / "rows.ldif")]
        subprocess.run(command, check=True, capture_output=True)
        (folder / "rows.ldif").unlink()
        directory.server.start()
        url = f"ldap://127.0.0.1:{directory.port}/{LDAP_BASE}?username,mailhost,port?one?(uid=%s)"
        yield Open("ldap", f"3:{url}", "OpenLDAP")


@contextlib.contextmanager
def redis(folder: Path, count: int) -> Iterator[Open]:
    """Run Redis."""
    from tests.maps.network import redis as tests_redis

    with tests_redis.redis() as running:
        commands = folder / "commands"
        with commands.open("wb") as file:
            for name, host, port in rows(count):
                file.write(tests_redis.resp(("SET", f"rows:{name}", f"{host}:{port}")))
        client = ["redis-cli", "-p", str(running.port), "--pipe"]
        with commands.open("rb") as file:
            subprocess.run(client, stdin=file, stdout=subprocess.DEVNULL, check=True)
        commands.unlink()
        yield Open("redis", f"redis://127.0.0.1:{running.port}/0?key=rows:{{key}}")


@contextlib.contextmanager
def http(folder: Path, count: int) -> Iterator[Open]:
    """Run nginx with an answer that is always the same."""
    from tests.maps.network.server import Server, answers, find, folder_for_a_server
    from tests.ports import free_port

    with folder_for_a_server() as home:
        port = free_port()
        (home / "nginx.conf").write_text(NGINX.format(folder=home, port=port))
        server = Server([find("nginx"), "-c", str(home / "nginx.conf")], lambda: answers(port), home / "log")
        server.start()
        try:
            yield Open("http", f"http://127.0.0.1:{port}/json?name={{key}}", "nginx, one answer for all, JSON")
        finally:
            server.kill()


@contextlib.contextmanager
def daemon(folder: Path, count: int) -> Iterator[Open]:
    """Run perdition-mapd over a CDB file."""
    from tests.maps.network.server import Server

    file, socket = build("cdb", folder, count), folder / "mapd"
    command = [sys.executable, "-m", "perdition.mapd", "--socket", str(socket), "-M", "cdb", "-m", str(file)]
    server = Server([*command, "--log_facility=+", "--config_file="], socket.exists, folder / "mapd.log")
    server.start()
    try:
        yield Open("daemon", f"{socket}:1:5", "perdition-mapd over cdb")
    finally:
        server.kill()
        socket.unlink(missing_ok=True)
        file.unlink()


def write_columns(folder: Path, count: int) -> Path:
    """Write the rows with tabs between, as MariaDB and PostgreSQL read them fast."""
    file = folder / f"columns-{count}"
    if not file.exists():
        with file.open("w", encoding="ascii") as out:
            out.writelines("\t".join(row) + "\n" for row in rows(count))
    return file


KINDS: Final[Mapping[str, Kind]] = {
    "gdbm": Kind(file_of("gdbm")),
    "bdb": Kind(file_of("bdb")),
    "cdb": Kind(file_of("cdb")),
    "posix_regex": Kind(posix_regex, scales=False),
    "sqlite": Kind(file_of("sqlite")),
    "mysql": Kind(mysql, ("mariadb-server",)),
    "postgresql": Kind(postgresql, ("postgresql",)),
    "odbc": Kind(odbc, ("postgresql", "odbc-postgresql", "unixodbc")),
    "ldap": Kind(ldap, ("slapd",)),
    "redis": Kind(redis, ("redis-server",)),
    "http": Kind(http, ("nginx",), scales=False),
    "daemon": Kind(daemon),
}
"""Without nis, which needs namespaces of its own."""


def version_of(package: str) -> str:
    """Give the version of a Debian package."""
    return run_command(["dpkg-query", "-W", "-f", "${Version}", package])
