"""Both stores do the same."""

import math
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio

from perdition.pbs.open_store import open_store, open_to_read
from perdition.pbs.redis_store import AT_ONCE, SECONDS, RedisStore
from perdition.pbs.store import BadStore, Store, StoreTrouble
from tests.interop.machine import ROOT
from tests.maps.network.redis import command, say, watched
from tests.maps.network.server import Server
from tests.pbs.stores import PASSWORD, redis_alone, redis_option, sqlite_option

A, B, C = "192.0.2.7", "2001:db8::7", "192.0.2.8"
HOUR = 3600.0


async def test_what_is_put_is_known_until_its_time(store: Store) -> None:
    now = time.time()
    await store.put({A: now + HOUR, B: now + 2 * HOUR})
    until = [await store.until(address) for address in (A, B, C)]

    assert until[0] == pytest.approx(now + HOUR, abs=2)
    assert until[1] == pytest.approx(now + 2 * HOUR, abs=2)
    assert until[2] is None
    assert (await store.entries()).keys() == {A, B}


async def test_a_log_in_makes_it_last_longer_and_the_last_word_counts(store: Store) -> None:
    now = time.time()
    await store.put({A: now + HOUR})
    await store.put({A: now + 2 * HOUR})
    longer = await store.until(A)
    await store.put({A: now + HOUR})

    assert longer == pytest.approx(now + 2 * HOUR, abs=2)
    assert await store.until(A) == pytest.approx(now + HOUR, abs=2)


async def test_whose_time_is_over_is_not_known(store: Store) -> None:
    await store.put({A: time.time() - 1, B: time.time() + HOUR})

    assert await store.until(A) is None
    assert list(await store.entries()) == [B]
    await store.expire()
    assert list(await store.entries()) == [B]


async def test_time_passes(store: Store) -> None:
    await store.put({A: time.time() + 1})
    with trio.fail_after(20):
        while await store.until(A) is not None:  # noqa: ASYNC110  # nobody tells
            await trio.sleep(0.05)

    assert await store.entries() == {}


async def test_remove_and_clear(store: Store) -> None:
    await store.put(dict.fromkeys((A, B, C), time.time() + HOUR))

    assert await store.remove(A) is True
    assert await store.remove(A) is False
    assert (await store.entries()).keys() == {B, C}
    assert await store.clear() == 2
    assert await store.clear() == 0
    assert await store.entries() == {}


async def test_many(store: Store) -> None:
    limit = time.time() + HOUR
    many = {f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}": limit for number in range(2 * AT_ONCE + 1)}
    await store.put(many)

    assert (await store.entries()).keys() == many.keys()
    assert await store.clear() == len(many)


async def test_several_use_it_at_once(store: Store, option: str) -> None:
    other = open_store(option)
    try:
        async with trio.open_nursery() as nursery:
            for number in range(40):
                one = (store, other)[number % 2]
                nursery.start_soon(one.put, {f"192.0.2.{number}": time.time() + HOUR})
                nursery.start_soon(one.until, A)

        assert len(await store.entries()) == len(await other.entries()) == 40
    finally:
        other.close()


async def test_nothing_to_put(store: Store) -> None:
    await store.put({})

    assert await store.entries() == {}


# --- SQLite


def test_expired_rows_are_removed_from_the_file(tmp_path: Path) -> None:
    async def work() -> None:
        store = open_store(sqlite_option(tmp_path))
        await store.put({A: time.time() - 1, B: time.time() + HOUR})
        await store.expire()
        store.close()

    trio.run(work)
    file = sqlite3.connect(tmp_path / "pbs.sqlite")
    rows = file.execute("SELECT address FROM pbs").fetchall()
    file.close()

    assert rows == [(B,)]


async def test_who_reads_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    store = open_store(sqlite_option(tmp_path))
    await store.put({A: time.time() + HOUR})
    other = sqlite3.connect(tmp_path / "pbs.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    known = await store.until(A)
    with pytest.raises(StoreTrouble, match=r"pbs.sqlite: database is locked"):
        await store.put({B: time.time() + HOUR})
    other.execute("ROLLBACK")
    other.close()
    await store.put({B: time.time() + HOUR})
    entries = await store.entries()
    store.close()

    assert known is not None
    assert entries.keys() == {A, B}


@pytest.mark.parametrize("content", [b"no database" * 100, None], ids=["damaged", "a folder"])
def test_a_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "pbs.sqlite"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(StoreTrouble, match=f"^{path}: "):
        open_store(f"sqlite:{path}")
    with pytest.raises(StoreTrouble, match=f"^{path}: "):
        open_to_read(str(path))


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreTrouble, match="unable to open"):
        open_to_read(str(tmp_path / "pbs.sqlite"))

    assert list(tmp_path.iterdir()) == []


def test_a_path_with_odd_letters(tmp_path: Path) -> None:
    path = tmp_path / "100% ?#&.sqlite"
    open_store(f"sqlite:{path}").close()

    assert path.exists()


# --- Redis


