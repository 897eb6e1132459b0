"""The comparison itself: what it takes for the same, and that it fails when it should."""

import re
from pathlib import Path

import pytest

from tests.compat import compare
from tests.compat.case import Case, Observed
from tests.compat.cases import CASES, GROUPS
from tests.compat.compare import NOT_PLAYED, Verdict
from tests.compat.dialogue import Answer
from tests.compat.differences import DIFFERENCES, Difference, Tag, differing
from tests.compat.page import BEGIN, END, PAGE, differences
from tests.compat.programs import Program
from tests.compat.shape import log_places, shape_of
from tests.interop.certificates import Certificates

CASE = Case(id="some", title="some case")
AS_EXPECTED = Difference(
    Tag.BETTER, "Says no.", "Says yes.", {"some": frozenset({"reply 1"})}, {"some": {"reply 1": "yes"}}
)


# --- the verdict


@pytest.fixture
def expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "EXPECTED", {"some": AS_EXPECTED})


def test_an_unexpected_difference_is_wrong() -> None:
    assert Verdict(CASE, {"reply 1": "no"}, {"reply 1": "yes"}).wrong == ["reply 1"]
    assert Verdict(CASE, {"reply 1": "no"}, {"reply 1": "no"}).wrong == []
    assert Verdict(CASE, {}, {"Auth 1": "Auth:"}).wrong == ["Auth 1"]


@pytest.mark.usefixtures("expected")
def test_an_expected_difference_must_be_there_and_no_other() -> None:
    assert Verdict(CASE, {"reply 1": "no"}, {"reply 1": "yes"}).wrong == []
    assert Verdict(CASE, {"reply 1": "yes"}, {"reply 1": "yes"}).wrong == ["reply 1"]
    assert Verdict(CASE, {"reply 1": "no"}, {"reply 1": "perhaps"}).wrong == ["reply 1"]
    assert Verdict(CASE, {"reply 1": "no", "log": "a"}, {"reply 1": "yes", "log": "b"}).wrong == ["log"]


def test_a_case_that_could_not_be_played_is_wrong_even_if_it_could_be_with_neither() -> None:
    failed = {NOT_PLAYED: "OSError: no room"}

    assert Verdict(CASE, failed, failed).wrong == [NOT_PLAYED]


def test_where_one_does_not_start_nothing_else_counts() -> None:
    assert differing({"started": "no"}, {"greeting": "+OK", "log": ""}) == {"started"}


@pytest.mark.parametrize(("unsteady", "wrong"), [("perdition 2.2", []), ("nobody", ["reply 1"])])
def test_what_differs_is_played_once_more(unsteady: str, wrong: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[str] = []
    told: list[Verdict] = []

    def play(case: Case, program: Program, certificates: Certificates) -> Observed:
        played.append(f"{case.id}: {program.name}")
        differs = case is CASE and program.name != "ours"
        return {"reply 1": "no" if differs and (unsteady == "nobody" or played.count(played[-1]) == 1) else "yes"}

    monkeypatch.setattr(compare, "play", play)
    monkeypatch.setattr(compare, "c_program", lambda: Program("perdition 2.2", (), None, ()))
    verdicts = compare.compare([CASE, Case(id="other", title="another case")], told.append)

    assert verdicts["some"].wrong == wrong
    assert [verdict.case.id for verdict in told] == ["other", "some"]
    assert sorted(played) == ["other: ours", "other: perdition 2.2"] + 2 * ["some: ours"] + 2 * ["some: perdition 2.2"]


def test_what_is_wrong_is_explained() -> None:
    explanation = Verdict(CASE, {"reply 1": "no"}, {"reply 1": "yes", "log": "Auth"}).explanation()

    assert explanation == (
        "some: some case\n  log\n    perdition 2.2: None\n    ours:          'Auth'\n"
        "  reply 1\n    perdition 2.2: 'no'\n    ours:          'yes'"
    )


# --- the shape


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("+OK POP3 perditon ready on mail 0002b970", "+OK POP3 perdition ready on mail"),
        ("-ERR Mate, try: CAPA", "-ERR"),
        ("-ERR [AUTH] failed: Re-Authentication Failure", "-ERR failed: Re-Authentication Failure"),
        ("+OK You are so in", "+OK You are so in"),
        ("* OK [CAPABILITY A ID X] perdition ready on a 0002b970", "* OK [CAPABILITY A X] perdition ready on a"),
        ("* CAPABILITY IMAP4 AUTH=PLAIN AUTH=X", "* CAPABILITY IMAP4 AUTH=X"),
        ("a NO [UNAVAILABLE] failed: TLS not present", "a NO failed: TLS not present"),
        ("a BAD Unrecognised command, mate", "a BAD"),
        ("+ OK ready for additional input", "+"),
        ('NO (TRYLATER) "failed: x"', 'NO "failed: x"'),
        ('BYE "Timeout"', "BYE"),
        ('"SASL" "PLAIN"', '"SASL" "PLAIN"'),
    ],
)  # fmt: skip
def test_the_shape_of_a_line(line: str, shape: str) -> None:
    assert shape_of(Answer((line,), 0)) == shape


def test_pauses_count_for_failed_log_ins_only_and_ends_always() -> None:
    assert shape_of(Answer(("-ERR failed: x",), 3.2)) == "-ERR failed: x\n(after a pause)"
    assert shape_of(Answer(("-ERR failed: x",), 2.7)) == "-ERR failed: x"
    assert shape_of(Answer(("-ERR x",), 3.2)) == "-ERR"
    assert shape_of(Answer(("-ERR x",), 3.2), exact=True) == "-ERR\n(after a pause)"
    assert shape_of(Answer((), 0, "end")) == "(end)"


def test_what_is_announced_beside_counts_only_to_the_letter() -> None:
    capa = Answer(("+OK", "UIDL", "SASL PLAIN LOGIN", "."), 0)

    assert shape_of(capa) == "+OK\nUIDL\n."
    assert shape_of(capa, exact=True) == "+OK\nUIDL\nSASL PLAIN LOGIN\n."


def test_the_places_of_a_log() -> None:
    log = (
        "Nov 21 06:29:55 perdition[1]: Connect:  a->b\n"
        "Nov  1 06:29:55 perdition[2]: Auth: a->b x\n"
        "Nov  1 06:29:55 perdition[2]: something else\n"
        "no line of a log\n"
        "Nov  1 06:29:56 perdition[2]: Auth: a->b y\n"
    )

    assert log_places(log) == {
        "Connect 1": "Connect:  a->b",
        "Auth 1": "Auth: a->b x",
        "Auth 2": "Auth: a->b y",
        "log": "Connect, Auth, Auth",
        "log ident": "perdition",
    }


# --- the tables


def test_no_id_is_given_twice() -> None:
    assert len(CASES) == sum(len(group.CASES) for group in GROUPS)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: next(iter(difference.places)))
def test_each_difference_is_well_formed(difference: Difference) -> None:
    for text in (difference.theirs, difference.ours):
        assert re.fullmatch(r"[A-Za-z`][^|\n]*\.", text), text
    assert set(difference.places) <= set(CASES)
    assert all(difference.places.values())
    assert all(set(difference.seen[case]) <= places for case, places in difference.places.items())


def test_no_case_has_two_differences() -> None:
    cases = [case for difference in DIFFERENCES for case in difference.places]

    assert len(cases) == len(set(cases))


def test_the_page_lists_all_differences() -> None:
    page = Path(PAGE).read_text()

    assert page[page.index(BEGIN) : page.index(END)] == BEGIN + "\n" + differences(), "python -m tests.compat --page"
