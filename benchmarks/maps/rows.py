"""The users of all maps: so many, numbered, on sixteen real servers."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SERVERS: Final = 16
SEED: Final = 1
DRAWN: Final = 20_000
"""How many keys a measurement goes through before it begins anew."""


def key(number: int) -> str:
    """Give a user's key."""
    return f"user{number:07}@example.com"


def server(number: int) -> str:
    """Give his real server's address."""
    return f"192.0.2.{number % SERVERS + 1}"


def rows(count: int) -> Iterator[tuple[str, str, str]]:
    """Give key, server and port of each user."""
    return ((key(number), server(number), "143") for number in range(count))


def write_popmap(path: Path, count: int) -> None:
    """Write them as perdition's text form."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{name}:{host}:{port}\n" for name, host, port in rows(count))


def draw(count: int, most: int) -> list[bytes]:
    """Draw some of the users, the same ones each time."""
    numbers = random.Random(SEED)  # noqa: S311  # no secret
    return [key(numbers.randrange(count)).encode() for _ in range(min(most, DRAWN))]
