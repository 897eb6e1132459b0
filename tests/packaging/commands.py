"""Our commands as an administrator installs them: scripts, or the launcher that has Python in it."""

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.interop.machine import program

ROOT: Final = Path(__file__).parents[2]
PACKAGING: Final = ROOT / "packaging"
PATIENCE: Final = 120
SCRIPT: Final = "#!{python}\nfrom perdition.io_trio.main import main\n\nmain()\n"


def make_environment(folder: Path) -> Path:
    """Make an environment that has the package and what it needs; give its Python."""
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    here = [str(ROOT), *(path for path in sys.path if path.endswith("-packages"))]
    (packages / "perdition.pth").write_text("".join(f"{path}\n" for path in here))
    return folder / "bin" / "python"


def make_script(folder: Path, python: Path) -> Path:
    """Write what pip writes for each command."""
    script = folder / "script"
    script.write_text(SCRIPT.format(python=python))
    script.chmod(0o755)
    return script


def make_launcher(folder: Path, python: Path) -> Path:
    """Compile the launcher, or skip the test."""
    target = folder / "launcher"
    make("-C", str(PACKAGING / "launcher"), f"PYTHON={python}", f"OUTPUT={target}")
    return target


def make(*arguments: str) -> None:
    """Run make, or skip the test."""
    program("gcc", "gcc")
    if not (Path(sysconfig.get_config_var("INCLUDEPY")) / "Python.h").exists():
        pytest.skip("needs the headers of this Python (Debian package python3-dev)")
    done = run(program("make", "make"), *arguments)

    assert done.returncode == 0, done.stdout


def run(*command: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; give what it said."""
    return subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        env=environment,
    )
