"""From host and port to addresses, and to a connection: literals, names, services, and why there is none."""

import contextlib
import os
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest
import trio

from perdition.config.values import HostPort
from perdition.io_trio import connect as module
from perdition.io_trio.connect import SHARE, Address, CannotConnect, go_on_connecting, numeric, resolve, unconnected
from perdition.io_trio.loop import Loop
from tests.io_trio.stage import LOG_IN, QUIET, MakeStage
from tests.ports import free_port


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
async def test_connecting_goes_on_until_it_is_done(host: str, family: socket.AddressFamily) -> None:
    with socket.create_server((host, 0), family=family) as listener:
        address = family, listener.getsockname()
        with unconnected(address) as sock:
            while not go_on_connecting(sock, address):
                await trio.lowlevel.wait_writable(sock)
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getpeername() == sock.getsockname()
                assert not sock.getblocking()
                assert not os.get_inheritable(sock.fileno())


async def test_nobody_listens() -> None:
    address = socket.AF_INET, ("127.0.0.1", free_port())
    with unconnected(address) as sock:
        assert not go_on_connecting(sock, address)
        await trio.lowlevel.wait_writable(sock)
        with pytest.raises(ConnectionRefusedError):
            go_on_connecting(sock, address)


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = socket.AF_INET, listener.getsockname()
        fillers = [unconnected(address) for _ in range(4)]
        for filler in fillers:
            go_on_connecting(filler, address)  # the queue is full: nobody more is answered
        with unconnected(address) as sock:
            connected = [go_on_connecting(sock, address) for _ in range(3)]
        for filler in fillers:
            filler.close()

    assert connected == [False] * 3


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("no-such-host.invalid", "143", ("cannot resolve", "no-such-host.invalid", "143")),
        ("localhost", "no-such-service", ("cannot resolve", "localhost", "no-such-service")),
        ("127.0.0.1", "no-such-service", ("cannot resolve", "no-such-service")),
        ("127.0.0.1", "99999", ("cannot resolve", "99999", "expected a port")),
        ("localhost", "0", ("cannot resolve", "expected a port")),
        ("localhost", "9" * 5000, ("cannot resolve", "expected a port")),
        ("x" * 300, "143", ("cannot resolve", "expected a host name")),
        ("a..b", "143", ("cannot resolve",)),
        ("", "143", ("143",)),
    ],
    ids=["host", "service", "service of an address", "port", "no port", "long port", "label", "empty label", "nothing"],
)
async def test_what_cannot_be_resolved(host: str, port: str, words: tuple[str, ...]) -> None:
    with pytest.raises(CannotConnect) as caught:
        await resolve(host, port)

    assert all(word in str(caught.value) for word in words), str(caught.value)


async def test_services_of_mail_have_names_without_a_table_of_the_system() -> None:
    [(_, (_, port, *_)), *_] = await resolve("127.0.0.1", "imaps")

    assert port == 993


async def test_a_port_that_is_padded_with_zeros_is_that_number() -> None:
    [(_, (_, port, *_)), *_] = await resolve("localhost", "0143")

    assert port == 143


def test_numeric() -> None:
    assert numeric("127.0.0.1", "143") == ((socket.AF_INET, ("127.0.0.1", 143)),)
    assert numeric("127.0.0.1", "000143") == ((socket.AF_INET, ("127.0.0.1", 143)),)  # of a column padded with zeros
    assert numeric("127.0.0.1", "0" * 5000 + "143") == ((socket.AF_INET, ("127.0.0.1", 143)),)
    assert numeric("127.0.0.1", "0") is None
    assert numeric("127.0.0.1", "") is None
    assert numeric("127.0.0.1", "0\u00b2") is None
    assert numeric("::1", "143") == ((socket.AF_INET6, ("::1", 143)),)
    assert numeric("127.1", "143") is None
    assert numeric("127.0.0.1", "imap") == ((socket.AF_INET, ("127.0.0.1", 143)),)
    assert numeric("127.0.0.1", "smtp") is None
    assert numeric("127.0.0.1", "65536") is None
    assert numeric("127.0.0.1", "²") is None
    assert numeric("127.0.0.1\0", "143") is None
    assert numeric("127.0.0.1", "9" * 5000) is None


# --- within a log-in


