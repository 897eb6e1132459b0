"""What the pages of the maps on a server say is what the daemon does: their configurations, tables and users."""

import contextlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from perdition.map_tool.lookup import FOUND, UNAVAILABLE
from perdition.maps.registry import BUILT_IN
from tests.map_tool.command import Done, perdition_map
from tests.maps.network.mariadb import mariadb
from tests.maps.network.nginx import nginx_with
from tests.maps.network.postgres import postgres
from tests.maps.network.redis import redis
from tests.maps.network.server import find
from tests.maps.network.slapd import slapd
from tests.ports import free_port

pytestmark = pytest.mark.interop

PAGES: Final = Path(__file__).parents[3] / "docs" / "maps"
FOLDER: Final = "/etc/perdition/"
DRIVER: Final = """
[PostgreSQL Unicode]
Driver = psqlodbcw.so
"""
"""What Debian's odbc-postgresql writes into /etc/odbcinst.ini."""
HOSTS: Final = r"db1\.example\.org(?:,db2\.example\.org)?:\d+"


def blocks(page: str, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found, f"expected a block of {language}"
    return list(found)


def rows(page: str) -> list[list[str]]:
    """Give the rows of the table of users, without its head."""
    table = page[page.index("| user | server |") :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def sql_of(page: str) -> str:
    [text] = blocks(page, "sql")
    return text


@contextlib.contextmanager
def for_mysql(page: str, folder: Path) -> Iterator[Callable[[str], str]]:
    with mariadb() as (server, port):
        client = [find("mariadb"), "--no-defaults", f"--socket={server.log.parent}/my.sock", "-uroot"]
        anew = "DROP DATABASE dbPerdition; DROP USER perdition@'127.0.0.1';"
        subprocess.run(client, input=(anew + sql_of(page)).encode(), check=True, timeout=60)
        yield lambda text: re.sub(HOSTS, f"127.0.0.1:{port}", text)


@contextlib.contextmanager
def for_postgresql(page: str, folder: Path) -> Iterator[Callable[[str], str]]:
    with postgres() as (_, port):
        client = [find("psql", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))]
        client += ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-qX", "-v", "ON_ERROR_STOP=1"]
        anew = "DROP DATABASE dbperdition; DROP USER perdition;\n"
        environment = {"PGPASSWORD": "postgres", "PATH": "/usr/bin:/bin"}
        subprocess.run(client, input=(anew + sql_of(page)).encode(), env=environment, check=True, timeout=60)
        yield lambda text: re.sub(HOSTS, f"127.0.0.1:{port}", text)


@contextlib.contextmanager
def for_odbc(page: str, folder: Path) -> Iterator[Callable[[str], str]]:
    with for_postgresql(page, folder) as here, pytest.MonkeyPatch.context() as patch:
        [ini] = blocks(page, "ini")
        servername, port = here("db1.example.org:5432").split(":")
        ini = ini.replace("db1.example.org", servername).replace("5432", port)
        (folder / "odbc.ini").write_text(ini)
        (folder / "odbcinst.ini").write_text(DRIVER)
        patch.setenv("ODBCSYSINI", str(folder))
        patch.setenv("ODBCINI", str(folder / "odbc.ini"))
        yield lambda text: text


@contextlib.contextmanager
def for_ldap(page: str, folder: Path) -> Iterator[Callable[[str], str]]:
    [ldif] = blocks(page, "ldif")
    with slapd(more=ldif) as directory:
        hosts = "ldap1.example.org ldap2.example.org:3389"
        yield lambda text: text.replace(hosts, f"127.0.0.1:{directory.port}")


@contextlib.contextmanager
def for_redis(page: str, folder: Path) -> Iterator[Callable[[str], str]]:
    [commands] = blocks(page, "sh")
    with redis() as server:
        for line in commands.splitlines():
            program, *words = shlex.split(line)
            done = subprocess.run(
                [find(program), "-p", str(server.port), *words], capture_output=True, check=True, timeout=60
            )
            assert done.stdout == b"OK\n", done.stdout
        yield lambda text: re.sub(HOSTS, f"127.0.0.1:{server.port}", text)


@contextlib.contextmanager
def for_http(page: str, folder: Path) -> Iterator[Callable[[str], str]]:
    [configuration] = blocks(page, "nginx")
    with nginx_with(configuration, "127.0.0.1:9000") as here:
        yield lambda text: text.replace("127.0.0.1:9000", here)


def in_a_process(*words: str) -> Done:
    """Run perdition-map: unixODBC remembers what other tests had it read."""
    command = [sys.executable, "-c", "from perdition.map_tool.main import main; main()", *words]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return Done(done.returncode, done.stdout, done.stderr.decode())


SERVERS: Final = {
    "mysql": for_mysql,
    "postgresql": for_postgresql,
    "odbc": for_odbc,
    "ldap": for_ldap,
    "redis": for_redis,
    "http": for_http,
}


@pytest.mark.parametrize("kind", SERVERS)
def test_the_configurations_send_users_where_the_page_says(tmp_path: Path, kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text()
    for file in re.findall(rf"password_file={FOLDER}([\w.]+)", page):
        (tmp_path / file).write_text("secret\n")
    users = rows(page)
    assert len(users) >= 4
    with SERVERS[kind](page, tmp_path) as here:
        for configuration in blocks(page, "toml"):
            assert f'map_library = "{kind}"' in configuration
            ours = here(configuration.replace(FOLDER, f"{tmp_path}/"))
            assert kind == "odbc" or ours.count("127.0.0.1:") == 1
            (tmp_path / "perdition.toml").write_text(ours)
            for user, server, port, name in users:
                words = ("lookup", "--config_file", f"{tmp_path}/perdition.toml", user)
                done = in_a_process(*words) if kind == "odbc" else perdition_map(*words)

                assert done.out.decode().splitlines()[1:] == [f"server: {server}", f"port: {port}", f"user: {name}"]
                assert done.status == (3 if server == "mail.example.org" else 0)


@pytest.mark.parametrize("kind", SERVERS)
def test_every_example_of_an_option_is_read(tmp_path: Path, kind: str) -> None:
    """What the page shows in a line of its own, in a list or in a sentence, is an option that opens."""
    page = (PAGES / f"{kind}.md").read_text()
    for file in ("redis-ca.pem", "hook-ca.pem"):
        page = page.replace(f"/etc/ssl/{file}", "/etc/ssl/certs/ca-certificates.crt")
    page = page.replace(FOLDER, f"{tmp_path}/")
    (tmp_path / "hook.pw").write_text("secret\n")
    options = re.findall(rf"^(?:- )?`((?:{kind}|rediss|https?)[\w+]*://[^\[\]`]*)`$", page, re.MULTILINE)
    option = tmp_path / "perdition.toml"
    for text in options:
        option.write_text(f'protocol = "IMAP4"\nmap_library = "{kind}"\nmap_library_opt = "{text}"\nmap_timeout = 1\n')

        assert "expected" not in perdition_map("lookup", "--config_file", option, "nobody").err

    assert len(options) == {"redis": 4, "http": 1}.get(kind, 0)


@pytest.mark.parametrize("kind", ["redis", "ldap"])
def test_the_page_names_the_default(kind: str) -> None:
    assert BUILT_IN[kind].default in (PAGES / f"{kind}.md").read_text()


def test_the_configuration_of_the_index_asks_both_maps_and_no_other_server(tmp_path: Path) -> None:
    """The first map is unavailable, so the second is not asked: what it says might be wrong for the user."""
    [configuration] = blocks((PAGES / "README.md").read_text(), "toml")
    (tmp_path / "popmap.re").write_text("joe: mail1.example.org\n")
    first = 'map_library = "mysql"\nmap_library_opt = "db1.example.org,db2.example.org:'
    for instead, status in (
        (f'map_library = "mysql"\nmap_library_opt = "127.0.0.1:{free_port()}', UNAVAILABLE),
        ('map_library = ""\nmap_library_opt = "', FOUND),
    ):
        assert first in configuration
        ours = configuration.replace(first, instead).replace(FOLDER, f"{tmp_path}/")
        (tmp_path / "perdition.toml").write_text(ours)
        done = perdition_map("lookup", "--config_file", f"{tmp_path}/perdition.toml", "joe")

        assert done.status == status
        assert (b"mail1.example.org" in done.out) is (status == FOUND)


def test_the_index_names_every_kind() -> None:
    index = (PAGES / "README.md").read_text()

    assert set(re.findall(r"\[`(\w+)`\]\(\1\.md\)", index)) == set(BUILT_IN)
    assert {page.stem for page in PAGES.glob("*.md")} == {*BUILT_IN, "README", "writing-a-map"}
