"""The NO STARTTLS catalogue is complete, each of its cases is played in each place, and the page shows it."""

import re
from collections import Counter
from types import ModuleType
from typing import Any, Final

import pytest

from tests.conformance import test_no_starttls_daemon as daemon
from tests.conformance import test_no_starttls_machines as machines
from tests.conformance import test_no_starttls_session as session
from tests.conformance.no_starttls import CLIENT_CASES, MARK, SERVER_CASES, ClientCase
from tests.conformance.no_starttls_page import PAGE, written

PLACES: Final = (machines, session, daemon)

# How many cases each folder of the paper's tool has; B_2 of IMAP has three parts to try.
FOLDERS: Final = {
    "imap/Buffering": 3 + 2,
    "imap/Negotiation": 19,
    "imap/Tampering/untagged/after_greeting": 10,
    "imap/Tampering/untagged/before_starttls": 10,
    "imap/Tampering/untagged/protocol_state": 1,
    "imap/UI Spoofing/greeting/no": 3,
    "imap/UI Spoofing/greeting/ok": 3,
    "imap/UI Spoofing/starttls/ok": 1,
    "imap/others": 6,
    "imap/others/exploit": 2,
    "imap/others/protocol/construction": 5,
    "imap/others/protocol/greeting": 5,
    "imap/others/reproduction": 1,
    "pop3/Buffering": 2,
    "pop3/Negotiation": 4,
    "pop3/others": 4,
    "pop3/others/auth": 5,
    "pop3/others/capa": 5,
    "pop3/others/greeting": 12,
    "pop3/others/quit": 4,
    "pop3/others/stls": 4,
    "pop3/others/unsolicited": 1,
}
PAPER: Final = {"1, 2, 3", "5", "6", "7"}
"""Numbers of the cases for servers; 4 is SMTP's."""


def played(place: ModuleType) -> set[str]:
    """Give the names of the cases that the tests of a module are run with."""
    names: set[str] = set()
    for name, function in vars(place).items():
        marks: list[Any] = getattr(function, "pytestmark", []) if name.startswith("test_") else []
        for mark in marks:
            if mark.name == "parametrize" and mark.args[0] == "case":
                names |= {case.name for case in mark.args[1]}
    return names


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__.rpartition("_")[2])
def test_each_case_is_played_in_each_place(place: ModuleType) -> None:
    assert played(place) == {case.name for case in CLIENT_CASES} | {case.name for case in SERVER_CASES}


def test_the_catalogue_is_complete() -> None:
    names = [case.name for case in CLIENT_CASES]
    folders = Counter(name.rpartition("/")[0] for name in names if not name.startswith(("managesieve/", "more/")))

    assert folders == FOLDERS
    assert len(set(names)) == len(names)
    assert {case.paper for case in SERVER_CASES} == PAPER


def test_what_the_paper_has_for_imap_and_managesieve_can_have_is_there_for_managesieve() -> None:
    names = {case.name.rpartition("/")[2] for case in CLIENT_CASES if case.protocol == "managesieve"}

    assert names >= {"B_1", "B_2", "B_3", "O_1", "O_2", "O_3", "O_4", "D_1", "L_1_A", "L_1_B", "X_1"}


@pytest.mark.parametrize("case", CLIENT_CASES, ids=lambda case: case.name)
def test_what_a_false_server_says_can_be_found_again(case: ClientCase) -> None:
    """A text without the mark could reach the client, and no test would see it."""
    for answer in (*case.says.values(), *case.secured.values()):
        lines = [line for line in re.split(r"\r\n", answer) if re.search(r"\b(OK|NO|BAD|BYE|-ERR|PREAUTH)\b", line)]
        for line in lines:
            harmless = re.search(r"(go on|done|ready)$|^OK$|^\+OK$", line)

            assert harmless or MARK.decode() in line.lower()


def test_the_page_shows_the_table() -> None:
    page = PAGE.read_text()

    assert written(page) == page, "run `python -m tests.conformance.no_starttls_page`"
