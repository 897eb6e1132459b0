"""The daemon: follows logs, keeps addresses, answers mail servers, until it is told to stop."""

import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

import attrs
import trio

from perdition.io_trio.crash import internal_error
from perdition.io_trio.logs import OpenLog
from perdition.pbs.answering import Answerer
from perdition.pbs.answers import Dialect
from perdition.pbs.bdb_file import BdbFile
from perdition.pbs.command_line import Settings
from perdition.pbs.followed_file import FollowedFile
from perdition.pbs.listen import name_of
from perdition.pbs.recorder import Recorder
from perdition.pbs.socketmap import Socketmap
from perdition.pbs.sources import Seen, follow_descriptor, follow_file, follow_journal, follow_socket
from perdition.pbs.store import Store
from perdition.pbs.tcp_table import TcpTable
from perdition.session.effects import Level

STANDARD_INPUT: Final = "-"
JOURNAL: Final = "journal:"
SOCKET: Final = "unix:"
DIALECTS: Final[Mapping[str, Callable[[], Dialect]]] = {"socketmap": Socketmap, "tcp_table": TcpTable}
LAST_WORDS: Final = 3.0
"""How many seconds the end may take while addresses are written."""


@attrs.frozen
class Opened:
    """What was had before we went on as an ordinary user.

    Args:
        files: log files, by name.
        sockets: those of syslog daemons.
        listeners: those of mail servers, each with its protocol.
    """

    files: Mapping[str, FollowedFile]
    sockets: Sequence[socket.socket]
    listeners: Sequence[tuple[str, socket.socket]]


class Daemon:
    """The daemon.

    Args:
        settings: the options.
        opened: files and sockets.
        store: where addresses are kept.
        log: where log lines go.
    """

    def __init__(self, settings: Settings, opened: Opened, store: Store, log: OpenLog) -> None:
        self._settings = settings
        self._opened = opened
        self._store = store
        self._log = log
        self._answerer = Answerer(store, settings.answer, log)
        self._recorder = Recorder(store, settings.timeout, settings.ignore, log)

    async def run(self) -> bool:
        """Work until a signal, or the end of standard input; False: addresses could not be written at the end."""
        try:
            await self._work()
            with trio.move_on_after(LAST_WORDS):
                return await self._recorder.write()
            return False
        finally:
            self._store.close()

    async def _work(self) -> None:
        with (
            trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals,
            trio.open_signal_receiver(signal.SIGHUP) as hang_ups,
        ):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._reopen, hang_ups)
                self._start(nursery)
                async for number in signals:
                    self._log(Level.INFO, f"Exiting on signal {int(number)}")
                    break
                nursery.cancel_scope.cancel()

    async def _reopen(self, hang_ups: AsyncIterator[int]) -> None:
        """Open our own log anew when we are told; those that we follow are looked at all the time."""
        facility, debug, quiet = self._settings.log_facility, self._settings.debug, self._settings.quiet
        async for _ in hang_ups:
            try:
                self._log.use(self._log.anew(facility, debug=debug, quiet=quiet))
            except OSError as error:
                self._log(Level.ERR, f"option log_facility: {facility}: {error.strerror}; it stays as it was")
            else:
                self._log(Level.INFO, "Reopened logger")

    def _start(self, nursery: trio.Nursery) -> None:
        settings, opened, log = self._settings, self._opened, self._log
        seen, reader = self._recorder.seen, settings.reader
        for dialect, sock in opened.listeners:
            nursery.start_soon(self._serve, sock, DIALECTS[dialect])
            log(Level.NOTICE, f"Answering {dialect} at {name_of(sock)}")
        if settings.db_file:
            bdb = BdbFile(settings.db_file, settings.prefix, settings.answer, self._store, log)
            nursery.start_soon(bdb.run)
        if any(settings.log_file):
            nursery.start_soon(self._recorder.run)
        for source in settings.log_file:
            if source == STANDARD_INPUT:
                nursery.start_soon(self._to_the_end, seen, nursery.cancel_scope)
            elif source.startswith(JOURNAL):
                units = [unit for unit in source.removeprefix(JOURNAL).split(",") if unit]
                nursery.start_soon(follow_journal, units, reader, seen, log)
        for path, file in opened.files.items():
            nursery.start_soon(follow_file, path, file, reader, seen, log)
        for sock in opened.sockets:
            nursery.start_soon(follow_socket, sock, reader, seen)
        log(Level.NOTICE, f"Following {', '.join(filter(None, settings.log_file)) or 'nothing'}")

    async def _to_the_end(self, seen: Seen, whole: trio.CancelScope) -> None:
        await follow_descriptor(0, self._settings.reader, seen)
        self._log(Level.INFO, "Exiting at the end of standard input")
        whole.cancel()

    async def _serve(self, sock: socket.socket, dialect: Callable[[], Dialect]) -> None:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))

        async def serve(stream: trio.SocketStream) -> None:
            try:
                await self._answerer.serve(stream, dialect)
            except Exception:
                self._log(Level.ERR, internal_error())

        await trio.serve_listeners(serve, [listener])
