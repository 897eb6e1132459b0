"""Effects and answers: frozen data whose reprs tell sizes, and a table of which answers which."""

import typing

import pytest

from perdition.session import effects
from perdition.session.effects import (
    ANSWERS,
    Answer,
    Close,
    Connect,
    Deadline,
    Delay,
    Effect,
    Failed,
    HangUp,
    Level,
    Lookup,
    Read,
    Received,
    Relay,
    Send,
    Side,
    StartTls,
    Wait,
)

CANARY = b"hunter2"
WITH_OCTETS = [
    Send(Side.SERVER, CANARY),
    Received(CANARY),
    Relay(
        reply=CANARY,
        to_client=CANARY,
        to_server=CANARY,
        auth='Auth: passwd="hunter2"',
        closing="Closing session:",
        idle_farewell=b"",
    ),
]


@pytest.mark.parametrize("thing", WITH_OCTETS, ids=lambda thing: type(thing).__name__)
def test_a_repr_tells_the_size_of_octets_and_no_more(thing: Effect | Answer) -> None:
    assert "hunter2" not in repr(thing)
    assert "<7 octets>" in repr(thing)


def test_what_waits_or_ends_has_answers_and_nothing_else_has() -> None:
    waits, effects_ = set(typing.get_args(Wait)), set(typing.get_args(Effect))

    assert set(ANSWERS) == waits | {Relay, Close}
    assert effects_ - set(ANSWERS) == {Send, effects.Log, Deadline, HangUp}
    assert all(ANSWERS[wait] for wait in waits)
    assert ANSWERS[Relay] == ANSWERS[Close] == ()


def test_every_answer_answers_something() -> None:
    assert {answer for answers in ANSWERS.values() for answer in answers} == set(typing.get_args(Answer))


def test_equal_effects_are_equal() -> None:
    assert Send(Side.CLIENT, b"a") == Send(Side.CLIENT, b"a") != Send(Side.SERVER, b"a")
    assert StartTls(Side.CLIENT) == StartTls(Side.CLIENT, "")
    assert Failed("late") == Failed("late", tls=False)
    assert len({Read(Side.CLIENT), Read(Side.CLIENT), Lookup(b"joe"), Connect("a", "1", tls=True), Delay(3)}) == 4


def test_priorities_have_the_names_that_syslog_has() -> None:
    assert [Level(word) for word in ("debug", "info", "notice", "err")] == list(Level)


def test_sides_have_the_words_of_the_log() -> None:
    assert [side.value for side in Side] == ["client", "real server"]
