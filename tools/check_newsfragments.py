"""Check `newsfragments/`: every file is well named and says something, and a changed package has one.

    python tools/check_newsfragments.py [--against REF]

Without REF the package is compared with the last release: the last commit that touched CHANGELOG.md.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.(?P<kind>[a-z]+)\.md")


def kinds(root: Path) -> list[str]:
    """Give the kinds of fragment that pyproject.toml knows."""
    config = tomllib.loads((root / "pyproject.toml").read_text())
    return [kind["directory"] for kind in config["tool"]["towncrier"]["type"]]


def fragments(root: Path) -> list[Path]:
    """Give the fragments, well named or not: all but the template and hidden files."""
    return sorted(path for path in (root / "newsfragments").glob("*") if path.name[0] not in "._")


def complaint(path: Path, known: list[str]) -> str | None:
    """Say what is wrong with one fragment, if anything."""
    name = NAME.fullmatch(path.name)
    if name is None or name["kind"] not in known:
        return f"expected the name <slug>.<{'|'.join(known)}>.md"
    text = path.read_text().strip()
    if not text.endswith((".", "!", "`")) or "\n" in text:
        return "expected one sentence on one line"
    return None


def git(root: Path, *arguments: str) -> str | None:
    """Give what git prints; None without git, repository or such a commit."""
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def unannounced(root: Path, against: str | None) -> bool:
    """Tell whether perdition/ has changed since a commit, and no fragment has come in since."""
    since = against or git(root, "log", "-1", "--format=%H", "--", "CHANGELOG.md")
    if not since:
        return False
    changed = git(root, "diff", "--name-only", since, "--", "perdition")
    if against is None:
        return bool(changed) and not fragments(root)
    added = git(root, "diff", "--name-only", "--diff-filter=AMR", since, "--", "newsfragments")
    untracked = git(root, "ls-files", "--others", "--exclude-standard", "--", "newsfragments")
    return bool(changed) and not added and not untracked


def main(argv: list[str], root: Path = ROOT) -> int:
    """Print what is wrong; give the exit status."""
    parser = argparse.ArgumentParser(description="check newsfragments/")
    parser.add_argument("--against", metavar="REF", help="the commit that a branch started from")
    against: str | None = parser.parse_args(argv).against
    known = kinds(root)
    complaints = {path.name: complaint(path, known) for path in fragments(root)}
    wrong = [f"newsfragments/{name}: {why}" for name, why in complaints.items() if why]
    if against and git(root, "rev-parse", "--verify", "--quiet", f"{against}^{{commit}}") is None:
        wrong.append(f"--against {against}: expected a commit of this repository")
    elif unannounced(root, against):
        wrong.append("perdition/ has changed, and newsfragments/ does not say what a user notices")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