async def test_the_key_is_chosen_by_the_option(redis: tuple[Server, int]) -> None:
    _, port = redis
    command(port, "FLUSHALL")
    store = open_store(redis_option(port, "pbs:a*[x]:{key}:z"))
    say(port, ("SET", "pbs:aXx:192.0.2.9:z", "1"), ("SET", "pbs:192.0.2.9", "1"))
    await store.put({B: time.time() + HOUR})
    entries = await store.entries()
    store.close()

    assert entries.keys() == {B}
    assert int(command(port, "TTL", f"pbs:a*[x]:{B}:z")) == pytest.approx(HOUR, abs=5)


async def test_a_key_that_somebody_has_set_without_an_end(redis: tuple[Server, int]) -> None:
    _, port = redis
    command(port, "FLUSHALL")
    say(port, ("SET", f"pbs:{A}", "1"))
    store = open_store(redis_option(port))
    until, entries = await store.until(A), await store.entries()
    store.close()

    assert until == math.inf
    assert entries == {A: math.inf}


async def test_redis_away_and_back() -> None:
    """Who asks is told at once, nobody waits; the first question after a while finds it again."""
    with redis_alone() as (server, port):
        store = RedisStore(redis_option(port))
        await store.put({A: time.time() + HOUR})
        server.kill()
        with pytest.raises(StoreTrouble, match=f"127.0.0.1:{port}: all attempts"):
            await store.until(A)
        server.start()
        with pytest.raises(StoreTrouble, match="all attempts"):
            await store.until(A)  # it has not been asked
        await trio.sleep(1.01)
        until = await store.until(A)
        server.kill()
        server.start()
        again = await store.until(A)  # the connection has died meanwhile, and that is not seen
        store.close()

    assert until is not None
    assert again == pytest.approx(until, abs=5)


async def test_a_frozen_redis_keeps_nobody_for_long() -> None:
    with redis_alone() as (server, port):
        store = RedisStore(redis_option(port))
        await store.put({A: time.time() + HOUR})
        server.freeze()
        start = trio.current_time()
        try:
            with pytest.raises(StoreTrouble, match=f"127.0.0.1:{port}: no answer within 3 s"):
                await store.until(A)
            with pytest.raises(StoreTrouble, match="no answer"):
                await store.until(A)
        finally:
            took = trio.current_time() - start
            server.thaw()
        await trio.sleep(1.01)
        until = await store.until(A)
        store.close()

    assert SECONDS <= took < 20
    assert until is not None


async def test_a_question_that_is_given_up_leaves_no_answer_behind(redis: tuple[Server, int]) -> None:
    _, port = redis
    store = RedisStore(redis_option(port))
    await store.put({A: time.time() + HOUR})
    with trio.move_on_after(0) as gone:
        await store.until(A)
    unknown = await store.until(C)
    store.close()

    assert gone.cancelled_caught
    assert unknown is None


async def test_a_refusal_is_told_without_the_password(redis: tuple[Server, int]) -> None:
    _, port = redis
    store = open_store(f"redis://pbs:wrong-canary@127.0.0.1:{port}")
    with pytest.raises(StoreTrouble, match="AUTH: WRONGPASS") as caught:
        await store.until(A)
    store.close()
    other = open_store(redis_option(port, "other:{key}"))
    with pytest.raises(StoreTrouble, match="NOPERM") as no_key:
        await other.until(A)
    other.close()

    assert "canary" not in str(caught.value) + str(no_key.value)
    assert PASSWORD not in repr(other.__dict__)


async def test_sentinels() -> None:
    with watched() as servers:
        store = open_store(
            f"redis+sentinel://:canary@127.0.0.1:1,127.0.0.1:{servers.sentinel_port}/service?key=pbs:{{key}}"
        )
        await store.put({A: time.time() + HOUR})
        until = await store.until(A)
        store.close()
        stranger = open_store(f"redis+sentinel://127.0.0.1:{servers.sentinel_port}/other")
        with pytest.raises(StoreTrouble, match="knows no server for other"):
            await stranger.until(A)

    assert until is not None


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("", "expected sqlite:/path, or redis://host"),
        ("pbs.sqlite", "expected sqlite:/path"),
        ("sqlite:pbs.sqlite", "expected sqlite:/path"),
        ("redis:/x", "expected redis://, rediss://"),
        ("redis://h?hash=x", "expected no hash"),
        ("redis://h?key=user:{key}&fields=a,b", "expected no hash and no fields"),
        ("redis://h?key=x", "expected one {key} in it"),
        ("redis+cluster://h", "no cluster"),
    ],
)
def test_options_that_make_no_sense(option: str, message: str) -> None:
    with pytest.raises(BadStore, match=message):
        open_store(option)


def test_without_the_driver_there_is_a_clear_word() -> None:
    code = "import sys; sys.modules['hiredis'] = None; from perdition.pbs.main import run; run('', sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "--store", "redis://h", "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "expected the package hiredis (pip install 'perdition[redis]'" in done.stderr
