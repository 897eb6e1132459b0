"""The command `perdition-conformance`, against the running daemon and against a real Dovecot."""

import re
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import pytest

from perdition.conformance.acts import Tls
from perdition.conformance.folder import PROTOCOLS
from perdition.conformance.requirement import all_requirements
from perdition.conformance.run import is_played
from perdition.conformance.transcript import all_transcripts
from tests.conformance.conftest import Daemon, RealDovecot
from tests.interop.dovecot import PASSWORD, SIEVES
from tests.protocol.helpers import ROOT

COMMAND: Final = (sys.executable, "-m", "perdition.conformance")
PATIENCE: Final = 240
DOCS: Final = (ROOT / "docs" / "conformance.md").read_text()
DOVECOT_PORTS: Final = {
    ("pop3", "starttls"): "pop3",
    ("pop3", "none"): "pop3",
    ("pop3", "implicit"): "pop3s",
    ("imap4", "starttls"): "imap",
    ("imap4", "none"): "imap",
    ("imap4", "implicit"): "imaps",
    ("managesieve", "starttls"): "sieve",
    ("managesieve", "none"): "sieve",
}
"""Without ManageSieve under implicit TLS: Dovecot has none, and the TLS in front of it here is not its own."""

Key: TypeAlias = tuple[str, str]


@attrs.frozen
class Ran:
    """A run that has ended.

    Attributes:
        status: of its exit.
        out: standard output.
        errors: standard error.
        verdicts: by transcript: passed, failed or skipped.
        fails: by transcript that failed: the requirements that are not met.
    """

    status: int
    out: str
    errors: str
    verdicts: Mapping[str, str]
    fails: Mapping[str, Sequence[str]]


