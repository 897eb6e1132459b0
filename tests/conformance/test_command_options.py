"""What the command `perdition-conformance` says of options and files that cannot be: one line, and exit status 2."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from perdition.conformance.choice import listed
from perdition.conformance.requirement import all_requirements
from perdition.conformance.transcript import all_transcripts
from perdition.conformance.verdicts import NO_DIALOGUE
from tests.protocol.helpers import ROOT

COMMAND: Final = (sys.executable, "-m", "perdition.conformance")


def command(*arguments: str | bytes, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_line(ran: "subprocess.CompletedProcess[str]") -> str:
    """Give what a run says that does not test anything."""
    assert ran.returncode == 2, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr.removeprefix("perdition-conformance: ").removesuffix("\n")


def test_list() -> None:
    ran = command("imap4", "--list")

    assert ran.returncode == 0
    assert re.search(r"^login-quoted  rfc", ran.stdout, re.MULTILINE)
    assert re.search(r"^rfc9051-6\.2\.2-\d+  MUST", ran.stdout, re.MULTILINE)


def test_list_offers_nothing_that_cannot_be_tested() -> None:
    requirements, transcripts = all_requirements(), all_transcripts()
    offered = {line.split(" ")[0] for line in listed("pop3", requirements, transcripts)}
    shown = {name for one in transcripts if one.name in offered for name in one.requires}

    assert "apop" not in offered
    assert offered & set(requirements) <= shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["pop3"], "expected --host"),
        (["pop3", "--host", "localhost"], "expected --user"),
        (["pop3", "--host", "localhost", "--user", "u"], "expected --password-file"),
        (["pop3", "--host", "h", "--user", "u", "--password-file", "/none"], "--password-file /none: No such file"),
        (["pop3", "--host", "h", "--user", "u", "--password-file", os.devnull], "expected a password in the first"),
        (["pop3", "--port", "many"], "--port many: expected a number from 1 to 65535"),
        (["pop3", "--port", "99999"], "--port 99999: expected a number from 1 to 65535"),
        (["pop3", "--port", "0"], "--port 0: expected a number from 1 to 65535"),
        (["pop3", "--port", "-5"], "--port -5: expected a number from 1 to 65535"),
        (["pop3", "--port", "9" * 5000], "expected a number from 1 to 65535"),
        (["pop3", "--timeout", "0"], "--timeout 0: expected seconds, more than 0 and at most 86400"),
        (["pop3", "--timeout", "-1"], "--timeout -1: expected seconds"),
        (["pop3", "--timeout", "nan"], "--timeout nan: expected seconds"),
        (["pop3", "--timeout", "1e10"], "--timeout 1e10: expected seconds"),
        (["pop3", "--timeout", "soon"], "--timeout soon: expected seconds"),
        (["pop3", "--host", "ex..ample"], "--host ex..ample: expected a host's name or address"),
        (["pop3", "--host", "x" * 64], ": expected a host's name or address, of labels of 1 to 63 octets"),
        (["pop3", "--host", ""], "--host : expected a host's name"),
        (["pop3", "--tls-name", ".x"], "--tls-name .x: expected a host's name"),
        (["pop3", "--user", b"a\xffb"], "--user: expected UTF-8"),
    ],
)
def test_options_that_cannot_be(options: list[str | bytes], said: str) -> None:
    assert said in one_line(command(*options))


@pytest.mark.parametrize(
    ("protocol", "only", "said"),
    [
        ("pop3", "rfc1-1-1", "expected a requirement or a transcript; --list shows them"),
        ("pop3", "rfc9051-6.2.1-1", "expected a requirement of pop3, not of imap4"),
        ("pop3", "login-quoted", "expected a dialogue of pop3, not of imap4"),
        ("pop3", "apop", "no client can play it: a proxy has no APOP"),
        ("imap4", "rfc9051-7.2.2-3", "it binds clients, and a server is tested here"),
        ("pop3", "rfc1939-3-16", NO_DIALOGUE),
    ],
)
def test_only_what_can_be_tested(protocol: str, only: str, said: str) -> None:
    assert f"--only {only}: {said}" in one_line(command(protocol, "--only", only))


def test_protocol_that_is_not_known() -> None:
    ran = command("smtp")

    assert ran.returncode == 2
    assert "argument protocol: invalid choice" in ran.stderr


def test_junit_is_looked_at_before_the_run(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x\n")
    nowhere = tmp_path / "none" / "x.xml"
    ran = command("pop3", "--host", "h", "--user", "u", "--password-file", str(password), "--junit", str(nowhere))

    assert one_line(ran) == f"--junit {nowhere}: No such file or directory"


@pytest.mark.parametrize(
    ("file", "added", "said"),
    [
        ("transcripts/imap4/noop.txt", "C: nonsense\n", "imap4/noop.txt:8: expected a command or a response"),
        ("transcripts/imap4/noop.txt", "C: a XYZZY\n", "imap4/noop.txt:8: expected a command or a response"),
        ("transcripts/imap4/noop.txt", "S: HELLO\n", "imap4/noop.txt:8: expected a greeting, an answer or data"),
        ("transcripts/imap4/noop.txt", "S: a003 OK x\n", "imap4/noop.txt:8: expected a greeting, an answer or data"),
        (
            "transcripts/pop3/greeting.txt",
            "S: +OK\n",
            "expected a greeting, an answer or data (nobody has asked for it)",
        ),
        ("transcripts/pop3/greeting.txt", "C| NOOP\n", "expected the rest of what is said above"),
        ("transcripts/pop3/greeting.txt", "C: CAPA\nS: +OK\n", "expected the rest of what is said above"),
        ("transcripts/imap4/noop.txt", "nonsense\n", "imap4/noop.txt:8: expected `C: `"),
        ("requirements.toml", "nonsense\n", "requirements.toml: the file: expected TOML (Expected '='"),
        ("requirements.toml", "[[requirement]]\nid = 5\n", "requirements.toml: 5: expected side = ..."),
    ],
)
def test_file_that_is_broken(tmp_path: Path, file: str, added: str, said: str) -> None:
    for folder in ("perdition", "spec"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "spec" / file).open("a") as broken:
        broken.write(added)

    assert said in one_line(command("pop3", "--list", folder=tmp_path))
