"""The option string of the http map: the URL to ask, and settings of ours as its fragment, which no server sees.

    http://host[:port][,host2...]/path[?query][#name=value[&name=value...]]
    https://...
    http+unix://%2Fpath%2Fof%2Fthe%2Fsocket/path

With `{key}` in it, the answer is JSON; without, it is a hook for nginx's auth_http.
"""

import base64
import re
import ssl
from typing import Final
from urllib.parse import quote, unquote

import attrs

from perdition.maps._sql_row import key_of
from perdition.maps._stream import Place, places_of, settings_of
from perdition.maps._tls import tls_context
from perdition.maps.contract import MapError
from perdition.maps.outcome import Query
from perdition.maps.secret_files import first_line_of, text_of

URL: Final = re.compile(
    r"(?P<scheme>https?|http\+unix)://(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?(?P<hosts>[^/?#@]+)"
    r"(?P<path>/[^?#]*)?(?P<asked>\?[^#]*)?(?:#(?P<settings>.*))?",
    re.DOTALL,
)
PORTS: Final = {"http": 80, "https": 443}
KEY: Final = "{key}"
# RFC 9110 5.1, 5.5: a field's name and value.
FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e][\t\x20-\x7e]*)\Z")
OURS: Final = ("host", "connection", "content-length", "transfer-encoding")
TARGET: Final = re.compile(r"[\x21-\x7e]+\Z")
TLS_FILES: Final = ("ca_file", "cert_file", "key_file")
NGINX: Final = ("protocol", "client_ip", "auth_ssl", "auth_method", "refusal")
SETTINGS: Final = (*TLS_FILES, "password_file", "token_file", "header_file", *NGINX)
PROTOCOLS: Final = ("imap", "pop3", "smtp")
METHODS: Final = ("plain", "none", "external", "apop", "cram-md5")
REFUSALS: Final = ("refuse", "absent")
YES_NO: Final = {"yes": True, "no": False}
# Both kinds of slash: some servers take either.
SLASH: Final = re.compile(r"[/\\]")


@attrs.frozen(kw_only=True)
class HttpOption:
    """Where the server is and what to ask it.

    Attributes:
        places: tried in this order until one accepts.
        path: of the URL, with `{key}` if the answer is JSON.
        asked: what stands behind the path, with its question mark; it may have `{key}`, too.
        fields: names and values that are sent each time; secrets.
        tls: None is no TLS.
        protocol: what nginx's hook is told; "" is the session's own.
        client_ip: whether nginx's hook is told the client's address.
        auth_ssl: whether nginx's hook is told that the client has TLS.
        auth_method: what nginx's hook is told.
        refusal: what a hook's refusal is: refuse, as in nginx, or absent.
    """

    places: tuple[Place, ...]
    path: str
    asked: str
    fields: tuple[tuple[str, bytes], ...] = attrs.field(default=(), repr=False)
    tls: ssl.SSLContext | None = None
    protocol: str = ""
    client_ip: bool = True
    auth_ssl: bool = True
    auth_method: str = "plain"
    refusal: str = "refuse"

    @property
    def is_json(self) -> bool:
        """Whether the answer is JSON."""
        return KEY in self.path + self.asked

    @property
    def by_address(self) -> bool:
        """Whether what is asked depends on the connection: a hook hears of it, unless all of that is left out."""
        return not self.is_json and (self.client_ip or self.auth_ssl or not self.protocol)

    def target(self, query: Query) -> str | None:
        """Give what to ask for a key; None if nothing can be asked: it is no text, or leads out of the path."""
        key = key_of(query)
        if key is None:
            return None
        filled = quote(key, safe="")
        path = self.path.replace(KEY, filled)
        if KEY in self.path and (not key or leads_out(path)):
            return None
        return path + self.asked.replace(KEY, filled)


def leads_out(path: str) -> bool:
    """Whether a server might go up in a path, even if it takes escapes for what they stand for first."""
    return not {".", ".."}.isdisjoint(SLASH.split(unquote(path)))


def read_option(option: str) -> HttpOption:
    """Read an option string, and the files that it names.

    Raises:
        MapError: it makes no sense.
    """
    url = URL.fullmatch(option)
    if url is None:
        raise MapError("expected http://, https:// or http+unix://host[:port]/path")
    given = settings_of(url["settings"] or "", SETTINGS)
    path, asked = url["path"] or "/", url["asked"] or ""
    is_json = KEY in path + asked
    if not TARGET.match(path + asked):
        raise MapError("expected a path in ASCII, the rest percent-encoded")
    if not url["hosts"].isascii():
        raise MapError("expected a host in ASCII: xn--")
    if KEY in url["hosts"]:
        raise MapError("expected {key} in the path or behind ? only: a user must not choose the host")
    if leads_out(path):
        raise MapError("expected a path without . and ..")
    if is_json and any(name in given for name in NGINX):
        raise MapError(f"expected {', '.join(NGINX)} for nginx's auth_http only: an URL without {{key}}")
    files = [given.get(name, "") for name in TLS_FILES]
    if any(files) and url["scheme"] != "https":
        raise MapError(f"expected {', '.join(TLS_FILES)} with https:// only")
    if url["scheme"] == "http+unix":
        places: tuple[Place, ...] = (Place(unquote(url["hosts"]), 0),)
    else:
        places = places_of(url["hosts"], PORTS[url["scheme"]])
    return HttpOption(
        places=places,
        path=path,
        asked=asked,
        fields=tuple(_fields(url["user"], url["password"], given)),
        tls=tls_context(*files) if url["scheme"] == "https" else None,
        protocol=_one_of("protocol", given, ("", *PROTOCOLS), ""),
        client_ip=YES_NO[_one_of("client_ip", given, tuple(YES_NO), "yes")],
        auth_ssl=YES_NO[_one_of("auth_ssl", given, tuple(YES_NO), "yes")],
        auth_method=_one_of("auth_method", given, METHODS, "plain"),
        refusal=_one_of("refusal", given, REFUSALS, "refuse"),
    )


def _one_of(name: str, given: dict[str, str], allowed: tuple[str, ...], default: str) -> str:
    said = given.get(name, default)
    if said not in allowed:
        raise MapError(f"{name}: expected {', '.join(filter(None, allowed))}")
    return said


def _fields(user: str | None, password: str | None, given: dict[str, str]) -> list[tuple[str, bytes]]:
    lines: list[str] = []
    if user is not None:
        secret = first_line_of("password_file", given["password_file"]) if "password_file" in given else ""
        login = f"{unquote(user)}:{secret or unquote(password or '')}"
        lines.append("Authorization: Basic " + base64.b64encode(login.encode()).decode("ascii"))
    elif "password_file" in given:
        raise MapError("password_file: expected a user before the host")
    if "token_file" in given:
        token = first_line_of("token_file", given["token_file"])
        if not token:
            raise MapError("token_file: expected a token in its first line")
        lines.append("Authorization: Bearer " + token)
    if "header_file" in given:
        lines += [line for line in text_of("header_file", given["header_file"]).splitlines() if line]
    fields = [_field(line) for line in lines]
    names = {name.lower() for name, _ in fields}
    if len(names) < len(fields) or not names.isdisjoint(OURS):
        raise MapError(f"expected a header once, and no {', '.join(OURS)}")
    return fields


def _field(line: str) -> tuple[str, bytes]:
    found = FIELD.match(line.rstrip())
    if found is None:
        raise MapError("expected `Name: value` in each line of header_file, and a token in ASCII in token_file")
    return found[1], found[2].encode("ascii")
