"""The whole way: program name, command line and real files."""

from pathlib import Path

import pytest

from perdition.config.load import Config, examine, load
from perdition.config.origin import COMMAND_LINE, PROGRAM, ConfigError, Origin, Source
from perdition.config.settings import Settings
from perdition.config.values import Protocol


def one(config: Config) -> Settings:
    (settings,) = config.listeners

    assert settings == config.common
    return settings


def errors_of(argv: list[str], folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(argv, folder=str(folder))
    return list(caught.value.lines)


def test_nothing_given(tmp_path: Path) -> None:
    settings = one(load([], folder=str(tmp_path)))

    assert settings == Settings(pid_file="/var/run/perdition/perdition.pid")
    assert settings.origin("pid_file") == PROGRAM


def test_without_a_folder_the_system_s_is_looked_at() -> None:
    assert one(load(["x", "-f", ""])).protocol is Protocol.POP3


def test_precedence(tmp_path: Path) -> None:
    (tmp_path / "perdition.imaps.conf").write_text("protocol IMAP4\ntimeout 1\noutgoing_server a\n")
    argv = ["/usr/sbin/perdition.imaps", "-t", "2"]

    settings = one(load(argv, folder=str(tmp_path)))

    assert (settings.protocol, settings.timeout) == (Protocol.IMAP4, 2)
    assert settings.origin("timeout") == COMMAND_LINE
    assert settings.origin("protocol") == Origin(Source.FILE, str(tmp_path / "perdition.imaps.conf"), 1)
    assert one(load([*argv, "-P", "pop3"], folder=str(tmp_path))).protocol is Protocol.POP3


def test_outgoing_server_of_the_command_line_wins(tmp_path: Path) -> None:
    # In perdition 2.2 the file wins for outgoing_server and bind_address.
    (tmp_path / "perdition.conf").write_text("outgoing_server a\nbind_address b\n")

    settings = one(load(["perdition", "-s", "c", "-b", "d"], folder=str(tmp_path)))

    assert [str(server) for server in (*settings.outgoing_server, *settings.bind_address)] == ["c", "d"]


def test_protocol_of_the_name(tmp_path: Path) -> None:
    settings = one(load(["perdition.managesieve"], folder=str(tmp_path)))

    assert settings.protocol is Protocol.MANAGESIEVE
    assert settings.origin("protocol") == PROGRAM
    assert settings.listen_port_number == 4190


def test_search_order(tmp_path: Path) -> None:
    names = ["perdition.conf", "perdition.imap4s.conf", "perdition.imaps.conf"]
    seen = []
    for number, name in enumerate(names, 1):
        (tmp_path / name).write_text(f"timeout {number}\n")
        seen.append(one(load(["perdition.imaps"], folder=str(tmp_path))).timeout)

    assert seen == [1, 2, 3]


def test_protocol_option_does_not_change_the_search(tmp_path: Path) -> None:
    (tmp_path / "perdition.imap4s.conf").write_text("timeout 1\n")
    (tmp_path / "perdition.pop3.conf").write_text("timeout 2\n")

    assert one(load(["perdition", "-P", "IMAP4S"], folder=str(tmp_path))).timeout == 2


def test_config_file_option(tmp_path: Path) -> None:
    (tmp_path / "perdition.conf").write_text("timeout 1\n")
    (tmp_path / "other").write_text("timeout 2\n")
    other = str(tmp_path / "other")

    assert one(load(["perdition", "-f", other], folder=str(tmp_path))).timeout == 2
    assert one(load(["perdition", "-f", other, "-f", ""], folder=str(tmp_path))).timeout == 1800


def test_capability_and_its_successors_the_last_one_counts(tmp_path: Path) -> None:
    (tmp_path / "perdition.conf").write_text("imap_capability A\ncapability B\npop_capability C\n")

    settings = one(load(["perdition"], folder=str(tmp_path)))

    assert (settings.imap_capability, settings.pop_capability) == ("B", "C")
    assert settings.managesieve_capability == "B"


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    assert errors_of(["perdition", "-f", str(missing)], tmp_path) == [
        f'option config_file: cannot read "{missing}": No such file or directory'
    ]
    config, errors = examine(["perdition", "-f", str(missing), "-t", "5"])  # perdition 2.2 goes on without
    assert (errors, config.warnings) == (
        (),
        (f'option config_file: cannot read "{missing}": No such file or directory',),
    )
    assert config.common.timeout == 5
    assert errors_of(["perdition", "-f", str(tmp_path)], tmp_path) == [
        f'option config_file: cannot read "{tmp_path}": Is a directory'
    ]


def test_all_errors_at_once(tmp_path: Path) -> None:
    file = tmp_path / "perdition.conf"
    file.write_text("timeuot 5\ntimeout 5s\nquiet yes\n")

    assert errors_of(["perdition", "-l", "x", "W"], tmp_path) == [
        'left-over word "W" on the command line',
        f'{file}:1: unknown option "timeuot" (did you mean timeout?)',
        f'{file}:3: option quiet takes no value, not "yes"',
        f'{file}:2: option timeout: expected a whole number, 0 to 2147483647, not "5s"',
        'option --listen_port: expected a port, 0 to 65535, or the name of a service, not "x"',
    ]


@pytest.mark.parametrize(("word", "name"), [("-h", "help"), ("--help", "help"), ("--version", "version")])
def test_help_works_with_a_broken_configuration(tmp_path: Path, word: str, name: str) -> None:
    (tmp_path / "perdition.conf").write_text("nonsense\n")

    config = load(["perdition", "--bogus", word], folder=str(tmp_path))

    assert getattr(config.common, name) is True
    assert config.listeners == (config.common,)


TOML = """
timeout = 5
map_library = "sqlite"
no_bind_banner = true
[[listener]]
protocol = "IMAP4"
ssl_mode = ["tls_listen"]
no_bind_banner = false
[[listener]]
protocol = "POP3S"
timeout = 6
"""


def test_toml_listeners(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(TOML)

    config = load(["perdition.imaps", "-f", str(file), "-q"], folder=str(tmp_path))
    imap, pop = config.listeners

    assert (imap.protocol, pop.protocol) == (Protocol.IMAP4, Protocol.POP3S)
    assert (imap.timeout, pop.timeout) == (5, 6)
    assert (imap.no_bind_banner, pop.no_bind_banner) == (False, True)
    assert {listener.map_library for listener in config.listeners} == {"sqlite"}
    assert all(listener.quiet for listener in (*config.listeners, config.common))
    assert config.common.protocol is Protocol.IMAP4S
    assert pop.origin("timeout") == Origin(Source.FILE, str(file), 11, table=2)


def test_command_line_wins_over_every_listener(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(TOML)

    config = load(["perdition", "-f", str(file), "-t", "9"], folder=str(tmp_path))

    assert {listener.timeout for listener in config.listeners} == {9}


def test_toml_without_listeners_is_one(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text("timeout = 5\n")

    assert one(load(["perdition", "-f", str(file)], folder=str(tmp_path))).timeout == 5


def test_what_listeners_share_is_wrong_once(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text("timeout = -5\n[[listener]]\n[[listener]]\nlisten_port = 'x'\n")

    assert errors_of(["perdition", "-f", str(file)], tmp_path) == [
        f'{file}:1: option timeout: expected a whole number, 0 to 2147483647, not "-5"',
        f'{file}:4: [[listener]] 2: option listen_port: expected a port, 0 to 65535, or the name of a service, not "x"',
    ]


def test_listeners_on_one_port(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text("[[listener]]\n[[listener]]\n")

    assert errors_of(["perdition", "-f", str(file)], tmp_path) == [
        f"{file}: options bind_address and listen_port: listeners 1 and 2 both listen on all addresses port 110"
    ]
