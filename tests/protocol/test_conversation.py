"""perdition.protocol.conversation"""

import enum
from typing import Final

import pytest

from perdition.protocol.conversation import GREETING, Conversation, Row, Status, Table
from perdition.protocol.errors import LocalProtocolError


class State(enum.Enum):
    START = enum.auto()
    OPEN = enum.auto()
    SHUT = enum.auto()


TABLE: Final[Table] = {
    State.START: {GREETING: Row(after={Status.OK: State.OPEN, Status.NO: State.SHUT})},
    State.OPEN: {
        "ASK": Row(),
        "LOCK": Row(barrier=True, after={Status.OK: State.SHUT}),
        "HIDE": Row(tls=False),
        "SEEK": Row(tls=True),
        "AGAIN": Row(after={Status.OK: State.START}),
    },
    State.SHUT: {"OTHER": Row()},
}


def opened() -> Conversation:
    conversation = Conversation(TABLE, State.START)
    conversation.answer(Status.OK, 0)
    return conversation


def test_greeting_is_an_answer_to_no_command() -> None:
    conversation = Conversation(TABLE, State.START)

    assert conversation.waiting
    assert conversation.oldest == 0
    assert conversation.answer(Status.NO, 0) == GREETING
    assert conversation.state is State.SHUT
    assert not conversation.waiting
    assert conversation.oldest is None


def test_greeting_is_over_when_it_has_been_said_whatever_waits_then() -> None:
    conversation = Conversation(TABLE, State.START)

    assert not conversation.greeted

    conversation.answer(Status.OK, 0)

    assert conversation.greeted

    conversation.command("AGAIN", 0)

    assert conversation.greeted

    conversation.answer(Status.OK, 0)

    assert not conversation.greeted


def test_greeting_with_another_status_is_refused_and_still_waits() -> None:
    conversation = Conversation(TABLE, State.START)

    with pytest.raises(LocalProtocolError, match="BAD is not the status of a greeting"):
        conversation.answer(Status.BAD, 0)

    assert conversation.waiting


def test_greeting_is_no_command() -> None:
    with pytest.raises(LocalProtocolError, match="not allowed in state START"):
        Conversation(TABLE, State.START).command(GREETING, 1)


def test_greeting_waits_again_in_its_state() -> None:
    conversation = opened()
    conversation.command("AGAIN", 1)
    conversation.answer(Status.OK, 1)

    assert conversation.oldest == 0


@pytest.mark.parametrize(
    ("verb", "in_clear", "under_tls"),
    [("ASK", True, True), ("HIDE", True, False), ("SEEK", False, True), ("OTHER", False, False)],
)
def test_row_depends_on_state_and_tls(verb: str, in_clear: bool, under_tls: bool) -> None:
    conversation = opened()

    assert (conversation.row(verb) is not None) == in_clear

    conversation.tls = True

    assert (conversation.row(verb) is not None) == under_tls


def test_knows_the_commands_of_all_states() -> None:
    conversation = opened()

    assert [conversation.knows(verb) for verb in ("ASK", "OTHER", "NEVER")] == [True, True, False]


def test_answers_may_come_in_any_order_and_a_status_that_is_not_listed_changes_nothing() -> None:
    conversation = opened()
    row = conversation.command("ASK", b"a")
    conversation.command("LOCK", b"b")

    assert conversation.pending(b"a") == ("ASK", row)
    assert conversation.pending(b"c") is None
    assert conversation.answer(Status.NO, b"b") == "LOCK"
    assert conversation.answer(Status.OK, b"a") == "ASK"
    assert conversation.state is State.OPEN


def test_command_that_no_row_allows_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="OTHER is not allowed in state OPEN"):
        opened().command("OTHER", 1)


def test_tag_in_use_is_refused() -> None:
    conversation = opened()
    conversation.command("ASK", b"a")

    with pytest.raises(LocalProtocolError, match="tag"):
        conversation.command("ASK", b"a")


def test_nothing_goes_behind_a_barrier() -> None:
    conversation = opened()
    conversation.command("LOCK", b"a")

    with pytest.raises(LocalProtocolError, match="must wait"):
        conversation.command("ASK", b"b")


def test_answer_without_a_command_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match=r"\Aan answer needs a command that waits for it\Z"):
        opened().answer(Status.OK, 1)
