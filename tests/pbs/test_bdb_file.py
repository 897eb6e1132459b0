"""The Berkeley DB file, as those read it for whom it is: db5.3's own tools, Postfix."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from perdition.pbs.bdb_file import BdbFile, forms, rows
from perdition.pbs.sqlite_store import SqliteStore
from perdition.pbs.store import StoreTrouble
from perdition.session.effects import Level
from tests.interop.machine import program
from tests.pbs import running
from tests.pbs.running import append, command, eventually, pbs
from tests.pbs.stores import sqlite_option

A, B, C = "192.0.2.7", "2001:db8::7", "192.0.2.8"


def dumped(path: Path) -> dict[str, str]:
    """Read the file by Berkeley DB itself."""
    done = subprocess.run([program("db5.3_dump", "db5.3-util"), "-p", str(path)], capture_output=True, check=True)
    lines = done.stdout.decode().partition("HEADER=END\n")[2].splitlines()
    rows = [line[1:] for line in lines if line.startswith(" ")]
    return dict(zip(rows[::2], rows[1::2], strict=True))


def verify(path: Path) -> None:
    subprocess.run([program("db5.3_verify", "db5.3-util"), str(path)], capture_output=True, check=True)


def test_forms_of_an_address() -> None:
    assert forms(A) == [A]
    assert forms(B) == [B, "IPv6:2001:db8::7", "IPv6:2001:db8:0:0:0:0:0:7"]
    assert forms("1:2:3:4:5:6:7:8") == ["1:2:3:4:5:6:7:8", "IPv6:1:2:3:4:5:6:7:8"]
    assert list(rows([A], "", "OK")) == [(b"192.0.2.7\0", b"OK\0")]
    assert [key for key, _ in rows([A, B], "POP:", "OK")] == [
        b"POP:192.0.2.7\0",
        b"pop:192.0.2.7\0",
        b"POP:2001:db8::7\0",
        b"POP:IPv6:2001:db8::7\0",
        b"POP:IPv6:2001:db8:0:0:0:0:0:7\0",
        b"pop:2001:db8::7\0",
        b"pop:ipv6:2001:db8::7\0",
        b"pop:ipv6:2001:db8:0:0:0:0:0:7\0",
    ]


def test_it_follows_the_store(tmp_path: Path) -> None:
    log, path = tmp_path / "mail.log", tmp_path / "popauth.db"
    log.touch()
    path.write_bytes(b"what was there before")
    store = sqlite_option(tmp_path)
    with pbs("-L", str(log), "--store", store, "-D", str(path)) as daemon:
        eventually(lambda: path.read_bytes()[:4] != b"what", daemon.log)
        empty = dumped(path)
        append(log, running.line(A) + running.line(B))
        eventually(lambda: len(dumped(path)) == 8, daemon.log)
        verify(path)
        full = dumped(path)
        command("--store", store, "insert", C)  # somebody else
        eventually(lambda: f"POP:{C}\\00" in dumped(path), daemon.log)
        command("--store", store, "remove", A, B)
        command("--store", store, "-t", "1", "insert", C)  # whose time is over soon
        eventually(lambda: dumped(path) == {}, daemon.log)

    assert empty == {}
    assert full == {
        key.decode().replace("\0", "\\00"): value.decode().replace("\0", "\\00")
        for key, value in rows([A, B], "POP:", "OK")
    }


def test_commands_write_it_as_well(tmp_path: Path) -> None:
    path = tmp_path / "popauth.db"
    options = ("--store", sqlite_option(tmp_path), "-D", str(path), "-p", "", "--answer", "RELAY")
    command(*options, "insert", A, C)
    both = dumped(path)
    command(*options, "remove", A)
    one = dumped(path)
    command(*options, "purge")

    assert both == {f"{A}\\00": "RELAY\\00", f"{C}\\00": "RELAY\\00"}
    assert list(one) == [f"{C}\\00"]
    assert dumped(path) == {}


def test_postfix_reads_it(tmp_path: Path) -> None:
    postmap = program("postmap", "postfix")
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\nmyhostname = mail.example.org\n")
    path = tmp_path / "popauth.db"
    options = ("--store", sqlite_option(tmp_path), "-D", str(path), "-p", "")
    many = [f"10.0.{number >> 8}.{number & 255}" for number in range(1000)]
    command(*options, "insert", A, B, *many)
    ask = [postmap, "-c", str(tmp_path), "-q", "-", f"hash:{path.with_suffix('')}"]
    asked = "\n".join([A, B, C, *many]) + "\n"
    done = subprocess.run(ask, input=asked, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [f"{address}\tOK" for address in (A, B, *many)]
    assert done.stderr == ""


async def test_while_the_store_is_away_addresses_go_and_none_comes(tmp_path: Path) -> None:
    path = tmp_path / "popauth.db"
    store = SqliteStore(f"{tmp_path}/pbs.sqlite")
    bdb = BdbFile(str(path), "", "OK", store, _say)
    await store.put({A: time.time() + 3600, C: time.time() + 5})
    await bdb.update()
    before = dumped(path)
    store.close()  # which is as good as away
    limit = time.monotonic() + 20
    while len(dumped(path)) == 2:
        assert time.monotonic() < limit
        with pytest.raises(StoreTrouble):
            await bdb.update()

    assert before.keys() == {f"{A}\\00", f"{C}\\00"}
    assert list(dumped(path)) == [f"{A}\\00"]


async def test_a_start_without_the_store_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "popauth.db"
    path.write_bytes(b"what was there before")
    store = SqliteStore(f"{tmp_path}/pbs.sqlite")
    store.close()
    with pytest.raises(StoreTrouble):
        await BdbFile(str(path), "", "OK", store, _say).update()

    assert path.read_bytes() == b"what was there before"


def test_a_file_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "there" / "popauth.db"
    with pbs("-L", "", "--store", sqlite_option(tmp_path), "-D", str(path)) as daemon:
        daemon.wait_for("The Berkeley DB file is not up to date: .*popauth.db: No such file or directory")
        os.mkdir(path.parent)
        daemon.wait_for("The Berkeley DB file is up to date again")
        times = daemon.log.count("not up to date")

    assert times == 1
    assert dumped(path) == {}


def _say(level: Level, line: str) -> None:
    """Write no log."""