async def test_a_real_server_that_cannot_be_reached_is_told_in_the_log(
    make_stage: MakeStage, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage()
    await stage.listener.aclose()
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN)

    assert b"a NO" in await stage.line()
    assert any("connection refused" in line for line in stage.log)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_is_connected_to_without_a_resolver_or_a_task(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        stage = make_stage(outgoing_server=(HostPort(host, listener.getsockname()[1]),))
        monkeypatch.delattr("trio.socket.getaddrinfo")
        monkeypatch.setattr(Loop, "start", None)
        stage.log_in.start()
        await stage.line()
        await stage.client.send_all(LOG_IN)
        accepted, address = await trio.to_thread.run_sync(listener.accept)
        with accepted:
            assert stage.log_in.server is not None
            sock = stage.log_in.server.sock

            assert sock.getsockname() == address
            assert not sock.getblocking()
            assert not os.get_inheritable(sock.fileno())
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_name_is_resolved(make_stage: MakeStage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stage = make_stage(outgoing_server=(HostPort("localhost", listener.getsockname()[1]),))
        stage.log_in.start()
        await stage.line()
        await stage.client.send_all(LOG_IN)
        accepted, _ = await trio.to_thread.run_sync(listener.accept)
        accepted.close()


def several(*addresses: Address) -> Callable[[str, str], Awaitable[list[Address]]]:
    async def resolve(host: str, port: str) -> list[Address]:
        return list(addresses)

    return resolve


@pytest.mark.requirement("rfc5804-1.8-3")
async def test_of_several_addresses_the_first_that_answers_is_taken(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make_stage(outgoing_server=(HostPort("imap.example.com", 143),))
    ports = free_port(), stage.listener.socket.getsockname()[1]
    monkeypatch.setattr(module, "resolve", several(*((socket.AF_INET, ("127.0.0.1", port)) for port in ports)))
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN)
    server = await stage.accept()

    assert await stage.log_in_to(server) is not None
    await server.aclose()


@contextlib.contextmanager
def silence() -> Iterator[Address]:
    """Give an address that never answers: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield socket.AF_INET, listener.getsockname()


async def test_an_address_that_does_not_answer_gets_its_share_only(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage(
        outgoing_server=(HostPort("imap.example.com", 143),), connect_timeout=60, authenticate_timeout=1000
    )
    tried: list[tuple[float, Address]] = []

    def note(sock: socket.socket, address: Address) -> bool:
        if address not in [at[1] for at in tried]:
            tried.append((trio.current_time() - begin, address))
        return go_on_connecting(sock, address)

    monkeypatch.setattr(module, "go_on_connecting", note)
    with silence() as first, silence() as third:
        second = socket.AF_INET, ("127.0.0.1", free_port())
        monkeypatch.setattr(module, "resolve", several(first, second, third))
        stage.log_in.start()
        await stage.line()
        begin = trio.current_time()
        await stage.client.send_all(LOG_IN)

        assert b"a NO" in await stage.line()
        assert tried == [(0, first), (SHARE, second), (SHARE, third)]
        assert trio.current_time() - begin == 60 + 3  # the last one has all the time that the session gives
        assert stage.log_in.server is None


async def test_of_several_addresses_none_answers(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage(outgoing_server=(HostPort("imap.example.com", 143),))
    with silence() as first:
        port = free_port()
        monkeypatch.setattr(module, "resolve", several(first, (socket.AF_INET, ("127.0.0.1", port))))
        stage.log_in.start()
        await stage.line()
        await stage.client.send_all(LOG_IN)

        assert b"a NO" in await stage.line()
    assert any(f"127.0.0.1 port {port}: connection refused" in line for line in stage.log)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 300], ids=["unknown", "too long"])
async def test_a_name_that_cannot_be_resolved(
    make_stage: MakeStage, autojump_clock: trio.testing.MockClock, host: str
) -> None:
    autojump_clock.autojump_threshold = 0.2  # the resolver may take its time
    stage = make_stage(outgoing_server=(HostPort(host, 143),))
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN)

    assert b"a NO" in await stage.line()
    assert any(f"cannot resolve {host} port 143" in line for line in stage.log)


async def test_a_resolver_that_is_silent_is_not_waited_for_beyond_the_deadline(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = QUIET
    cancelled = []

    async def hang(host: str, port: str) -> list[Address]:
        try:
            await trio.sleep_forever()
        finally:
            cancelled.append(host)
        raise AssertionError

    monkeypatch.setattr(module, "resolve", hang)
    stage = make_stage(outgoing_server=(HostPort("imap.example.com", 143),), connect_timeout=20)
    stage.log_in.start()
    await stage.line()
    begin = trio.current_time()
    await stage.client.send_all(LOG_IN)

    assert b"a NO" in await stage.line()
    assert trio.current_time() - begin == 20 + 3
    assert cancelled == ["imap.example.com"]


async def test_without_a_descriptor_for_the_real_server_the_log_in_fails(
    make_stage: MakeStage, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage()
    stage.log_in.start()
    await stage.line()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        await stage.client.send_all(LOG_IN)
        answer = await stage.line()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert b"a NO" in answer
    assert any("too many open files" in line for line in stage.log), stage.log
