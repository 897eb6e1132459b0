"""The format of requirements: what is read, and what each mistake is told."""

import re
from pathlib import Path
from typing import Final

import pytest

from perdition.conformance.requirement import (
    Level,
    Requirement,
    RequirementError,
    Side,
    all_requirements,
    parse,
    place,
)

PATH: Final = Path("x.toml")
GOOD: Final = """
[[requirement]]
id = "rfc9051-6.2.1-3"
side = "server"
level = "MUST NOT"
protocols = ["imap4"]
text = "One sentence."
"""


def test_good() -> None:
    (requirement,) = parse(PATH, GOOD + 'unmet = "why"\n')

    assert requirement == Requirement(
        "rfc9051-6.2.1-3", Side.SERVER, Level.MUST_NOT, ("imap4",), "One sentence.", unmet="why"
    )
    assert (requirement.rfc, requirement.section) == (9051, "6.2.1")
    assert requirement.level.binds
    assert not Level.SHOULD_NOT.binds


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("requirement = ", "x.toml: the file: expected TOML"),
        ("[other]\n", "x.toml: the file: expected [[requirement]]"),
        ("requirement = 1\n", "x.toml: the file: expected [[requirement]]"),
        (GOOD.replace('text = "One sentence."', ""), "x.toml: rfc9051-6.2.1-3: expected text = ..."),
        (GOOD.replace('id = "rfc9051-6.2.1-3"', ""), "x.toml: number 1: expected id = ..."),
        (GOOD + "note = 1\n", "x.toml: rfc9051-6.2.1-3: expected the keys"),
        (GOOD + 'unmet = ""\n', "x.toml: rfc9051-6.2.1-3: expected unmet to be text"),
        (GOOD + 'unmet = "a  b"\n', "x.toml: rfc9051-6.2.1-3: expected unmet to be text"),
        (GOOD + 'unmet = "a"\nelsewhere = "b"\n', "x.toml: rfc9051-6.2.1-3: expected unmet or elsewhere"),
        (GOOD.replace("-3", ""), "x.toml: rfc9051-6.2.1: expected an id"),
        (GOOD.replace('"server"', '"proxy"'), "expected side server, client or both"),
        (GOOD.replace("MUST NOT", "MAY"), "level MUST, MUST NOT"),
        (GOOD.replace('["imap4"]', "[]"), "expected protocols"),
        (GOOD.replace('["imap4"]', '["imap4", "pop3"]'), "expected protocols, a list in this order"),
        (GOOD.replace('["imap4"]', '["smtp"]'), "expected protocols"),
        (GOOD + GOOD, "expected each id once"),
    ],
)
def test_file_that_does_not_keep_to_the_format(text: str, expectation: str) -> None:
    with pytest.raises(RequirementError, match=re.escape(expectation)):
        parse(PATH, text)


def test_all_are_in_order_and_of_all_protocols() -> None:
    requirements = all_requirements()

    assert len(requirements) > 500
    assert {protocol for one in requirements.values() for protocol in one.protocols} == {
        "pop3",
        "imap4",
        "managesieve",
    }
    assert list(requirements.values()) == sorted(requirements.values(), key=place)


def test_order_is_that_of_numbers() -> None:
    def one(name: str) -> Requirement:
        return Requirement(name, Side.BOTH, Level.MUST, ("pop3",), "x")

    names = ["rfc3501-2-1", "rfc9051-2-2", "rfc9051-2-10", "rfc9051-2.2-1", "rfc9051-2.10-1", "rfc9051-10-1"]

    assert [item.id for item in sorted(map(one, reversed(names)), key=place)] == names
