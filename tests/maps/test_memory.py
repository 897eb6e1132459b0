"""What is kept, for how long, and how much of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps import Absent, Broken, Found, Outcome, Unavailable
from perdition.maps.memory import Lifetimes, Memory

SERVER = Found(b"server")
OTHER = Found(b"other")


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    memory = Memory(Lifetimes())
    memory.keep(b"joe", SERVER, 0)
    memory.keep(b"ann", Absent(), 0)

    assert len(memory) == 0


@pytest.mark.parametrize(
    ("outcome", "lifetimes"), [(SERVER, Lifetimes(found=10)), (Absent(), Lifetimes(absent=10))], ids=["found", "absent"]
)
def test_an_answer_is_fresh_for_its_lifetime(outcome: Outcome, lifetimes: Lifetimes) -> None:
    memory = Memory(lifetimes)
    memory.keep(b"joe", outcome, 100)

    assert memory.fresh(b"joe", 100) == outcome
    assert memory.fresh(b"joe", 109.9) == outcome
    assert memory.fresh(b"joe", 110) is None
    assert memory.fresh(b"ann", 100) is None


@pytest.mark.parametrize("trouble", [Unavailable("down"), Broken("no server")])
def test_trouble_is_not_kept_and_drives_out_nothing(trouble: Outcome) -> None:
    memory = Memory(Lifetimes(found=10, absent=10, last_known_good=60))
    memory.keep(b"joe", SERVER, 0)
    memory.keep(b"joe", trouble, 1)
    memory.keep(b"ann", trouble, 1)

    assert memory.fresh(b"joe", 1) == SERVER
    assert memory.fresh(b"ann", 1) is None


def test_the_last_known_good_outlives_freshness() -> None:
    memory = Memory(Lifetimes(found=10, last_known_good=60))
    memory.keep(b"joe", SERVER, 0)

    assert memory.fresh(b"joe", 59) is None
    assert memory.last_known_good(b"joe", 59) == SERVER
    assert memory.last_known_good(b"joe", 60) is None
    assert memory.last_known_good(b"ann", 0) is None


def test_that_a_user_was_absent_does_not_stand_in() -> None:
    memory = Memory(Lifetimes(absent=100, last_known_good=100))
    memory.keep(b"joe", Absent(), 0)

    assert memory.fresh(b"joe", 1) == Absent()
    assert memory.last_known_good(b"joe", 1) is None


def test_a_newer_answer_replaces_an_older_one() -> None:
    memory = Memory(Lifetimes(found=10, last_known_good=60))
    memory.keep(b"joe", SERVER, 0)
    memory.keep(b"joe", OTHER, 5)

    assert memory.fresh(b"joe", 12) == OTHER

    memory.keep(b"joe", Absent(), 6)  # and one that is not kept drives it out

    assert memory.fresh(b"joe", 7) is None
    assert memory.last_known_good(b"joe", 7) is None


def test_the_longest_unused_goes_first() -> None:
    memory = Memory(Lifetimes(found=10, size=2))
    memory.keep(b"a", SERVER, 0)
    memory.keep(b"b", SERVER, 0)
    assert memory.fresh(b"a", 1) == SERVER
    memory.keep(b"c", SERVER, 2)

    assert [memory.fresh(key, 3) for key in (b"a", b"b", b"c")] == [SERVER, None, SERVER]


def test_forget_drops_everything() -> None:
    memory = Memory(Lifetimes(found=10, last_known_good=60))
    memory.keep(b"joe", SERVER, 0)
    memory.forget()

    assert memory.fresh(b"joe", 1) is None
    assert memory.last_known_good(b"joe", 1) is None


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([SERVER, OTHER, Absent(), Unavailable("down")]))),
)
def test_it_is_bounded_and_never_says_what_was_not_said_last(size: int, answers: list[tuple[int, Outcome]]) -> None:
    memory = Memory(Lifetimes(found=1000, absent=1000, size=size))
    last: dict[int, Outcome] = {}
    for now, (key, outcome) in enumerate(answers):
        memory.keep(key, outcome, now)
        if not isinstance(outcome, Unavailable):
            last[key] = outcome

        assert len(memory) <= size
        assert memory.fresh(key, now) == last.get(key) or key not in last or memory.fresh(key, now) is None
    for key in range(10):
        assert memory.fresh(key, len(answers)) in (None, last.get(key))
