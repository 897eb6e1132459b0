"""Init scripts, Debian's and ours, in namespaces of their own: they use fixed paths and the ports of mail."""

import re
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.interop.machine import program
from tests.maps.network.nis import in_namespaces
from tests.packaging.commands import PACKAGING, run

INSIDE: Final = Path(__file__).with_name("init_scripts_inside.py")
TESTS_INSIDE: Final = 4
NEEDED: Final = {
    "/etc/init.d/perdition": "perdition",
    "/usr/sbin/perdition.imaps": "perdition",
    "/lib/lsb/init-functions": "sysvinit-utils",
}
SHELL_SCRIPTS: Final = ("sysv/perdition", "default/perdition")


@pytest.mark.interop
def test_in_namespaces_of_their_own() -> None:
    for needed, package in NEEDED.items():
        if not Path(needed).exists():
            pytest.skip(f"needs {needed} (Debian package {package})")
    allowed = in_namespaces(["true"], 20)
    if allowed.returncode != 0:
        pytest.skip(f"needs to be root, with the right to make namespaces (CAP_SYS_ADMIN): {allowed.stderr}")
    done = in_namespaces([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(INSIDE)], 290)

    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= TESTS_INSIDE


@pytest.mark.parametrize("name", SHELL_SCRIPTS)
def test_they_are_plain_shell(name: str) -> None:
    said = run(program("shellcheck", "shellcheck"), "--shell=dash", "--exclude=SC2034", PACKAGING / name)

    assert said.returncode == 0, said.stdout


def test_logrotate_understands_its_file(tmp_path: Path) -> None:
    logs = tmp_path / "perdition"
    logs.mkdir()
    (logs / "imap4.log").write_text("a line\n")
    file = tmp_path / "rotate"
    file.write_text((PACKAGING / "logrotate.d" / "perdition").read_text().replace("/var/log/perdition", str(logs)))
    file.chmod(0o644)
    said = run(program("logrotate", "logrotate"), "--debug", "--force", "--state", tmp_path / "state", file)

    assert said.returncode == 0, said.stdout
    assert f"rotating log {logs / 'imap4.log'}" in said.stdout
    assert "error" not in said.stdout
