"""The command `perdition-mapd`: options in, exit status out."""

import contextlib
import sys
from collections.abc import Iterator, Sequence

import trio

from perdition.config.origin import ConfigError
from perdition.io_trio.logs import Log, open_log
from perdition.io_trio.lookup import Lookups
from perdition.io_trio.main import installed_version
from perdition.io_trio.service import Popmaps, SetUpError
from perdition.mapd.listen import CannotListen, listening
from perdition.mapd.options import PROGRAM, Options, read, usage
from perdition.mapd.server import Server


class CannotStart(Exception):
    """The daemon cannot be started; the text is one line that names what is wrong."""


def main() -> None:
    """Run the daemon; every error is one line on standard error, and the exit status is not 0."""
    try:
        run(sys.argv[1:])
    except (CannotStart, ConfigError) as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"{PROGRAM}: {line}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def run(words: Sequence[str]) -> None:
    """Read the options, open the maps, then serve.

    Raises:
        ConfigError: an option is wrong.
        CannotStart: a map, the socket or the log cannot be used.
    """
    options = read(words)
    common = options.config.common
    if common.help:
        sys.stdout.write(usage())
        return
    if common.version:
        sys.stdout.write(f"perdition {installed_version()}\n")
        return
    try:
        log = open_log(common.log_facility, PROGRAM, debug=common.debug, quiet=common.quiet)
    except OSError as error:
        raise CannotStart(f"option log_facility: {common.log_facility}: {error.strerror}") from None
    try:
        with opened(options, log) as lookups, listening(options.socket, options.mode) as sock:
            trio.run(Server(sock, lookups, log, empty_user=options.empty_user).run)
    except SetUpError as error:
        raise CannotStart(str(error)) from None
    except CannotListen as error:
        raise CannotStart(f"option --socket: {error}") from None


@contextlib.contextmanager
def opened(options: Options, log: Log) -> Iterator[Lookups]:
    """Open the maps; close them at the end.

    Raises:
        SetUpError: there is none, or one cannot be opened.
    """
    settings = options.config.common
    if not settings.map_library and not settings.further_map:
        raise SetUpError("option map_library: expected a map to answer from")
    popmaps = Popmaps(log)
    try:
        yield popmaps.of(settings)
    finally:
        popmaps.close()
