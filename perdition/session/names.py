"""What a user's name becomes on its way: for the popmap, for PAM, and for the real server (perdition 4).

A name is changed in up to three states; which change applies in which state is the administrator's choice.  The
domain is what stands behind the last delimiter.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from perdition.session.endpoints import Endpoints


class State(enum.Enum):
    """When a name is changed (perdition options strip_domain, add_domain, lower_case)."""

    SERVERNAME_LOOKUP = "servername_lookup"
    LOCAL_AUTHENTICATION = "local_authentication"
    REMOTE_LOGIN = "remote_login"


ESCAPE: Final = re.compile(rb"\\(.?)", re.DOTALL)
MEANINGS: Final = frozenset(b"%c" % octet for octet in rb"UuDdiIpP\\")
"""What may stand behind the backslash of an escape."""
WHOLE_NAME: Final = b"\\U"
"""The key that is asked for where query_key does not say otherwise."""


class NoKey(Exception):
    """A format of query_key has an escape that means nothing: the map is asked no more (perdition 4.4)."""


@attrs.frozen(kw_only=True)
class Names:
    """How names are changed and looked up.

    Attributes:
        delimiter: domain_delimiter: what parts name and domain; one octet or more; empty: names have no domain.
        strip_domain: the states in which the domain is removed.
        add_domain: the states in which a name without domain is given one.
        explicit_domain: that domain; None: the name of the address that the client reached.
        depth: how many leading labels of that address's name are left out.
        lower_case: the states in which a name is put in lower case.
        client_server_specification: whether a user may name the server himself: `user@server:port`.
        query_key: the formats of the keys that the map is asked for, in turn.
    """

    delimiter: bytes = b"@"
    strip_domain: frozenset[State] = frozenset()
    add_domain: frozenset[State] = frozenset()
    explicit_domain: bytes | None = None
    depth: int = 1
    lower_case: frozenset[State] = frozenset()
    client_server_specification: bool = False
    query_key: tuple[bytes, ...] = (WHOLE_NAME,)

    def mangle(self, name: bytes, state: State, local_name: bytes | None) -> bytes:
        """Give the name for a state: strip the domain, add one, lower the case, in this order.

        Args:
            name: as it was typed, or as the map gave it.
            state: what the name is for.
            local_name: of the address that the client reached; None: it has none, and no domain is made of it.
        """
        # A user who names the server behind the last delimiter must not lose it before it is looked at.
        keeps_server = self.client_server_specification and state is State.SERVERNAME_LOOKUP
        if state in self.strip_domain and not keeps_server:
            name = self.user_of(name)
        if state in self.add_domain and not self._has_domain(name):
            domain = self._domain(local_name)
            if domain:
                name = name + self.delimiter + domain
        return name.lower() if state in self.lower_case else name

    def user_of(self, name: bytes) -> bytes:
        """Give what stands before the last delimiter; the whole name if there is none."""
        return name.rpartition(self.delimiter)[0] if self._has_domain(name) else name

    def domain_of(self, name: bytes) -> bytes:
        """Give what stands behind the last delimiter; nothing if there is none."""
        return name.rpartition(self.delimiter)[2] if self._has_domain(name) else b""

    def _has_domain(self, name: bytes) -> bool:
        return bool(self.delimiter) and self.delimiter in name

    def _domain(self, local_name: bytes | None) -> bytes:
        if self.explicit_domain is not None:
            return self.explicit_domain
        return b".".join((local_name or b"").split(b".")[self.depth :])

    def server_named_by_user(self, name: bytes, lookup_name: bytes) -> tuple[bytes, bytes] | None:
        """Part `user@server[:port]`, if users may say so and this one does; give user and server.

        Args:
            name: as it was typed: the user is what stands before its last delimiter.
            lookup_name: the same in state servername_lookup: the server is what stands behind its last one.
        """
        if not self.client_server_specification or not self._has_domain(lookup_name):
            return None
        return self.user_of(name), self.domain_of(lookup_name)

    def unknown_escapes(self) -> list[str]:
        """Give the escapes of query_key that mean nothing, for people."""
        found = (escape for form in self.query_key for escape in ESCAPE.finditer(form))
        return [_shown(escape) for escape in found if escape[1] and escape[1] not in MEANINGS]

    def keys(self, lookup_name: bytes, endpoints: Endpoints) -> Iterator[bytes]:
        """Give the keys to ask the map for, in turn.

        Raises:
            NoKey: the next format has an escape that means nothing; those before it have been asked for.
        """
        values = {
            b"U": lookup_name,
            b"u": self.user_of(lookup_name),
            b"D": self.delimiter,
            b"d": self.domain_of(lookup_name),
            b"i": endpoints.client[0].encode("ascii"),
            b"p": b"%d" % endpoints.client[1],
            b"I": endpoints.local[0].encode("ascii"),
            b"P": b"%d" % endpoints.local[1],
            b"\\": b"\\",
        }
        return (_fill(form, values) for form in self.query_key)


def _fill(form: bytes, values: Mapping[bytes, bytes]) -> bytes:
    """Put values in the place of escapes; a lone backslash at the end is left out (perdition 4.4)."""

    def value(found: re.Match[bytes]) -> bytes:
        if found[1] and found[1] not in values:
            raise NoKey(f"query_key has no escape {_shown(found)}")
        return values[found[1]] if found[1] else b""

    return ESCAPE.sub(value, form)


def _shown(escape: re.Match[bytes]) -> str:
    return f"\\{escape[1].decode('ascii', 'backslashreplace')}"
