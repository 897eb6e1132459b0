"""The command: its name, its exit status, and what it writes where (test_start_up.py runs it as a process)."""

import sys
from importlib.metadata import PackageNotFoundError

import pytest

from perdition.io_trio import main as module
from perdition.io_trio.main import installed_version, main


def status_of(monkeypatch: pytest.MonkeyPatch, *argv: str) -> object:
    monkeypatch.setattr(sys, "argv", list(argv))
    with pytest.raises(SystemExit) as caught:
        main()
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/usr/sbin/perdition.imap4s", "perdition.imap4s"),
        ("/x/perdition/io_trio/__main__.py", "perdition-trio"),
        ("", "perdition"),
    ],
)
def test_an_error_is_a_line_behind_the_name_of_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, shown: str
) -> None:
    status = status_of(monkeypatch, name, "--timeout=soon", "--config_file=")
    out, err = capsys.readouterr()

    assert status == 1
    assert out == ""
    assert err.startswith(f"{shown}: option --timeout: ")
    assert err.count("\n") == 1


def test_help_and_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--help", "--version"):
        assert status_of(monkeypatch, "perdition", option) == 0
    out, err = capsys.readouterr()

    assert "--outgoing_server" in out
    assert out.endswith(f"perdition {installed_version()}\n")
    assert err == ""


def test_an_interrupt_before_the_daemon_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(program: str) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", interrupted)

    assert status_of(monkeypatch, "perdition") == 130


def test_a_version_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", none)

    assert installed_version() == "unknown"
