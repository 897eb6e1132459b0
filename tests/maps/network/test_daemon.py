"""The daemon map against perdition-mapd."""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from perdition.maps import Query
from perdition.maps._daemon_packet import MOST, BadPacket, read_answer, write_question
from perdition.maps.daemon import connected_to
from tests.maps.network.server import Server, folder_for_a_server
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest
from tests.maps.network.users import USERS

pytestmark = pytest.mark.interop

JOE = Query(b"joe")
ODBCINST = "[lite]\nDriver = libsqlite3odbc.so\n"
ODBC = "[users]\nDriver = lite\nDatabase = {file}\n"
# A map whose results have the delimiter that the question has.
OPTION = 'odbc:///users?query=SELECT login, server, port FROM users WHERE name = :key'  # fmt: skip


@pytest.fixture(scope="module")
def mapd() -> Iterator[tuple[Server, Path]]:
    """Run perdition-mapd; give it and its socket."""
    with folder_for_a_server() as folder:
        path = folder / "socket"
        (folder / "odbcinst.ini").write_text(ODBCINST)
        (folder / "odbc.ini").write_text(ODBC.format(file=folder / "users.sqlite"))
        with contextlib.closing(sqlite3.connect(folder / "users.sqlite")) as database, database:
            database.execute("CREATE TABLE users (name TEXT PRIMARY KEY, login TEXT, server TEXT, port TEXT)")
            rows = [(user.key, user.user, user.server, user.port) for user in USERS]
            database.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", rows)
        command = ["env", f"ODBCSYSINI={folder}", f"ODBCINI={folder}/odbc.ini", sys.executable, "-m", "perdition.mapd"]
        command += ["--socket", str(path), "--config_file", "", "--log_facility", "+"]
        command += ["--map_library", "odbc", "--map_library_opt", OPTION]
        server = Server(command, lambda: answers(path), folder / "log")
        server.start()
        try:
            yield server, path
        finally:
            server.kill()


def answers(path: Path) -> bool:
    """Whether a map daemon answers there."""
    with contextlib.suppress(OSError, BadPacket), connected_to(str(path)) as sock:
        sock.settimeout(5)
        sock.send(write_question(JOE))
        return bool(read_answer(sock.recv(MOST)).server)
    return False


@pytest.fixture
def under_test(mapd: tuple[Server, Path], tmp_path: Path) -> MapUnderTest:
    server, path = mapd
    (tmp_path / "file").touch()
    return MapUnderTest(
        library="/usr/lib/libperditiondb_daemon.so.0.0.0",
        option=f"{path}:1:3",
        server=server,
        wrong=(
            (f"{tmp_path}/none:1:2", "none: No such file or directory"),
            (f"{tmp_path}/file:1:2", "file: Connection refused"),
            (f"{tmp_path}/{'x' * 200}:1:1", "path too long"),
        ),
    )


async def test_a_daemon_under_another_name_can_answer(mapd: tuple[Server, Path]) -> None:
    """Where we are root the map is asked as nobody; the daemon's rights decide who may ask, not who may answer."""
    _, path = mapd
    path.chmod(0o666)
    code = (
        "import trio, perdition.maps as m, perdition.maps.daemon as d\n"
        f"print(trio.run(d.open_map({str(path)!r}).lookup, m.Query(b'joe')))"
    )
    as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    done = await trio.run_process([*as_nobody, sys.executable, "-c", code], capture_stdout=True)

    assert done.stdout == b"Found(value=b'joe@one.example.com')\n"
