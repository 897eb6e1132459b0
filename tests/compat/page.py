"""The part of docs/switching-from-perdition.md that comes from the table of differences."""

from pathlib import Path
from typing import Final

from tests.compat.differences import DIFFERENCES, Tag
from tests.compat.shape import EVERYWHERE
from tests.interop.machine import ROOT

PAGE: Final = Path(ROOT, "docs", "switching-from-perdition.md")
BEGIN: Final = "<!-- from tests/compat: begin -->"
END: Final = "<!-- from tests/compat: end -->"
HEADINGS: Final = {
    Tag.BETTER: "### On purpose",
    Tag.BUG: "### Bugs of perdition 2.2 that are not here",
}


def differences() -> str:
    """Write all differences."""
    parts = ["", "### Everywhere", "", *(f"- {text}" for text in EVERYWHERE.values()), ""]
    for tag, heading in HEADINGS.items():
        parts += [heading, "", "| perdition 2.2 | here | cases |", "|---|---|---|"]
        for difference in DIFFERENCES:
            if difference.tag is tag:
                cases = ", ".join(f"`{case}`" for case in difference.places)
                parts.append(f"| {difference.theirs} | {difference.ours} | {cases} |")
        parts.append("")
    return "\n".join(parts) + "\n"


def write() -> None:
    """Bring the page up to date."""
    page = PAGE.read_text()
    begin, end = page.index(BEGIN), page.index(END)
    PAGE.write_text(page[:begin] + BEGIN + "\n" + differences() + page[end:])
