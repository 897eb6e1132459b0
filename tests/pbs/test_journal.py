"""The journal: a real one, written by systemd-journal-remote and printed by journalctl."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from perdition.pbs.journal import Entry, command, read_entry
from tests.interop.machine import PATIENCE, program
from tests.pbs.running import eventually, known, line, pbs
from tests.pbs.stores import sqlite_option

A, B, C = "192.0.2.7", "2001:db8::7", "192.0.2.8"


@pytest.mark.parametrize(
    ("fields", "entry"),
    [
        ({"MESSAGE": "x", "SYSLOG_IDENTIFIER": "perdition"}, Entry("", "perdition", b"x")),
        ({"MESSAGE": "x", "SYSLOG_IDENTIFIER": "a", "__CURSOR": "s=1"}, Entry("s=1", "a", b"x")),
        ({"MESSAGE": [106, 195, 10], "SYSLOG_IDENTIFIER": "a"}, Entry("", "a", b"j\xc3\n")),
        ({"MESSAGE": None, "SYSLOG_IDENTIFIER": "a"}, Entry("", "a", b"")),
        ({"MESSAGE": ["x", "y"], "SYSLOG_IDENTIFIER": ["a", "b"]}, Entry("", "", b"")),
        ({"MESSAGE": [256], "SYSLOG_IDENTIFIER": {}}, Entry("", "", b"")),
        ({"MESSAGE": 5}, Entry("", "", b"")),
        ({}, Entry("", "", b"")),
        ([], None),
        ("x", None),
    ],
)
def test_entries(fields: object, entry: Entry | None) -> None:
    assert read_entry(json.dumps(fields).encode()) == entry


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"-- No entries --", b"[" * 60000])
def test_what_is_no_entry(text: bytes) -> None:
    assert read_entry(text) is None


def test_the_command() -> None:
    assert command([], "")[1:] == [
        "--follow", "--quiet", "--output=json", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER", "--lines=0",
    ]  # fmt: skip
    assert command(["a.service", "b"], "s=1;i=2")[-3:] == [
        "--after-cursor=s=1;i=2", "_SYSTEMD_UNIT=a.service", "_SYSTEMD_UNIT=b",
    ]  # fmt: skip


class Journal:
    """A journal in a file of its own; `bin` is a folder for PATH, the journalctl of which reads that file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "x.journal"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.started = folder / "started"
        self.started.touch()
        shim = self.bin / "journalctl"
        journalctl = program("journalctl", "systemd")
        shim.write_text(f'#!/bin/sh\necho $$ >>{self.started}\nexec {journalctl} --file={self._file} "$@"\n')
        shim.chmod(0o755)
        writer = shutil.which("systemd-journal-remote", path="/lib/systemd:/usr/lib/systemd")
        if writer is None:
            pytest.skip("needs systemd-journal-remote (Debian package systemd-journal-remote)")
        self._writer = subprocess.Popen([writer, "-o", str(self._file), "-"], stdin=subprocess.PIPE)
        self._time = 1_700_000_000_000_000
        self.write({"MESSAGE": "Nov 1"})
        eventually(self._file.exists, "no journal")

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"}

    def write(self, *entries: Mapping[str, str]) -> None:
        """Write entries, in the journal's export format; a text of several lines goes with its length."""
        assert self._writer.stdin is not None
        for entry in entries:
            self._time += 1
            fields = {"__REALTIME_TIMESTAMP": str(self._time), "__MONOTONIC_TIMESTAMP": str(self._time)}
            fields["_BOOT_ID"] = "0" * 31 + "1"
            for name, text in (fields | dict(entry)).items():
                octets = text.encode()
                lines = b"\n" in octets
                octets = b"\n" + len(octets).to_bytes(8, "little") + octets if lines else b"=" + octets
                self._writer.stdin.write(name.encode() + octets + b"\n")
            self._writer.stdin.write(b"\n")
        self._writer.stdin.flush()

    def followers(self) -> list[int]:
        """Give the processes that have followed it."""
        return [int(word) for word in self.started.read_text().split()]

    def close(self) -> None:
        assert self._writer.stdin is not None
        self._writer.stdin.close()
        self._writer.wait(PATIENCE)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with contextlib.closing(Journal(tmp_path)) as opened:
        yield opened


def message(address: str, name: str = "joe") -> str:
    """Give what stands in the journal: the line without its header."""
    return line(address, name=name).partition(": ")[2].rstrip("\n")


def entry(text: str, identifier: str = "perdition", unit: str = "perdition.service") -> dict[str, str]:
    return {"MESSAGE": text, "SYSLOG_IDENTIFIER": identifier, "_SYSTEMD_UNIT": unit}


def test_a_real_journal(journal: Journal, tmp_path: Path) -> None:
    store = sqlite_option(tmp_path)
    journal.write(entry(message("192.0.2.99")))
    with pbs(
        "-L", "journal:perdition.service,other.service", "--store", store, environment=journal.environment
    ) as daemon:
        eventually(lambda: len(journal.followers()) == 1, daemon.log)

        def has(address: str) -> bool:
            """Say a word until it is heard: nothing says when journalctl has begun."""
            journal.write(entry(message(address)))
            return f"Log-in from {address}" in daemon.log

        eventually(lambda: has(C), daemon.log)
        journal.write(
            entry(message("192.0.2.66"), unit="evil.service"),
            entry(message("192.0.2.67"), identifier="evil"),
            entry(message("192.0.2.68") + "\nx"),
            entry("x\n" + message("192.0.2.69")),
            entry(message("192.0.2.70", name="x" * 5000)),
            entry(line(A).rstrip("\n"), identifier="perdition-trio", unit="other.service"),
        )
        daemon.wait_for(f"Log-in from {A}")
        [follower] = journal.followers()

        assert follower > 1
        os.kill(follower, 9)  # journalctl dies, and loses nothing
        journal.write(entry(message(B)))
        daemon.wait_for("Cannot follow the journal by journalctl: it has ended; again in 1 s")
        daemon.wait_for(f"Log-in from {B}")

    assert set(known(store)) == {A, B, C}
    assert not any(Path(f"/proc/{process}").exists() for process in journal.followers())


def test_without_journalctl(tmp_path: Path) -> None:
    environment = os.environ | {"PATH": str(tmp_path)}
    with pbs("-L", "journal:", "--store", sqlite_option(tmp_path), environment=environment) as daemon:
        daemon.wait_for("Cannot follow the journal by journalctl: No such file or directory; again in 2 s")
