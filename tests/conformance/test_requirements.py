"""Requirements, tests and transcripts fit together, and the generated page says how."""

from pathlib import Path

import pytest

from perdition.conformance.requirement import Level, Requirement, Side, all_requirements
from perdition.conformance.transcript import all_transcripts
from tools import gen_requirements
from tools.gen_requirements import BadMark, complaints, evidence, marks, page, status, transcripts


def requirement(name: str, level: Level = Level.MUST, unmet: str = "", elsewhere: str = "") -> Requirement:
    return Requirement(name, Side.SERVER, level, ("pop3",), "One | sentence.", unmet, elsewhere)


def test_every_must_is_shown_and_every_id_is_there() -> None:
    assert complaints(all_requirements(), evidence()) == []


def test_the_page_is_not_stale() -> None:
    assert (gen_requirements.ROOT / gen_requirements.PAGE).read_text() == page(all_requirements(), evidence())


def test_transcripts_are_read_as_the_players_read_them() -> None:
    found = list(transcripts(gen_requirements.ROOT))

    for transcript in all_transcripts():
        name = f"{transcript.protocol}/{transcript.name}"
        assert [one for one, where in found if where == name] == list(transcript.requires)


MARKS = """
import pytest
pytestmark = pytest.mark.requirement("rfc1-1-1")

@pytest.mark.requirement("rfc1-1-2", "rfc1-1-3")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("rfc1-1-4"))])
def test_a(x): ...

class TestB:
    @pytest.mark.requirement("rfc1-1-5")
    async def test_b(self): ...

CASES = [pytest.param(1, marks=[pytest.mark.requirement("rfc1-1-6")])]
"""


def test_marks_are_found_wherever_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text(MARKS)

    assert sorted(marks(file, tmp_path)) == [
        ("rfc1-1-1", "test_x.py"),
        ("rfc1-1-2", "test_x.py::test_a"),
        ("rfc1-1-3", "test_x.py::test_a"),
        ("rfc1-1-4", "test_x.py::test_a"),
        ("rfc1-1-5", "test_x.py::test_b"),
        ("rfc1-1-6", "test_x.py"),
    ]


@pytest.mark.parametrize("mark", ["(name)", "()", "(id='rfc1-1-1')", "(*names)"])
def test_mark_that_cannot_be_read(tmp_path: Path, mark: str) -> None:
    file = tmp_path / "test_x.py"
    file.write_text(f"import pytest\npytestmark = pytest.mark.requirement{mark}\n")

    with pytest.raises(BadMark, match=r"test_x\.py:2: expected"):
        list(marks(file, tmp_path))


def test_complaints() -> None:
    shown = {"rfc1-1-1": ["pop3/a"], "rfc1-1-9": ["pop3/b", "t.py::c"]}
    some = [
        requirement("rfc1-1-1"),
        requirement("rfc1-1-2"),
        requirement("rfc1-1-3", Level.MUST_NOT),
        requirement("rfc1-1-4", Level.SHOULD),
        requirement("rfc1-1-5", unmet="why"),
        requirement("rfc1-1-6", elsewhere="who"),
    ]

    assert complaints({one.id: one for one in some}, shown) == [
        "rfc1-1-9: no such requirement, in pop3/b, t.py::c",
        "rfc1-1-2: a MUST that no test and no transcript shows",
        "rfc1-1-3: a MUST NOT that no test and no transcript shows",
    ]


def test_statuses() -> None:
    assert status(requirement("rfc1-1-1"), ["a"]) == "met"
    assert status(requirement("rfc1-1-1"), []) == "no test"
    assert status(requirement("rfc1-1-1", unmet="why"), ["a"]) == "not met"
    assert status(requirement("rfc1-1-1", elsewhere="who"), []) == "elsewhere"


def test_page() -> None:
    some = [requirement("rfc1-1-1"), requirement("rfc2-1-1", unmet="why")]
    text = page({one.id: one for one in some}, {"rfc1-1-1": ["a", "b", "c", "d", "e"]})

    assert "| met | 1 |" in text
    assert (
        "## Not met, and why\n\n| requirement | level | what it demands | why |\n|---|---|---|---|\n| rfc2-1-1 |"
        in text
    )
    assert "\n### RFC 1\n" in text
    assert "| rfc1-1-1 | server | MUST | One &#124; sentence. | met | `a`, `b`, `c` and 2 more |" in text


def test_check_finds_a_stale_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gen_requirements, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(gen_requirements, "evidence", lambda: {"rfc1-1-1": ["a"]})
    monkeypatch.setattr(gen_requirements, "all_requirements", lambda: {"rfc1-1-1": requirement("rfc1-1-1")})

    assert gen_requirements.main(["--check"]) == 1
    assert "stale: " in capsys.readouterr().out
    assert gen_requirements.main([]) == 0
    assert gen_requirements.main(["--check"]) == 0
