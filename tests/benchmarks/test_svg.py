"""The picture."""

from xml.etree import ElementTree

from benchmarks.figures import Figures
from benchmarks.goals import Bound, Goal
from benchmarks.measure import Sample
from benchmarks.svg import picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_has_a_bar_a_target_and_a_line_a_bound() -> None:
    goal = Goal("less < more", ["a"], "session_ms", Bound(0.5, "perdition"), Bound(1.0, "nginx"))
    figures = Figures(Sample("a", name, {"session_ms": cost}) for name, cost in (("ours", 1.0), ("perdition", 4.0)))

    tree = ElementTree.fromstring(picture([goal], figures))  # noqa: S314  # we wrote it

    bars = {bar.get("class"): float(bar.get("width", "0")) for bar in tree.iter(f"{SVG}rect")}
    assert bars["bar"] == 4 * bars["bar ours"]
    assert [line.get("class") for line in tree.iter(f"{SVG}line")] == ["must"]
