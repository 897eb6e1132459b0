"""perdition-map check."""

from pathlib import Path

import pytest

from perdition.map_tool.kinds import DATABASES, KINDS
from tests.map_tool.command import perdition_map


@pytest.mark.parametrize("kind", DATABASES)
def test_a_good_map(tmp_path: Path, kind: str) -> None:
    perdition_map("build", kind, tmp_path / "m", given=b"joe:127.0.0.1:143\nann:ann@localhost:imap\nbob:[::1]\n")
    done = perdition_map("check", kind, tmp_path / "m")

    assert (done.status, done.err) == (0, "")
    assert done.out.decode() == f"{tmp_path}/m: 3 entries, 0 findings\n"


VALUES = {
    "x@": 'expected a server, found "x@"',
    "h:99999": "expected a port, 1 to 65535, or a service, found 99999",
    "h:imop": "expected a port, 1 to 65535, or a service, found imop",
    "[::1": 'expected [address] or [address]:port, found "[::1"',
    "h\\303\\244": 'expected a server and a port in ASCII, found "h\\303\\244"',
    "no such name": "cannot resolve no such name: Name or service not known",
}


@pytest.mark.parametrize("kind", ["cdb", "text"])
def test_values_that_make_no_sense(tmp_path: Path, kind: str) -> None:
    rows = [(b"user%d" % number, value.replace("\\303\\244", "ä").encode()) for number, value in enumerate(VALUES)]
    KINDS[kind].write(f"{tmp_path}/m", rows)
    done = perdition_map("check", kind, tmp_path / "m")
    places = [f"m:{number + 1}" if kind == "text" else f'm: key "user{number}"' for number in range(len(VALUES))]

    assert done.status == 1
    lines = done.out.decode().splitlines()
    assert lines[-1] == f"{tmp_path}/m: 6 entries, 6 findings"
    assert lines[:-1] == [f"{tmp_path}/{place}: {said}" for place, said in zip(places, VALUES.values(), strict=True)]


def test_names_need_not_be_asked_for(tmp_path: Path) -> None:
    perdition_map("build", "cdb", tmp_path / "m", given=b"joe:no such name\n")

    assert perdition_map("check", "--no-resolve", "cdb", tmp_path / "m").status == 0


def test_another_delimiter(tmp_path: Path) -> None:
    perdition_map("build", "cdb", tmp_path / "m", given=b"joe:user%127.0.0.1\n")

    assert perdition_map("check", "--delimiter", "%", "cdb", tmp_path / "m").status == 0
    assert perdition_map("check", "--delimiter", "", "--no-resolve", "cdb", tmp_path / "m").status == 0


def test_keys_that_are_there_twice(tmp_path: Path) -> None:
    KINDS["cdb"].write(f"{tmp_path}/m", [(b"joe", b"127.0.0.1"), (b"joe", b"127.0.0.2"), (b"ann", b"")])
    done = perdition_map("check", "cdb", tmp_path / "m")

    assert done.status == 1
    assert done.out.decode().splitlines() == [
        f'{tmp_path}/m: key "joe": is there twice',
        f'{tmp_path}/m: key "ann": expected a server, found nothing',
        f"{tmp_path}/m: 2 entries, 2 findings",
    ]


def test_lines_that_build_would_refuse(tmp_path: Path) -> None:
    (tmp_path / "popmap").write_bytes(b"joe:127.0.0.1\nno colon\njoe:127.0.0.2\n")
    done = perdition_map("check", "text", tmp_path / "popmap")

    assert done.out.decode().splitlines() == [
        f"{tmp_path}/popmap:2: expected key:value, found no colon",
        f'{tmp_path}/popmap:3: expected a key that is not there yet, found "joe" of line 1',
        f"{tmp_path}/popmap: 1 entries, 2 findings",
    ]


RULES = b"""\
# line 1
(.*)@(.*): $1@$2.invalid
^bob@: 127.0.0.1
^b: 127.0.0.1:0
"""


def test_regular_expressions(tmp_path: Path) -> None:
    (tmp_path / "m.re").write_bytes(RULES)
    done = perdition_map("check", "posix_regex", tmp_path / "m.re")

    assert done.status == 1
    assert done.out.decode().splitlines() == [
        f"{tmp_path}/m.re:3: never reached: line 2 matches all of it",
        f"{tmp_path}/m.re:4: expected a port, 1 to 65535, or a service, found 0",
        f"{tmp_path}/m.re: 3 entries, 2 findings",
    ]


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"(x\n")
    regex = perdition_map("check", "posix_regex", tmp_path / "text")
    database = perdition_map("check", "gdbm", tmp_path / "text")
    missing = perdition_map("check", "bdb", tmp_path / "no")

    assert regex.status == database.status == missing.status == 1
    assert b"text:1: expected a pattern" in regex.out
    assert b"text: expected " in database.out
    assert missing.err == f"perdition-map: {tmp_path}/no: No such file or directory\n"
