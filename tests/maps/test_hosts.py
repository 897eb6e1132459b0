"""Which of several servers is tried first, and how long."""

import math

import pytest

from perdition.maps._hosts import SECONDS_AWAY, SECONDS_OF_NO_END, SECONDS_TO_CONNECT, Hosts, share, share_of_kept


def test_who_answered_is_tried_first_for_a_while() -> None:
    hosts = Hosts(["a", "b", "c"])
    hosts.answered("b", 100)

    assert hosts.order(100) == ("b", "a", "c")
    assert hosts.order(100 + SECONDS_AWAY - 1) == ("b", "a", "c")


def test_then_one_lookup_sees_whether_the_first_is_back() -> None:
    hosts = Hosts(["a", "b"])
    hosts.answered("b", 0)
    orders = [hosts.order(SECONDS_AWAY) for _ in range(3)]
    hosts.answered("a", SECONDS_AWAY)

    assert orders == [("a", "b"), ("b", "a"), ("b", "a")]
    assert hosts.order(SECONDS_AWAY) == ("a", "b")


def test_an_answer_of_the_same_host_does_not_keep_the_first_away_for_longer() -> None:
    hosts = Hosts(["a", "b"])
    hosts.answered("b", 0)
    hosts.answered("b", SECONDS_AWAY / 2)

    assert hosts.order(SECONDS_AWAY) == ("a", "b")


@pytest.mark.parametrize(
    ("remaining", "left", "seconds"),
    [(30, 3, 10), (20, 1, 20), (0, 2, 0), (-1, 2, 0), (math.inf, 2, SECONDS_OF_NO_END)],
)
def test_the_time_is_parted(remaining: float, left: int, seconds: float) -> None:
    assert share(remaining, left) == seconds


@pytest.mark.parametrize(("remaining", "hosts", "seconds"), [(4, 1, 2), (6, 2, 2), (60, 1, SECONDS_TO_CONNECT)])
def test_a_kept_connection_leaves_time_for_new_ones(remaining: float, hosts: int, seconds: float) -> None:
    assert share_of_kept(remaining, hosts) == seconds
