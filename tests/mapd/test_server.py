"""The map daemon answers, and keeps silent where an answer would be a lie."""

import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import attrs
import pytest
import trio

from perdition.io_trio.lookup import Bounds, Lookup, Lookups
from perdition.mapd.listen import listening
from perdition.mapd.server import Server
from perdition.maps import Absent, Broken, Found, Outcome, Query, Runs, Unavailable
from perdition.maps._daemon_packet import MOST, Answer, read_answer, write_question
from perdition.maps.daemon import DaemonMap
from perdition.session.effects import Level

LogLines: TypeAlias = list[tuple[Level, str]]
ENOUGH = 20.0


class Popmap:
    """A map that answers from a table; it may wait, and it notes what it is asked."""

    by_address = True

    def __init__(self, runs: Runs, answers: dict[bytes, Outcome]) -> None:
        self.runs = runs
        self.answers = answers
        self.asked: list[Query] = []
        self.gate = trio.Event()
        self.gate.set()

    def answer(self, query: Query) -> Outcome:
        self.asked.append(query)
        if query.key == b"raises":
            raise RuntimeError("canary")
        return self.answers.get(query.key, Absent())

    def lookup(self, query: Query) -> Outcome:
        return self.answer(query)

    def reload(self) -> None: ...

    def close(self) -> None: ...


class Native(Popmap):
    async def lookup(self, query: Query) -> Outcome:  # type: ignore[override]  # as in NativeMap
        outcome = self.answer(query)
        await self.gate.wait()
        return outcome


@attrs.frozen
class Running:
    """A server in this process."""

    path: Path
    popmap: Popmap
    log: LogLines

    async def ask(self, query: Query) -> Outcome:
        return await DaemonMap(str(self.path), 5, 4).lookup(query)


