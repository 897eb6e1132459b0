"""The command line: a few options of its own, and the daemon's options about maps and the log."""

import textwrap
from collections.abc import Sequence
from typing import Final

import attrs

from perdition.config.load import Config, load
from perdition.config.origin import ConfigError, Source, shown
from perdition.io_trio.service import MAP_OPTIONS

PROGRAM: Final = "perdition-mapd"
OF_THE_DAEMON: Final = (*MAP_OPTIONS, "log_facility", "debug", "quiet", "config_file", "help", "version")
"""What may stand on the command line.  In a configuration file, which the daemon reads as well, anything may."""

MOST_RIGHTS: Final = 0o777


@attrs.frozen
class Options:
    """What is to be done.

    Args:
        socket: where to listen.
        mode: who may ask: the rights of the socket.
        empty_user: whether an answer has no user where the map gives none, rather than the key.
        config: the daemon's options.
    """

    socket: str
    mode: int
    empty_user: bool
    config: Config


OWN: Final = {"--socket": "/var/run/perdition.db", "--mode": "0660"}
"""Our own options with a value, and their defaults; the socket is the daemon map's."""
EMPTY_USER: Final = "--empty_user"

USAGE: Final = """\
Usage: {program} [--socket PATH] [--mode MODE] [{empty_user}]
                     [OPTION OF THE DAEMON]...

Answers the daemon map of perdition, old and new, from other maps.

  --socket PATH   Listen there. Default: {socket}.
  --mode MODE     Rights of the socket, octal. Default: {mode}.
  {empty_user}    Answer without a user where the map has none. Default: with
                  the key, for perdition 2.2 with username_from_database.

Options of the daemon (see perdition-trio --help), also from its configuration
file:
{options}
"""


def usage() -> str:
    """Write the help text."""
    options = textwrap.fill(", ".join(OF_THE_DAEMON), 78, initial_indent="  ", subsequent_indent="  ")
    return USAGE.format(
        program=PROGRAM, socket=OWN["--socket"], mode=OWN["--mode"], empty_user=EMPTY_USER, options=options
    )


def read(words: Sequence[str]) -> Options:
    """Read the words behind the program's name.

    Raises:
        ConfigError: with every error that was found.
    """
    own, rest = _own([word for word in words if word != EMPTY_USER])
    config = load([PROGRAM, *rest])
    foreign = [
        f"option --{name} is none of {PROGRAM}"
        for name, origin in config.common.origins.items()
        if origin.kind is Source.COMMAND_LINE and name not in OF_THE_DAEMON
    ]
    if foreign:
        raise ConfigError(*foreign)
    return Options(own["--socket"], _mode(own["--mode"]), EMPTY_USER in words, config)


def _own(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Take out our own options: `--name value` or `--name=value`, the last one counts."""
    values, rest = dict(OWN), list[str]()
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if name not in OWN:
            rest.append(word)
            continue
        value = value if equals else next(left, "")
        if not value:
            raise ConfigError(f"option {name}: expected a value")
        values[name] = value
    return values, rest


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= MOST_RIGHTS:
        raise ConfigError(f"option --mode: {shown(text)}: expected an octal number such as 0660")
    return mode
