"""The nis map against a real ypserv.  Runs in namespaces of its own: test_nis.py starts it there."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdition.maps import Absent, Found, Query
from perdition.maps.registry import BUILT_IN
from tests.docs.test_map_pages import PAGES, block, rows
from tests.interop.c_perdition import c_perdition
from tests.interop.proxy import start_with
from tests.interop.routes import DEFAULT, real_servers, routes
from tests.map_tool.command import perdition_map
from tests.maps.network.nis import DOMAIN, name_the_domain, nis
from tests.maps.network.server import Server, folder_for_a_server
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest, ask, the_way_to
from tests.maps.network.users import USERS, value
from tests.ports import free_port

STORED = [user for user in USERS if " " not in user.key]  # makedbm reads `key value`
VALUES = {user.key: value(user, with_user=True).decode() if user.server else "" for user in STORED}
ABSENT = ("user", "user30", "User1", "nobody", "joe", "joe@example.org", "x" * 199, "**", "%", "'")


def table(port: int) -> dict[str, str]:
    """Give users, and where their mail is."""
    return {
        **{f"user{number}": f"127.0.0.{2 + number % 5}:{port}" for number in range(30)},
        "joe@example.com": f"127.0.0.2:{port}",
        "o'hara": f"127.0.0.3:{port}",
        "*": f"127.0.0.4:{port}",
        "jos\u00e9": f"127.0.0.5:{port}",
        "no-port": "127.0.0.6",
        "renamed": f"robert@127.0.0.2:{port}",
        "two-delimiters": f"robert@example.com@127.0.0.6:{port}",
        "x" * 200: f"127.0.0.3:{port}",
    }


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with real_servers() as port:
        yield port


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[Server]:
    maps = {"users": VALUES, "user_mail_server": table(port)}
    with folder_for_a_server() as folder, nis(folder, maps) as running:
        yield running


@pytest.fixture
def under_test(server: Server) -> MapUnderTest:
    return MapUnderTest(
        library="/usr/lib/libperditiondb_nis.so.0.0.0",
        option="users",
        server=server,
        wrong=(("no_such_map", "map no_such_map of the domain 'testnis': No such map in server's domain"),),
        stored=STORED,
    )


async def test_the_delimiter_stands_between_user_and_server(  # type: ignore[no-redef]  # in place of the suite's
    under_test: MapUnderTest,
) -> None:
    """A value is one text, given as it is stored."""
    lookup = the_way_to(under_test)
    outcome = await lookup(Query(b"ann", delimiter=b"%%"))
    lookup.close()

    assert outcome == Found(b"ann@two.example.com:1143")


async def test_the_default_map(server: Server, port: int) -> None:
    lookup = the_way_to(MapUnderTest("nis", "", server))
    heard = [await ask(lookup, key) for key in ("user7", "two-delimiters", "nobody")]
    lookup.close()

    assert heard == [*(Found(table(port)[key].encode()) for key in ("user7", "two-delimiters")), Absent()]


def test_both_programs_send_every_user_the_same_way(server: Server, port: int) -> None:
    users = [user.encode() for user in (*table(port), *ABSENT)]
    shared = ["--protocol", "POP3", "--map_library", "libperditiondb_nis.so.0", "--username_from_database"]
    shared += ["--outgoing_server", f"{DEFAULT}:{port}", "--outgoing_port", str(port)]
    with c_perdition(*shared) as theirs:
        expected = routes(theirs, users)
    ours = free_port()
    fixed = ["--config_file", "", "--bind_address", "127.0.0.1", "--listen_port", str(ours), "--no_lookup"]
    proxy = start_with({}, *fixed, *shared, "--log_facility", "+", "--debug")
    try:
        found = routes(ours, users)
    finally:
        proxy.stop()

    assert len(users) > 40
    assert found == expected
    assert expected[b"user7"] == b"127.0.0.4 user7"
    assert expected[b"two-delimiters"] == b"127.0.0.6 robert@example.com"
    assert all(expected[user.encode()] == DEFAULT.encode() + b" " + user.encode() for user in ABSENT)


def test_the_configuration_of_the_page_sends_users_where_it_says(server: Server, tmp_path: Path) -> None:
    page = (PAGES / "nis.md").read_text()
    (tmp_path / "perdition.toml").write_text(block(page, "toml"))
    (tmp_path / "popmap").write_text(block(page, "text"))
    subprocess.run(["sh", "-c", block(page, "sh")], cwd=tmp_path, check=True, timeout=30)
    users = rows(page)

    assert len(users) == 4
    for user, *where in users:
        done = perdition_map("lookup", "--config_file", tmp_path / "perdition.toml", user)

        assert done.out.decode().splitlines()[1:] == [
            f"{what}: {said}" for what, said in zip(("server", "port", "user"), where, strict=True)
        ]
        assert done.status == (3 if user == "zoe" else 0)
    assert BUILT_IN["nis"].default in page


DOMAINS = {
    "": "Unavailable(why=\"map users of the domain '': the machine is in no NIS domain\")",
    "(none)": "Unavailable(why=\"map users of the domain '': Local domain name not set\")",
    "other": "Unavailable(why=\"map users of the domain 'other': Internal NIS error\")",  # libnsl says no more
}


@pytest.mark.parametrize("domain", DOMAINS)
def test_without_a_domain_that_has_a_server_the_map_is_unavailable(server: Server, domain: str) -> None:
    """Asked by a process of its own: the library reads the name of the domain once."""
    name_the_domain(domain)
    try:
        outcome = asked_by_another_process()
    finally:
        name_the_domain(DOMAIN)

    assert outcome == DOMAINS[domain]


def test_the_other_process_finds_users_where_there_is_a_domain(server: Server) -> None:
    assert asked_by_another_process() == "Found(value=b'joe@one.example.com')"


def asked_by_another_process() -> str:
    """Look joe up; give the outcome as Python writes it."""
    code = "import perdition.maps as m, perdition.maps.nis as n; print(n.open_map('users').lookup(m.Query(b'joe')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    return done.stdout.strip()
