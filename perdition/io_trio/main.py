"""The command `perdition-trio`: options in, exit status out."""

import os
import sys
from importlib.metadata import PackageNotFoundError, version

import trio

from perdition.config.help import usage
from perdition.config.load import load
from perdition.config.origin import ConfigError
from perdition.io_trio.daemon import Daemon, Listener
from perdition.io_trio.listeners import CannotListen, listen
from perdition.io_trio.logs import open_log
from perdition.io_trio.service import SetUpError, make_service
from perdition.io_trio.tls import TlsFilesError
from perdition.session.effects import Level


class CannotStart(Exception):
    """The daemon cannot be started; each line names an option, its value and what was expected."""


def main() -> None:
    """Run the daemon; every error is one line on standard error, and the exit status is not 0."""
    program = os.path.basename(sys.argv[0]) or "perdition"
    if program == "__main__.py":
        program = "perdition-trio"
    try:
        sys.exit(run(program))
    except (CannotStart, ConfigError) as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"{program}: {line}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def run(program: str) -> int:
    """Read the options, set everything up, then serve.

    Raises:
        ConfigError: an option is wrong.
        CannotStart: a file, map, address or log cannot be used.
    """
    config = load([program, *sys.argv[1:]])
    if config.common.help:
        sys.stdout.write(usage())
        return 0
    if config.common.version:
        sys.stdout.write(f"perdition {installed_version()}\n")
        return 0
    common = config.common
    listeners: list[Listener] = []
    try:
        services = [make_service(settings) for settings in config.listeners]
        log = open_log(common.log_facility, program, debug=common.debug, quiet=common.quiet)
        for service in services:
            listeners += [Listener(sock, service) for sock in listen(service.settings)]
    except (SetUpError, TlsFilesError, CannotListen) as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"option log_facility: {common.log_facility}: {error.strerror}") from None
    if common.debug:
        for settings in config.listeners:
            log(
                Level.INFO,
                f"Starting perdition version={installed_version()} protocol={settings.protocol.value}",
            )
    trio.run(Daemon(listeners, log, common.shutdown_grace).run)
    return 0


def installed_version() -> str:
    """Give the version of the package."""
    try:
        return version("perdition")
    except PackageNotFoundError:
        return "unknown"
