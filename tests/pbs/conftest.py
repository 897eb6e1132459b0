"""Fixtures: each store in turn."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from perdition.pbs.open_store import open_store
from perdition.pbs.store import Store
from tests.maps.network.redis import command
from tests.maps.network.server import Server
from tests.pbs.stores import redis_alone, redis_option, sqlite_option


@pytest.fixture(scope="session")
def redis() -> Iterator[tuple[Server, int]]:
    """A Redis for the tests of this folder; give it and its port."""
    with redis_alone() as running:
        yield running


@pytest.fixture(params=["sqlite", "redis"])
def option(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Option store, for a store with nothing in it."""
    if request.param == "sqlite":
        return sqlite_option(tmp_path)
    _, port = request.getfixturevalue("redis")
    command(port, "FLUSHALL")
    return redis_option(port)


@pytest.fixture
async def store(option: str) -> AsyncIterator[Store]:
    """The store itself."""
    opened = open_store(option)
    yield opened
    opened.close()
