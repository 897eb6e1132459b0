"""What can be wrong with the options, in one line that names the option."""

import math
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")
PORTS: Final = range(1, 65536)
LONGEST: Final = 86400
"""Seconds: nobody waits longer than a day for an answer."""


class UsageError(Exception):
    """The options cannot be; the text says what was expected."""


def option(name: str, read: Callable[[str], T]) -> Callable[[str], T]:
    """Give the reader of an option's value, for `argparse`: a value that cannot be is a `UsageError` of one line."""

    def read_value(text: str) -> T:
        try:
            return read(text)
        except UnicodeError:
            raise UsageError(f"--{name}: expected UTF-8") from None
        except ValueError as error:
            raise UsageError(f"--{name} {text}: expected {error}") from None

    return read_value


def port(text: str) -> int:
    """Read a port of TCP."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(PORTS[-1])) or int(text) not in PORTS:
        raise ValueError(f"a number from {PORTS[0]} to {PORTS[-1]}")
    return int(text)


def seconds(text: str) -> float:
    """Read a time that one can wait for."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= LONGEST:  # nor is NaN
        raise ValueError(f"seconds, more than 0 and at most {LONGEST}")
    return number


def host(text: str) -> str:
    """Read a name or an address."""
    expectation = "a host's name or address, of labels of 1 to 63 octets"
    try:
        text.encode("idna")
    except UnicodeError:
        raise ValueError(expectation) from None
    if not text or text.startswith("."):
        raise ValueError(expectation)
    return text


def octets(text: str) -> bytes:
    """Read a name of a user."""
    return text.encode()
