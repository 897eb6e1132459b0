"""The odbc map: users and servers in whatever unixODBC has a driver for.

perdition option map_library_opt, as in perdition 2.2: the third field is the data source of odbc.ini, hosts and
port do not count.  An empty field is the default in this example:

    localhost:0:dbPerdition:tblPerdition:perdition:perdition:servername:user:port

or a URL:

    odbc://perdition:secret@/dbPerdition?query=SELECT server FROM users WHERE name = :key

The nine fields give server and port: perdition 2.2 selects the user column too, but takes no name from it.
A query may also give user, server and port, or `[user<delimiter>]server[:port]` alone.  The key is a
parameter of the statement, which the driver prepares once a connection.
"""

import codecs
import contextlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from perdition.maps._sql_option import read_option
from perdition.maps._sql_threads import SqlThreads
from perdition.maps.contract import MapError
from perdition.maps.mysql import DEFAULTS

if TYPE_CHECKING:
    import pyodbc

CLASSIC: Final = "select {server}, {port} from {table} where {user} = :key"
PLAIN: Final = re.compile(r"[\w.-]+\Z")
# What may be the name of a data source (SQLDriverConnect): nothing that has a meaning in a connection string.
SOURCE: Final = re.compile(r"(?! )[^][{}(),;?*=!@\\\x00-\x1f\x7f]+(?<! )\Z")
SECONDS_TO_LOG_IN: Final = 5  # as in perdition 2.2
SECONDS_FOR_AN_ANSWER: Final = 30


def open_map(option: str) -> SqlThreads:
    """Read the option; the first lookup connects.

    Raises:
        MapError: the option makes no sense, or the driver manager is not installed.
    """
    try:
        import pyodbc
    except ImportError:
        raise MapError("expected the package pyodbc (pip install 'perdition[odbc]', Debian: python3-pyodbc)") from None
    codecs.lookup("utf-16-le")  # the driver's; when it is first used, we may have no right to read it any more
    source = read_option(option, "odbc", DEFAULTS)
    sql = source.sql(CLASSIC, "?")
    if not SOURCE.match(source.database):
        raise MapError("expected the name of a data source as the third field")
    login = f"DSN={source.database};UID={in_braces(source.user)};PWD={in_braces(source.password)}"

    def connect(host: str) -> "pyodbc.Connection":
        connection = pyodbc.connect(login, autocommit=True, timeout=SECONDS_TO_LOG_IN)
        with contextlib.suppress(pyodbc.Error):  # a driver may have no time-outs; map_timeout holds nevertheless
            connection.timeout = SECONDS_FOR_AN_ANSWER
        return connection

    def ask(connection: Any, key: str) -> Sequence[object] | None:
        cursor = connection.cursor()
        try:
            row: Sequence[object] | None = cursor.execute(sql, key).fetchone()
            return None if row is None else tuple(row)
        finally:
            cursor.close()

    return SqlThreads(connect, source.hosts[:1], ask, (pyodbc.Error,))


def in_braces(value: str) -> str:
    """Write a value of a connection string; braces only where they are needed, for some drivers know none."""
    return value if PLAIN.match(value) or not value else "{" + value.replace("}", "}}") + "}"
