"""The command `perdition-pbs`: options in, exit status out."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from perdition.config.origin import ConfigError
from perdition.pbs.command_line import Settings, read
from perdition.pbs.options import PROGRAM
from perdition.pbs.setenv import setenv
from perdition.pbs.store import BadStore, StoreTrouble

WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130


def main() -> None:
    """Run the command; every error is one line on standard error, and the exit status is not 0."""
    try:
        status = run(os.path.basename(sys.argv[0]), sys.argv[1:])
        sys.stdout.flush()
    except ConfigError as error:
        status = complain(str(error), WRONG_USAGE)
    except BadStore as error:
        status = complain(f"option --store: {error}", WRONG_USAGE)
    except StoreTrouble as error:
        status = complain(f"option --store: {error}", 1)
    except BrokenPipeError:  # who reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except OSError as error:
        status = complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


def complain(text: str, status: int) -> int:
    """Say what is wrong; give the exit status."""
    for line in text.splitlines():
        sys.stderr.write(f"{PROGRAM}: {line}\n")
    return status


def run(program: str, words: Sequence[str]) -> int:
    """Do what the words say; give the exit status.

    Modes import what they need: setenv is run for each connection of a mail client, and needs little.

    Raises:
        ConfigError, BadStore: an option is wrong.
        StoreTrouble, OSError: it cannot be done.
    """
    settings = read(program, words)
    if settings.help:
        from perdition.pbs.help import usage

        sys.stdout.write(usage())
        return 0
    if settings.version:
        from perdition.io_trio.main import installed_version

        sys.stdout.write(f"perdition {installed_version()}\n")
        return 0
    if settings.mode == "setenv":
        setenv(settings.store, settings.words)  # which becomes another program
    if settings.mode != "daemon":
        return run_command(settings)

    from perdition.pbs.start import CannotStart, run_daemon

    try:
        return run_daemon(settings)
    except CannotStart as error:
        return complain(str(error), 1)


def run_command(settings: Settings) -> int:
    """Do one thing.

    Raises:
        BadStore, StoreTrouble, OSError: it cannot be done.
    """
    import trio

    from perdition.pbs import commands
    from perdition.pbs.open_store import open_store

    async def work() -> int:
        store = open_store(settings.store)
        try:
            return await commands.run(settings, store, sys.stdout)
        finally:
            store.close()

    return trio.run(work)
