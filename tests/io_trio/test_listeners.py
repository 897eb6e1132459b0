"""Listening sockets: which are bound, why one cannot be, and who comes in."""

import contextlib
import errno
import os
import resource
import socket

import pytest
import trio

from perdition.config.settings import Settings
from perdition.config.values import HostPort
from perdition.io_trio.listeners import CannotListen, connections, listen


def complain(line: str) -> None:
    raise AssertionError(line)


def bound(*addresses: HostPort, port: int | None = 0) -> list[socket.socket]:
    return listen(Settings(bind_address=addresses, listen_port=port))


def test_all_addresses_of_ipv4_are_the_default() -> None:
    [sock] = bound()
    with sock:
        assert sock.family == socket.AF_INET
        assert sock.getsockname()[0] == "0.0.0.0"  # noqa: S104
        assert not sock.getblocking()
        assert not os.get_inheritable(sock.fileno())


def test_several_addresses_of_both_families_share_a_port_or_have_their_own() -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(bound(HostPort("127.0.0.1"))[0])
        port = first.getsockname()[1]
        others = bound(HostPort("127.0.0.2"), HostPort("::1"), HostPort("::", 0), port=port)
        for sock in others:
            stack.enter_context(sock)
        names = [sock.getsockname()[:2] for sock in others]

        assert names[:2] == [("127.0.0.2", port), ("::1", port)]
        assert names[2][0] == "::"
        assert names[2][1] not in (0, port)


def test_ipv6_leaves_ipv4_alone() -> None:
    [six] = bound(HostPort("::"))
    with six:
        [four] = bound(HostPort("0.0.0.0", six.getsockname()[1]))  # noqa: S104
        four.close()


def test_a_name_is_resolved() -> None:
    [sock] = bound(HostPort("localhost"))
    with sock:
        assert sock.getsockname()[0] in ("127.0.0.1", "::1")


def test_a_port_in_use_leaves_none_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen) as caught:
            bound(HostPort("127.0.0.2"), HostPort("127.0.0.1"), port=port)

    assert str(caught.value) == (
        f"options bind_address and listen_port: cannot listen on 127.0.0.1:{port}: address already in use"
    )
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("no-such-host.invalid", "option bind_address: no-such-host.invalid:0: cannot be resolved"),
        ("192.0.2.1", "cannot listen on 192.0.2.1:0: cannot assign requested address"),
        ("2001:db8::1", "cannot listen on [2001:db8::1]:0: cannot assign requested address"),
        ("x" * 300, "cannot be resolved"),
    ],
)
def test_an_address_that_is_not_ours(host: str, why: str) -> None:
    with pytest.raises(CannotListen) as caught:
        bound(HostPort(host))

    assert why in str(caught.value)


async def test_connections_come_in_and_do_not_block() -> None:
    [sock] = bound(HostPort("127.0.0.1"))
    with sock, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(sock.getsockname())) for _ in range(100)]
        seen = set()
        async with contextlib.aclosing(connections(sock, complain)) as accepted:
            async for connection in accepted:
                stack.enter_context(connection)
                seen.add(connection.getpeername())
                assert not connection.getblocking()
                if len(seen) == len(clients):
                    break

        assert seen == {client.getsockname() for client in clients}


async def test_without_descriptors_it_complains_rests_and_goes_on(autojump_clock: trio.testing.MockClock) -> None:
    complaints: list[str] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    [sock] = bound(HostPort("127.0.0.1"))

    def complain_and_help(line: str) -> None:
        complaints.append(line)
        if len(complaints) == 3:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with sock, socket.create_connection(sock.getsockname()):
        async with contextlib.aclosing(connections(sock, complain_and_help)) as accepted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (sock.fileno(), hard))
            try:
                (await anext(accepted)).close()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert complaints == [f"Cannot accept connections: {os.strerror(errno.EMFILE).lower()}"] * 3
