"""The redis map against real Redis servers."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from perdition.maps import Absent, Broken, Found, Outcome, Unavailable
from perdition.maps._redis_client import slot_of
from tests.maps.network.redis import (
    PASSWORD,
    Cluster,
    Redis,
    Watched,
    cluster,
    command,
    eventually,
    redis,
    say,
    watched,
)
from tests.maps.network.server import Server
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest, ask, the_way_to
from tests.maps.network.users import USERS, value
from tests.ports import free_port

pytestmark = pytest.mark.interop

NOWHERE = MapUnderTest("redis", "", Server((), lambda: True, Path()))
"""For tests that give the option themselves."""
FOUND = [user for user in USERS if user.server]


@pytest.fixture(scope="module")
def database() -> Iterator[Redis]:
    with redis() as running:
        yield running


FORMS = {
    "get": "key=server:{key}",
    "hget": "hash=servers",
    "hmget": "key=user:{key}&fields=login,host,port",
}


@pytest.fixture(params=FORMS)
def under_test(database: Redis, request: pytest.FixtureRequest) -> MapUnderTest:
    here = f"127.0.0.1:{database.port}"
    return MapUnderTest(
        library="redis",
        option=f"redis://{here}/0?{FORMS[request.param]}",
        server=database.server,
        with_user=request.param == "hmget",  # the others have the user in the string, with the delimiter
        wrong=(
            (f"redis://reader:canary@{here}", "AUTH: WRONGPASS"),
            (f"redis://nobody:canary@{here}", "AUTH: WRONGPASS"),
            (f"redis://:canary@{here}", "AUTH: ERR"),
            (f"redis://{here}/99", "DB index is out of range"),
            (f"redis://{here}/0?hash=secret", "WRONGTYPE"),
            (f"redis://reader:canary%40pa%2Fss%3F%26%25@{here}/0?key=user:{{key}}", "NOPERM"),
            (f"redis://127.0.0.1:{free_port()}", "all attempts to connect to 127.0.0.1"),
            ("redis://no-such-host.invalid", "no-such-host.invalid"),
            ("redis+unix:///no/such", "No such file"),
            (f"rediss://127.0.0.1:{database.tls_port}", "TLS"),
            (f"redis://127.0.0.1:{database.tls_port}", f"127.0.0.1:{database.tls_port}: "),
            (f"redis+sentinel://{here}/service", "unknown command"),
        ),
    )


@pytest.fixture
def here(database: Redis) -> str:
    return f"127.0.0.1:{database.port}"


async def outcome_of(option: str, key: str | bytes = "joe") -> Outcome:
    lookup = the_way_to(NOWHERE, option)
    outcome = await ask(lookup, key)
    lookup.close()
    return outcome


OPTIONS: dict[str, tuple[str | bytes, Outcome]] = {
    "redis://HERE": ("joe", Found(b"joe@one.example.com")),
    "valkey://HERE": ("joe", Found(b"joe@one.example.com")),
    "redis://HERE/": ("joe", Found(b"joe@one.example.com")),
    "redis://HERE/2": ("joe", Found(b"two.example.com")),
    "redis://HERE?db=2": ("joe", Found(b"two.example.com")),
    "redis+unix://SOCKET": ("joe", Found(b"joe@one.example.com")),
    "redis+unix://SOCKET?db=2": ("joe", Found(b"two.example.com")),
    "redis://127.0.0.2:NOBODY,HERE": ("joe", Found(b"joe@one.example.com")),
    "rediss://TLS?ca_file=CA&cert_file=PEM": ("joe", Found(b"joe@one.example.com")),
    "rediss://reader@TLS?password_file=PASSWORD&ca_file=CA&cert_file=PEM&key_file=PEM": (
        "joe",
        Found(b"joe@one.example.com"),
    ),
    "redis://reader@HERE?password_file=PASSWORD": ("joe", Found(b"joe@one.example.com")),
    "redis://HERE/0?key=popmap%3A{key}": ("joe", Found(b"joe@one.example.com")),
    "redis://HERE/0?key=popma{key}": ("p:joe", Found(b"joe@one.example.com")),
    "redis://HERE/0?key={key}joe": ("popmap:", Found(b"joe@one.example.com")),
    "redis://HERE/0?hash=popmap&key={key}@example.com": ("joe", Found(b"joe@four.example.com:993")),
    "redis://HERE/0?key=user:{key}&fields=host,port": ("ann", Found(b"two.example.com:1143")),
    "redis://HERE/0?key=user:{key}&fields=host": ("ann", Found(b"two.example.com")),
    "redis://HERE/0?key=user:{key}&fields=none": ("ann", Absent()),
    "redis://HERE/0?key=user:{key}&fields=login,none,port": ("ann", Absent()),
    "redis://HERE/0?": (b"raw\0\r\n\xff", Found(b"raw\0\r\n\xff")),
    "redis://HERE/0?key=popmap:{key}": ("list", Broken("expected a string, as SET makes it")),
    "redis://HERE/0?key=user:{key}&fields=login,host": ("set", Broken("expected a hash")),
    # What a user says stays behind the prefix, and in the hash.
    "redis://HERE?key=popmap:{key}&db=0": ("x\r\nGET secret", Absent()),
    "redis://HERE?hash=popmap": ("joe\r\n$6\r\nsecret", Absent()),
}


@pytest.mark.parametrize("option", OPTIONS)
async def test_what_the_url_asks_for(database: Redis, here: str, tmp_path: Path, option: str) -> None:
    key, outcome = OPTIONS[option]
    (tmp_path / "password").write_text(PASSWORD + "\nno part of it\n")
    names = {
        "HERE": here,
        "TLS": f"127.0.0.1:{database.tls_port}",
        "NOBODY": str(free_port()),
        "SOCKET": str(database.socket),
        "CA": str(database.ca_file),
        "PEM": str(database.folder / "server.pem"),
        "PASSWORD": str(tmp_path / "password"),
    }
    for name, text in names.items():
        option = option.replace(name, text)

    assert await outcome_of(option, key) == outcome


async def test_a_certificate_for_another_name_is_refused(database: Redis) -> None:
    pem = database.folder / "server.pem"
    outcome = await outcome_of(f"rediss://localhost:{database.tls_port}?ca_file={database.ca_file}&cert_file={pem}")

    assert isinstance(outcome, Unavailable)
    assert "TLS" in outcome.why


async def test_sighup_reads_the_password_again(here: str, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("wrong")
    lookup = the_way_to(NOWHERE, f"redis://reader@{here}?password_file={password}")
    before = await ask(lookup, "joe")
    password.write_text(PASSWORD)
    still = await ask(lookup, "joe")
    complaints = await lookup.reload()
    after = await ask(lookup, "joe")
    password.unlink()
    [complaint] = await lookup.reload()
    later = await ask(lookup, "joe")
    lookup.close()

    assert isinstance(before, Unavailable)
    assert still == before
    assert complaints == []
    assert after == later == Found(b"joe@one.example.com")
    assert complaint == f"Map redis: password_file {password}: cannot be read: No such file or directory"


@contextlib.asynccontextmanager
async def server_that(talks: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, talks, 0, host="127.0.0.1"))
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.0 400 Bad\r\n\r\n",
        b":5\r\n",
        b"-MOVED\r\n",
        b"$999999999999999999999\r\n",
        b"$5\r\nab",
        b"*2\r\n$-1\r\n*0\r\n",
        b"-MOVED 1 x:y\r\n",
        b"\0",
    ],
)
@pytest.mark.parametrize("scheme", ["redis://{}", "redis+sentinel://{}/service", "redis+cluster://{}"])
async def test_a_server_that_is_no_redis(scheme: str, nonsense: bytes) -> None:
    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.send_all(nonsense)
        await stream.send_eof()
        await stream.receive_some(1000)

    async with server_that(talk) as port:
        outcome = await outcome_of(scheme.format(f"127.0.0.1:{port}"))

    assert isinstance(outcome, Unavailable)


async def test_a_server_that_never_ends_is_not_listened_to_for_ever() -> None:
    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(b"$500000000\r\n")
            while True:
                await stream.send_all(bytes(65536))

    async with server_that(talk) as port:
        outcome = await outcome_of(f"redis://127.0.0.1:{port}")

    assert outcome == Unavailable(f"127.0.0.1:{port}: expected a shorter answer")


async def test_a_password_that_a_server_says_back_is_not_said_on() -> None:
    """Servers that know no AUTH quote the arguments of an unknown command."""

    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.send_all(b"-ERR unknown command 'AUTH', with args beginning with: 'canary'\r\n")

    async with server_that(talk) as port:
        outcome = await outcome_of(f"redis://:canary@127.0.0.1:{port}")

    assert outcome == Unavailable(f"127.0.0.1:{port}: AUTH: ERR")


# --- Sentinel


@pytest.fixture
def pair() -> Iterator[Watched]:
    with watched() as running:
        yield running


async def test_sentinel(pair: Watched) -> None:
    """The server is the one that the sentinel names; when that dies, it is the replica."""
    say(pair.port, ("AUTH", "canary"), *(("SET", f"popmap:{user.key}", value(user, with_user=True)) for user in FOUND))
    say(pair.port, ("AUTH", "canary"), ("WAIT", "1", "10000"))
    nobody = free_port()
    hosts = f"127.0.0.1:{nobody},127.0.0.1:{pair.sentinel_port}"
    lookup = the_way_to(NOWHERE, f"redis+sentinel://:canary@{hosts}/service")
    unknown = await outcome_of(f"redis+sentinel://:canary@{hosts}/other")
    refused = await outcome_of(f"redis+sentinel://{hosts}/service")
    before = {user.key: await ask(lookup, user.key) for user in FOUND}
    pair.master.kill()
    down = await ask(lookup, "joe")
    after = down
    with trio.fail_after(30):
        while not isinstance(after, Found):  # the sentinel has to find out
            after = await ask(lookup, "joe")
    lookup.close()

    assert before == {user.key: Found(value(user, with_user=True)) for user in FOUND}
    assert isinstance(down, Unavailable)
    assert after == before["joe"]
    assert unknown == Unavailable(f"127.0.0.1:{pair.sentinel_port}: the sentinel knows no server for other")
    assert isinstance(refused, Unavailable)
    assert "NOAUTH" in refused.why


# --- Cluster


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with cluster() as running:
        rows = [("SET", f"popmap:{user.key}", value(user, with_user=True)) for user in FOUND]
        rows += [("SET", f"popmap:{number}", f"s{number}.example.com".encode()) for number in range(30)]
        say(min(running.servers), *rows, cluster=True)
        yield running


async def test_a_cluster(three: Cluster) -> None:
    """Each node in turn is the one that is asked first."""
    keys = {user.key: value(user, with_user=True) for user in FOUND}
    keys |= {str(number): f"s{number}.example.com".encode() for number in range(30)}
    assert len({slot_of(f"popmap:{key}".encode()) // 5462 for key in keys}) == 3  # all nodes have some
    for port in three.servers:
        lookup = the_way_to(NOWHERE, f"redis+cluster://127.0.0.1:{port}")
        heard = {key: await ask(lookup, key) for key in keys}
        again = {key: await ask(lookup, key) for key in keys}
        strangers = {name: await ask(lookup, name) for name in ("nobody", "{joe}", "}{", "{}joe", "joe{")}
        lookup.close()

        assert heard == again == {key: Found(stored) for key, stored in keys.items()}
        assert set(strangers.values()) == {Absent()}


@pytest.mark.parametrize("key", ["joe", "{joe}", "a{joe}b", "{}", "{}joe", "{joe", "joe}", "}{", "{{joe}}", "{a}{b}"])
def test_slots_are_the_clusters(three: Cluster, key: str) -> None:
    assert command(min(three.servers), "CLUSTER", "KEYSLOT", key) == str(slot_of(key.encode()))


async def test_a_key_that_moves_is_found_on_its_way_and_behind(three: Cluster) -> None:
    slot = slot_of(b"popmap:joe")
    lookup = the_way_to(NOWHERE, f"redis+cluster://{three.hosts}")
    before = await ask(lookup, "joe")
    names = {port: command(port, "CLUSTER", "MYID") for port in three.servers}
    [source] = [port for port in three.servers if command(port, "CLUSTER", "COUNTKEYSINSLOT", str(slot)) != "0"]
    target = next(port for port in three.servers if port != source)
    say(target, ("CLUSTER", "SETSLOT", str(slot), "IMPORTING", names[source]))
    say(source, ("CLUSTER", "SETSLOT", str(slot), "MIGRATING", names[target]))
    say(source, ("MIGRATE", "127.0.0.1", str(target), "popmap:joe", "0", "5000"))
    on_its_way = await ask(lookup, "joe")
    for port in (target, source):
        say(port, ("CLUSTER", "SETSLOT", str(slot), "NODE", names[target]))
    behind = await ask(lookup, "joe")
    again = await ask(lookup, "joe")
    lookup.close()

    assert before == on_its_way == behind == again == Found(b"joe@one.example.com")


async def test_a_node_that_is_down_concerns_its_own_users_only(three: Cluster) -> None:
    lookup = the_way_to(NOWHERE, f"redis+cluster://{three.hosts}")
    keys = [str(number) for number in range(30)]
    before = [await ask(lookup, key) for key in keys]
    last = list(three.servers)[-1]
    three.servers[last].kill()
    down = [await ask(lookup, key) for key in keys]
    three.servers[last].start()
    eventually("cluster_state:ok", last, "CLUSTER", "INFO")  # its fellows have to notice
    after = [await ask(lookup, key) for key in keys]
    lookup.close()

    assert {type(outcome) for outcome in down} == {Found, Unavailable}
    assert [outcome for outcome in down if isinstance(outcome, Found)] == [
        found for found, outcome in zip(before, down, strict=True) if isinstance(outcome, Found)
    ]
    assert after == before


async def test_a_node_that_says_nothing_any_more_is_forgotten() -> None:
    """The next lookup went there again, though another node had its slots by then."""
    moved = trio.Event()

    async def old(stream: trio.SocketStream) -> None:
        while await stream.receive_some(1000):
            if not moved.is_set():
                await stream.send_all(b"$1\r\na\r\n")

    async with server_that(old) as old_port:

        async def first(stream: trio.SocketStream) -> None:
            while await stream.receive_some(1000):
                await stream.send_all(b"$1\r\nb\r\n" if moved.is_set() else b"-MOVED 1 127.0.0.1:%d\r\n" % old_port)

        async with server_that(first) as port:
            lookup = the_way_to(NOWHERE, f"redis+cluster://127.0.0.1:{port}", timeout=2)
            before = await ask(lookup, "joe")
            moved.set()
            after = await ask(lookup, "joe")
            lookup.close()

    assert before == Found(b"a")
    assert after == Found(b"b")
