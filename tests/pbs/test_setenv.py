"""Mode setenv: a real qmail-smtpd's place, under a real tcpserver."""

import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.machine import PATIENCE, ROOT, end, program
from tests.maps.network.server import answers
from tests.pbs.running import COMMAND, command, eventually
from tests.pbs.stores import sqlite_option
from tests.ports import free_port

A = "192.0.2.7"
SMTPD = """\
#!/bin/sh
# Stands for qmail-smtpd: what it looks at is its environment and its arguments.
echo "220 ${RELAYCLIENT-none} $*"
grep '^SigIgn:' /proc/$$/status
cat
"""
# Python's own are not among them: a child's are restored.  Whoever started us may have had some ignored, as nohup does.
IGNORED = subprocess.run(["grep", "^SigIgn:", "/proc/self/status"], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def smtpd(tmp_path: Path) -> str:
    path = tmp_path / "qmail-smtpd"
    path.write_text(SMTPD)
    path.chmod(0o755)
    return str(path)


def run(option: str, smtpd: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as inetd would, but for the socket."""
    clean = {name: value for name, value in os.environ.items() if name not in ("TCPREMOTEIP", "RELAYCLIENT")}
    return subprocess.run(
        [*COMMAND, "--store", option, "setenv", smtpd, "--mode", "a b"],
        cwd=ROOT, input="QUIT\n", capture_output=True, text=True, check=False, env=clean | environment,
    )  # fmt: skip


def test_who_is_known_may_relay(option: str, smtpd: str) -> None:
    command("--store", option, "insert", A, "2001:db8::7")
    said = [
        run(option, smtpd, TCPREMOTEIP=address).stdout.splitlines()[0]
        for address in (A, "::ffff:192.0.2.7", "2001:DB8::7", "192.0.2.8", "", "pc.example.org")
    ]

    assert said == ["220  --mode a b"] * 3 + ["220 none --mode a b"] * 3


def test_the_command_of_the_page(tmp_path: Path, smtpd: str) -> None:
    """As docs/pop-before-smtp.md has it behind tcpserver, but for the files."""
    page = (ROOT / "docs" / "pop-before-smtp.md").read_text()
    found = re.search(r"^ +perdition-pbs (setenv .*)$", page, re.MULTILINE)
    assert found is not None
    option = sqlite_option(tmp_path)
    command("--store", option, "insert", A)
    line = found[1].replace("sqlite:/var/lib/perdition-pbs/pbs.sqlite", option)
    done = subprocess.run(
        [*COMMAND, *shlex.split(line.replace("/var/qmail/bin/qmail-smtpd", smtpd))],
        cwd=ROOT, input="QUIT\n", capture_output=True, text=True, check=False, env=os.environ | {"TCPREMOTEIP": A},
    )  # fmt: skip

    assert (done.stdout.splitlines()[0], done.stderr) == ("220  ", "")


def test_the_program_has_its_input_its_signals_and_its_status(tmp_path: Path, smtpd: str) -> None:
    done = run(sqlite_option(tmp_path), smtpd, TCPREMOTEIP=A)

    assert done.stdout == f"220 none --mode a b\n{IGNORED}QUIT\n"
    assert done.returncode == 0


def test_what_is_set_already_is_left_unchanged(tmp_path: Path, smtpd: str) -> None:
    done = run(sqlite_option(tmp_path), smtpd, TCPREMOTEIP=A, RELAYCLIENT="@fixme")

    assert done.stdout.startswith("220 @fixme ")
    assert done.stderr == ""


@pytest.mark.parametrize("option", ["sqlite:/nowhere/x", "redis://127.0.0.1:1"])
def test_without_the_store_mail_comes_in_but_none_goes_out(smtpd: str, option: str) -> None:
    done = run(option, smtpd, TCPREMOTEIP=A)

    assert done.stdout.startswith("220 none ")
    assert done.stderr.startswith("perdition-pbs: ")
    assert done.stderr.count("\n") == 1


def test_a_program_that_there_is_not() -> None:
    done = command("--store", "sqlite:/nowhere/x", "setenv", "/nowhere/qmail-smtpd")

    assert done[0] == 1
    assert "No such file or directory" in done[2]


@pytest.fixture
def tcpserver(tmp_path: Path, smtpd: str) -> Iterator[int]:
    """Run tcpserver on 127.0.0.1 with the wrapper before the program; give its port."""
    port = free_port()
    command_of_ours = [*COMMAND, "-m", "setenv", "--store", sqlite_option(tmp_path), "--", smtpd, "x"]
    words = [program("tcpserver", "ucspi-tcp"), "-HRl0", "127.0.0.1", str(port), *command_of_ours]
    process = subprocess.Popen(words, cwd=ROOT)
    eventually(lambda: answers(port), "tcpserver does not answer")
    yield port
    end(process)


def greeting(port: int, source: str) -> str:
    """Connect from an address of this machine; give the first line."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0)) as sock:
        sock.shutdown(socket.SHUT_WR)
        return sock.makefile().readline()


def test_under_tcpserver(tmp_path: Path, tcpserver: int) -> None:
    before = greeting(tcpserver, "127.0.0.2")
    command("--store", sqlite_option(tmp_path), "insert", "127.0.0.2")

    assert before == "220 none x\n"
    assert greeting(tcpserver, "127.0.0.2") == "220  x\n"
    assert greeting(tcpserver, "127.0.0.3") == "220 none x\n"


def test_under_inetd_the_client_is_the_peer_of_standard_input(tmp_path: Path, smtpd: str) -> None:
    option = sqlite_option(tmp_path)
    command("--store", option, "insert", "127.0.0.2")
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        for source in ("127.0.0.2", "127.0.0.3"):
            with socket.create_connection(server.getsockname(), PATIENCE, (source, 0)) as client:
                accepted, _ = server.accept()
                with accepted:
                    words = [*COMMAND, "-m", "setenv", "--store", option, smtpd]
                    process = subprocess.Popen(words, cwd=ROOT, stdin=accepted.fileno(), stdout=accepted.fileno())
                client.shutdown(socket.SHUT_WR)
                heard.append(client.makefile().readline())
                assert process.wait(PATIENCE) == 0

    assert heard == ["220  \n", "220 none \n"]
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN  # so that the other test says something
