"""The text of --help, from the table."""

from typing import Final

from perdition.config.help import entry
from perdition.pbs.options import MODES, OPTIONS, PROGRAM, Option

HEAD: Final = f"""\
Usage: {PROGRAM} [OPTION]... [MODE] [OPTION]... [--] [WORD]...

POP before SMTP: from where users have logged in through perdition, mail may be
sent for a while.

Modes:
"""


def usage() -> str:
    """Write the help text."""
    lines = HEAD.splitlines()
    for name, (words, help) in MODES.items():
        lines += entry(f"  {name} {words}".rstrip(), help)
    lines += ["", "Options:"]
    for option in OPTIONS:
        lines += entry(_names(option), option.help + _default(option))
    return "\n".join(lines) + "\n"


def _names(option: Option) -> str:
    short = f"-{option.short}, " if option.short else "    "
    return f"  {short}--{option.name} {option.arg}".rstrip()


def _default(option: Option) -> str:
    return "" if not option.default or "Default" in option.help else f" Default: {option.default}."
