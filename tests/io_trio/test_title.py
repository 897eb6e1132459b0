"""What ps(1) shows: no secrets."""

import os
from pathlib import Path

import pytest

from perdition.io_trio.title import hidden_in, hide
from tests.io_trio.proxy import Proxy

CANARY = "canary-7f3\N{LATIN SMALL LETTER E WITH ACUTE}a"
OPTION = f"redis://:{CANARY}@127.0.0.1:1/0?key=popmap:{{key}}"
BASE = ("--listen_port=0", "--bind_address=127.0.0.1", "--config_file=", "--map_library=redis")


@pytest.mark.parametrize(
    "secret",
    [
        (f"--map_library_opt={OPTION}",),
        ("--map_library_opt", OPTION),
        (f"-m{OPTION}",),
        ("-nm", OPTION),
        (f"-nm{OPTION}",),
        ("--map-library-opt", OPTION),
        (f"--further_map=redis:{OPTION}", f"--further-map=redis:{OPTION}"),
    ],
    ids=lambda words: words[0][:12],
)
def test_the_command_line_has_no_password(secret: tuple[str, ...]) -> None:
    with Proxy(*BASE, *secret, "--timeout=1799") as proxy:
        shown = Path(f"/proc/{proxy.pid}/cmdline").read_bytes()
        words = shown.split(b"\0")

        assert CANARY.encode() not in shown
        assert b"canary" not in shown
        assert b"--timeout=1799" in words
        assert b"--map_library=redis" in words
        assert any(b"*****" in word for word in words)


def test_the_name_of_the_process_is_that_of_the_program(tmp_path: Path) -> None:
    with Proxy(*BASE[:3], "--map_library=") as proxy:
        assert Path(f"/proc/{proxy.pid}/comm").read_text() == "perdition-trio\n"


def test_stars_take_the_place_of_a_word_or_of_the_end_of_an_option() -> None:
    area = b"perdition\0-m\0secret\0--map_library_opt=secret\0nosecret\0-m=secretive\0-msecret\0"
    hidden = hidden_in(area, [b"secret", b"absent"])

    assert hidden == b"perdition\0-m\0******\0--map_library_opt=******\0nosecret\0-m=secretive\0-m******\0"
    assert len(hidden) == len(area)


def test_what_is_not_there_changes_nothing() -> None:
    before = Path("/proc/self/cmdline").read_bytes()
    hide(["no-such-word-in-the-command-line-of-pytest"])
    hide([])

    assert Path("/proc/self/cmdline").read_bytes() == before
    assert os.getpid() > 1
