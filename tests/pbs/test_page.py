"""docs/pop-before-smtp.md, the help text and the unit say what the command takes."""

import re
import shlex

import pytest

from perdition.pbs.command_line import read, spellings
from perdition.pbs.options import OPTIONS, PROGRAM
from tests.interop.machine import ROOT

PAGE = (ROOT / "docs" / "pop-before-smtp.md").read_text()
UNIT = (ROOT / "packaging" / "systemd" / "perdition-pbs.service").read_text()
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
COMMANDS = [line[line.index(PROGRAM) :] for line in BLOCKS.splitlines() if PROGRAM in line and line[0] != "#"]


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) >= 7


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_page_is_understood(command: str) -> None:
    program, *words = shlex.split(command, comments=True)

    assert read(program, words).mode in ("daemon", "list", "insert", "remove", "purge", "setenv")


def test_options_that_the_page_speaks_of_are_there() -> None:
    known = {f"--{name}" for option in OPTIONS for name in spellings(option.name)}
    spoken_of = set(re.findall(r"(?<![\w-])--[a-z][a-z_-]+", PAGE))

    assert spoken_of <= known
    assert len(spoken_of) > 8


def test_the_unit_gives_options_that_are_understood() -> None:
    flags = re.search(r'^Environment="PBS_FLAGS=(.*)"$', UNIT, re.MULTILINE)
    start = re.search(r"^ExecStart=/usr/sbin/perdition-pbs (.*) \$PBS_FLAGS$", UNIT, re.MULTILINE)
    assert flags is not None
    assert start is not None
    settings = read(PROGRAM, [*start[1].split(), *flags[1].split()])

    assert settings.no_daemon
    assert settings.socketmap
    assert settings.store.startswith("sqlite:/var/lib/perdition-pbs/")
    assert "StateDirectory=perdition-pbs\n" in UNIT
