"""From the command line to the configuration of the process: the one door of this package.

Precedence, strongest first: command line, configuration file (`[[listener]]` before top-level keys), the
program's name, defaults.  perdition 2.2 has exceptions to that for some options; there are none here.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from perdition.config import command_line, perdition_conf, toml_file
from perdition.config.build import build, clashes
from perdition.config.origin import PROGRAM, ConfigError, Given, Reading, shown
from perdition.config.place import placed
from perdition.config.program import Program, program
from perdition.config.settings import Settings
from perdition.config.whole import contradictions

FOLDER: Final = "/etc/perdition"
TOML: Final = ".toml"
MISSING: Final = os.strerror(errno.ENOENT)
NOTHING: Final = Reading()
"""What a file gives that is named and not there: perdition 2.2 goes on without."""
# They are answered before anything else is looked at, so that they work with a broken configuration.
ANSWERED_FIRST: Final = frozenset({"help", "version"})


@attrs.frozen
class Config:
    """The configuration of a process.

    Args:
        listeners: one for each `[[listener]]` table; exactly one without TOML.
        common: what holds for the process: the options without those tables.
        file: the configuration file, or "".
        whole: whether that could be read to its end.
        warnings: a line for each thing that was passed over, as perdition 2.2 does.
    """

    listeners: tuple[Settings, ...]
    common: Settings
    file: str = ""
    whole: bool = True
    warnings: tuple[str, ...] = ()


def load(argv: Sequence[str], *, folder: str = FOLDER) -> Config:
    """Read the command line and the configuration file.

    Args:
        argv: the program's name and its options.
        folder: where the configuration file is looked for, when none is named.

    Returns:
        The configuration.  If `common.help` or `common.version` is on, nothing but these two was read.

    Raises:
        ConfigError: with every error that was found; a file that is named and not there is one.
    """
    config, errors = examine(argv, folder=folder)
    if errors or config.warnings:
        raise ConfigError(*config.warnings, *errors)
    return config


def examine(argv: Sequence[str], *, folder: str = FOLDER) -> tuple[Config, tuple[str, ...]]:
    """Read the same, as far as that goes; an option that is wrong has its default.

    Returns:
        The configuration, and one line for each error.
    """
    named = program(argv[0] if argv else "")
    line = command_line.read(argv[1:])
    asked = [given for given in line.given if given.name in ANSWERED_FIRST]
    if asked:
        common, _ = build(Settings(), [asked])
        return Config((common,), common), ()
    base = _base(named)
    name = _config_file(named, line.given, folder)
    file = _read_file(name)
    common, wrong = build(base, [file.given, line.given])
    errors = [*line.errors, *file.errors, *wrong]
    listeners = []
    for table in file.listeners:
        listener, wrong = build(base, [file.given, table, line.given])
        listeners.append(listener)
        errors += wrong
    for settings in listeners or [common]:
        errors += [placed(line, settings) for line in contradictions(settings)]
    errors = errors or [f"{name}: {line}" for line in clashes(listeners)]
    missing = [f"option config_file: cannot read {shown(name)}: {MISSING}"] if name and file is NOTHING else []
    config = Config(tuple(listeners) or (common,), common, name, file.whole, tuple(missing))
    return config, tuple(dict.fromkeys(errors))  # what all listeners share is wrong once, not each time


def _base(named: Program) -> Settings:
    settings = Settings(pid_file=named.pid_file, origins={"pid_file": PROGRAM})
    if named.protocol is None:
        return settings
    return attrs.evolve(settings, protocol=named.protocol, origins={**settings.origins, "protocol": PROGRAM})


def _config_file(named: Program, given: Sequence[Given], folder: str) -> str:
    """Find the configuration file; "" is none."""
    asked = [str(one.value) for one in given if one.name == "config_file"]
    if asked:
        return asked[-1]
    return next((file for file in named.config_files(folder) if os.path.exists(file)), "")


def _read_file(file: str) -> Reading:
    if not file:
        return Reading()
    try:
        data = Path(file).read_bytes()
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        return Reading(errors=(f"option config_file: cannot read {shown(file)}: {error.strerror}",), whole=False)
    return toml_file.read(data, file) if file.endswith(TOML) else perdition_conf.read(data, file)
