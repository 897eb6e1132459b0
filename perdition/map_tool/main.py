"""The command `perdition-map`."""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Final

from perdition.config.origin import ConfigError
from perdition.map_tool.build import build, convert, dump
from perdition.map_tool.check import CHECKED, check
from perdition.map_tool.errors import ToolError, naming
from perdition.map_tool.kinds import DATABASES, STANDARD, lines_of
from perdition.map_tool.lookup import lookup
from perdition.map_tool.progress import Progress
from perdition.map_tool.signals import clean_ends

PROGRAM: Final = "perdition-map"
LOOKUP: Final = "lookup"
INTERRUPTED: Final = 130
EPILOG: Final = """\
exit status: 0 all is well; 1 it could not be done, or check found something; 2 wrong usage.
lookup: 0 found; 3 absent (a default server may stand in); 4 unavailable; 5 broken.
"""


def main() -> None:
    """Run the command; every error is one line on standard error."""
    try:
        status = run(sys.argv[1:])
        with naming("standard output"):
            sys.stdout.flush()
    except (ToolError, ConfigError) as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"{PROGRAM}: {line}\n")
        status = 1
    except BrokenPipeError:  # who reads our output has seen enough
        status = 1
        forget_output()
    except OSError as error:
        sys.stderr.write(f"{PROGRAM}: {error.filename}: {error.strerror}\n")
        status = 1
        forget_output()
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


def forget_output() -> None:
    """Have Python not try once more, at its end, to write what could not be written."""
    with contextlib.suppress(io.UnsupportedOperation):  # a stream of a caller in this process
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(words: Sequence[str]) -> int:
    """Do what the words say; give the exit status.

    Raises:
        ToolError, ConfigError, OSError: it cannot be done.
    """
    if words[:1] == [LOOKUP] and words[1:] not in (["-h"], ["--help"]):
        return lookup(words[1:], sys.stdout)  # its options are the daemon's, and perdition's own reader has them
    asked = parser().parse_args(words)
    match asked.command:
        case "build":
            with clean_ends():
                build(asked.kind, asked.file, lines_of(STANDARD), Progress(sys.stderr))
        case "dump":
            dump(asked.kind, asked.file)
        case "convert":
            with clean_ends():
                convert(asked.source, asked.target, Progress(sys.stderr))
        case "check":
            *findings, summary = check(asked.kind, asked.file, os.fsencode(asked.delimiter), names=asked.resolve)
            for finding in findings:
                sys.stdout.write(f"{finding}\n")
            sys.stdout.write(f"{summary}\n")
            return 1 if findings else 0
    return 0


def parser() -> argparse.ArgumentParser:
    """Make the reader of the command line."""
    top = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Makes, shows and checks popmaps.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help in (
        ("build", "write FILE from lines key:value on standard input, all at once or not at all"),
        ("dump", "print FILE as lines key:value"),
    ):
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("kind", choices=DATABASES, metavar="KIND", help=", ".join(DATABASES))
        command.add_argument("file", metavar="FILE")
    help = "write TO from FROM, each KIND:FILE; the kind text is that of dump, text:- standard input or output"
    command = commands.add_parser("convert", help=help, description=help)
    command.add_argument("source", metavar="FROM")
    command.add_argument("target", metavar="TO")
    help = "look for what is wrong: syntax, keys that are there twice, rules never reached, servers that do not resolve"
    command = commands.add_parser("check", help=help, description=help)
    command.add_argument("kind", choices=CHECKED, metavar="KIND", help=", ".join(CHECKED))
    command.add_argument("file", metavar="FILE")
    command.add_argument("--no-resolve", dest="resolve", action="store_false", help="do not ask for the servers' names")
    command.add_argument("--delimiter", default="@", help="the daemon's domain_delimiter; default: @")
    help = "say where a user would be sent: [OPTION OF THE DAEMON]... [--] USER"
    commands.add_parser(LOOKUP, help=help, description=help)
    return top
