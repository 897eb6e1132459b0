"""The postgresql map: users and servers in a table of PostgreSQL.

perdition option map_library_opt, as in perdition 2.2; an empty field is the default in this example:

    localhost:0:dbperdition:tblPerdition:perdition:perdition:servername:user:port

or a URL, with any SQL and whatever libpq's connection strings know about TLS:

    postgresql://perdition@db1,db2:5432/mail?password_file=/etc/perdition/db.pw&sslmode=verify-full&sslrootcert=system
    postgresql://perdition@%2Frun%2Fpostgresql/mail?query=SELECT server FROM users WHERE name = :key

The nine fields give server and port, as in perdition 2.2; a query may also give user, server and port, or
`[user<delimiter>]server[:port]` alone.  The statement is prepared once a connection, the key is its parameter.
"""

from typing import Final

from perdition.maps._pooled import Connect, Connection, PooledMap
from perdition.maps._sql_option import SqlOption, read_option
from perdition.maps.contract import MapError

DEFAULTS: Final = {
    "hosts": "localhost",
    "port": "0",
    "database": "dbperdition",
    "table": "tblPerdition",
    "user": "perdition",
    "password": "perdition",
    "server_column": "servername",
    "user_column": "user",
    "port_column": "port",
}
CLASSIC: Final = 'SELECT {server},{port} FROM {table} WHERE "{user}"=:key'
SETTINGS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey", "options")


def open_map(option: str) -> PooledMap:
    """Read the option; the first lookup connects.

    Raises:
        MapError: the option makes no sense, or the driver is not installed.
    """
    try:
        from perdition.maps import _libpq as libpq
    except ImportError:
        raise MapError("expected the package psycopg (pip install 'perdition[postgresql]'; python3-psycopg)") from None

    def read() -> SqlOption:
        return read_option(option, "postgresql", DEFAULTS, SETTINGS)

    source = read()
    sql = source.sql(CLASSIC, "$1")

    def connecting(source: SqlOption) -> Connect:
        async def connect(host: str) -> Connection:
            return await libpq.connect(source, host, sql)

        return connect

    return PooledMap(connecting(source), source.hosts, reread=lambda: connecting(read()))
