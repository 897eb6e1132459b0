"""docs/switching-from-perdition.md says what is so.  Its tables of differences: tests/compat."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from perdition.config.settings import ALIASES, OPTIONS
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session import log_lines
from perdition.session.outcomes import Outcome

ROOT: Final = Path(__file__).parent.parent.parent
PAGE: Final = (ROOT / "docs" / "switching-from-perdition.md").read_text()
NAMES: Final = {*OPTIONS, *(alias.name for alias in ALIASES)}
# perdition 2.2's own; the rest is new.
OLD: Final = {
    "ok",
    "failed: Login Disabled",
    "failed: Could not determine server",
    "failed: Could not connect to server",
    "failed: Connection Negotiation Failure",
    "failed: TLS not present",
    "failed: Re-Authentication Failure",
    "failed: SASL mechanism unavailable",
    "failed: local authentication failure",
}


def blocks(kind: str) -> list[str]:
    """Give the examples of a kind, without the blanks of the list that they stand in."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@pytest.mark.parametrize("block", blocks("sh"))
def test_the_commands_are_shell_and_their_options_are_ours(block: str) -> None:
    subprocess.run(["sh", "-n", "-c", block], check=True)
    ours = [line for line in block.replace("\\\n", "").splitlines() if "/bin/perdition" in line]
    options = [option for line in ours for option in re.findall(r" --([\w]+)", line)]

    assert set(options) - {"rename", "add"} <= NAMES


def test_the_commands_are_installed() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    [loop] = re.findall(r"for name in (.*?); do", PAGE, re.DOTALL)
    names = loop.replace("\\\n", "").split()

    assert set(names) <= set(scripts)
    assert {name for name in scripts if name == "perdition" or name.startswith("perdition.")} <= set(names)


@pytest.mark.parametrize(("name", "protocol"), [("perdition.imap4", "IMAP4"), ("perdition.pop3", "POP3")])
def test_what_is_in_force_is_shown_by_the_name_of_the_command(name: str, protocol: str) -> None:
    start = "import sys; sys.argv = sys.argv[1:]; from perdition.io_trio.main import main; main()"
    command = [sys.executable, "-c", start, name, "--config_file", "", "--print_config"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout

    assert re.search(rf"^protocol\s+{protocol}\b", shown, re.MULTILINE), shown


def test_the_options_are_known_and_none_without_effect_is_missing() -> None:
    table = PAGE[PAGE.index("## Options that do less") : PAGE.index("## What differs")]
    named = re.findall(r"`([a-z_*]+)(?: [a-z]+)?`", "\n".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    patterns = [re.compile(name.replace("*", ".*") + r"\Z") for name in named]

    assert len(named) > 5
    assert all(any(pattern.match(name) for name in NAMES) for pattern in patterns)
    without = {name for name, option in OPTIONS.items() if "No effect" in option.help}
    assert without <= set(named)


def test_the_new_words_of_status_are_listed() -> None:
    [sentence] = re.findall(r"new values of `status`: (.*?)\. None", PAGE, re.DOTALL)

    assert set(re.findall(r"`(.*?)`", sentence)) == {outcome.status for outcome in Outcome} - OLD


@pytest.mark.parametrize(
    ("outcome", "name", "counts"),
    [
        (Outcome.REFUSED, b"joe", True),
        (Outcome.NOT_AUTHENTICATED, b"joe", True),
        (Outcome.OK, b"joe", False),
        (Outcome.MAP_UNAVAILABLE, b"joe", False),
        (Outcome.OK, b'joe" status="failed: Re-Authentication Failure"', False),
        (Outcome.OK, b'joe\r\nx perdition[1]: Auth: 192.0.2.9:1->x status="failed: Re-Authentication Failure"', False),
    ],
)
@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_the_filter_counts_wrong_passwords_and_nobody_can_forge_them(
    outcome: Outcome, name: bytes, counts: bool, address: str
) -> None:
    [failregex] = re.findall(r"^failregex = (.*)$", PAGE, re.MULTILINE)
    pattern = re.compile(failregex.replace("<HOST>", r"(?P<host>[0-9a-f.:]+)"))
    way = f"{address}:41320->127.0.0.1:143"
    credentials = Credentials(name, Secret(b"x"))
    text = log_lines.auth(way, "starttls", credentials, "mail:143", "IMAP4", "plaintext", outcome.status)
    found = pattern.search(f"Nov 21 06:29:55 mail perdition.imap4[11036]: {text}")

    assert "\n" not in text
    assert (found["host"] if found else None) == (address if counts else None)
