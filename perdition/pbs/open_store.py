"""From option store to the store."""

from collections.abc import Callable
from typing import Final

from perdition.pbs.sqlite_file import SqliteFile
from perdition.pbs.store import BadStore, Store

SQLITE: Final = "sqlite:"
REDIS: Final = ("redis", "valkey")


def sqlite_path(option: str) -> str | None:
    """Give the file, `sqlite:/path` or `/path`; None: the store is another."""
    path = option.removeprefix(SQLITE)
    return path if path.startswith("/") else None


def opener(option: str) -> Callable[[], Store]:
    """Give what opens the store, and may raise StoreTrouble; all that it needs is imported.

    Raises:
        BadStore: the option makes no sense, or the driver is not installed.
    """
    path = sqlite_path(option)
    if path is not None:
        from perdition.pbs.sqlite_store import SqliteStore  # mode setenv needs no loop, and no time to import one

        return lambda: SqliteStore(path)
    if not option.startswith(REDIS):
        raise BadStore("expected sqlite:/path, or redis://host as for the redis map")
    try:
        import hiredis  # noqa: F401  # a clear word instead of a traceback
    except ImportError:
        raise BadStore("expected the package hiredis (pip install 'perdition[redis]'; python3-hiredis)") from None
    from perdition.pbs.redis_store import RedisStore

    store = RedisStore(option)
    return lambda: store


def open_store(option: str) -> Store:
    """Open the store.

    Raises:
        BadStore: the option makes no sense, or the driver is not installed.
        StoreTrouble: it cannot be opened.
    """
    return opener(option)()


def open_to_read(path: str) -> SqliteFile:
    """Open a file to ask it only.

    Raises:
        StoreTrouble: it cannot be opened.
    """
    return SqliteFile(path, writable=False)
