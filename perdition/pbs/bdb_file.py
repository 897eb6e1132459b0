"""The Berkeley DB hash of known addresses, for sendmail and exim, and for Postfix if it has to be a file.

Keys and values end in NUL, as perdition-pbs of old and `makemap -N` write them: sendmail and Postfix look for such keys
as well, and exim's lookup dbm for no others.  sendmail asks in small letters, unless its map has the flag -f.
"""

import ipaddress
import time
from collections.abc import Iterable, Iterator
from typing import Final

import trio

from perdition.io_trio.logs import Log
from perdition.maps._bdb_pages import Row
from perdition.maps._bdb_write import write_bdb
from perdition.maps._octets import FormatError
from perdition.maps._replace import replaced
from perdition.pbs.store import Store, StoreTrouble
from perdition.session.effects import Level
from perdition.session.log_lines import words

BETWEEN_LOOKS: Final = 1.0
"""How many seconds lie between two looks at the store."""
REST: Final = 20
"""How many times as long as a look took nothing is done: of very many addresses none costs the machine all its time."""
SENDMAIL: Final = "IPv6:"
"""What sendmail writes before an IPv6 address, which is in full unless it is told otherwise."""


def rows(addresses: Iterable[str], prefix: str, answer: str) -> Iterator[Row]:
    """Write entries, an IPv6 address in each form that a mail server asks for, and in small letters for sendmail."""
    value = answer.encode() + b"\0"
    for address in addresses:
        keys = [prefix + form for form in forms(address)]
        for key in dict.fromkeys([*keys, *(key.lower() for key in keys)]):
            yield f"{key}\0".encode(), value


def forms(address: str) -> list[str]:
    """Give the forms of an address: `2001:db8::1`, `IPv6:2001:db8::1`, and `IPv6:2001:db8:0:0:0:0:0:1`."""
    if ":" not in address:
        return [address]
    in_full = ":".join(f"{int(group, 16):x}" for group in ipaddress.IPv6Address(address).exploded.split(":"))
    return list(dict.fromkeys([address, SENDMAIL + address, SENDMAIL + in_full]))


class BdbFile:
    """The file.  `run` must be running.

    Args:
        path: its name.
        prefix: what its keys begin with.
        answer: its values.
        store: where addresses are.
        log: where log lines go.
    """

    def __init__(self, path: str, prefix: str, answer: str, store: Store, log: Log) -> None:
        self._path = path
        self._prefix = prefix
        self._answer = answer
        self._store = store
        self._log = log
        self._known: dict[str, float] = {}
        self._written: set[str] | None = None
        self._trouble = ""

    async def run(self) -> None:
        """Keep it up to date, for ever."""
        took = 0.0
        while True:
            await trio.sleep(max(BETWEEN_LOOKS, took * REST))
            start = trio.current_time()
            trouble = ""
            try:
                await self.update()
            except StoreTrouble as error:
                trouble = f"{error}; {self._path} lasts, but for addresses whose time is over"
            except (OSError, FormatError) as error:
                trouble = f"{self._path}: {getattr(error, 'strerror', None) or error}"
            if trouble and not self._trouble:
                self._log(Level.ERR, f"The Berkeley DB file is not up to date: {words(trouble)}")
            elif self._trouble and not trouble:
                self._log(Level.NOTICE, "The Berkeley DB file is up to date again")
            self._trouble = trouble
            took = trio.current_time() - start

    async def update(self) -> None:
        """Write it anew, if there is anything new: all at once, by a rename.

        Raises:
            StoreTrouble: what is new is not known.
            OSError: it cannot be written.
            FormatError: it has too many entries.
        """
        trouble = None
        try:
            self._known = await self._store.entries()
        except StoreTrouble as error:
            trouble = error
        now = time.time()
        addresses = {address for address, until in self._known.items() if until > now}
        if addresses != self._written and not (trouble and self._written is None):
            await trio.to_thread.run_sync(self._write, sorted(addresses))
            self._written = addresses
        if trouble is not None:
            raise trouble

    def _write(self, addresses: list[str]) -> None:
        with replaced(self._path) as temporary:
            write_bdb(temporary, list(rows(addresses, self._prefix, self._answer)))
