"""From the words of the command line to settings."""

import getopt
import os
from collections.abc import Sequence

import attrs

from perdition.config.origin import ConfigError, shown
from perdition.config.values import HostPort
from perdition.pbs.addresses import Network, canonical
from perdition.pbs.log_line import LogReader
from perdition.pbs.options import MODES, OPTIONS, PROGRAM, Option


@attrs.frozen(kw_only=True)
class Settings:
    """What is to be done: a field for each option, with its name; see options.py for what they mean.

    Args:
        words: what stands behind the options.
        reader: option regex.
    """

    mode: str
    words: tuple[str, ...]
    log_file: tuple[str, ...]
    reader: LogReader
    timeout: int
    ignore: tuple[Network, ...]
    store: str
    socketmap: tuple[str | HostPort, ...]
    tcp_table: tuple[str | HostPort, ...]
    socket_mode: int
    answer: str
    db_file: str | None
    prefix: str
    username: str
    group: str
    log_facility: str
    no_daemon: bool
    debug: bool
    quiet: bool
    help: bool
    version: bool


def read(program: str, words: Sequence[str]) -> Settings:
    """Read the words behind the program's name.

    Raises:
        ConfigError: with every error that was found.
    """
    given, rest = _cut(words)
    named = "mode" in given or _mode_of(program) is not None
    if not named and rest and rest[0] in MODES and not _ended(words, rest):
        behind, others = _cut(rest[1:], mixed=rest[0] != "setenv")  # whose program has options of its own
        rest = [rest[0], *others]
        for name, texts in behind.items():
            given.setdefault(name, []).extend(texts)
    errors: list[str] = []
    found: dict[str, object] = {}
    for option in OPTIONS:
        texts = given.get(option.name, [])
        if not option.arg:
            found[option.name] = bool(texts)
            continue
        values = _values(option, texts, errors)
        found[option.name] = values if option.adds else values[-1] if values else None
    if errors:
        raise ConfigError(*errors)
    rest = _mode(program, found, chosen="mode" in given, rest=rest)
    found["reader"] = LogReader(found.pop("regex"))  # type: ignore[arg-type]  # what its parser gives
    settings = Settings(words=tuple(rest), **found)  # type: ignore[arg-type]  # one for each field: a test sees to it
    if not settings.help and not settings.version:
        _check(settings)
    return settings


def _ended(words: Sequence[str], rest: Sequence[str]) -> bool:
    """Tell whether `--` has ended the options before the rest."""
    return list(words[: len(words) - len(rest)])[-1:] == ["--"]


def _cut(words: Sequence[str], *, mixed: bool = False) -> tuple[dict[str, list[str]], list[str]]:
    """Cut the words into options and others; `--` ends the options, and so does another word if they are not mixed."""
    letters = "".join(option.short + (":" if option.arg else "") for option in OPTIONS if option.short)
    names = [name + ("=" if option.arg else "") for option in OPTIONS for name in spellings(option.name)]
    try:
        pairs, rest = (getopt.gnu_getopt if mixed else getopt.getopt)(list(words), letters, names)
    except getopt.GetoptError as error:
        raise ConfigError(f"{error.msg}; see {PROGRAM} --help") from None
    by_word = {f"-{option.short}": option for option in OPTIONS if option.short}
    by_word |= {f"--{name}": option for option in OPTIONS for name in spellings(option.name)}
    given: dict[str, list[str]] = {}
    for word, value in pairs:
        if not word.startswith("--"):
            value = value.removeprefix("=")  # -t=60, as the daemon has it
        given.setdefault(by_word[word].name, []).append(value)
    return given, rest


def spellings(name: str) -> list[str]:
    """Give the ways to write an option's name."""
    return list(dict.fromkeys([name, name.replace("_", "-")]))


def _values(option: Option, texts: Sequence[str], errors: list[str]) -> tuple[object, ...]:
    if option.adds and not texts and not option.default:
        return ()
    values: list[object] = []
    for text in texts or [option.default]:
        try:
            values.append(option.parse(text))
        except ValueError as error:
            errors.append(f"option --{option.name}: {shown(text)}: expected {error}")
    return tuple(values)


def _mode(program: str, found: dict[str, object], *, chosen: bool, rest: list[str]) -> list[str]:
    """Find the mode in the option, the program's name, or the first word behind the options; give what is left."""
    if chosen:
        return rest
    if (named := _mode_of(program)) is not None:
        found["mode"] = named
    elif rest:
        if rest[0] not in MODES:
            raise ConfigError(f"{shown(rest[0])}: expected a mode, one of {', '.join(MODES)}")
        found["mode"], *rest = rest
    return rest


def _mode_of(program: str) -> str | None:
    """Give the mode of a program's name; None: it has none."""
    named = os.path.basename(program).removeprefix(f"{PROGRAM}-")
    return named if named in MODES else None


def _check(settings: Settings) -> None:
    """Look at what stands behind the options, and whether there is anything to do.

    Raises:
        ConfigError: it makes no sense.
    """
    expected, _ = MODES[settings.mode]
    if bool(settings.words) is not bool(expected) and not expected.startswith("["):
        raise ConfigError(f"mode {settings.mode}: expected {expected or 'nothing'} behind the options")
    if settings.mode in ("list", "insert", "remove"):
        wrong = [word for word in settings.words if key(settings, word) is None]
        if wrong:
            raise ConfigError(*(f"mode {settings.mode}: {shown(word)}: expected an address" for word in wrong))
    serves = settings.socketmap or settings.tcp_table or settings.db_file
    if settings.mode == "daemon" and not any(settings.log_file) and not serves:
        raise ConfigError("nothing to do: expected one of --log_file, --socketmap, --tcp_table, --db_file")
    if settings.db_file is not None and not settings.db_file.startswith("/"):
        raise ConfigError(f"option --db_file: {shown(settings.db_file)}: expected a path from the root")


def key(settings: Settings, word: str) -> str | None:
    """Read an address on the command line; the prefix may stand before it."""
    return canonical(word) or (canonical(word.removeprefix(settings.prefix)) if settings.prefix else None)
