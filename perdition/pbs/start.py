"""How the daemon starts: what only root can get first, then into the background, then as an ordinary user."""

import contextlib
import os
import pwd
import socket
from collections.abc import Iterator
from typing import Final

import trio

from perdition.io_trio.daemonize import close_inherited, daemonize
from perdition.io_trio.logs import OpenLog
from perdition.io_trio.privileges import Account, NoSuchAccount
from perdition.mapd.listen import CannotListen
from perdition.pbs.command_line import Settings
from perdition.pbs.daemon import SOCKET, STANDARD_INPUT, Daemon, Opened
from perdition.pbs.followed_file import FollowedFile
from perdition.pbs.listen import socket_at
from perdition.pbs.open_store import opener
from perdition.pbs.options import PROGRAM
from perdition.pbs.store import StoreTrouble

ON_THE_TERMINAL: Final = ("-", "+")


class CannotStart(Exception):
    """The daemon cannot be started; the text names an option, its value and why."""


def run_daemon(settings: Settings) -> int:
    """Run the daemon, in the background unless it is to stay; give its exit status.

    Errors of the start reach whoever started it, and so does the exit status.

    Raises:
        CannotStart, BadStore, StoreTrouble: a file, socket, account, store or log cannot be used.
    """
    on_the_terminal = settings.log_facility.startswith(ON_THE_TERMINAL) or STANDARD_INPUT in settings.log_file
    foreground = settings.no_daemon or on_the_terminal
    if not foreground:
        close_inherited([])
    try:
        account = find_account(settings)
        log = OpenLog(settings.log_facility, PROGRAM, debug=settings.debug, quiet=settings.quiet)
    except NoSuchAccount as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"option --log_facility: {settings.log_facility}: {error.strerror}") from None
    open_store = opener(settings.store)
    with opened(settings, account) as what:
        launcher = None if foreground else daemonize()
        try:
            if account is not None:
                account.assume()
            store = open_store()
        except (StoreTrouble, OSError) as error:
            if launcher is None:
                raise
            launcher.failed(f"{PROGRAM}: option --store: {error}\n")
            return 1
        if launcher is not None:
            launcher.ready()
        return 0 if trio.run(Daemon(settings, what, store, log).run) else 1


def find_account(settings: Settings) -> Account | None:
    """Find whom to go on as; None: as we are.

    Raises:
        NoSuchAccount: there is no such user or group.
    """
    if not settings.username and not settings.group:
        return None
    username, group = settings.username or str(os.geteuid()), settings.group
    if not group:
        try:
            group = str(pwd.getpwnam(username).pw_gid)
        except KeyError:  # a number, or nobody: Account.find tells which
            group = username if username.isdecimal() else "0"
    return Account.find(username, group)


@contextlib.contextmanager
def opened(settings: Settings, account: Account | None) -> Iterator[Opened]:
    """Open files and sockets; close them at the end.

    Raises:
        CannotStart: one of them cannot be had.
    """
    files: dict[str, FollowedFile] = {}
    sockets: list[socket.socket] = []
    listeners: list[tuple[str, socket.socket]] = []
    option, mode = "log_file", settings.socket_mode
    with contextlib.ExitStack() as stack:
        try:
            for source in dict.fromkeys(settings.log_file):
                if source.startswith("/"):
                    files[source] = stack.enter_context(contextlib.closing(followed(source)))
                elif source.startswith(SOCKET):
                    path, kind = source.removeprefix(SOCKET), socket.SOCK_DGRAM
                    sockets.append(stack.enter_context(socket_at(path, mode=mode, account=account, kind=kind)))
            for option, places in (("socketmap", settings.socketmap), ("tcp_table", settings.tcp_table)):
                listeners += [
                    (option, stack.enter_context(socket_at(place, mode=mode, account=account))) for place in places
                ]
        except CannotListen as error:
            raise CannotStart(f"option --{option}: {error}") from None
        yield Opened(files, sockets, listeners)


def followed(path: str) -> FollowedFile:
    """Open a log file.

    Raises:
        CannotStart: it cannot be opened.
    """
    try:
        return FollowedFile(path)
    except OSError as error:
        raise CannotStart(f"option --log_file: {path}: {error.strerror}") from None
