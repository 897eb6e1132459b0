"""What the pages of the maps that are files say is what the daemon does."""

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from perdition.maps.registry import BUILT_IN
from tests.map_tool.command import perdition_map

PAGES: Final = Path(__file__).parent.parent.parent / "docs" / "maps"
FOLDER: Final = "/etc/perdition/"
FILES: Final = ("gdbm", "bdb", "cdb", "sqlite", "posix_regex")


def block(page: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found is not None, f"expected a block of {language}"
    return found[1]


def rows(page: str) -> list[list[str]]:
    """Give the rows of the table of users, without its head."""
    table = page[page.index("| user | server |") :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


@pytest.mark.parametrize("kind", FILES)
def test_the_configuration_sends_users_where_the_page_says(tmp_path: Path, kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text()
    ours = f"{tmp_path}/"
    config = block(page, "toml").replace(FOLDER, ours)
    (tmp_path / "perdition.toml").write_text(config)
    if kind == "posix_regex":
        (tmp_path / "popmap.re").write_text(block(page, "text"))
    else:
        program, *words = shlex.split(block(page, "sh").replace(FOLDER, ours))
        assert program == "perdition-map"
        assert words[-2:] == ["<", "popmap"]
        assert perdition_map(*words[:-2], given=block(page, "text").encode()).status == 0
    users = rows(page)

    assert len(users) >= 4
    for user, server, port, name in users:
        done = perdition_map("lookup", "--config_file", f"{tmp_path}/perdition.toml", user)

        assert done.out.decode().splitlines()[1:] == [f"server: {server}", f"port: {port}", f"user: {name}"]
        assert done.status == (3 if user == "zoe" else 0)


@pytest.mark.parametrize("kind", FILES)
def test_the_page_names_the_default_file(kind: str) -> None:
    assert BUILT_IN[kind].default in (PAGES / f"{kind}.md").read_text()
