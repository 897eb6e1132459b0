"""From host and port to a connection: literals, names, services, and why there is none."""

import os
import socket

import pytest
import trio

from perdition.io_trio import connect as module
from perdition.io_trio.connect import CannotConnect, connect, numeric, resolve
from tests.io_trio.talk import unused_port


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
async def test_an_address_is_connected_to_without_a_resolver(
    monkeypatch: pytest.MonkeyPatch, host: str, family: socket.AddressFamily
) -> None:
    monkeypatch.delattr("trio.socket.getaddrinfo")
    with (
        socket.create_server((host, 0), family=family) as listener,
        await connect(host, str(listener.getsockname()[1])) as sock,
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getpeername() == sock.getsockname()
            assert not sock.getblocking()
            assert not os.get_inheritable(sock.fileno())


async def test_a_name_is_resolved() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        await connect("localhost", str(listener.getsockname()[1])) as sock,
    ):
        assert sock.getpeername() == listener.getsockname()


async def test_of_several_addresses_the_first_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        async def several(host: str, port: str) -> list[module.Address]:
            return [(socket.AF_INET, ("127.0.0.1", unused_port())), (socket.AF_INET, ("127.0.0.1", int(port)))]

        monkeypatch.setattr(module, "resolve", several)
        with await connect("imap.example.com", str(port)) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)


async def test_an_address_that_does_not_answer_gets_its_share_only(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    tried: list[tuple[float, str]] = []

    async def several(host: str, port: str) -> list[module.Address]:
        return [(socket.AF_INET, (f"192.0.2.{number}", 143)) for number in (1, 2, 3)]

    async def silence(family: int, address: tuple[str, int]) -> socket.socket:
        tried.append((trio.current_time() - begin, address[0]))
        if address[0] == "192.0.2.2":
            raise OSError(111, "")
        await trio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr(module, "resolve", several)
    monkeypatch.setattr(module, "connect_to", silence)
    begin = trio.current_time()
    with trio.move_on_after(60):
        await connect("imap.example.com", "143")

    assert tried == [(0, "192.0.2.1"), (5, "192.0.2.2"), (5, "192.0.2.3")]
    assert trio.current_time() - begin == 60  # the last one has all the time that the session gives


async def test_nobody_listens() -> None:
    port = unused_port()
    with pytest.raises(CannotConnect, match=rf"127\.0\.0\.1 port {port}: connection refused"):
        await connect("127.0.0.1", str(port))


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
        await connect(host, port)

    assert all(word in str(caught.value) for word in words), str(caught.value)


async def test_services_of_mail_have_names_without_a_table_of_the_system() -> None:
    [(_, (_, port, *_)), *_] = await resolve("127.0.0.1", "imaps")

    assert port == 993


async def test_giving_up_closes_the_socket() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)  # the queue is full: nobody more is answered
        with trio.move_on_after(0.05) as scope:
            await connect("127.0.0.1", str(address[1]))
        for filler in fillers:
            filler.close()

    assert scope.cancelled_caught
    assert len(os.listdir("/proc/self/fd")) == before


def test_numeric() -> None:
    assert numeric("127.0.0.1", "143") == [(socket.AF_INET, ("127.0.0.1", 143))]
    assert numeric("::1", "143") == [(socket.AF_INET6, ("::1", 143))]
    assert numeric("127.1", "143") is None
    assert numeric("127.0.0.1", "imap") is None
    assert numeric("127.0.0.1", "65536") is None
    assert numeric("127.0.0.1", "²") is None
    assert numeric("127.0.0.1\0", "143") is None
    assert numeric("127.0.0.1", "9" * 5000) is None
