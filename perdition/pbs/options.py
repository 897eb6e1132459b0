"""The options of perdition-pbs, each once: command line, --help and man page derive from this table.

Modes, and those options that have a letter, are those of the C program perdition-pbs.
"""

from collections.abc import Callable
from typing import Final

import attrs

from perdition.config import values
from perdition.pbs import addresses, log_line

PROGRAM: Final = "perdition-pbs"
STORE: Final = "sqlite:/var/lib/perdition-pbs/pbs.sqlite"

MODES: Final = {
    "daemon": ("", "Follow logs and answer mail servers. The default."),
    "list": (
        "[ADDRESS]...",
        "Print all addresses, or those given, and until when they are known; status 1: one is not.",
    ),
    "insert": ("ADDRESS...", "Add addresses, as if somebody had logged in from there now."),
    "remove": ("ADDRESS...", "Forget addresses; status 1: one was not known."),
    "purge": ("", "Forget all addresses."),
    "setenv": ("PROGRAM [ARGUMENT]...", "Run a program, with RELAYCLIENT in its environment if the client is known."),
}
"""What stands behind the options in each mode, and what the mode does."""


@attrs.frozen(kw_only=True)
class Option:
    """One option.

    Args:
        name: the long name; on the command line hyphens may stand for underscores.
        short: the one letter, or "".
        arg: the word for its value in --help; "" is a flag.
        help: one sentence or two.
        parse: makes a value of a text, or raises ValueError with the expectation as its message.
        default: the text that stands for the value when nothing is given.
        adds: whether it may be given again, and all values count.
    """

    name: str
    short: str = ""
    arg: str = ""
    help: str
    parse: Callable[[str], object] = values.text
    default: str = ""
    adds: bool = False


def place(text: str) -> str | values.HostPort:
    """Read where to listen: a path, or `host:port`.

    Raises:
        ValueError: with the expectation.
    """
    if text.startswith("/"):
        return text
    try:
        [element] = values.bind_addresses(text)
    except ValueError:
        element = None
    if element is None or element.port is None:
        raise ValueError("/path, or host:port with brackets around an IPv6 address")
    return element


def source(text: str) -> str:
    """Read what to follow.

    Raises:
        ValueError: with the expectation.
    """
    if text in ("", "-") or text.startswith(("/", "journal:", "unix:/")):
        return text
    raise ValueError("/path, -, journal:[UNIT,...], unix:/path, or nothing")


def mode(text: str) -> str:
    """Read option mode.

    Raises:
        ValueError: with the expectation.
    """
    if text not in MODES:
        raise ValueError(f"one of {', '.join(MODES)}")
    return text


def rights(text: str) -> int:
    """Read the rights of a socket.

    Raises:
        ValueError: with the expectation.
    """
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or set(text) & set("89") or int(text, 8) > 0o777:
        raise ValueError("an octal number such as 0660")
    return int(text, 8)


def answer(text: str) -> str:
    """Read what mail servers are answered.

    Raises:
        ValueError: with the expectation.
    """
    if not text or not text.isascii() or not text.isprintable() or len(text) > 1000:
        raise ValueError("a few words in ASCII")
    return text


OPTIONS: Final = (
    Option(
        name="mode", short="m", arg="MODE", parse=mode, default="daemon",
        help="What to do; the word may also stand behind the options, and in the program's name: perdition-pbs-list.",
    ),
    Option(
        name="log_file", short="L", arg="SOURCE", parse=source, default="/var/log/mail.log", adds=True,
        help="Follow this: a file, - standard input, journal:[UNIT,...], unix:/path a socket for syslog daemons; "
        '"" nothing. May be given again.',
    ),
    Option(
        name="regex", short="r", arg="REGEX", parse=lambda text: log_line.expression(text) if text else None,
        help="Lines that match this count, and no others; its first group is the address. Default: the lines of a "
        "successful log-in through perdition, old and new.",
    ),
    Option(
        name="timeout", short="t", arg="SECONDS", parse=values.positive, default="3600",
        help="For how long an address is known after a log-in.",
    ),
    Option(
        name="ignore", arg="NETWORK,...", parse=addresses.networks,
        help="Never keep addresses of these networks, such as that of the webmail server.",
    ),
    Option(
        name="store", arg="STORE", default=STORE,
        help="Where addresses are kept: sqlite:/path, or the URL of a Redis, as for the redis map.",
    ),
    Option(
        name="socketmap", arg="PLACE", parse=place, adds=True,
        help="Answer Postfix and sendmail by the socketmap protocol there: host:port or /path. May be given again.",
    ),
    Option(
        name="tcp_table", arg="PLACE", parse=place, adds=True,
        help="Answer Postfix by the protocol of tcp_table there. May be given again.",
    ),
    Option(
        name="socket_mode", arg="RIGHTS", parse=rights, default="0660",
        help="Rights of the sockets that are files, octal.",
    ),
    Option(
        name="answer", arg="TEXT", parse=answer, default="OK",
        help="What mail servers are answered for an address that is known.",
    ),
    Option(
        name="db_file", short="D", arg="FILE", parse=values.file_name,
        help="Keep a Berkeley DB hash of all addresses there, for sendmail and exim.",
    ),
    Option(
        name="prefix", short="p", arg="TEXT", default="POP:",
        help="What the keys of that hash begin with.",
    ),
    Option(
        name="username", short="u", arg="USER", parse=lambda text: values.account(text) if text else "",
        help="Go on as this user, if started by root. Default: as whoever started it.",
    ),
    Option(
        name="group", short="g", arg="GROUP", parse=lambda text: values.account(text) if text else "",
        help="Go on with this group. Default: the user's.",
    ),
    Option(
        name="log_facility", short="F", arg="FACILITY", parse=values.log_facility, default="mail",
        help="Where its own log goes: a facility of syslog, /path, - standard output, + standard error.",
    ),
    Option(name="no_daemon", short="n", help="Stay in the foreground."),
    Option(name="debug", short="d", help="Log all there is to say."),
    Option(name="quiet", short="q", help="Log errors only."),
    Option(name="help", short="h", help="Print this."),
    Option(name="version", help="Print the version."),
)  # fmt: skip
BY_NAME: Final = {option.name: option for option in OPTIONS}
