"""tools/check_newsfragments.py."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools import check_newsfragments

GOOD = "Listen on two ports."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one release, then nothing."""
    shutil.copy(check_newsfragments.ROOT / "pyproject.toml", tmp_path)
    for name in ("perdition", "newsfragments"):
        (tmp_path / name).mkdir()
    (tmp_path / "newsfragments" / "_template.md.jinja").write_text("")
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n")
    (tmp_path / "perdition" / "one.py").write_text("")
    commit(tmp_path)
    return tmp_path


def commit(root: Path) -> None:
    """Commit everything, with nothing from the person's own git configuration."""
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "add", "-A"], check=True)
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", root, *author, "commit", "-q", "--no-verify", "-m", "change"], check=True)


def test_nothing_changed(root: Path) -> None:
    assert check_newsfragments.main([], root) == 0


def test_a_changed_package_needs_a_fragment(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "perdition" / "one.py").write_text("ONE = 1\n")
    commit(root)

    assert check_newsfragments.main([], root) == 1
    assert "does not say what a user notices" in capsys.readouterr().out

    (root / "newsfragments" / "two-ports.feature.md").write_text(GOOD + "\n")

    assert check_newsfragments.main([], root) == 0


def test_a_branch_needs_a_fragment_of_its_own(root: Path) -> None:
    (root / "perdition" / "one.py").write_text("ONE = 1\n")
    (root / "newsfragments" / "two-ports.feature.md").write_text(GOOD)
    commit(root)
    (root / "perdition" / "one.py").write_text("ONE = 2\n")
    commit(root)

    assert check_newsfragments.main(["--against", "HEAD~1"], root) == 1
    assert check_newsfragments.main([], root) == 0

    (root / "newsfragments" / "three-ports.feature.md").write_text(GOOD)

    assert check_newsfragments.main(["--against", "HEAD~1"], root) == 0


def test_against_expects_a_commit(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_newsfragments.main(["--against", "nowhere"], root) == 1
    assert "nowhere" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["two-ports.md", "Two Ports.feature.md", "two-ports.novelty.md", "x.feature.rst"])
def test_bad_name(root: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "newsfragments" / name).write_text(GOOD)

    assert check_newsfragments.main([], root) == 1
    assert "expected the name" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "No full stop", "One.\nTwo."])
def test_bad_text(root: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "newsfragments" / "two-ports.feature.md").write_text(text)

    assert check_newsfragments.main([], root) == 1
    assert "expected one sentence" in capsys.readouterr().out


def test_without_a_repository_only_the_fragments_count(tmp_path: Path) -> None:
    shutil.copy(check_newsfragments.ROOT / "pyproject.toml", tmp_path)

    assert check_newsfragments.main([], tmp_path) == 0
