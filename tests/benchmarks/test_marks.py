"""The places of the performance page."""

import pytest

from benchmarks import __main__ as whole
from benchmarks import scale
from benchmarks.maps import main as maps
from benchmarks.marks import Marks


def test_a_report_goes_between_the_marks_of_its_command() -> None:
    marks = Marks("maps")
    page = f"before\n{marks.begin}\nold\n{marks.end}\nafter\n"

    assert marks.put(page, "new\n") == f"before\n{marks.begin}\n\nnew\n\n{marks.end}\nafter\n"


def test_a_page_without_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="--write` begin here"):
        Marks().put("no marks", "new")


@pytest.mark.parametrize("marks", [whole.MARKS, scale.MARKS, maps.MARKS], ids=lambda marks: marks.command)
def test_the_page_of_the_docs_has_a_place_for_each(marks: Marks) -> None:
    assert marks.put(scale.PAGE.read_text(), "something new").count("something new") == 1
