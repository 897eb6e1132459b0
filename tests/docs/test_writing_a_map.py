"""The page about writing a map: its Python runs, and the package that it points to is as it says."""

import re
import tomllib
from pathlib import Path

from perdition.maps.registry import ENTRY_POINTS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "maps" / "writing-a-map.md").read_text()
PROJECT = ROOT / "tests" / "maps" / "third_party" / "pyproject.toml"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_its_python_runs_from_top_to_bottom() -> None:
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)  # noqa: S102  # that is the point

    assert {"Domains", "open_map", "popmap", "Finger", "main"} <= set(names)


def test_its_entry_point_is_of_the_group() -> None:
    [block] = blocks("toml")
    [group] = tomllib.loads(block)["project"]["entry-points"]
    [groups] = [tomllib.loads(PROJECT.read_text())["project"]["entry-points"]]

    assert group == ENTRY_POINTS
    assert list(groups) == [ENTRY_POINTS]
