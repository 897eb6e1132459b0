"""Where log lines come from: a file, standard input, the journal, a socket that syslog daemons send to.

Each source calls a function with the address of each successful log-in, for ever; only standard input has an end.
"""

import os
import socket
import stat
import subprocess
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import trio

from perdition.io_trio.logs import Log
from perdition.pbs import journal
from perdition.pbs.followed_file import FollowedFile
from perdition.pbs.lines import Lines
from perdition.pbs.log_line import LONGEST, LogReader
from perdition.session.effects import Level
from perdition.session.log_lines import words

Seen: TypeAlias = Callable[[str], None]

BETWEEN_LOOKS: Final = 0.25
"""How many seconds lie between two looks at a file: less than anybody needs to send mail after he has fetched it."""
AT_ONCE: Final = 65536
DATAGRAMS_AT_ONCE: Final = 100
PAUSES: Final = (1, 2, 4, 8, 16, 32, 60)
"""How many seconds nobody starts journalctl when it has ended for the first, second ... time without a word."""


async def follow_file(path: str, file: FollowedFile, reader: LogReader, seen: Seen, log: Log) -> None:
    """Follow a file."""
    trouble = ""
    while True:
        lines: list[bytes] = []
        try:
            lines = file.read(trio.current_time())
            trouble = ""
        except OSError as error:
            if str(error) != trouble:
                log(Level.ERR, f"Cannot read {words(path)}: {error.strerror}; trying again")
            trouble = str(error)
        for line in lines:
            _tell(reader.in_file(line), seen)
        await trio.sleep(0 if lines else BETWEEN_LOOKS)


async def follow_descriptor(descriptor: int, reader: LogReader, seen: Seen) -> None:
    """Read a descriptor to its end; a last line without its own counts as well."""
    lines = Lines()
    waits = not stat.S_ISREG(os.fstat(descriptor).st_mode)
    while True:
        if waits:
            await trio.lowlevel.wait_readable(descriptor)
        else:
            await trio.lowlevel.checkpoint()
        octets = os.read(descriptor, AT_ONCE)
        for line in lines.feed(octets or b"\n"):
            _tell(reader.in_file(line), seen)
        if not octets:
            return


async def follow_socket(sock: socket.socket, reader: LogReader, seen: Seen) -> None:
    """Read datagrams; of one that is too long the beginning comes, and that is still too long to count."""
    while True:
        await trio.lowlevel.wait_readable(sock)
        for _ in range(DATAGRAMS_AT_ONCE):
            try:
                datagram = sock.recv(LONGEST + 2)
            except BlockingIOError:
                break
            _tell(reader.in_datagram(datagram), seen)


async def follow_journal(units: Sequence[str], reader: LogReader, seen: Seen, log: Log) -> None:
    """Follow the journal; journalctl is started again when it ends, and goes on behind the last entry."""
    cursor, failures = "", 0
    while True:
        before = cursor
        try:
            cursor = await _read_journal(units, cursor, reader, seen)
            ended = "it has ended"
        except OSError as error:
            ended = error.strerror or str(error)
        failures = 0 if cursor != before else failures + 1
        pause = PAUSES[min(failures, len(PAUSES) - 1)]
        log(Level.ERR, f"Cannot follow the journal by journalctl: {ended}; again in {pause} s")
        await trio.sleep(pause)


async def _read_journal(units: Sequence[str], cursor: str, reader: LogReader, seen: Seen) -> str:
    """Read what journalctl prints until it ends; give the last cursor."""
    lines = Lines(journal.LONGEST)
    command = journal.command(units, cursor)
    process = await trio.lowlevel.open_process(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        async with process.stdout:
            async for octets in process.stdout:
                for line in lines.feed(bytes(octets)):
                    entry = journal.read_entry(line)
                    if entry is not None:
                        cursor = entry.cursor or cursor
                        _tell(reader.in_journal(entry.identifier, entry.message), seen)
        return cursor
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


def _tell(address: str | None, seen: Seen) -> None:
    if address is not None:
        seen(address)
