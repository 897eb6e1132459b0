"""The command line of perdition-mapd."""

from pathlib import Path

import pytest

from perdition.config.origin import ConfigError
from perdition.mapd.options import OF_THE_DAEMON, read, usage

NO_FILE = ("--config_file", "")


def test_the_defaults() -> None:
    options = read(NO_FILE)

    assert (options.socket, options.mode, options.empty_user) == ("/var/run/perdition.db", 0o660, False)
    assert read((*NO_FILE, "--empty_user")).empty_user


@pytest.mark.parametrize(
    "words",
    [("--socket", "/s", "--mode", "600"), ("--socket=/s", "--mode=0600"), ("--mode=1", "--mode=0600", "--socket=/s")],
)
def test_our_own_options_stand_among_the_daemons(words: tuple[str, ...]) -> None:
    options = read((*words, *NO_FILE, "-M", "posix_regex", "--map-timeout=7"))

    assert (options.socket, options.mode) == ("/s", 0o600)
    assert options.config.common.map_library == "posix_regex"
    assert options.config.common.map_timeout == 7


def test_the_configuration_file_of_the_daemon_will_do(tmp_path: Path) -> None:
    (tmp_path / "perdition.conf").write_text("map_library sqlite\nlisten_port 143\nlower_case all\n")
    options = read(("--config_file", f"{tmp_path}/perdition.conf"))

    assert options.config.common.map_library == "sqlite"


WRONG = {
    ("--socket",): "option --socket: expected a value",
    ("--socket=",): "option --socket: expected a value",
    ("--mode", "rw"): 'option --mode: "rw": expected an octal number such as 0660',
    ("--mode=1777",): 'option --mode: "1777": expected an octal number such as 0660',
    ("--mode=-1",): 'option --mode: "-1": expected an octal number such as 0660',
    ("--mode=8",): 'option --mode: "8": expected an octal number such as 0660',
    ("--listen_port", "143"): "option --listen_port is none of perdition-mapd",
    ("-p143", "-B"): (
        "option --no_bind_banner is none of perdition-mapd\noption --outgoing_port is none of perdition-mapd"
    ),
    ("--map_libary", "x"): "unknown option --map_libary (did you mean --map_library?)",
    ("word",): 'left-over word "word" on the command line',
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong(words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        read((*NO_FILE, *words))

    assert "\n".join(sorted(str(caught.value).splitlines())) == WRONG[words]


def test_the_help_names_each_option() -> None:
    assert all(name in usage() for name in (*OF_THE_DAEMON, "--socket", "--mode", "--empty_user"))
    assert max(map(len, usage().splitlines())) <= 80
