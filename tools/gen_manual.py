"""Write `docs/reference/options.md` and the manual pages in `man/`, from the options' tables and from Markdown.

python tools/gen_manual.py           write what is stale
python tools/gen_manual.py --check   exit with 1 if something is stale
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.manual import options  # noqa: E402  # finds the line above
from tools.manual.markdown import blocks  # noqa: E402
from tools.manual.roff import page  # noqa: E402

REFERENCE: Final = Path("docs") / "reference" / "options.md"
SOURCES: Final = Path("docs") / "man"
PAGES: Final = Path("man")
DATE: Final = "2026-11-22"
"""The date on the manual pages: of the last change of what they say."""
MAPS: Final = ("gdbm", "bdb", "cdb", "posix_regex", "sqlite", "ldap", "mysql", "postgresql", "odbc", "redis", "http")
MAPS_OF_OTHERS: Final = ("nis", "daemon")
PLACE: Final = re.compile(r"<!-- (\w+) -->")
HEADING: Final = re.compile(r"^(#+) ", re.MULTILINE)
FENCED: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def maps(root: Path) -> str:
    """Give the pages of the maps, their headings one level lower."""
    return "\n".join(lowered((root / "docs" / "maps" / f"{kind}.md").read_text()) for kind in (*MAPS, *MAPS_OF_OTHERS))


def about_maps(root: Path) -> str:
    """Give what holds for all maps, from the headings on: their list has links, and the pages follow here."""
    text = (root / "docs" / "maps" / "README.md").read_text()
    return lowered(text[text.index("## Four outcomes") :])


def lowered(text: str) -> str:
    """Put all headings one level lower, but for lines of code that look like one."""
    at, parts = 0, list[str]()
    for code in FENCED.finditer(text):
        parts += [HEADING.sub(r"#\1 ", text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, HEADING.sub(r"#\1 ", text[at:])])


def version(root: Path) -> str:
    """Give the version of the package."""
    return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])


def written(root: Path = ROOT) -> dict[Path, str]:
    """Give every file with what belongs into it."""
    places: Mapping[str, str] = {
        "options": options.manual(),
        "differences": options.differences(),
        "pbs": options.pbs_manual(),
        "maps": maps(root),
        "about_maps": about_maps(root),
    }
    files = {REFERENCE: options.reference()}
    for source in sorted((root / SOURCES).glob("*.md")):
        title, section = source.stem.rsplit(".", 1)
        text = PLACE.sub(lambda found: places[found[1]], source.read_text())
        contents = blocks(text)
        files[PAGES / source.stem] = page(title, int(section), DATE, f"Perdition for Python {version(root)}", contents)
    return files


def main(argv: list[str]) -> int:
    """Write or check the files; give the exit status."""
    status = 0
    for path, text in written().items():
        file = ROOT / path
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        if "--check" in argv:
            status = 1
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        print(f"{'stale' if '--check' in argv else 'written'}: {path}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
