"""Both stores, for tests: a file, and a real Redis."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.maps.network.redis import redis_server, say
from tests.maps.network.server import Server, find, folder_for_a_server
from tests.ports import free_port

PASSWORD: Final = "canary@pa/ss?&%"
PERCENT_ENCODED: Final = "canary%40pa%2Fss%3F%26%25"


@contextlib.contextmanager
def redis_alone() -> Iterator[tuple[Server, int]]:
    """Run a Redis that keeps what it has been told when it is started again; give it and its port."""
    find("redis-server")
    with folder_for_a_server() as folder:
        port = free_port()
        server = redis_server(folder, {"port": port, "appendonly": "yes"})
        server.start()
        try:
            say(port, ("ACL", "SETUSER", "pbs", "on", f">{PASSWORD}", "~pbs:*", "+setex", "+ttl", "+del", "+scan"))
            say(port, ("CONFIG", "REWRITE"))
            yield server, port
        finally:
            server.kill()


def redis_option(port: int, key: str = "") -> str:
    """Give option store, with a user who may do no more than is needed."""
    return f"redis://pbs:{PERCENT_ENCODED}@127.0.0.1:{port}/0" + (f"?key={key}" if key else "")


def sqlite_option(folder: Path) -> str:
    """Give option store for a file."""
    return f"sqlite:{folder}/pbs.sqlite"
