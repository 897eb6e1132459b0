"""The modes that do one thing and end: list, insert, remove and purge."""

import math
import time
from datetime import datetime
from typing import Final, TextIO

from perdition.pbs.bdb_file import BdbFile
from perdition.pbs.command_line import Settings, key
from perdition.pbs.store import Store
from perdition.session.effects import Level

FOR_EVER: Final = "for ever"


async def run(settings: Settings, store: Store, output: TextIO) -> int:
    """Do what the mode says; give the exit status.

    Raises:
        StoreTrouble: the store cannot be had.
        OSError: the Berkeley DB file cannot be written.
    """
    addresses = [address for word in settings.words if (address := key(settings, word)) is not None]
    status = 0
    match settings.mode:
        case "list":
            return list_entries(await store.entries(), addresses, output)
        case "insert":
            await store.put(dict.fromkeys(addresses, time.time() + settings.timeout))
        case "remove":
            known = [await store.remove(address) for address in addresses]
            status = 0 if all(known) else 1
        case "purge":
            await store.clear()
    if settings.db_file:
        await BdbFile(settings.db_file, settings.prefix, settings.answer, store, _nowhere).update()
    return status


def list_entries(entries: dict[str, float], wanted: list[str], output: TextIO) -> int:
    """Print entries, all or those wanted, the first to go first; 1: one of those wanted is not there."""
    for address, until in sorted(entries.items(), key=lambda entry: entry[1]):
        if not wanted or address in wanted:
            output.write(f"{address}\t{_shown(until)}\n")
    return 0 if set(wanted) <= entries.keys() else 1


def _shown(until: float) -> str:
    if until == math.inf:
        return FOR_EVER
    return datetime.fromtimestamp(until).astimezone().isoformat(timespec="seconds")


def _nowhere(level: Level, line: str) -> None:
    """Write no log: errors are for who gave the command."""
