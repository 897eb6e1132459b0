"""A connection to PostgreSQL that waits on the trio loop: libpq's non-blocking calls, by psycopg's public `pq`."""

import math
import socket
from collections.abc import Callable
from typing import Final

import psycopg
import trio
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq import abc

from perdition.maps._hosts import share
from perdition.maps._pooled import ServerTrouble
from perdition.maps._sql_option import SqlOption
from perdition.maps._sql_row import key_of, outcome_of
from perdition.maps._stream import PROBES, SECONDS_BETWEEN, SECONDS_TO_A_PROBE
from perdition.maps.outcome import Absent, Outcome, Query

STATEMENT: Final = b"popmap"
# PostgreSQL's manual, appendix A: data exceptions.
DATA: Final = b"22"
KEY: Final = b"$1"


class NoSuchValue(ServerTrouble):
    """The column that is compared can have no such value: its encoding lacks a character, or it is one of numbers."""


class Connection:
    """One connection with the map's prepared statement; one question at a time."""

    def __init__(self, pgconn: abc.PGconn) -> None:
        self._pgconn = pgconn

    async def ask(self, query: Query) -> Outcome:
        """Look a key up.

        Raises:
            ServerTrouble: no answer, or a refusal.
        """
        key = key_of(query)
        if key is None:
            return Absent()
        try:
            result = await self._result(lambda: self._pgconn.send_query_prepared(STATEMENT, [key.encode()]))
        except NoSuchValue:
            return Absent()
        if result.ntuples == 0:
            return Absent()
        return outcome_of([result.get_value(0, column) for column in range(result.nfields)], query.delimiter)

    async def prepare(self, sql: str) -> None:
        """Prepare the statement.

        Raises:
            ServerTrouble: the SQL does not fit the database.
        """
        await self._result(lambda: self._pgconn.send_prepare(STATEMENT, sql.encode()))

    async def establish(self) -> None:
        """Finish connecting.

        Raises:
            ServerTrouble: the server cannot be reached or refuses.
        """
        pgconn = self._pgconn
        status = pq.PollingStatus.WRITING  # a connection begins as if this had been said
        while status != pq.PollingStatus.OK:
            if status == pq.PollingStatus.READING:
                await trio.lowlevel.wait_readable(pgconn.socket)
            elif status == pq.PollingStatus.WRITING:
                await trio.lowlevel.wait_writable(pgconn.socket)
            else:
                raise ServerTrouble(pgconn.get_error_message())
            status = pq.PollingStatus(pgconn.connect_poll())
        pgconn.nonblocking = 1

    def close(self) -> None:
        """Close it, whatever is under way."""
        self._pgconn.finish()

    async def _result(self, send: Callable[[], None]) -> abc.PGresult:
        """Send something and give the last of its results, once there is no other."""
        pgconn = self._pgconn
        result: abc.PGresult | None = None
        try:
            send()
            while pgconn.flush():
                await trio.lowlevel.wait_writable(pgconn.socket)
            while True:
                while pgconn.is_busy():
                    await trio.lowlevel.wait_readable(pgconn.socket)
                    pgconn.consume_input()
                following = pgconn.get_result()
                if following is None:
                    break
                result = following
        except psycopg.Error as error:
            raise ServerTrouble(str(error)) from None
        if result is None:
            raise ServerTrouble(pgconn.get_error_message())
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            raise refusal(result)
        return result


def refusal(result: abc.PGresult) -> ServerTrouble:
    """Turn an error into what is wrong; it is about the key only if the context names the parameter."""
    state = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    context = result.error_field(pq.DiagnosticField.CONTEXT) or b""
    kind = NoSuchValue if state.startswith(DATA) and KEY in context else ServerTrouble
    return kind(result.get_error_message())


async def connect(source: SqlOption, host: str, sql: str) -> Connection:
    """Connect to a host, at that of its addresses which answers first in their order, and prepare the statement.

    Raises:
        ServerTrouble: the server cannot be reached or refuses.
    """
    addresses = await _addresses(host)
    trouble = ServerTrouble(f"{host}: no address")
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        seconds = share(trio.current_effective_deadline() - trio.current_time(), left) if left > 1 else math.inf
        trouble = ServerTrouble(f"{address}: no connection within {seconds:.3g} s")
        with trio.move_on_after(seconds):
            try:
                return await _connect(_conninfo(source, host, address), sql)
            except ServerTrouble as error:
                trouble = error
    raise trouble


async def _connect(conninfo: bytes, sql: str) -> Connection:
    pgconn = pq.PGconn.connect_start(conninfo)
    connection = Connection(pgconn)
    try:
        if pgconn.status == pq.ConnStatus.BAD:
            raise ServerTrouble(pgconn.get_error_message())
        try:
            await connection.establish()
        except psycopg.Error as error:
            raise ServerTrouble(str(error)) from None
        await connection.prepare(sql)
    except BaseException:
        connection.close()
        raise
    return connection


def _conninfo(source: SqlOption, host: str, address: str) -> bytes:
    parameters: dict[str, str | int] = {
        "host": host,
        "dbname": source.database,
        "user": source.user,
        "password": source.password,
        "client_encoding": "UTF8",
        "application_name": "perdition",
        "keepalives_idle": SECONDS_TO_A_PROBE,
        "keepalives_interval": SECONDS_BETWEEN,
        "keepalives_count": PROBES,
        "gssencmode": "disable",  # a round trip for nothing where nobody has tickets
        **source.settings,
    }
    if source.port:
        parameters["port"] = source.port
    if address:
        parameters["hostaddr"] = address
    return make_conninfo("", **parameters).encode()


async def _addresses(host: str) -> list[str]:
    """Resolve a name here: libpq would block.  A folder of sockets needs no address."""
    if host.startswith("/"):
        return [""]
    try:
        found = await trio.socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ServerTrouble(f"{host}: {error.strerror}") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
