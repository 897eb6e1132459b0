"""The option string of the ldap map: perdition 2.2's `[VERSION:]URL`, the URL as in RFC 4516.

    ldap://host[:port][ host2...]/base?attributes?scope?filter?extensions

libldap, which perdition 2.2 asks, takes `<ldap://...>`, `URL:ldap://...` and `<URL:ldap://...>` as well (RFC 3986
appendix C).
`%s` in the base or the filter is the key, `%Ns` the key right-justified to N characters.
"""

import re
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

import attrs

from perdition.maps._tls import tls_context
from perdition.maps.contract import MapError
from perdition.maps.secret_files import first_line_of

VERSION: Final = re.compile(r"([23]):")
WRAPPED: Final = re.compile(r"(<)?(?:URL:)?(.*?)(?(1)>)\Z", re.IGNORECASE | re.DOTALL)
PLACE: Final = re.compile(r"%(\d{0,3})s")
PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
SCHEMES: Final = {"ldap": 389, "ldaps": 636, "ldapi": 0}
# The long names are libldap's.  It knows children, too, which sansldap cannot ask for.
SCOPES: Final = {"": 0, "base": 0, "one": 1, "onelevel": 1, "sub": 2, "subtree": 2}
ATTRIBUTES: Final = ("username", "mailhost", "port")
FILTER: Final = "(uid=%s)"
# Names of extensions, in lower case.  The first two are perdition 2.2's, the others are new.
EXTENSIONS: Final = ("bindname", "x-bindpw", "x-bindpwfile", "x-starttls", "x-cafile")


@attrs.frozen
class Template:
    """A text with places for the key: octets that stand as they are, and widths of places."""

    pieces: tuple[bytes | int, ...]

    def fill(self, key: bytes) -> str:
        """Put the key in, escaped."""
        filled = (piece if isinstance(piece, bytes) else escaped(key.rjust(piece)) for piece in self.pieces)
        return b"".join(filled).decode("utf-8", "replace")

    @property
    def has_key(self) -> bool:
        """Whether there is a place at all."""
        return any(isinstance(piece, int) for piece in self.pieces)


@attrs.frozen(kw_only=True)
class LdapOption:
    """Where the directory is and what to ask it.

    Attributes:
        scheme: ldap, ldaps or ldapi.
        hosts: `host[:port]` each, tried in this order; a file name for ldapi.
        attributes: of user, server and port, by position; fewer are possible.
        scope: 0 base, 1 one level, 2 the whole tree (RFC 4511 4.5.1.2).
        bind_name: whom to bind as; "" is nobody.
        tls: None is no TLS.
    """

    scheme: str
    hosts: tuple[str, ...]
    base: Template
    attributes: tuple[str, ...]
    scope: int
    filter: Template
    bind_name: str = ""
    bind_password: str = attrs.field(default="", repr=False)
    starttls: bool = False
    tls: ssl.SSLContext | None = None


def read_option(option: str) -> LdapOption:
    """Read an option string.

    Raises:
        MapError: it makes no sense.
    """
    url = VERSION.sub("", option, count=1) if VERSION.match(option) else option
    wrapped = WRAPPED.match(url)
    url = wrapped[2] if wrapped else url
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise MapError("expected [VERSION:]URL, where a URL begins with ldap://, ldaps:// or ldapi://")
    place, _, path = rest.partition("/")
    parts = path.split("?")
    if len(parts) > 5:
        raise MapError("expected no more than base?attributes?scope?filter?extensions behind the hosts")
    base, attributes, scope, filter_, extensions = [*parts, "", "", "", ""][:5]
    if PLACE.search(place) or PLACE.search(attributes):
        raise MapError("expected %s in the base or the filter only: a user must not choose the server")
    if scope.lower() not in SCOPES:
        raise MapError("scope: expected base, one or sub")
    said = _extensions(extensions)
    if "x-bindpwfile" in said:
        said["x-bindpw"] = first_line_of("X-BINDPWFILE", said["x-bindpwfile"])
    if "x-starttls" in said and scheme.lower() != "ldap":
        raise MapError("X-STARTTLS: expected ldap://, for the others need none")
    with_tls = "x-starttls" in said or scheme.lower() == "ldaps"
    if "x-cafile" in said and not with_tls:
        raise MapError("X-CAFILE: expected ldaps:// or X-STARTTLS")
    return LdapOption(
        scheme=scheme.lower(),
        hosts=tuple(unquote(host) for host in place.split()) or ("localhost",),
        base=_template(base),
        attributes=tuple(unquote(name) for name in attributes.split(",") if name) or ATTRIBUTES,
        scope=SCOPES[scope.lower()],
        filter=_template(filter_ or FILTER),
        bind_name=said.get("bindname", ""),
        bind_password=said.get("x-bindpw", ""),
        starttls="x-starttls" in said,
        tls=tls_context(said.get("x-cafile", ""), setting="X-CAFILE") if with_tls else None,
    )


def _template(text: str) -> Template:
    # The places first: `%28uid=%s%29` has percent signs of two kinds.
    pieces: list[bytes | int] = []
    for number, piece in enumerate(PLACE.split(text)):
        if number % 2:
            pieces.append(int(piece or "0"))
        elif piece:
            pieces.append(unquote_to_bytes(piece))
    return Template(tuple(pieces))


def _extensions(text: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for part in text.split(",") if text else ():
        name, _, value = part.partition("=")
        plain = unquote(name).removeprefix("!").lower()
        if plain in EXTENSIONS:
            said[plain] = unquote(value)
        elif name.startswith("!"):
            raise MapError(f"expected one of {', '.join(EXTENSIONS).upper()} as an extension that is critical")
    return said


def escaped(octets: bytes) -> bytes:
    """Escape a value of a filter (RFC 4515 3) or a distinguished name (RFC 4514 2.4).

    Both know `\\XX`; nothing but letters and digits stands as it is.
    """
    return b"".join(b"%c" % octet if octet in PLAIN else b"\\%02x" % octet for octet in octets)


def values_by_position(option: LdapOption, entry: Mapping[str, bytes]) -> list[bytes]:
    """Give the values of an entry in the order of the option's attributes, b"" where one is missing."""
    return [entry.get(name.lower(), b"") for name in option.attributes]
