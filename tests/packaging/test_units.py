"""The systemd units: well formed, and as closed as their documentation says."""

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from perdition.config.program import PROTOCOLS
from perdition.config.settings import PORTS
from tests.interop.machine import program
from tests.packaging.commands import PACKAGING, ROOT, run

UNITS: Final = PACKAGING / "systemd"
SERVICES: Final = ("perdition.service", "perdition@pop3.service", "perdition-pbs.service")
EXPOSURE: Final = "1.6"
"""The score of `systemd-analyze security`, 0 to 10; docs/running.md has it, too."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Copy the units, with one instance of the template, to a machine that has the commands."""
    for path in UNITS.glob("perdition*"):
        text = path.read_text().replace("/usr/sbin/", f"{tmp_path}/")
        (tmp_path / path.name).write_text(text)
    shutil.copy(tmp_path / "perdition@.service", tmp_path / "perdition@pop3.service")
    # systemd-analyze calls the instance of a template i
    for name in ("perdition", *PROTOCOLS, "perdition-pbs", "perdition.i"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_systemd_understands_all_of_them(units: Path) -> None:
    files = sorted(units.glob("perdition*.s[eo]*"))
    said = run(program("systemd-analyze", "systemd"), "verify", "--man=no", *files)

    assert len(files) == len(list(UNITS.glob("perdition*"))) + 1
    assert (said.returncode, said.stdout) == (0, "")


def test_systemd_would_complain_of_a_mistake(units: Path) -> None:
    file = units / "perdition.service"
    file.write_text(file.read_text().replace("KillMode=process", "KillMode=gently"))
    said = run(program("systemd-analyze", "systemd"), "verify", "--man=no", file)

    assert "kill mode" in said.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_how_much_a_service_is_exposed(units: Path, name: str) -> None:
    said = run(program("systemd-analyze", "systemd"), "security", "--no-pager", "--offline=true", units / name)
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said.stdout)

    assert score is not None, said.stdout
    assert float(score[1]) <= float(EXPOSURE)


def test_the_page_has_the_score() -> None:
    assert f"exposure of {EXPOSURE}" in (ROOT / "docs" / "running.md").read_text()


def test_both_services_have_the_same_sandbox() -> None:
    one, instance = (
        (UNITS / name).read_text().partition("[Service]")[2] for name in ("perdition.service", "perdition@.service")
    )
    command = re.compile(r"^ExecStart=.*$", re.MULTILINE)

    assert command.sub("", one) == command.sub("", instance)


def test_sockets_are_where_the_daemons_listen() -> None:
    ports = {name: PORTS[protocol] for name, protocol in PROTOCOLS.items()}
    sockets = {path.name.removeprefix("perdition@").removesuffix(".socket"): path for path in UNITS.glob("*@?*.socket")}
    listed = {
        name: re.findall(r"^ListenStream=0\.0\.0\.0:(\d+)$", path.read_text(), re.M) for name, path in sockets.items()
    }

    assert listed == {
        name.removeprefix("perdition."): [str(port)] for name, port in ports.items() if name != "perdition.imap4s"
    }  # imap4s is another name of imaps
    everything = re.findall(r"^ListenStream=0\.0\.0\.0:(\d+)$", (UNITS / "perdition.socket").read_text(), re.M)

    assert sorted(map(int, everything)) == sorted(PORTS.values())
