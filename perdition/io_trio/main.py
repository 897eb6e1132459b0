"""The command `perdition-trio`: options in, exit status out."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

import trio

from perdition.config.help import usage
from perdition.config.load import Config, examine
from perdition.config.origin import PROGRAM, ConfigError
from perdition.config.settings import Settings
from perdition.io_trio import inetd, signals, standard
from perdition.io_trio.check import report
from perdition.io_trio.daemon import Daemon
from perdition.io_trio.daemonize import close_inherited, daemonize
from perdition.io_trio.listeners import Bound
from perdition.io_trio.logs import DEV_LOG, OpenLog
from perdition.io_trio.notices import notices
from perdition.io_trio.pid_file import PidFile, PidFileError
from perdition.io_trio.privileges import Account, NoSuchAccount
from perdition.io_trio.reload import Reload
from perdition.io_trio.service import Popmaps, SetUpError, make_service
from perdition.io_trio.set_up import CannotSetUp, SetUp, set_up
from perdition.io_trio.show import show_config
from perdition.io_trio.systemd import BadActivation, Notify, handed_over
from perdition.io_trio.title import hide_secrets, name_process
from perdition.io_trio.tls_files import TlsFilesError
from perdition.io_trio.workers import serve_with_workers
from perdition.session.effects import Level


class CannotStart(Exception):
    """The daemon cannot be started; each line names an option, its value and what was expected.

    Args:
        lines: they.
        logged: whether the log has them already.
    """

    def __init__(self, lines: str, *, logged: bool = False) -> None:
        super().__init__(lines)
        self.logged = logged


def main() -> None:
    """Run the daemon; every error is one line on standard error, and the exit status is not 0."""
    program = os.path.basename(sys.argv[0]) or "perdition"
    if program == "__main__.py":
        program = "perdition-trio"
    standard.open_closed()
    shielded = inetd.shield()
    try:
        sys.exit(run(program))
    except CannotStart as error:
        if not (shielded and error.logged):
            complain(program, str(error).splitlines(), logged=shielded)
        sys.exit(1)
    except (ConfigError, standard.CannotWrite) as error:
        complain(program, str(error).splitlines(), logged=shielded)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def complain(program: str, lines: Sequence[str], *, logged: bool) -> None:
    """Say what is wrong on standard error, or in the system's log, if there is nobody else to hear it (inetd_mode)."""
    if logged:
        log = OpenLog("mail", program)
        for line in lines:
            log(Level.ERR, line)
        return
    for line in lines:
        standard.complain(f"{program}: {line}")


def run(program: str) -> int:
    """Read the options, set everything up, then serve.

    What only root can get, sockets and keys, is had before anything else; a daemon leaves its launcher when all is
    well, so that whoever started it has the errors and the exit status.

    Raises:
        ConfigError: an option is wrong.
        CannotStart: a file, map, address, account or log cannot be used.
    """
    argv = [program, *sys.argv[1:]]
    hide_secrets(argv[1:])
    config, wrong = examine(argv)
    common = config.common
    if common.help:
        standard.write(usage())
        return 0
    if common.version:
        standard.write(f"perdition {installed_version()}\n")
        return 0
    if common.check:
        return report(config, wrong, program)
    if common.print_config is not None and not wrong:
        return show_config(config, program)
    for line in config.warnings:
        standard.complain(f"{program}: {line}; going on without")
    name_process(program)
    try:
        if wrong:
            raise ConfigError(*wrong)
        return run_for_inetd(config, program) if common.inetd_mode else run_daemon(config, argv)
    except (CannotStart, ConfigError) as error:
        raise CannotStart(str(error), logged=log_failure(common, program, str(error).splitlines())) from None


def log_failure(common: Settings, program: str, lines: Sequence[str]) -> bool:
    """Log why there is no start: at boot nobody reads standard error; tell whether the log has it.

    A log that is standard error has it anyway.
    """
    facility = common.log_facility
    if common.origin("log_facility").bad or (common.inetd_mode and facility.startswith("-")):  # the client's connection
        facility = "mail"
    if facility.startswith("+") or (facility[0] not in "-/" and not os.path.exists(DEV_LOG)):
        return False
    try:
        log = OpenLog(facility, program, debug=common.debug, quiet=common.quiet)
        for line in lines:
            log(Level.ERR, line)
        if (account := Account.find(common.username, common.group)) is not None:
            log.give_to(account.uid, account.gid)
    except (NoSuchAccount, OSError):
        return False
    return True


