"""Option print_config, by the real program."""

import subprocess
from pathlib import Path

import pytest

from tests.io_trio.proxy import COMMAND, ROOT, run

CONF = b"""\
protocol IMAP4
ok_line "caf\xc3\xa9"
map_library mysql
map_library_opt db::db:table:user:secret
timeout 5
"""


def settings(text: str) -> list[str]:
    """Give the lines that say something, without where that came from."""
    return [line.split("  #")[0].split(" # ")[0].rstrip() for line in text.splitlines() if line[:1] not in ("", "#")]


def test_from_perdition_conf_to_toml_and_back(tmp_path: Path) -> None:
    conf, toml, back = (tmp_path / name for name in ("a.conf", "b.toml", "c.conf"))
    conf.write_bytes(CONF)
    first = run(f"--config_file={conf}", "--print-config=toml", "--show-secrets", "--no_lookup")
    toml.write_text(first.stdout)
    second = run(f"--config_file={toml}", "--print-config", "conf", "--show_secrets")
    back.write_text(second.stdout)
    third = run(f"--config_file={back}", "--print_config", "--show_secrets")

    assert [done.returncode for done in (first, second, third)] == [0, 0, 0]
    assert [done.stderr for done in (first, second, third)] == ["", "", ""]
    assert 'map_library_opt = "db::db:table:user:secret"' in settings(first.stdout)
    assert {'ok_line = "café"', "timeout = 5", "no_lookup = true"} <= set(settings(first.stdout))
    assert {"protocol IMAP4", "ok_line 'café'", "timeout 5", "no_lookup"} <= set(settings(second.stdout))
    assert settings(third.stdout) == settings(second.stdout)


def test_secrets_are_hidden_and_that_is_said(tmp_path: Path) -> None:
    conf = tmp_path / "a.conf"
    conf.write_bytes(CONF.replace(b"secret", b"canary"))
    done = run(f"--config_file={conf}", "--print-config")

    assert done.returncode == 0
    assert "canary" not in done.stdout + done.stderr
    assert "#map_library_opt (hidden)" in done.stdout
    assert done.stderr == (
        "perdition-trio: hidden, for it may hold passwords: map_library_opt; --show_secrets shows it\n"
    )


def test_octets_come_out_as_they_went_in(tmp_path: Path) -> None:
    conf = tmp_path / "a.conf"
    conf.write_bytes(b"explicit_domain caf\xe9\n")
    words = (*COMMAND, f"--config_file={conf}", "--print-config")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)

    assert b"\nexplicit_domain 'caf\xe9' " in done.stdout


@pytest.mark.parametrize("option", ["--timeout=x", "--explicit_domain=caf\udce9"])
def test_what_is_wrong_is_not_printed(option: str) -> None:
    done = run("--config_file=", "--print-config=toml", option)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("perdition-trio: option ")
    assert done.stderr.count("\n") == 1
