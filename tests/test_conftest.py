"""The rules of tests/conftest.py: in CI a skipped test is a failed one; who gets a second try."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
SKIPS = {
    "in the test": "import pytest\ndef test_it():\n    pytest.skip('no server')\n",
    "by mark": "import pytest\n@pytest.mark.skip(reason='no server')\ndef test_it():\n    pass\n",
    "a whole module": "import pytest\npytest.skip('no server', allow_module_level=True)\n",
}
XFAIL = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test_it():\n    assert False\n"


UNSTEADY = """from pathlib import Path
def test_it():
    tried = Path(__file__).with_suffix(".tried")
    first = not tried.exists()
    tried.touch()
    assert not first
"""


def run(folder: Path, source: str, ci: str, *options: str, below: str = "") -> subprocess.CompletedProcess[str]:
    """Run pytest on one file beside a copy of our conftest.py."""
    shutil.copy(CONFTEST, folder)
    (folder / below).mkdir(exist_ok=True)
    (folder / below / "test_it.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, *options, folder],
        cwd=folder,
        env={**os.environ, "CI": ci, "HYPOTHESIS_STORAGE_DIRECTORY": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS.keys())
def test_a_skip_fails_in_ci_and_says_which(tmp_path: Path, source: str) -> None:
    done = run(tmp_path, source, ci="true")

    assert done.returncode != 0
    assert "in CI a skipped test is a failed one" in done.stdout
    assert "no server" in done.stdout
    assert "1 failed" in done.stdout or "1 error" in done.stdout


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS.keys())
def test_a_skip_is_a_skip_at_home(tmp_path: Path, source: str) -> None:
    done = run(tmp_path, source, ci="")

    assert "1 skipped" in done.stdout
    assert "failed" not in done.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    done = run(tmp_path, XFAIL, ci="true")

    assert done.returncode == 0
    assert "1 xfailed" in done.stdout


@pytest.mark.parametrize(
    ("below", "options", "expected"),
    [
        ("interop", ("--numprocesses=1",), "1 passed, 1 rerun"),
        ("interop", (), "1 failed"),
        ("protocol", ("--numprocesses=1",), "1 failed"),
    ],
    ids=["beside others, with other programs", "alone", "our code alone"],
)
def test_a_second_try(tmp_path: Path, below: str, options: tuple[str, ...], expected: str) -> None:
    done = run(tmp_path, UNSTEADY, "true", *options, below=below)

    assert expected in done.stdout
    assert ("rerun" in done.stdout) == ("rerun" in expected)