def command(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def read_junit(file: Path) -> dict[str, str]:
    """Give the verdict of each transcript."""
    words = {"failure": "failed", "skipped": "skipped"}
    suite = ET.parse(file).getroot()  # noqa: S314  # we have written it
    verdicts = {}
    for case in suite.iter("testcase"):
        found = [words[child.tag] for child in case if child.tag in words]
        verdicts[case.attrib["name"]] = found[0] if found else "passed"
    assert int(suite.attrib["tests"]) == len(verdicts)
    assert int(suite.attrib["failures"]) == list(verdicts.values()).count("failed")
    return verdicts


def read_fails(file: Path) -> dict[str, list[str]]:
    """Give what each transcript that failed shows not to be met."""
    cases = ET.parse(file).getroot().iter("testcase")  # noqa: S314  # we have written it
    found = {case.attrib["name"]: case.find("properties/property[@name='fails']") for case in cases}
    return {name: one.attrib["value"].split(", ") for name, one in found.items() if one is not None}


def run_all(folder: Path, arguments: Mapping[Key, Sequence[object]]) -> dict[Key, Ran]:
    """Run the command several times at once: it mostly waits."""
    found: dict[Key, Ran] = {}

    def run(key: Key, own: Sequence[object]) -> None:
        junit = folder / f"{'-'.join(key)}.xml"
        ended = command(key[0], "--tls", key[1], "--junit", junit, "--timeout", 60, *own)
        verdicts = read_junit(junit) if junit.exists() else {}
        fails = read_fails(junit) if junit.exists() else {}
        found[key] = Ran(ended.returncode, ended.stdout, ended.stderr, verdicts, fails)

    threads = [threading.Thread(target=run, args=item) for item in arguments.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("command")


def password_file(folder: Path, password: bytes) -> Path:
    """Write a password."""
    file = folder / f"password-{len(password)}"
    file.write_bytes(password + b"\n")
    return file


@pytest.fixture(scope="module")
def ours(folder: Path, conformance_daemon: Daemon) -> dict[Key, Ran]:
    """The command against our daemon, in all ways."""
    arguments: dict[Key, Sequence[object]] = {}
    for protocol in PROTOCOLS:
        account = conformance_daemon.accounts[protocol]
        file = password_file(folder, account.password.reveal())
        for tls in Tls:
            port = conformance_daemon.ports[protocol, tls.value]
            where = ("--host", "localhost", "--port", port, "--ca-file", conformance_daemon.certificates.ca_file)
            arguments[protocol, tls.value] = (*where, "--user", account.user.decode(), "--password-file", file)
    return run_all(folder, arguments)


@pytest.fixture(scope="module")
def theirs(folder: Path, conformance_dovecot: RealDovecot) -> dict[Key, Ran]:
    """The command against Dovecot, in all ways."""
    file = password_file(folder, PASSWORD.encode())
    who = ("--host", "localhost", "--ca-file", conformance_dovecot.ca_file, "--user", "conny", "--password-file", file)
    ports = conformance_dovecot.server.ports
    assert SIEVES in ports
    dovecot = folder / "dovecot"
    dovecot.mkdir()
    return run_all(dovecot, {key: (*who, "--port", ports[name]) for key, name in DOVECOT_PORTS.items()})


WAYS: Final = [(protocol, tls.value) for protocol in PROTOCOLS for tls in Tls]
ways = pytest.mark.parametrize("way", WAYS, ids="-".join)


def dialogues(ran: Ran) -> str:
    """Give the failures of a run, or why there was none."""
    return ran.errors + ran.out.partition("\nFAIL ")[2]


@pytest.mark.timeout(PATIENCE)
@ways
def test_our_daemon_fails_nothing(ours: Mapping[Key, Ran], way: Key) -> None:
    ran = ours[way]

    assert [name for name, verdict in ran.verdicts.items() if verdict == "failed"] == [], dialogues(ran)
    assert ", 0 FAIL, " in ran.out
    assert ran.errors == ""  # it is no terminal: no progress line
    assert ran.status == 0
    assert set(ran.verdicts.values()) == {"passed", "skipped"}
    assert sum(verdict == "passed" for verdict in ran.verdicts.values()) > 40


NOT_ANNOUNCED: Final = frozenset(
    (
        "ENABLE",  # behind the log-in the real server answers
        "IMAP4rev2",
        "LITERAL-",  # but LITERAL+
        "LOGINDISABLED",  # no listener of this test demands TLS
        "PIPELINING",  # the real server may not have it
        "SASL LOGIN",  # of ManageSieve, whose list is that of the C program
        "UNAUTHENTICATE",
    )
)
"""What our daemon does not announce here."""


def test_our_daemon_is_asked_all_that_it_offers(ours: Mapping[Key, Ran]) -> None:
    played = {name for ran in ours.values() for name, verdict in ran.verdicts.items() if verdict == "passed"}
    left = {one for one in all_transcripts() if is_played(one) and one.name not in played}

    assert [f"{one.protocol}/{one.name}" for one in left if NOT_ANNOUNCED.isdisjoint(one.needs)] == []


def listed(protocol: str) -> dict[str, list[str]]:
    """Give what the page says that Dovecot fails: dialogues, and the requirements that are not met."""
    found = re.findall(rf"^\| `{protocol}/([a-z0-9-]+)` \| ([^|]+) \|", DOCS, re.MULTILINE)
    return {name: re.findall("`([^`]+)`", ids) for name, ids in found}


@pytest.mark.interop
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("way", DOVECOT_PORTS, ids="-".join)
def test_dovecot_fails_what_the_page_says(theirs: Mapping[Key, Ran], way: Key) -> None:
    ran = theirs[way]

    assert {name for name, verdict in ran.verdicts.items() if verdict == "failed"} == set(listed(way[0])), dialogues(
        ran
    )
    assert ran.fails == listed(way[0])
    rows = set(re.findall(r"^(\S+) +[A-Z ]+ +FAIL$", ran.out, re.MULTILINE))
    assert rows == {name for names in ran.fails.values() for name in names}
    assert ran.status == (1 if listed(way[0]) else 0)
    assert ran.errors == ""
    assert sum(verdict == "passed" for verdict in ran.verdicts.values()) > 40


@pytest.mark.interop
def test_dialogues_of_failures_are_shown_without_the_password(theirs: Mapping[Key, Ran]) -> None:
    out = theirs["pop3", "starttls"].out

    assert "\nFAIL pop3/user-without-name.txt, line 7\n    expected -ERR, not +OK\n    not met: rfc1939-" in out
    assert "\n    C: USER\n    S: +OK\n" in out
    assert not any(PASSWORD in ran.out for ran in theirs.values())
    assert re.search(r"\n\d+ requirements: \d+ pass, \d+ FAIL, \d+ not offered, \d+ not tested; \d+ dialogues", out)


# --- what can be asked for


def who(daemon: Daemon, folder: Path, protocol: str = "pop3", tls: str = "none") -> list[object]:
    """Give the options for our daemon."""
    account = daemon.accounts[protocol]
    file = password_file(folder, account.password.reveal())
    options = [protocol, "--tls", tls, "--host", "localhost", "--port", daemon.ports[protocol, tls]]
    return [*options, "--user", account.user.decode(), "--password-file", file]


def test_only_a_transcript(conformance_daemon: Daemon, folder: Path) -> None:
    ran = command(*who(conformance_daemon, folder), "--only", "auth-plain")

    assert ran.returncode == 0, ran.stderr
    assert "1 dialogues played" in ran.stdout
    assert ", 0 FAIL, " in ran.stdout


def test_only_a_requirement(conformance_daemon: Daemon, folder: Path) -> None:
    asked = next(one.requires[0] for one in all_transcripts() if (one.protocol, one.name) == ("pop3", "auth-plain"))
    ran = command(*who(conformance_daemon, folder, tls="implicit"), "--insecure", "--only", asked)

    assert ran.returncode == 0, ran.stderr
    assert re.search(rf"^{re.escape(asked)} +MUST( NOT)? +pass$", ran.stdout, re.MULTILINE)


def test_nobody_is_there(folder: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        where = ("--host", "127.0.0.1", "--port", bound.getsockname()[1])
        ran = command("pop3", *where, "--user", "u", "--password-file", password_file(folder, b"x"))

    assert ran.returncode == 2
    assert "perdition-conformance: cannot connect to 127.0.0.1 port" in ran.stderr


@pytest.fixture
def silent() -> Iterator[int]:
    """A port on which somebody listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_server_that_says_nothing(silent: int, folder: Path) -> None:
    who = ("--user", "u", "--password-file", password_file(folder, b"x"), "--timeout", "0.1", "--tls", "none")
    ran = command("pop3", "--host", "127.0.0.1", "--port", silent, *who)

    assert ran.returncode == 2
    assert "no answer of the server came in time (--timeout)" in ran.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--ca-file", "/nowhere"], "--ca-file /nowhere"),
        ([], "the TLS handshake failed: the certificate"),
        (["--insecure", "--password-file", "{wrong}"], "the server does not let the user in"),
    ],
)
def test_server_that_cannot_be_tested_so(
    conformance_daemon: Daemon, folder: Path, changed: list[str], said: str
) -> None:
    wrong = password_file(folder, b"wrong password")
    options = [word.format(wrong=wrong) for word in changed]
    ran = command(*who(conformance_daemon, folder, tls="implicit"), "--timeout", "20", *options)

    assert ran.returncode == 2
    assert said in ran.stderr


def test_log_in_that_needs_tls(conformance_daemon: Daemon, folder: Path) -> None:
    account = conformance_daemon.accounts["imap4"]
    file = password_file(folder, account.password.reveal())
    where = ("--host", "localhost", "--port", conformance_daemon.ports["imap4", "demanded"], "--tls", "none")
    ran = command("imap4", *where, "--user", account.user.decode(), "--password-file", file)

    assert ran.returncode == 2
    assert "nobody can log in so" in ran.stderr
    assert "perhaps --tls should be another" in ran.stderr


def test_tls_on_a_port_without(conformance_daemon: Daemon, folder: Path) -> None:
    ran = command(*who(conformance_daemon, folder), "--tls", "implicit")

    assert ran.returncode == 2
    assert "perdition-conformance: the TLS handshake failed: " in ran.stderr


def test_starttls_that_is_not_offered(conformance_daemon: Daemon, folder: Path) -> None:
    ran = command(*who(conformance_daemon, folder), "--tls", "starttls")

    assert ran.returncode == 2
    assert "the server does not announce STARTTLS" in ran.stderr


def test_requirements_are_there() -> None:
    assert {name for one in all_transcripts() for name in one.requires} <= set(all_requirements())
