"""perdition-map lookup."""

import re
from pathlib import Path

import pytest

from tests.map_tool.command import Done, perdition_map

POPMAP = b"joe:mail1.example.org:1143\nann@example.org:ann2@mail2.example.org\nodd:h\xc3\xa4\n\xc3\xa4:127.0.0.1\n"


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    assert perdition_map("build", "cdb", tmp_path / "m", given=POPMAP).status == 0
    return ["--config_file", "", "--protocol", "IMAP4", "--map_library", "cdb", "--map_library_opt", f"{tmp_path}/m"]


def said(done: Done) -> list[str]:
    return re.sub(r"\([0-9.]+ ms\)", "(T)", done.out.decode()).splitlines()


def test_found(options: list[str]) -> None:
    done = perdition_map("lookup", *options, "joe")

    assert (done.status, done.err) == (0, "")
    assert said(done) == [
        'key "joe": found "mail1.example.org:1143" (T)',
        "server: mail1.example.org",
        "port: 1143",
        "user: joe",
    ]


def test_every_key_is_tried_and_the_user_comes_from_the_map(options: list[str]) -> None:
    changes = ["--query_key", "\\u,\\U", "--lower_case", "all", "-U"]
    done = perdition_map("lookup", *options, *changes, "Ann@Example.org")

    assert done.status == 0
    assert said(done) == [
        'key "ann": absent (T)',
        'key "ann@example.org": found "ann2@mail2.example.org" (T)',
        "server: mail2.example.org",
        "port: 143",
        "user: ann2",
    ]


def test_the_name_for_the_real_server(options: list[str]) -> None:
    done = perdition_map("lookup", *options, "--strip_domain", "all", "joe@example.org")

    assert said(done)[-1] == "user: joe"


def test_the_name_for_pam(options: list[str]) -> None:
    changes = ["--authenticate_in", "--strip_domain", "local_authentication", "-s", "h"]
    done = perdition_map("lookup", *options, *changes, 'ann@ex"ample.org')

    assert said(done) == [
        'key "ann@ex\\"ample.org": absent (T)',
        "PAM user: ann",
        "server: h",
        "port: 143",
        'user: ann@ex\\"ample.org',
    ]


def test_absent(options: list[str]) -> None:
    with_default = perdition_map("lookup", *options, "-s", "mail.example.org:1", "bob")
    without = perdition_map("lookup", *options, "bob")

    assert with_default.status == without.status == 3
    assert said(with_default) == ['key "bob": absent (T)', "server: mail.example.org", "port: 1", "user: bob"]
    assert said(without) == ['key "bob": absent (T)', "refused: failed: Could not determine server"]


def test_unavailable(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "m").unlink()
    done = perdition_map("lookup", *options, "-s", "mail.example.org", "joe")

    assert done.status == 4
    assert said(done) == [
        f'key "joe": unavailable: {tmp_path}/m: No such file or directory (T)',
        f"refused: failed: Lookup unavailable: map: {tmp_path}/m: No such file or directory",
    ]


def test_broken(options: list[str]) -> None:
    done = perdition_map("lookup", *options, "odd")

    assert done.status == 5
    assert said(done) == [
        'key "odd": found "h\\303\\244" (T)',
        "refused: failed: Lookup broken: map: expected a server and a port in ASCII",
    ]


def test_a_name_that_begins_with_a_dash(options: list[str]) -> None:
    assert said(perdition_map("lookup", *options, "--", "-joe"))[0] == 'key "-joe": absent (T)'
    assert perdition_map("lookup", *options, "--", "joe").status == 0
    assert perdition_map("lookup", "--").status == 1


def test_a_name_that_is_not_ascii(options: list[str]) -> None:
    assert said(perdition_map("lookup", *options, "ä"))[0] == 'key "\\303\\244": found "127.0.0.1" (T)'


def test_a_server_that_the_user_names(options: list[str]) -> None:
    done = perdition_map("lookup", *options, "-c", "joe@other.example.org:2")

    assert done.status == 0
    assert said(done) == ["server: other.example.org", "port: 2", "user: joe"]


def test_a_key_that_means_nothing(options: list[str]) -> None:
    done = perdition_map("lookup", *options, "-s", "h", "--query_key", "\\x", "joe")

    assert done.status == 3
    assert said(done)[0].startswith("log: Map is not asked for ")
    assert said(done)[1:] == ["server: h", "port: 143", "user: joe"]


def test_every_listener(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "p.toml").write_text(
        f'[[listener]]\nprotocol = "POP3"\nmap_library = "cdb"\nmap_library_opt = "{tmp_path}/m"\n'
        '[[listener]]\nprotocol = "IMAP4"\nmap_library = ""\n'
    )
    done = perdition_map("lookup", "-f", str(tmp_path / "p.toml"), "joe")

    assert done.status == 3
    assert said(done)[0] == "listener 1, POP3 port 110"
    assert said(done)[5:] == [
        "listener 2, IMAP4 port 143",
        'key "joe": absent (T)',
        "refused: failed: Could not determine server",
    ]


def test_no_certificate_is_needed(options: list[str]) -> None:
    assert perdition_map("lookup", *options, "--ssl_mode", "tls_all_force", "joe").status == 0


WRONG = {
    "no name": ([], "expected options of the daemon, then the name of a user"),
    "an option last": (["joe", "--no_lookup"], "expected options of the daemon, then the name of a user"),
    "an unknown option": (["--nonsense", "joe"], "nonsense"),
    "an unknown map": (["-f", "", "-M", "nosuch", "joe"], 'map_library "nosuch": unknown kind of map'),
    "an answer for the daemon": (["--version", "joe"], "expected the name of a user"),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong(words: list[str], message: str) -> None:
    done = perdition_map("lookup", *words)

    assert done.status == 1
    assert message in done.err
    assert "Traceback" not in done.err
