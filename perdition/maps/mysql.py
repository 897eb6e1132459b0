"""The mysql map: users and servers in a table of MySQL or MariaDB.

perdition option map_library_opt, as in perdition 2.2; an empty field is the default in this example:

    localhost:0:dbPerdition:tblPerdition:perdition:perdition:servername:user:port

or a URL, with any SQL and with TLS:

    mysql://perdition@db1,db2:3306/mail?password_file=/etc/perdition/db.pw&ssl_ca=/etc/ssl/certs/ca.pem
    mysql://perdition:secret@/mail?unix_socket=/run/mysqld/mysqld.sock&query=SELECT server FROM users WHERE name = :key

The nine fields give server and port: perdition 2.2 selects the user column too, but takes no name from it.
A query may also give user, server and port, or `[user<delimiter>]server[:port]` alone.  The key is sent as a
hexadecimal literal, so that no octet of it can be taken for SQL.  Nothing is prepared: PyMySQL cannot, and SQL's own
PREPARE takes the key from a variable, to which only the same literal can bring it, in a round trip more.
"""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from perdition.maps._hosts import SECONDS_TO_CONNECT
from perdition.maps._sql_option import SqlOption, read_option
from perdition.maps._sql_threads import SqlThreads
from perdition.maps.contract import MapError
from perdition.maps.patience import remaining

if TYPE_CHECKING:
    import pymysql

DEFAULTS: Final = {
    "hosts": "localhost",
    "port": "0",
    "database": "dbPerdition",
    "table": "tblPerdition",
    "user": "perdition",
    "password": "perdition",
    "server_column": "servername",
    "user_column": "user",
    "port_column": "port",
}
CLASSIC: Final = "select {server},{port} from {table} where {user}=:key"
SETTINGS: Final = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key")
PORT: Final = 3306
# What servers say of a text that the character set of the column cannot have: ER_CANT_AGGREGATE_2COLLATIONS and its
# kin; MySQL 8: ER_CANNOT_CONVERT_STRING and ER_IMPOSSIBLE_STRING_CONVERSION.
NO_SUCH_TEXT: Final = (1267, 1270, 1271, 3854, 3988)
SECONDS_FOR_AN_ANSWER: Final = 30
# Where Debian's and the sources' servers listen for local clients.
SOCKETS: Final = ("/run/mysqld/mysqld.sock", "/tmp/mysql.sock")  # noqa: S108  # a name that MySQL chose
LOCAL: Final = "localhost"


def open_map(option: str) -> SqlThreads:
    """Read the option; the first lookup connects.

    Raises:
        MapError: the option makes no sense, or the driver is not installed.
    """
    try:
        import pymysql
    except ImportError:
        raise MapError("expected the package PyMySQL (pip install 'perdition[mysql]'; python3-pymysql)") from None
    source = read_option(option, "mysql", DEFAULTS, SETTINGS)
    before, _, behind = source.sql(CLASSIC, "\0").partition("\0")

    def connect(host: str) -> "pymysql.Connection[Any]":
        return pymysql.connect(**arguments(source, host))

    def ask(connection: Any, key: str) -> Sequence[object] | None:
        # PyMySQL has no public way to say it for one question.
        connection._read_timeout = connection._write_timeout = seconds()
        with connection.cursor() as cursor:
            try:
                cursor.execute(f"{before}_utf8mb4 x'{key.encode().hex()}'{behind}")
            except pymysql.Error as error:
                if key.isascii() or error.args[0] not in NO_SUCH_TEXT:
                    raise
                return None
            row: Sequence[object] | None = cursor.fetchone()
            return row

    # OSError, and what PyMySQL lets through when a server says nonsense.
    errors = (pymysql.Error, OSError, ValueError, LookupError, AssertionError)
    return SqlThreads(connect, source.hosts, ask, errors)


def arguments(source: SqlOption, host: str) -> dict[str, Any]:
    """Give what PyMySQL's connect takes; "localhost" is the local socket if there is one, as in MySQL's own library."""
    tls = {name.removeprefix("ssl_"): value for name, value in source.settings.items() if name.startswith("ssl_")}
    return {
        "host": host,
        "port": source.port or PORT,
        "unix_socket": source.settings.get("unix_socket") or (local_socket() if host == LOCAL else None),
        "user": source.user,
        "password": source.password,
        "database": source.database,
        "charset": "utf8mb4",
        "autocommit": True,
        "connect_timeout": min(SECONDS_TO_CONNECT, seconds()),
        "read_timeout": seconds(),
        "write_timeout": seconds(),
        "ssl": tls or None,
    }


def seconds() -> int:
    """Give the time that is left for an answer, in whole seconds."""
    return math.ceil(min(SECONDS_FOR_AN_ANSWER, max(1, remaining())))


def local_socket() -> str | None:
    """Find the local server's socket."""
    return next((path for path in SOCKETS if os.path.exists(path)), None)
