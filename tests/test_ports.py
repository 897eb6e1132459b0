"""The ports that tests listen on (tests/ports.py)."""

import socket

import pytest

from tests import ports
from tests.ports import EPHEMERAL, FIRST, free_port, free_ports, ports_of


def test_none_is_given_twice_or_is_one_that_the_kernel_gives_away() -> None:
    given = [free_port(), *free_ports(50)]
    lowest = int(EPHEMERAL.read_text().split()[0])

    assert len(set(given)) == 51
    assert all(FIRST <= port < lowest for port in given)


def test_one_that_somebody_listens_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = free_ports(2)
    monkeypatch.setattr(ports, "_PORTS", iter((taken, free)))
    with socket.create_server(("127.0.0.2", taken)):
        assert free_port() == free


def test_those_who_test_at_the_same_time_have_ports_of_their_own() -> None:
    shares = [set(ports_of(worker, 4)) for worker in range(4)]

    assert len(set.union(*shares)) == sum(map(len, shares)) > 4000
