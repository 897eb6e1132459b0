"""While a database keeps everybody waiting who logs in, those who are in notice nothing.

A lock on the table holds all lookups until it is released, so that no clock decides: whatever happens in between
did not need a lookup to end.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import attrs
import psycopg
import pymysql
import pytest

from tests.io_trio.dialects import Account, Imap4
from tests.io_trio.proxy import Proxy, eventually
from tests.io_trio.talk import RealServer, Talk, call
from tests.maps.network.mariadb import mariadb
from tests.maps.network.postgres import postgres

pytestmark = pytest.mark.interop

AT_ONCE: Final = 20
"""Default of map_concurrency."""
LOG_INS: Final = 200
ROUND_TRIPS: Final = 500


@attrs.frozen
class Locked:
    """A database whose table can be locked.

    Args:
        options: of the map.
        lock: hold all lookups.
        unlock: let them go on.
        waiting: how many lookups wait for the lock.
    """

    options: tuple[str, str]
    lock: Callable[[], object]
    unlock: Callable[[], object]
    waiting: Callable[[], int]


@contextlib.contextmanager
def lockable_mariadb() -> Iterator[Locked]:
    with mariadb() as (server, port):
        socket = f"{server.log.parent}/my.sock"
        count = "SELECT count(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%lock'"
        with (
            contextlib.closing(pymysql.connect(unix_socket=socket, user="root", database="dbPerdition")) as holder,
            contextlib.closing(pymysql.connect(unix_socket=socket, user="root")) as watcher,
            holder.cursor() as held,
            watcher.cursor() as seen,
        ):

            def waiting() -> int:
                seen.execute(count)
                [row] = seen.fetchall()
                return int(row[0])

            yield Locked(
                ("mysql", f"127.0.0.1:{port}"),
                lambda: held.execute("LOCK TABLES tblPerdition WRITE"),
                lambda: held.execute("UNLOCK TABLES"),
                waiting,
            )


@contextlib.contextmanager
def lockable_postgres() -> Iterator[Locked]:
    with postgres() as (_, port):
        place = f"host=127.0.0.1 port={port} user=postgres password=postgres dbname=dbperdition"
        count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(place) as holder, psycopg.connect(place, autocommit=True) as watcher:

            def waiting() -> int:
                row = watcher.execute(count).fetchone()
                assert row is not None
                return int(row[0])

            yield Locked(
                ("postgresql", f"127.0.0.1:{port}"),
                lambda: holder.execute("LOCK TABLE tblPerdition"),
                holder.rollback,
                waiting,
            )


@pytest.mark.parametrize("lockable", [lockable_mariadb, lockable_postgres])
def test_a_session_goes_on_while_all_lookups_wait(
    lockable: Callable[[], contextlib.AbstractContextManager[Locked]],
) -> None:
    dialect, account = Imap4(), Account()
    with (
        lockable() as database,
        RealServer(lambda talk: dialect.serve(talk, attrs.evolve(account))) as real,
        Proxy(*options(database, real.port)) as proxy,
        contextlib.ExitStack() as stack,
    ):

        def newcomer(name: bytes) -> Talk:
            talk = stack.enter_context(call(proxy.ports[0]))
            talk.line()
            talk.say(dialect.ask(name, b"correct horse"))
            return talk

        session = newcomer(b"first")
        assert dialect.is_yes(session.line())
        database.lock()
        try:
            waiting = [newcomer(b"user%d" % number) for number in range(LOG_INS)]
            eventually(lambda: database.waiting() == AT_ONCE, f"{AT_ONCE} lookups in the database")
            before = len(account.seen)
            for number in range(ROUND_TRIPS):
                line = b"n%d NOOP\r\n" % number
                session.say(line)
                assert session.line() == line
            held, after = database.waiting(), len(account.seen)
        finally:
            database.unlock()
        answers = [talk.line() for talk in waiting]

    assert (before, after) == (1, 1)  # nobody else came through in the meantime
    assert held == AT_ONCE
    assert all(dialect.is_yes(answer) for answer in answers)
    assert len(answers) == LOG_INS


def options(database: Locked, port: int) -> list[str]:
    """Write the options of a proxy where everybody is sent to one server: the map knows nobody."""
    library, option = database.options
    listen = ["--protocol=IMAP4", "--bind_address=127.0.0.1", "--listen_port=0", "--no_lookup", "--config_file="]
    return [*listen, f"--outgoing_server=127.0.0.1:{port}", f"--map_library={library}", f"--map_library_opt={option}"]
