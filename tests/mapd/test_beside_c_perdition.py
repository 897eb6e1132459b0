"""The C program and ours with the daemon map, before perdition-mapd and before a daemon that sends odd packets."""

import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from perdition.map_tool.build import build
from perdition.map_tool.progress import Progress
from perdition.maps._daemon_packet import MOST, Answer, read_question, write_answer
from tests.interop.c_perdition import c_perdition
from tests.interop.proxy import start_with
from tests.interop.routes import DEFAULT, NOWHERE, real_servers, routes
from tests.mapd.running import mapd
from tests.maps.network.server import folder_for_a_server
from tests.ports import free_port

pytestmark = pytest.mark.interop

LIBRARY: Final = "libperditiondb_daemon.so.0"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with real_servers() as port:
        yield port


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_a_server() as folder:
        yield folder


def popmap(port: int) -> dict[bytes, bytes]:
    """Give users, and where their mail is."""
    plain = {b"user%d" % number: b"127.0.0.%d:%d" % (2 + number % 5, port) for number in range(20)}
    strange = [
        b"joe@example.com", b"joe+tag", b"#hash", b"-dash", b".dot", b"o'hara", b'"quoted"', b"*", b"(uid=*)", b"$1",
        b"%s", b"\xc3\xa4", b"\xe4", b"a,b", b"UPPER", b"x" * 200, b"~", b"[::1]", b"a|b", b"';drop",
    ]  # fmt: skip
    return {
        **plain,
        **{user: b"127.0.0.%d:%d" % (2 + number % 5, port) for number, user in enumerate(strange)},
        b"no-port": b"127.0.0.3",
        b"renamed": b"robert@127.0.0.4:%d" % port,
        b"renamed-no-port": b"robert@127.0.0.5",
        b"renamed-no-server": b"robert@",
        b"two-delimiters": b"robert@example.com@127.0.0.6:%d" % port,
        b"named": b"localhost:%d" % port,
        b"in-brackets": b"[127.0.0.3]:%d" % port,
    }


ABSENT: Final = (b"user", b"user20", b"User1", b"upper", b"nobody", b"joe", b"joe@example.org", b"x" * 199, b"**")


def routes_of_the_c_program(port: int, users: Sequence[bytes], *options: str) -> dict[bytes, bytes]:
    """Give where the C program sends users, and under which name."""
    with c_perdition("--protocol", "POP3", *options, *default_server(port)) as listening:
        return routes(listening, users)


def routes_of_ours(port: int, users: Sequence[bytes], *options: str) -> dict[bytes, bytes]:
    """Give where our daemon sends them."""
    ours = free_port()
    fixed = ["--config_file", "", "--no_lookup", "--log_facility", "+", "--debug", "--protocol", "POP3"]
    where = ["--bind_address", "127.0.0.1", "--listen_port", str(ours)]
    proxy = start_with({}, *fixed, *where, *options, *default_server(port))
    try:
        return routes(ours, users)
    finally:
        proxy.stop()


def default_server(port: int) -> tuple[str, ...]:
    """Give the options for users whom the map does not know, and about names from the map."""
    return "--outgoing_server", f"{DEFAULT}:{port}", "--outgoing_port", str(port), "--username_from_database"


def test_both_programs_and_the_file_itself_send_every_user_the_same_way(folder: Path, port: int) -> None:
    users = [*popmap(port), *ABSENT]
    file, path = folder / "popmap.gdbm", folder / "socket"
    lines = [key + b":" + value + b"\n" for key, value in popmap(port).items()]
    build("gdbm", str(file), lines, Progress(sys.stderr))
    from_the_file = routes_of_the_c_program(
        port, users, "--map_library", "libperditiondb_gdbm.so.0", "--map_library_opt", str(file)
    )
    by_daemon = ("--map_library", LIBRARY, "--map_library_opt", f"{path}:20:2")
    with mapd(path, "-M", "gdbm", "-m", str(file)):
        theirs = routes_of_the_c_program(port, users, *by_daemon)
        ours = routes_of_ours(port, users, *by_daemon)

    assert len(users) > 50
    assert theirs == from_the_file
    assert ours == theirs
    assert [user for user, where in theirs.items() if where == NOWHERE] == []
    assert theirs[b"two-delimiters"] == b"127.0.0.6 robert@example.com"
    assert theirs[b"renamed-no-server"] == DEFAULT.encode() + b" robert"
    assert all(theirs[user] == DEFAULT.encode() + b" " + user for user in ABSENT)


def test_the_c_program_gets_no_answer_from_a_map_that_is_down(folder: Path, port: int) -> None:
    """It asks again and again, and when the map is back the user is sent where he belongs."""
    file, path = folder / "popmap.re", folder / "socket"
    inner = folder / "inner"
    file.write_text(f"^joe$: 127.0.0.5:{port}\n")
    found: dict[bytes, bytes] = {}
    options = ("--map_library", LIBRARY, "--map_library_opt", f"{path}:1:2")
    with mapd(path, "-M", "daemon", "-m", f"{inner}:1:1") as outer:
        client = threading.Thread(target=lambda: found.update(routes_of_the_c_program(port, [b"joe"], *options)))
        client.start()
        outer.wait_for("No answers, those who ask have to wait")
        asleep = dict(found)
        with mapd(inner, "-M", "posix_regex", "-m", str(file)):
            client.join()

    assert asleep == {}
    assert found == {b"joe": b"127.0.0.5 joe"}


