"""The nis map: users and servers in a map of NIS, also called Yellow Pages.

perdition option map_library_opt is the name of the map, as in perdition 2.2; this is the default:

    user_mail_server

It is looked for in the machine's own domain (domainname(1)), at the server that ypbind has found.  A value is
`[user<delimiter>]server[:port]`.  Unlike in perdition 2.2 a user is absent only if the map does not have him: when
there is no domain, no server or no such map, the map is unavailable.
"""

import os
from typing import Final, Protocol

from perdition.maps._libnsl import SONAME, LibNsl, NisError
from perdition.maps.contract import MapError, Runs
from perdition.maps.outcome import Absent, Found, Outcome, Query, Unavailable

LONGEST_NAME: Final = 64
"""YPMAXMAP of yp_prot.h."""


class Library(Protocol):
    """What of libnsl is used."""

    def default_domain(self) -> bytes:
        """Give the machine's NIS domain, or raise NisError."""

    def match(self, domain: bytes, name: bytes, key: bytes) -> bytes | None:
        """Look a key up in a map; None: it is not there.  NisError: there is no answer."""


class Nis:
    """The map.

    Args:
        library: does the talking.
        name: which map of the domain is asked.
    """

    runs: Final = Runs.THREAD  # the library waits for servers
    by_address: Final = False

    def __init__(self, library: Library, name: str) -> None:
        self._library = library
        self._name = name

    def lookup(self, query: Query) -> Outcome:
        """Ask the server."""
        domain = b""
        try:
            domain = self._library.default_domain()
            value = self._library.match(domain, os.fsencode(self._name), query.key)
        except NisError as error:
            return Unavailable(f"map {self._name} of the domain {os.fsdecode(domain)!r}: {error}")
        # makedbm of some systems stores the end of a C string with each value.
        value = (value or b"").partition(b"\0")[0]
        return Found(value) if value else Absent()

    def reload(self) -> None:
        """Nothing is kept that could be old: ypbind looks after the servers."""

    def close(self) -> None:
        """Nothing is kept that could be closed."""


def open_map(option: str) -> Nis:
    """Open the map; `option` is its name.

    Raises:
        MapError: libnsl is not installed, or the option cannot be a map's name.
    """
    if "\0" in option or len(os.fsencode(option)) > LONGEST_NAME:
        raise MapError(f"expected the name of a NIS map, at most {LONGEST_NAME} octets")
    try:
        return Nis(LibNsl(), option)
    except OSError:
        raise MapError(f"expected the library {SONAME} (Debian package libnsl2)") from None
