"""The option strings of the SQL maps."""

from pathlib import Path
from typing import Any

import attrs
import pytest

from perdition.maps import MapError
from perdition.maps._sql_option import SqlOption, read_option
from perdition.maps.mysql import CLASSIC, DEFAULTS, arguments

DEFAULT = SqlOption(
    hosts=("localhost",),
    database="dbPerdition",
    table="tblPerdition",
    user="perdition",
    password="perdition",
    server_column="servername",
    user_column="user",
    port_column="port",
)


def read(option: str) -> SqlOption:
    return read_option(option, "mysql", DEFAULTS, ("ssl_ca",))


GOOD: dict[str, dict[str, Any]] = {
    "": {},
    "::::::::": {},
    "db": {"hosts": ("db",)},
    "one, two": {"hosts": ("one", "two")},
    "db:3307": {"hosts": ("db",), "port": 3307},
    ":0:mail:users:u:p:s:n:143": {
        "database": "mail",
        "table": "users",
        "user": "u",
        "password": "p",
        "server_column": "s",
        "user_column": "n",
        "port_column": "143",
    },
    "::::::::concat(':', port)": {"port_column": "concat(':', port)"},  # all that is left is the last field
    "mysql://": {},
    "mysql:///": {},
    "mysql://db/mail": {"hosts": ("db",), "database": "mail"},
    "mysql://u@db": {"user": "u", "hosts": ("db",)},
    "mysql://u:@db": {"user": "u", "password": "", "hosts": ("db",)},
    "mysql://u%40x:p%3A%2F%40@db:3307/a%20b": {
        "user": "u@x",
        "password": "p:/@",
        "hosts": ("db",),
        "port": 3307,
        "database": "a b",
    },
    "mysql://one,two:1/": {"hosts": ("one", "two"), "port": 1},
    "mysql://[2001:db8::1]:1/": {"hosts": ("2001:db8::1",), "port": 1},
    "mysql://[2001:db8::1]/": {"hosts": ("2001:db8::1",)},
    "mysql://%2Frun%2Fmysqld/": {"hosts": ("/run/mysqld",)},
    "mysql:///?table=t&server_column=s&user_column=n&port_column=''": {
        "table": "t",
        "server_column": "s",
        "user_column": "n",
        "port_column": "''",
    },
    "mysql:///?query=SELECT a FROM b WHERE c = :key": {"query": "SELECT a FROM b WHERE c = :key"},
    "mysql:///?ssl_ca=/ca.pem": {"settings": {"ssl_ca": "/ca.pem"}},
    "mysql:///?": {},
}


@pytest.mark.parametrize("option", GOOD)
def test_good(option: str) -> None:
    assert read(option) == attrs.evolve(DEFAULT, **GOOD[option])


BAD = {
    "a,,b": "expected the names of hosts with commas between",
    ":x": "expected a port, 0 to 65535, behind the hosts",
    ":65536": "expected a port, 0 to 65535, behind the hosts",
    ":\u0663": "expected a port, 0 to 65535, behind the hosts",
    "mysql://db/?nonsense=1": "expected name=value behind .*, with one of query, password_file, table",
    "mysql://db/?query": "expected name=value",
    "mysql://db/?query=SELECT 1": "query: expected SQL with one :key",
    "mysql://db/?query=SELECT :key, :key": "query: expected SQL with one :key",
    "mysql://db/?query=SELECT ::key": "query: expected SQL with one :key",
    "mysql://db/?query=SELECT :keys": "query: expected SQL with one :key",
    "mysql://db/?password_file=/no/such": "password_file /no/such: cannot be read: No such file",
}


@pytest.mark.parametrize("option", BAD)
def test_bad(option: str) -> None:
    with pytest.raises(MapError, match=f"^{BAD[option]}"):
        read(option)


def test_no_error_shows_a_password() -> None:
    for option in ("mysql://u:canary@db/?x=canary", "mysql://u:canary@db,,/", "a:x:b:c:d:canary"):
        with pytest.raises(MapError) as caught:
            read(option)

        assert "canary" not in str(caught.value)
    assert "canary" not in repr(read(":::::canary"))


def test_the_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p\u00e4ss: word \nmore\n")

    assert read(f"mysql://u:other@db/?password_file={file}").password == "p\u00e4ss: word "

    file.write_bytes(b"\xff")

    with pytest.raises(MapError, match="not UTF-8"):
        read(f"mysql://u@db/?password_file={file}")


def test_sql() -> None:
    assert read("").sql(CLASSIC, "?") == "select servername,port from tblPerdition where user=?"
    assert read("::::::storage_ip:address:143").sql(CLASSIC, r"\1") == (
        r"select storage_ip,143 from tblPerdition where address=\1"
    )
    assert read("mysql:///?query=SELECT x::text FROM t WHERE y=:key LIMIT 1").sql(CLASSIC, "$1") == (
        "SELECT x::text FROM t WHERE y=$1 LIMIT 1"
    )


def test_what_the_driver_of_mysql_gets() -> None:
    option = read("mysql://u:p@db:1/mail?ssl_ca=/ca.pem")

    assert (
        arguments(option, "db").items()
        >= {
            "host": "db",
            "port": 1,
            "unix_socket": None,
            "user": "u",
            "password": "p",
            "database": "mail",
            "ssl": {"ca": "/ca.pem"},
        }.items()
    )
    assert arguments(read(""), "db")["ssl"] is None
    assert arguments(read(""), "db")["port"] == 3306