# --- odd packets


def packets(port: int) -> dict[bytes, bytes]:
    """Give what a daemon answers to each key, good and bad."""
    digits = b"%d" % port
    texts = b"".join(struct.pack(">H", len(text)) + text for text in (b"joe", b"127.0.0.2", digits))

    def packet(
        texts: bytes, *, magic: int = 0x07070707, version: int = 1, flags: int = 2, longer: int = 0, checksum: int = 0
    ) -> bytes:
        return struct.pack(">IHHHH12x", magic, version, flags, 24 + len(texts) + longer, checksum) + texts

    def answer(user: bytes, server: bytes, port: bytes) -> bytes:
        return write_answer(Answer(user, server, port))

    return {
        # both understand
        b"good": packet(texts),
        b"version-2": packet(texts, version=2),
        b"version-0": packet(texts, version=0),
        b"octets-behind": packet(texts) + b"x",
        b"addresses": packet(texts)[:12] + b"\1" * 12 + texts,
        b"nul": answer(b"joe\0", b"127.0.0.2\0", digits),
        b"user": answer(b"robert", b"127.0.0.3", digits),
        b"user-with-delimiter": answer(b"robert@example.com", b"127.0.0.3", digits),
        b"no-port": answer(b"joe", b"127.0.0.3", b""),
        b"user-alone": answer(b"robert", b"", b""),
        b"port-alone": answer(b"joe", b"", b"1"),
        b"long-user": answer(b"u" * 100, b"127.0.0.4", digits),
        # both go nowhere
        b"port-in-server": answer(b"", b"127.0.0.2:%d" % port, b""),
        b"user-in-server": answer(b"", b"bob@127.0.0.2", digits),
        b"blank": answer(b"", b" 127.0.0.2", digits),
        b"8-bit": answer(b"", b"h\xe4", digits),
        # the C program goes to the default server
        b"magic": packet(texts, magic=0x07070708),
        b"flags-0": packet(texts, flags=0),
        b"flags-1": packet(texts, flags=1),
        b"flags-3": packet(texts, flags=3),
        b"flags-6": packet(texts, flags=6),
        b"checksum": packet(texts, checksum=1),
        b"octets-more-within": packet(texts + b"x"),
        b"text-more": packet(texts + b"\0\1x"),
        b"length-less": packet(texts, longer=-1),
        b"texts-2": packet(texts[: -2 - len(digits)]),
        b"texts-1": packet(texts[:5]),
        b"texts-0": packet(b""),
        b"header-cut": packet(b"")[:20],
        b"nothing": b"",
        b"text-too-long": packet(b"\0\0\0\xff127.0.0.2"),
        b"packet-too-long": packet(texts, longer=65300 - len(texts)) + bytes(65300 - len(texts)),
    }


GOES_TO_THE_DEFAULT_SERVER: Final = (
    b"magic", b"flags-0", b"flags-1", b"flags-3", b"flags-6", b"checksum", b"octets-more-within", b"text-more",
    b"length-less", b"texts-2", b"texts-1", b"texts-0", b"header-cut", b"nothing", b"text-too-long", b"packet-too-long",
)  # fmt: skip
"""What a packet that cannot be read does to the C program's users.  Ours are told to try again."""


@contextlib.contextmanager
def odd_daemon(path: Path, answers: dict[bytes, bytes]) -> Iterator[None]:
    """Run a map daemon that sends what it is told to."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        path.chmod(0o666)

        def serve() -> None:
            while (asked := sock.recvfrom(MOST))[0] != b"end":
                sock.sendto(answers[read_question(asked[0]).key], asked[1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_end:
                to_end.sendto(b"end", str(path))
            thread.join()


def test_odd_answers_mean_the_same_to_both_programs(folder: Path, port: int) -> None:
    answers = packets(port)
    options = ("--map_library", LIBRARY, "--map_library_opt", f"{folder}/socket:20:2")
    with odd_daemon(folder / "socket", answers):
        theirs = routes_of_the_c_program(port, list(answers), *options)
        ours = routes_of_ours(port, list(answers), *options)

    for name in GOES_TO_THE_DEFAULT_SERVER:
        assert (theirs.pop(name), ours.pop(name)) == (DEFAULT.encode() + b" " + name, NOWHERE)
    assert ours == theirs
    assert theirs[b"good"] == b"127.0.0.2 joe"
    assert theirs[b"user-alone"] == DEFAULT.encode() + b" robert"
    assert {name for name, where in theirs.items() if where == NOWHERE} == {
        b"port-in-server",
        b"user-in-server",
        b"blank",
        b"8-bit",
    }


def test_an_empty_user_is_no_name_for_ours(folder: Path, port: int) -> None:
    """perdition 2.2 empties the name with username_from_database (a bug that is not kept)."""
    answers = {b"joe": write_answer(Answer(b"", b"127.0.0.2", b"%d" % port))}
    options = ("--map_library", LIBRARY, "--map_library_opt", f"{folder}/socket:20:2")
    with odd_daemon(folder / "socket", answers):
        theirs = routes_of_the_c_program(port, [b"joe"], *options)
        ours = routes_of_ours(port, [b"joe"], *options)

    assert theirs == {b"joe": b"127.0.0.2 "}
    assert ours == {b"joe": b"127.0.0.2 joe"}
