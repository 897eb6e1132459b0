"""The modes list, insert, remove and purge, with either store."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from tests.pbs.running import COMMAND, command, known
from tests.pbs.stores import sqlite_option

A, B = "192.0.2.7", "2001:db8::7"


def test_from_nothing_to_nothing(option: str) -> None:
    store = ("--store", option)
    done = [
        command(*store, "list"),
        command(*store, "insert", A, f"POP:{B.upper()}"),
        command(*store, "list", A),
        command(*store, "list", "192.0.2.8"),
        command(*store, "remove", A),
        command(*store, "remove", A, B),
        command(*store, "insert", A),
        command(*store, "purge"),
        command(*store, "list"),
    ]
    listed = done[2][1]

    assert [status for status, _, _ in done] == [0, 0, 0, 1, 0, 1, 0, 0, 0]
    assert [said for _, _, said in done] == [""] * 9
    assert listed.startswith(f"{A}\t")
    assert listed.count("\n") == 1
    assert done[-1][1] == ""


def test_times_are_those_of_the_option(tmp_path: Path) -> None:
    store = ("--store", sqlite_option(tmp_path))
    before = datetime.now().astimezone()
    command(*store, "-t", "7200", "insert", A)
    until = datetime.fromisoformat(command(*store, "list")[1].split("\t")[1].strip())

    assert timedelta(seconds=7190) < until - before < timedelta(seconds=7300)


def test_errors(tmp_path: Path) -> None:
    missing = command("--store", "sqlite:/nowhere/x", "list")
    bdb = command("--store", sqlite_option(tmp_path), "-D", "/nowhere/popauth.db", "insert", A)

    assert missing == (1, "", "perdition-pbs: option --store: /nowhere/x: unable to open database file\n")
    assert bdb[0] == 1
    assert bdb[2].startswith("perdition-pbs: /nowhere/")
    assert bdb[2].endswith(": No such file or directory\n")


def test_who_reads_the_list_may_stop(tmp_path: Path) -> None:
    store = sqlite_option(tmp_path)
    command("--store", store, "insert", *(f"10.0.{number >> 8}.{number & 255}" for number in range(5000)))
    lister = subprocess.Popen([*COMMAND, "--store", store, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert lister.stdout is not None
    lister.stdout.close()
    assert lister.stderr is not None
    said = lister.stderr.read()
    lister.stderr.close()

    assert lister.wait() == 1
    assert said == b""
    assert len(known(store)) == 5000
