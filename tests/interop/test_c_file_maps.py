"""Our gdbm and bdb maps and tools beside those of the C program, on the same files; cdb beside tinycdb."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from perdition.map_tool.build import build
from perdition.map_tool.progress import Progress
from perdition.maps import Found, Query, bdb, cdb, gdbm
from perdition.maps._file_map import open_file
from tests.interop.c_perdition import c_perdition, c_program
from tests.interop.machine import ROOT, program
from tests.interop.proxy import Options, StartProxy
from tests.interop.routes import DEFAULT, NOWHERE, real_servers, routes

KINDS: Final = ("gdbm", "bdb")
MAPS: Final = {"gdbm": gdbm, "bdb": bdb, "cdb": cdb}
OURS: Final = (sys.executable, "-m", "perdition.map_tool")
EVERY_KIND: Final = pytest.mark.parametrize("kind", KINDS)
EVERY_WRITER: Final = pytest.mark.parametrize("writer", ["C", "ours"])


def popmap(port: int) -> dict[bytes, bytes]:
    """Give users, and where their mail is."""
    plain = {b"user%d" % number: b"127.0.0.%d:%d" % (2 + number % 5, port) for number in range(20)}
    strange = [
        b"joe@example.com", b"joe+tag", b"#hash", b"-dash", b".dot", b"o'hara", b'"quoted"', b"*", b"(uid=*)", b"$1",
        b"%s", b"\xc3\xa4", b"\xe4", b"a,b", b"UPPER", b"x" * 200, b"~", b"[::1]", b"a|b", b"';drop/**/table--",
    ]  # fmt: skip
    return {
        **plain,
        **{user: b"127.0.0.%d:%d" % (2 + number % 5, port) for number, user in enumerate(strange)},
        b"no-port": b"127.0.0.3",
        b"renamed": b"robert@127.0.0.4:%d" % port,
        b"renamed-no-port": b"robert@127.0.0.5",
        b"two-delimiters": b"robert@example.com@127.0.0.6:%d" % port,
        b"named": b"localhost:%d" % port,
        b"nowhere": b"127.0.0.7:1",
    }


ABSENT: Final = (
    b"user",
    b"user20",
    b"User1",
    b"USER1",
    b"upper",
    b"nobody",
    b"joe",
    b"joe@example.org",
    b"x" * 199,
    b"**",
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with real_servers() as port:
        yield port


@pytest.fixture
def file(folder: Path, port: int, kind: str, writer: str) -> Path:
    """Give a map that the C tool or ours has made."""
    file = folder / f"{writer}.{kind}"
    lines = b"".join(key + b":" + value + b"\n" for key, value in popmap(port).items())
    if writer == "C":
        subprocess.run([c_program(f"make{kind}"), file], input=lines, check=True)
    else:
        build(kind, str(file), lines.splitlines(keepends=True), Progress(sys.stderr))
    return file


@EVERY_WRITER
@EVERY_KIND
def test_both_programs_send_every_user_the_same_way(file: Path, port: int, kind: str, start_proxy: StartProxy) -> None:
    users = [*popmap(port), *ABSENT]
    library = f"libperditiondb_{kind}.so.0"
    shared = ("--outgoing_server", f"{DEFAULT}:{port}", "--outgoing_port", str(port), "--username_from_database")
    with c_perdition("--protocol", "POP3", "--map_library", library, "--map_library_opt", str(file), *shared) as theirs:
        expected = routes(theirs, users)
    options: Options = {
        "protocol": "POP3",
        "map_library": library,
        "map_library_opt": str(file),
        "outgoing_server": f"{DEFAULT}:{port}",
        "outgoing_port": port,
        "username_from_database": True,
    }
    with start_proxy({"map": options}) as proxy:
        found = routes(proxy.ports["map"], users)

    assert len(users) > 50
    assert found == expected
    assert {user for user, where in expected.items() if where == NOWHERE} == {b"nowhere"}
    assert expected[b"two-delimiters"] == b"127.0.0.6 robert@example.com"
    assert all(expected[user] == DEFAULT.encode() + b" " + user for user in ABSENT)


RULES: Final = r"""# comments, quotes, and a colon or none behind a pattern
^plain: 127.0.0.2
"^quoted$" "127.0.0.3:PORT"
'^(user)([0-4])$': $1-$2@127.0.0.2:PORT
'^(user)([5-9])$' $0@127.0.0.3:PORT
'^(.*)@one\.example$': $1@127.0.0.4:PORT
'^([^@]*)@(two|three)\.example$': $2_$1@127.0.0.5:PORT
'^[[:upper:]]+$': 127.0.0.6:PORT
'^[[:digit:]]{3}$': 127.0.0.2:PORT
'^(a|ab)(c|bcd)(d*)$': $1.$2.$3@127.0.0.3:PORT
'middle': 127.0.0.4:PORT
'^(x)?(y)$': <$1$2>@127.0.0.5:PORT
'^nine(.)(.)(.)(.)(.)(.)(.)(.)(.)$': $9$8$7$6$5$4$3$2$1@127.0.0.6:PORT
"""
NAMES: Final = """
    plain plainer aplain quoted quoted2 unquoted user0 user1 user4 user5 user9 user10 User1 auser1 joe@one.example
    joe@ONE.example joe@oneXexample joe@two.example joe@three.example joe@four.example a@b@two.example UPPER Upper
    UPPER1 123 1234 12a abcd abbcd acd abcdd ab a y xy xxy middle amiddle amiddleb 127.middle nine123456789
    nine12345678 nine1234567890 nobody plain@one.example josé josé@one.example %s $1 ^plain .
