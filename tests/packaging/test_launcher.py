"""The commands as programs of their own."""

import os
from pathlib import Path

import pytest

from perdition.io_trio.main import installed_version
from tests.packaging.commands import PACKAGING, make, make_environment, make_launcher, run

NAMES = ("perdition", "perdition.pop3", "perdition.pop3s", "perdition.imap4", "perdition.imap4s", "perdition.imaps")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the launcher and its environment."""
    made = tmp_path_factory.mktemp("launcher")
    make_launcher(made, make_environment(made / "environment"))
    return made


def test_make_install_puts_one_file_under_all_names(folder: Path) -> None:
    output, python = folder / "launcher", folder / "environment" / "bin" / "python"
    make(
        "-C",
        str(PACKAGING / "launcher"),
        "install",
        f"PYTHON={python}",
        f"OUTPUT={output}",
        f"DESTDIR={folder / 'root'}",
    )
    installed = {entry.name: entry.stat().st_ino for entry in os.scandir(folder / "root" / "usr" / "sbin")}

    assert set(installed) == {*NAMES, "perdition.managesieve"}
    assert len(set(installed.values())) == 1


def test_it_does_what_the_scripts_do(folder: Path) -> None:
    launcher = folder / "launcher"
    named = folder / "perdition.imaps"
    named.symlink_to(launcher)
    version = run(launcher, "--version")
    wrong = run(named, "--no_such_option")

    assert (version.returncode, version.stdout) == (0, f"perdition {installed_version()}\n")
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("perdition.imaps: ")  # named after the command, like everything that it says
    assert "no_such_option" in wrong.stdout
    assert "Traceback" not in wrong.stdout


def test_nothing_is_imported_from_the_environment_of_who_starts_it(folder: Path) -> None:
    (folder / "perdition").mkdir()
    (folder / "perdition" / "__init__.py").write_text("raise SystemExit('taken')\n")
    version = run(folder / "launcher", "--version", environment={**os.environ, "PYTHONPATH": str(folder)})

    assert version.returncode == 0
    assert "taken" not in version.stdout
