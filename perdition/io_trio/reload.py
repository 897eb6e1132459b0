"""SIGHUP: the log by its name, then configuration, maps and certificates; what cannot be had leaves all as it is."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import attrs
import trio

from perdition.config.load import Config, load
from perdition.config.origin import ConfigError
from perdition.io_trio.hub import Hub, Listener
from perdition.io_trio.listeners import set_keepalive
from perdition.io_trio.logs import OpenLog, Place
from perdition.io_trio.notices import notices
from perdition.io_trio.service import KEPT, Loaded, named_maps
from perdition.io_trio.set_up import CannotSetUp, Prepared, SetUp, prepare
from perdition.maps.registry import kind_of
from perdition.maps.secret_files import take_notes
from perdition.session.effects import Level

AT_THE_START: Final = ("username", "group", "pid_file", "no_daemon", "inetd_mode", "workers")
"""Options that count once, when the process is started."""
CONFIGURATION, MAPS, CERTIFICATES = PARTS = ("the configuration", "maps", "certificates")
"""What is read again."""
STAYS: Final = "everything stays as it was"
FILES: Final = frozenset(("bdb", "cdb", "gdbm", "posix_regex"))
"""Kinds of map the option string of which is a file's name; of others it may hold a password."""


class CannotReload(Exception):
    """Nothing was changed; a line for each reason."""


class Serving(Protocol):
    """What serves listeners."""

    def add(self, listener: Listener) -> None:
        """Serve one more."""

    def remove(self, listener: Listener) -> None:
        """Close one."""


@attrs.frozen
class _Ready:
    """What may take the place of what is in use."""

    prepared: Prepared
    place: Place  # of the log
    facility: str


class Reload:
    """What SIGHUP does.

    Args:
        argv: the program's name and its options, as at the start.
        set_up: what is in use.
        log: the log of the process.
    """

    def __init__(self, argv: Sequence[str], set_up: SetUp, log: OpenLog) -> None:
        self._argv = argv
        self._set_up = set_up
        self._log = log
        self._started_with = set_up.config.common
        self._facility = set_up.config.common.log_facility
        self._said: list[str] = []
        self._kept: set[str] = set()  # of PARTS: what could not be read again

    def reopen_log(self) -> None:
        """Open the log by its name again: somebody may have renamed the file."""
        common = self._set_up.config.common
        try:
            place = self._log.anew(self._facility, debug=common.debug, quiet=common.quiet)
        except OSError as error:
            self._log(Level.ERR, f"option log_facility: {self._facility}: {error.strerror}; it stays as it was")
            return
        self._log.use(place)
        self._log(Level.INFO, "Reopened logger")

    async def __call__(self, hub: Hub) -> bool:
        """Read the configuration again and do what it says; tell whether that was possible."""
        try:
            self._said.clear()
            self._kept.clear()
            config = await trio.to_thread.run_sync(self._read, abandon_on_cancel=True)
            for line in _announced(config):
                self._log(Level.INFO, line)
            ready = await trio.to_thread.run_sync(self._prepare, config, abandon_on_cancel=True)
        except CannotReload as error:
            self._complain(error)
            return False
        self._change(hub, ready)
        return True

    def serving_nobody(self, hub: Serving) -> bool:
        """Do the same at once, in a process that has no loop: the supervisor, for the workers to come."""
        try:
            self._said.clear()
            self._kept.clear()
            config = self._read()
            for line in _announced(config):
                self._log(Level.INFO, line)
            ready = self._prepare(config)
        except CannotReload as error:
            self._complain(error)
            return False
        self._change(hub, ready)
        return True

    def _complain(self, error: CannotReload) -> None:
        for line in str(error).splitlines():
            self._log(Level.ERR, f"{line}; {STAYS}")

    # --- in a thread

    def _read(self) -> Config:
        old = self._set_up.config
        if old.file and not os.access(old.file, os.R_OK) and os.path.exists(old.file):
            # Root could, who we were at the start.
            self._kept.add(CONFIGURATION)
            self._said.append(f"option config_file: cannot read {old.file}: Permission denied; {KEPT}")
            return old
        try:
            return load(self._argv)
        except ConfigError as error:
            raise CannotReload(str(error)) from None

    def _prepare(self, config: Config) -> _Ready:
        old, common = self._set_up, config.common
        loaded = Loaded([listener.service for listener in old.listeners.values()])
        try:
            prepared = prepare(config, self._log, list(old.listeners), loaded)
        except CannotSetUp as error:
            raise CannotReload(str(error)) from None
        if loaded.said:
            self._kept.add(CERTIFICATES)
        self._said += [*loaded.said, *(f"{note}; {KEPT}" for note in take_notes())]
        facility = common.log_facility if common.foreground == self._started_with.foreground else self._facility
        try:
            place = self._log.anew(facility, debug=common.debug, quiet=common.quiet)
        except OSError as error:
            prepared.drop()
            raise CannotReload(f"option log_facility: {facility}: {error.strerror}") from None
        return _Ready(prepared, place, facility)

    # --- at once

    def _change(self, hub: Serving, ready: _Ready) -> None:
        prepared, set_up = ready.prepared, self._set_up
        old_config, old_popmaps = set_up.config, set_up.popmaps
        self._log.use(ready.place)
        self._facility = ready.facility
        for bound, service in prepared.serving:
            listener = set_up.listeners.get(bound)
            if listener is None:
                listener = set_up.listeners[bound] = Listener(bound.sock, service)
                hub.add(listener)
            else:
                service.replace(listener.service)
                listener.service = service
            set_keepalive(bound.sock, keepalive=service.settings.tcp_keepalive)
        for bound in prepared.unused:
            hub.remove(set_up.listeners.pop(bound))
        set_up.config, set_up.popmaps = prepared.config, prepared.popmaps
        old_popmaps.retire()
        for line in dict.fromkeys(self._said):
            self._log(Level.ERR, line)
        for line in self._notices(old_config):
            self._log(Level.NOTICE, line)
        self._log(Level.NOTICE, f"Reloaded {listed(part for part in PARTS if part not in self._kept)}")

    def _notices(self, old: Config) -> Iterator[str]:
        now, then = self._set_up.config, self._started_with
        changed = [name for name in AT_THE_START if getattr(now.common, name, None) != getattr(then, name, None)]
        if now.common.foreground != then.foreground and "no_daemon" not in changed:
            changed.append("log_facility")
        if changed:
            yield f"changed, and in force from the next start on: {', '.join(changed)}"
        known = {line for settings in old.listeners for line in notices(settings)}
        lines = [line for settings in now.listeners for line in notices(settings)]
        yield from (line for line in dict.fromkeys(lines) if line not in known)


def listed(parts: Iterable[str]) -> str:
    """Write a list of parts in words."""
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def _announced(config: Config) -> Iterator[str]:
    """Name the maps that are opened again, in the C program's words; passwords are not shown."""
    maps = dict.fromkeys(named for settings in config.listeners for named in named_maps(settings))
    for named in maps:
        opt = "(null)" if named.opt is None else named.opt if kind_of(named.library) in FILES else "***"
        yield f'Reloading map library "{named.library}" with options "{opt}"'
