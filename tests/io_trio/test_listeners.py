"""Listening sockets: which are bound, and why one cannot be."""

import contextlib
import os
import socket

import pytest

from perdition.config.settings import Settings
from perdition.config.values import HostPort
from perdition.io_trio.listeners import Address, CannotListen, addresses, bind, places


def bound(*hosts: HostPort, port: int | None = 0) -> list[socket.socket]:
    wrong: list[str] = []
    socks = [bind(place) for place in addresses(Settings(bind_address=hosts, listen_port=port), wrong)]
    if wrong:
        raise CannotListen(*wrong)
    return socks


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


def placed(*hosts: str) -> dict[str, Address]:
    """Give what is bound for one listener an address, all on one port."""
    listeners = [Settings(bind_address=(HostPort(host),), listen_port=143) for host in hosts]
    addresses = (place for _, place in places(listeners, (), []) if isinstance(place, Address))
    return {address.name[0]: address for address in addresses}


def test_all_of_ipv6_takes_ipv4_as_well() -> None:
    [place] = [place for _, place in places([Settings(bind_address=(HostPort("::"),), listen_port=0)], (), [])]
    assert isinstance(place, Address)
    with bind(place) as sock, socket.create_connection(("127.0.0.1", sock.getsockname()[1])):
        server, client = sock.accept()
        server.close()

        assert client[0] == "::ffff:127.0.0.1"


def test_all_of_ipv6_leaves_the_port_of_an_ipv4_listener_alone() -> None:
    both, beside = placed("::", "::1"), placed("::", "0.0.0.0")  # noqa: S104

    assert both["::"].takes_ipv4
    assert not both["::1"].takes_ipv4
    assert not beside["::"].takes_ipv4


def test_ipv6_leaves_ipv4_alone() -> None:
    [six] = bound(HostPort("::"))
    with six:
        [four] = bound(HostPort("0.0.0.0", six.getsockname()[1]))  # noqa: S104
        four.close()


def test_a_name_is_resolved() -> None:
    [sock] = bound(HostPort("localhost"))
    with sock:
        assert sock.getsockname()[0] in ("127.0.0.1", "::1")


def test_a_port_in_use_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen) as caught:
            bound(HostPort("127.0.0.1"), port=port)

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