Serve: TypeAlias = Callable[..., contextlib.AbstractAsyncContextManager[Running]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    @contextlib.asynccontextmanager
    async def served(
        runs: Runs = Runs.NATIVE, *, empty_user: bool = True, **answers: Outcome
    ) -> AsyncIterator[Running]:
        log: LogLines = []

        def write(level: Level, line: str) -> None:
            log.append((level, line))

        table = {name.encode(): outcome for name, outcome in answers.items()}
        popmap = Native(runs, table) if runs is Runs.NATIVE else Popmap(runs, table)
        lookups = Lookups([Lookup("test", popmap, Bounds(), write)])
        with listening(f"{tmp_path}/s", 0o600) as sock:
            async with trio.open_nursery() as nursery:
                await nursery.start(Server(sock, lookups, write, empty_user=empty_user).run)
                log.clear()  # that it answers
                yield Running(tmp_path / "s", popmap, log)
                nursery.cancel_scope.cancel()

    return served


@contextlib.contextmanager
def client(tmp_path: Path, name: str = "client") -> Iterator[socket.socket]:
    """Give a socket with a name to answer to."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"{tmp_path}/{name}")
        sock.settimeout(ENOUGH)
        yield sock


async def send(sock: socket.socket, octets: bytes, running: Running) -> None:
    """Send a packet; the queue may be full, and the server on this loop has to empty it."""
    await trio.to_thread.run_sync(sock.sendto, octets, str(running.path))


async def answer_to(sock: socket.socket) -> Answer:
    """Wait for the next answer."""
    return read_answer(await trio.to_thread.run_sync(sock.recv, MOST))


@pytest.mark.parametrize("runs", Runs)
async def test_maps_of_all_ways_to_run(serve: Serve, runs: Runs) -> None:
    async with serve(runs, joe=Found(b"robert@mail.example.com:143"), six=Found(b"[::1]:993")) as running:
        heard = [await running.ask(Query(key)) for key in (b"joe", b"six", b"eve")]

    assert heard == [Found(b"robert@mail.example.com:143"), Found(b"[::1]:993"), Absent()]


@pytest.mark.parametrize("client", [("192.0.2.1", 4000), ("2001:db8::1", 4000)])
async def test_the_map_is_told_all_that_the_packet_has(serve: Serve, client: tuple[str, int]) -> None:
    query = Query(b"j\xf6e\0", b"%%", client, ("192.0.2.2", 143))
    async with serve() as running:
        await running.ask(query)

    assert running.popmap.asked == [query]


RESULTS: dict[bytes, Answer] = {
    b"host": Answer(b"", b"host", b""),
    b"host:143": Answer(b"", b"host", b"143"),
    b"joe@dom@host:imap": Answer(b"joe@dom", b"host", b"imap"),
    b"[::1]": Answer(b"", b"::1", b""),
    b"ann@": Answer(b"ann", b"", b""),
    b"": Answer(),
}


@pytest.mark.parametrize("result", RESULTS)
async def test_a_result_is_parted(serve: Serve, tmp_path: Path, result: bytes) -> None:
    async with serve(joe=Found(result)) as running:
        with client(tmp_path) as sock:
            await send(sock, write_question(Query(b"joe")), running)
            answer = await answer_to(sock)

    assert answer == RESULTS[result]


@pytest.mark.parametrize("result", RESULTS)
async def test_where_there_is_no_user_the_key_stands(serve: Serve, tmp_path: Path, result: bytes) -> None:
    """For perdition 2.2 with username_from_database, which takes no name for a name."""
    async with serve(empty_user=False, joe=Found(result)) as running:
        with client(tmp_path) as sock:
            await send(sock, write_question(Query(b"joe")), running)
            answer = await answer_to(sock)

    assert answer == attrs.evolve(RESULTS[result], user=RESULTS[result].user or b"joe")


async def test_whom_it_does_not_know_is_absent_for_our_own_map_either_way(serve: Serve) -> None:
    heard = []
    for empty_user in (True, False):
        async with serve(empty_user=empty_user) as running:
            heard += [await running.ask(Query(key)) for key in (b"joe", b"", b"joe\0", b"joe\0ann", b"\xff")]

    assert heard == [Absent()] * 10


TROUBLE: dict[str, tuple[Outcome, list[tuple[Level, str]]]] = {
    "unavailable": (
        Unavailable("refused\n"),
        [
            (Level.ERR, "Map test is unavailable: refused\n"),
            (Level.ERR, "No answers, those who ask have to wait: refused\\012"),
            (Level.DEBUG, 'No answer: key="joe": unavailable: refused\\012'),
        ],
    ),
    "broken": (Broken("no server"), [(Level.NOTICE, 'No answer: key="joe": broken: no server')]),
    "bad route": (
        Found(b"h\xe4"),
        [(Level.NOTICE, 'No answer: key="joe": expected a server and a port in ASCII')],
    ),
    "too long": (
        Found(b"x" * MOST),
        [(Level.NOTICE, 'No answer: key="joe": expected texts that fit into 65000 octets')],
    ),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_trouble_is_not_answered(serve: Serve, tmp_path: Path, trouble: str) -> None:
    """Questions are answered in order here: what comes first is the answer to the second question."""
    outcome, lines = TROUBLE[trouble]
    async with serve(joe=outcome, ann=Found(b"host")) as running:
        with client(tmp_path) as sock:
            await send(sock, write_question(Query(b"joe")), running)
            while len(running.log) < len(lines):  # noqa: ASYNC110  # the log has no event
                await trio.sleep(0.01)
            await send(sock, write_question(Query(b"ann")), running)
            answer = await answer_to(sock)

    assert answer == Answer(b"", b"host", b"")
    assert running.log[: len(lines)] == lines
    again = [(Level.NOTICE, "Map test is available again"), (Level.NOTICE, "Answers again")]
    assert running.log[len(lines) :] == [
        *(again if trouble == "unavailable" else []),
        (Level.DEBUG, 'Answer: key="ann": found'),
    ]


async def test_an_outage_is_logged_once(serve: Serve, tmp_path: Path) -> None:
    async with serve(joe=Unavailable("refused")) as running:
        with client(tmp_path) as sock:
            for number in range(1, 4):
                await send(sock, write_question(Query(b"joe")), running)
                while len(running.popmap.asked) < number:  # noqa: ASYNC110  # the map has no event
                    await trio.sleep(0.01)

    assert [line for level, line in running.log if level is Level.ERR] == [
        "Map test is unavailable: refused",
        "No answers, those who ask have to wait: refused",
    ]


async def test_a_map_that_raises_is_unavailable(serve: Serve, tmp_path: Path) -> None:
    async with serve(joe=Found(b"host")) as running:
        with client(tmp_path) as sock:
            await send(sock, write_question(Query(b"raises")), running)
            await send(sock, write_question(Query(b"joe")), running)
            answer = await answer_to(sock)

    assert answer == Answer(b"", b"host", b"")
    assert "canary" not in str(running.log)


async def test_a_question_that_is_asked_again_gets_one_answer(serve: Serve, tmp_path: Path) -> None:
    async with serve(joe=Found(b"host"), ann=Found(b"other")) as running:
        running.popmap.gate = trio.Event()
        with client(tmp_path) as sock:
            for _ in range(5):
                await send(sock, write_question(Query(b"joe")), running)
            await send(sock, write_question(Query(b"ann")), running)
            while len(running.popmap.asked) < 2:  # noqa: ASYNC110  # the map has no event
                await trio.sleep(0.01)
            running.popmap.gate.set()
            answers = {(await answer_to(sock)).server for _ in range(2)}

    assert answers == {b"host", b"other"}
    assert [query.key for query in running.popmap.asked] == [b"joe", b"ann"]


async def test_many_clients_at_once(serve: Serve) -> None:
    answers: dict[str, Outcome] = {f"user{number}": Found(b"host%d" % number) for number in range(100)}
    heard: dict[str, Outcome] = {}
    async with serve(**answers) as running:

        async def one(name: str) -> None:
            heard[name] = await running.ask(Query(name.encode()))

        async with trio.open_nursery() as nursery:
            for name in answers:
                nursery.start_soon(one, name)

    assert heard == answers


HOSTILE = {
    "nothing": b"",
    "text": b"GET joe\r\n",
    "too long": bytes(MOST + 1),
    "half": write_question(Query(b"joe"))[:-1],
    "more than it says": write_question(Query(b"joe"))[:24] + struct.pack(">H", 65535),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_nonsense_is_logged_and_harms_nobody(serve: Serve, tmp_path: Path, what: str) -> None:
    async with serve(joe=Found(b"host")) as running:
        with client(tmp_path) as sock:
            await send(sock, HOSTILE[what], running)
            await send(sock, write_question(Query(b"joe")), running)
            answer = await answer_to(sock)

    assert answer == Answer(b"", b"host", b"")
    assert running.log[0][0] is Level.NOTICE
    assert running.log[0][1].startswith("No answer: expected ")


async def test_clients_that_are_gone_or_do_not_listen_harm_nobody(serve: Serve, tmp_path: Path) -> None:
    async with serve(joe=Found(b"host")) as running:
        question = write_question(Query(b"joe"))
        with client(tmp_path, "gone") as gone:
            running.popmap.gate = trio.Event()
            await send(gone, question, running)
            while not running.popmap.asked:  # noqa: ASYNC110  # the map has no event
                await trio.sleep(0.01)
        running.popmap.gate.set()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
            await send(nameless, question, running)
        with client(tmp_path, "deaf") as deaf:
            for number in range(1000):  # its queue is full long before
                await send(deaf, write_question(Query(b"%d" % number)), running)
            heard = await running.ask(Query(b"joe"))

    assert heard == Found(b"host")
    assert any("Cannot send an answer" in line for _, line in running.log)