"""
# A result without a user: the C program logs in with no name at all, here the name as it was typed counts.
NO_USER: Final = b"@one.example"


def test_both_programs_read_the_same_regular_expressions(tmp_path: Path, port: int, start_proxy: StartProxy) -> None:
    file = tmp_path / "popmap.re"
    file.write_text(RULES.replace("PORT", str(port)))
    users = [NO_USER, *(name.encode() for name in NAMES.split())]
    library = "libperditiondb_posix_regex.so.0"
    shared = ("--outgoing_server", f"{DEFAULT}:{port}", "--outgoing_port", str(port), "--username_from_database")
    with c_perdition("--protocol", "POP3", "--map_library", library, "--map_library_opt", str(file), *shared) as theirs:
        expected = routes(theirs, users)
    options: Options = {
        "protocol": "POP3",
        "map_library": library,
        "map_library_opt": str(file),
        "outgoing_server": f"{DEFAULT}:{port}",
        "outgoing_port": port,
        "username_from_database": True,
    }
    with start_proxy({"map": options}) as proxy:
        found = routes(proxy.ports["map"], users)

    assert len(users) > 45
    assert (expected.pop(NO_USER), found.pop(NO_USER)) == (b"127.0.0.4 ", b"127.0.0.4 " + NO_USER)
    assert found == expected
    assert len(set(expected.values())) > 15


@pytest.mark.parametrize("writer", ["ours"])
@EVERY_KIND
def test_the_c_tool_prints_what_we_wrote(file: Path, kind: str, port: int) -> None:
    printed = subprocess.run([c_program(f"make{kind}"), "--undo", file], capture_output=True, check=True).stdout

    lines = printed.replace(b"\0", b"").splitlines()  # makegdbm puts NUL octets between
    assert sorted(lines) == sorted(key + b":" + value for key, value in popmap(port).items())


LARGE: Final = {b"user%d" % number: b"host%d:143" % (number % 50) for number in range(3000)}


def test_the_library_may_go_on_writing_our_gdbm_file(tmp_path: Path) -> None:
    tool = program("gdbmtool", "gdbmtool")
    gdbm_file = tmp_path / "m"
    build("gdbm", str(gdbm_file), [key + b":" + value + b"\n" for key, value in LARGE.items()], Progress(sys.stderr))
    commands = "".join(f"store new{number} host\n" for number in range(500)) + "delete user7\ncount\n"
    done = subprocess.run([tool, gdbm_file], input=commands.encode(), capture_output=True, check=True)

    assert b"3499 items" in done.stdout
    expected = {key: value for key, value in LARGE.items() if key != b"user7"}
    expected |= {b"new%d" % number: b"host" for number in range(500)}
    assert dict(open_file(str(gdbm_file), gdbm.FORMAT).table.rows()) == expected


def test_berkeley_db_finds_no_fault_with_our_bdb_file(tmp_path: Path) -> None:
    verify = program("db5.3_verify", "db5.3-util")
    rows = {**LARGE, **{b"k" * (1000 + number): b"v" * (number * 30) for number in range(1, 200)}}
    build("bdb", f"{tmp_path}/m", [key + b":" + value + b"\n" for key, value in rows.items()], Progress(sys.stderr))
    done = subprocess.run([verify, tmp_path / "m"], capture_output=True)

    assert done.stdout == f"BDB5105 Verification of {tmp_path}/m succeeded.\n".encode()
    assert dict(open_file(f"{tmp_path}/m", bdb.FORMAT).table.rows()) == rows


@EVERY_KIND
def test_large_files_of_the_c_tools(tmp_path: Path, kind: str) -> None:
    lines = b"".join(key + b":" + value + b"\n" for key, value in LARGE.items())
    subprocess.run([c_program(f"make{kind}"), tmp_path / "m"], input=lines, check=True)
    state = open_file(f"{tmp_path}/m", MAPS[kind].FORMAT)

    assert dict(state.table.rows()) == LARGE
    assert all(state.table.get(key) == value for key, value in LARGE.items())


def test_tinycdb_reads_ours_and_we_read_its(tmp_path: Path) -> None:
    tool = program("cdb", "tinycdb")
    build("cdb", f"{tmp_path}/ours", [key + b":" + value + b"\n" for key, value in LARGE.items()], Progress(sys.stderr))
    dumped = subprocess.run([tool, "-d", tmp_path / "ours"], capture_output=True, check=True).stdout
    subprocess.run([tool, "-c", tmp_path / "theirs"], input=dumped, check=True)

    assert dict(open_file(f"{tmp_path}/theirs", cdb.FORMAT).table.rows()) == LARGE
    for user in list(LARGE)[:40]:
        asked = subprocess.run([tool, "-q", tmp_path / "ours", user], capture_output=True, check=True)

        assert asked.stdout == LARGE[user]
    assert subprocess.run([tool, "-q", tmp_path / "ours", b"nobody"], capture_output=True).returncode == 100


@EVERY_KIND
def test_no_user_is_absent_while_the_c_tool_writes_again_and_again(tmp_path: Path, kind: str) -> None:
    tool = c_program(f"make{kind}")
    lines = b"".join(key + b":" + value + b"\n" for key, value in LARGE.items())
    subprocess.run([tool, tmp_path / "m"], input=lines, check=True)
    rounds = 60

    def write() -> None:
        for _ in range(rounds):
            # gdbm's tool gives up when a lookup has just tried the lock; its users know that from perdition 2.2.
            subprocess.run([tool, tmp_path / "m"], input=lines, stderr=subprocess.DEVNULL)

    outcomes = set()
    with contextlib.closing(MAPS[kind].open_map(f"{tmp_path}/m")) as opened:
        writer = threading.Thread(target=write)
        writer.start()
        while writer.is_alive():
            outcomes |= {opened.lookup(Query(user)) for user in (b"user1", b"user1500", b"user2999")}
        writer.join()

    assert outcomes == {Found(LARGE[user]) for user in (b"user1", b"user1500", b"user2999")}


INPUT: Final = b"joe:127.0.0.1:110\ndup:a\ndup:b\nnocolon\n\nempty:\n:v\n sp : v \n# c:v\ncr:x\r\n"
USES: Final = {
    "all": (["m"], INPUT),
    "nothing": (["m"], b""),
    "no file": ([], b""),
    "two files": (["m", "n"], b""),
    "no such folder": (["no/m"], b""),
    "unknown option": (["-x", "m"], b""),
    "undo of nothing": (["-u", "no"], b""),
    "undo of something else": (["--undo", "text"], b""),
}


@EVERY_KIND
@pytest.mark.parametrize("use", USES)
def test_our_tool_of_the_same_name_does_the_same(tmp_path: Path, kind: str, use: str) -> None:
    words, octets = USES[use]
    entry = f"import sys; sys.argv[0] = 'make{kind}'; from perdition.map_tool.make import make{kind}; make{kind}()"
    commands = {"C": [c_program(f"make{kind}")], "ours": [sys.executable, "-c", entry]}
    ends = {}
    for name, command in commands.items():
        where = tmp_path / name
        where.mkdir()
        (where / "text").write_text("joe:host\n")
        done = subprocess.run(
            [*command, *words], input=octets, capture_output=True, cwd=where, env={"PYTHONPATH": str(ROOT)}
        )
        said = {line for line in done.stderr.splitlines() if b"line" in line or b"(key:" in line or b"dupicate" in line}
        rows = dict(open_file(f"{where}/m", MAPS[kind].FORMAT).table.rows()) if (where / "m").exists() else None
        ends[name] = (done.returncode, said, rows)

    assert ends["ours"] == ends["C"]
