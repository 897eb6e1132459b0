"""The option string of the redis map: a URL, and what is asked for a key.

    redis://[[user]:password@]host[:port][,host2...][/database][?name=value[&name=value...]]
    redis+unix://[[user]:password@]/path/of/the/socket[?...]
    redis+sentinel://[[user]:password@]sentinel[:port][,sentinel2...]/service[/database][?...]
    redis+cluster://[[user]:password@]node[:port][,node2...][?...]

`rediss` instead of `redis` is TLS, `valkey` and `valkeys` are the same as `redis` and `rediss`.
"""

import enum
import re
import ssl
from typing import Final
from urllib.parse import unquote

import attrs

from perdition.maps._stream import Place, places_of, settings_of
from perdition.maps._tls import tls_context
from perdition.maps.contract import MapError
from perdition.maps.secret_files import first_line_of

URL: Final = re.compile(
    r"(?P<scheme>(?:redis|valkey)(?P<tls>s?)(?P<way>\+unix|\+sentinel|\+cluster)?)://"
    r"(?:(?P<user>[^:@/?]*)(?::(?P<password>[^@/?]*))?@)?(?P<hosts>[^/?@]*)(?P<path>/[^?]*)?(?:\?(?P<asked>.*))?",
    re.DOTALL,
)
PLACE_OF_KEY: Final = "{key}"
DEFAULT_KEY: Final = "popmap:{key}"
PORT: Final = 6379
SENTINEL_PORT: Final = 26379
TLS_FILES: Final = ("ca_file", "cert_file", "key_file")
SENTINEL: Final = ("sentinel_user", "sentinel_password_file")
SETTINGS: Final = ("key", "hash", "fields", "db", "password_file", *TLS_FILES, *SENTINEL)
MOST_FIELDS: Final = 3


class Way(enum.Enum):
    """How the server that has the key is found."""

    SERVER = "+server"
    UNIX = "+unix"
    SENTINEL = "+sentinel"
    CLUSTER = "+cluster"


@attrs.frozen(kw_only=True)
class Question:
    """What is asked for a key: GET, HGET of a hash for all users, or HMGET of a hash for each user.

    Args:
        before: what stands before the key.
        behind: what stands behind it.
        hash: the hash for all users; b"" is none.
        fields: of a hash for each user: `[user<delimiter>]server[:port]`; server and port; or user, server and port.
    """

    before: bytes
    behind: bytes
    hash: bytes = b""
    fields: tuple[bytes, ...] = ()

    def command(self, key: bytes) -> tuple[bytes, ...]:
        """Give the command and its arguments: octets that are counted, so that none of them ends an argument."""
        filled = self.before + key + self.behind
        if self.hash:
            return (b"HGET", self.hash, filled)
        return (b"HMGET", filled, *self.fields) if self.fields else (b"GET", filled)


@attrs.frozen(kw_only=True)
class Login:
    """As whom to log in: ACL user and password; without a password nobody does."""

    user: str = ""
    password: str = attrs.field(default="", repr=False)


@attrs.frozen(kw_only=True)
class RedisOption:
    """Where the server is and what to ask it.

    Attributes:
        places: tried in this order until one accepts; of the sentinels, or of some nodes of the cluster.
        service: what the sentinels call the server.
        tls: None is no TLS.
    """

    way: Way
    places: tuple[Place, ...]
    question: Question
    service: str = ""
    database: int = 0
    login: Login
    sentinel_login: Login
    tls: ssl.SSLContext | None = None


def read_option(option: str) -> RedisOption:
    """Read an option string, and the files that it names.

    Raises:
        MapError: it makes no sense.
    """
    url = URL.fullmatch(option)
    if url is None:
        raise MapError("expected redis://, rediss://, redis+unix://, redis+sentinel:// or redis+cluster://host[/...]")
    way = Way(url["way"] or "+server")
    given = settings_of(url["asked"] or "", SETTINGS)
    path = (url["path"] or "").removeprefix("/")
    service, database = "", given.get("db", "")
    if way is Way.UNIX:
        if not path or url["hosts"] or url["tls"]:
            raise MapError("expected redis+unix:///path/of/the/socket")
        places: tuple[Place, ...] = (Place("/" + unquote(path), 0),)
    else:
        if way is Way.SENTINEL:
            service, _, path = path.partition("/")
            if not service:
                raise MapError("expected redis+sentinel://hosts/service")
        database = path or database
        places = places_of(url["hosts"] or "localhost", SENTINEL_PORT if way is Way.SENTINEL else PORT)
    if not re.fullmatch(r"\d{0,6}", database, re.ASCII):
        raise MapError("expected a database, a number")
    if way is Way.CLUSTER and int(database or "0"):
        raise MapError("expected no database but 0: a cluster has no other")
    files = [given.get(name, "") for name in TLS_FILES]
    if any(files) and not url["tls"]:
        raise MapError(f"expected {', '.join(TLS_FILES)} with TLS only: rediss://")
    return RedisOption(
        way=way,
        places=places,
        question=_question(given),
        service=unquote(service),
        database=int(database or "0"),
        login=_login(unquote(url["user"] or ""), unquote(url["password"] or ""), "password_file", given),
        sentinel_login=_login(given.get("sentinel_user", ""), "", "sentinel_password_file", given),
        tls=tls_context(*files) if url["tls"] else None,
    )


def _login(user: str, password: str, setting: str, given: dict[str, str]) -> Login:
    if setting in given:
        password = first_line_of(setting, given[setting])
    return Login(user=user, password=password)


def _question(given: dict[str, str]) -> Question:
    of_all = given.get("hash", "")
    template = given.get("key") or (PLACE_OF_KEY if of_all else DEFAULT_KEY)
    before, place, behind = template.partition(PLACE_OF_KEY)
    if not place or PLACE_OF_KEY in behind:
        raise MapError("key: expected one {key} in it")
    if PLACE_OF_KEY in of_all:
        raise MapError("hash: expected a name without {key}: a user must not choose it")
    fields = tuple(name.encode() for name in given.get("fields", "").split(",") if name)
    if len(fields) > MOST_FIELDS or (fields and of_all):
        raise MapError("fields: expected one to three, and no hash: key names a hash for each user")
    return Question(before=before.encode(), behind=behind.encode(), hash=of_all.encode(), fields=fields)