def run_daemon(config: Config, argv: Sequence[str]) -> int:
    """Serve the listeners; give the exit status."""
    program, common = argv[0], config.common
    notify = Notify.from_environment(os.environ)
    sockets = take_sockets()
    if not common.foreground:
        close_inherited(kept_open(config, sockets))
    log = start_log(common, program)
    made = make(config, log, sockets)
    launcher = None if common.foreground else daemonize()
    announce(config, log)
    signals.hold()
    try:
        pid_file = settle(common, log)
    except CannotStart as error:
        if launcher is None:
            raise
        for line in str(error).splitlines():
            log(Level.ERR, line)
        launcher.failed("".join(f"{program}: {line}\n" for line in str(error).splitlines()))
        return 1
    if launcher is not None:
        notify.first = launcher.ready  # then signals are heard, and do not kill us
    try:
        return serve(made, argv, log, notify, forget(pid_file))
    finally:
        forget(pid_file)()


def serve(made: SetUp, argv: Sequence[str], log: OpenLog, notify: Notify, on_closed: Callable[[], None]) -> int:
    """Serve until a signal ends it; give the exit status.

    Args:
        made: what is served.
        argv: the program's name and its options, for SIGHUP.
        log: the log.
        notify: who wants to hear how we are.
        on_closed: called when the listeners are closed.
    """
    if made.config.common.workers != 1:
        return serve_with_workers(made, argv, log, notify, on_closed)
    trio.run(Daemon(made, log, Reload(argv, made, log), notify, on_closed).run)
    return 0


def run_for_inetd(config: Config, program: str) -> int:
    """Serve the client on standard input and output; give the exit status.

    Raises:
        CannotStart: as for a daemon.
    """
    common = config.common
    if len(config.listeners) > 1:
        raise CannotStart(f"option inetd_mode: expected one listener, not {len(config.listeners)}")
    if common.log_facility.startswith("-"):
        raise CannotStart("options inetd_mode and log_facility: standard output is the client's connection")
    log = start_log(common, program)
    popmaps = Popmaps(log)
    try:
        service = make_service(config.listeners[0], popmaps)
    except (SetUpError, TlsFilesError) as error:
        raise CannotStart(str(error)) from None
    announce(config, log)
    settle(common, log)
    try:
        trio.run(inetd.OneConnection(inetd.Client.take(), service, log).run)
    finally:
        popmaps.close()
    return 0


def take_sockets() -> tuple[Bound, ...]:
    """Take the listening sockets that whoever started us has bound.

    Raises:
        CannotStart: they are of no use.
    """
    try:
        return handed_over(os.environ)
    except BadActivation as error:
        raise CannotStart(str(error)) from None


def kept_open(config: Config, sockets: Sequence[Bound]) -> list[int]:
    """Give the descriptors that a daemon needs of those that it was started with."""
    return [settings.ssl_passphrase_fd for settings in config.listeners] + [bound.sock.fileno() for bound in sockets]


def start_log(common: Settings, program: str) -> OpenLog:
    """Open the log.

    Raises:
        CannotStart: it cannot be opened.
    """
    try:
        return OpenLog(common.log_facility, program, debug=common.debug, quiet=common.quiet)
    except OSError as error:
        raise CannotStart(f"option log_facility: {common.log_facility}: {error.strerror}") from None


def make(config: Config, log: OpenLog, sockets: Sequence[Bound]) -> SetUp:
    """Open the maps, load the certificates, bind the addresses.

    Raises:
        CannotStart: one of them cannot be had.
    """
    try:
        return set_up(config, log, sockets)
    except CannotSetUp as error:
        raise CannotStart(str(error)) from None


def announce(config: Config, log: OpenLog) -> None:
    """Log that we start, and which options have no effect."""
    for line in config.warnings:
        log(Level.ERR, f"{line}; going on without")
    for line in dict.fromkeys(line for settings in config.listeners for line in notices(settings)):
        log(Level.NOTICE, line)
    if config.common.debug or not config.common.foreground:
        for settings in config.listeners:
            log(
                Level.INFO,
                f"Starting perdition version={installed_version()} protocol={settings.protocol.value}",
            )


def settle(common: Settings, log: OpenLog) -> PidFile | None:
    """Write the pid file, and go on as an ordinary user.

    Raises:
        CannotStart: the file cannot be had, or there is no such user or group.
    """
    pid_file = None
    try:
        account = Account.find(common.username, common.group)
        wanted = common.pid_file and not common.inetd_mode
        if wanted and (not common.foreground or account or common.origin("pid_file") != PROGRAM):
            pid_file, said = PidFile.write(common.pid_file, account)
            if said:
                log(Level.INFO, said)
        if account is not None:
            log.give_to(account.uid, account.gid)
            account.assume()
    except (NoSuchAccount, PidFileError) as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        if pid_file is not None:
            pid_file.remove()
        raise CannotStart(f"options username and group: {error.strerror}") from None
    return pid_file


def forget(pid_file: PidFile | None) -> Callable[[], None]:
    """Give what removes the pid file, if there is one: another daemon may come."""
    return pid_file.remove if pid_file is not None else lambda: None


def installed_version() -> str:
    """Give the version of the package."""
    try:
        return version("perdition")
    except PackageNotFoundError:
        return "unknown"
