"""The option strings of the mysql, postgresql and odbc maps: perdition 2.2's nine fields, or a URL.

    host[,host...]:port:database:table:user:password:server_column:user_column:port_column
    KIND://[user[:password]@][host[:port][,host...]]/database[?name=value[&name=value...]]

An empty field is the default.  Columns of the nine fields are put into the SQL as they stand: in maps of
perdition 2.2 they may be any expression.  In the URL, `query` has the whole SQL with one `:key`, and whatever
other names the kind of map allows.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

import attrs

from perdition.maps.contract import MapError
from perdition.maps.secret_files import first_line_of

FIELDS: Final = (
    "hosts",
    "port",
    "database",
    "table",
    "user",
    "password",
    "server_column",
    "user_column",
    "port_column",
)
KEY: Final = re.compile(r"(?<![:\w]):key\b")
COLUMNS: Final = ("table", "server_column", "user_column", "port_column")


@attrs.frozen(kw_only=True)
class SqlOption:
    """Where the database is and what to ask it.

    Attributes:
        hosts: tried in this order until one accepts.
        port: 0 is the driver's default.
        query: the SQL with one `:key`; "" if the columns say it.
        settings: whatever else a URL says.
    """

    hosts: tuple[str, ...]
    port: int = 0
    database: str
    table: str
    user: str
    password: str = attrs.field(repr=False)
    server_column: str
    user_column: str
    port_column: str
    query: str = ""
    settings: Mapping[str, str] = attrs.field(factory=dict)

    def sql(self, classic: str, parameter: str) -> str:
        """Write the SQL: `classic` is perdition 2.2's, formed with these fields; `:key` becomes `parameter`."""
        text = self.query or classic.format(
            server=self.server_column, user=self.user_column, port=self.port_column, table=self.table
        )
        return KEY.sub(lambda _: parameter, text)


def read_option(option: str, kind: str, defaults: Mapping[str, str], settings: Sequence[str] = ()) -> SqlOption:
    """Read an option string.

    Args:
        option: perdition option map_library_opt.
        kind: the scheme of its URL form.
        defaults: of the nine fields.
        settings: what a URL may say besides query, password_file, table and the columns.

    Raises:
        MapError: it makes no sense.
    """
    if option.startswith(f"{kind}://"):
        return _of_url(option, defaults, settings)
    texts = option.split(":", len(FIELDS) - 1)
    fields = {**defaults, **{name: text for name, text in zip(FIELDS, texts, strict=False) if text}}
    return _option(fields, "", {})


def _option(fields: Mapping[str, str], query: str, settings: Mapping[str, str]) -> SqlOption:
    return SqlOption(
        hosts=_hosts(fields["hosts"]),
        port=_port(fields["port"]),
        database=fields["database"],
        table=fields["table"],
        user=fields["user"],
        password=fields["password"],
        server_column=fields["server_column"],
        user_column=fields["user_column"],
        port_column=fields["port_column"],
        query=query,
        settings=settings,
    )


def _of_url(option: str, defaults: Mapping[str, str], settings: Sequence[str]) -> SqlOption:
    scheme, _, rest = option.partition("://")
    place, question, asked = rest.partition("?")
    url = urlsplit(f"{scheme}://{place}", allow_fragments=False)
    given: dict[str, str] = {}
    allowed = ("query", "password_file", *COLUMNS, *settings)
    for part in asked.split("&") if question and asked else ():
        name, equals, value = part.partition("=")
        if name not in allowed or not equals:
            raise MapError(f"expected name=value behind ?, with one of {', '.join(allowed)}")
        given[name] = unquote(value)
    who, _, where = url.netloc.rpartition("@")
    user, colon, password = who.partition(":")
    hosts, _, port = where.rpartition(":") if re.search(r":\d*\Z", where) else (where, "", "")
    said: dict[str, str] = {
        "hosts": hosts,
        "port": port,
        "database": unquote(url.path.removeprefix("/")),
        "user": unquote(user),
        **{name: given.pop(name) for name in COLUMNS if name in given},
    }
    fields = {**defaults, **{name: value for name, value in said.items() if value}}
    if "password_file" in given:
        fields["password"] = first_line_of("password_file", given.pop("password_file"))
    elif colon:
        fields["password"] = unquote(password)
    query = given.pop("query", "")
    if query and len(KEY.findall(query)) != 1:
        raise MapError("query: expected SQL with one :key")
    return _option(fields, query, given)


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(unquote(host.strip().removeprefix("[").removesuffix("]")) for host in text.split(","))
    if not all(hosts):
        raise MapError("expected the names of hosts with commas between")
    return hosts


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or int(text) > 65535:
        raise MapError("expected a port, 0 to 65535, behind the hosts")
    return int(text)
