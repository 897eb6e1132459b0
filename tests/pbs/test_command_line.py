"""The command line: the C program's modes, letters and names, and errors that say what was expected."""

import attrs
import pytest

from perdition.config.origin import ConfigError
from perdition.config.values import HostPort
from perdition.pbs.command_line import Settings, read
from perdition.pbs.help import usage
from perdition.pbs.options import MODES, OPTIONS
from tests.pbs.running import command


def settings(*words: str, program: str = "perdition-pbs") -> Settings:
    return read(program, words)


def test_each_option_is_a_field() -> None:
    fields = {field.name for field in attrs.fields(Settings)} - {"words", "reader"}

    assert fields == {option.name for option in OPTIONS} - {"regex"}


def test_defaults_are_those_of_the_c_program() -> None:
    found = settings()

    assert found.mode == "daemon"
    assert found.log_file == ("/var/log/mail.log",)
    assert (found.timeout, found.prefix, found.log_facility) == (3600, "POP:", "mail")
    assert (found.no_daemon, found.debug, found.quiet) == (False, False, False)
    assert found.reader.expression is None
    assert (found.store, found.db_file, found.answer) == ("sqlite:/var/lib/perdition-pbs/pbs.sqlite", None, "OK")


def test_the_letters_of_the_c_program() -> None:
    words = "-D /etc/mail/popauth.db -dq -F local3 -g adm -u=nobody -L /var/log/maillog -m daemon -n -p X: -t1800"
    found = settings(*words.split(), "-r", "rip=([^,]*)")

    assert found.db_file == "/etc/mail/popauth.db"
    assert (found.debug, found.quiet, found.no_daemon) == (True, True, True)
    assert (found.log_facility, found.username, found.group) == ("local3", "nobody", "adm")
    assert (found.log_file, found.prefix, found.timeout) == (("/var/log/maillog",), "X:", 1800)
    assert found.reader.expression is not None


def test_its_long_names_with_underscores_or_hyphens() -> None:
    words = "--db-file /f --log_file=/l --log-facility - --no-daemon --timeout=5 --tcp-table localhost:1 --socketmap /s"
    found = settings(*words.split())

    assert (found.db_file, found.log_file, found.log_facility) == ("/f", ("/l",), "-")
    assert (found.no_daemon, found.timeout) == (True, 5)
    assert (found.tcp_table, found.socketmap) == ((HostPort("localhost", 1),), ("/s",))


@pytest.mark.parametrize("mode", MODES)
def test_options_stand_on_both_sides_of_the_mode(mode: str) -> None:
    behind = {"insert": ["192.0.2.7"], "remove": ["192.0.2.7"], "setenv": ["true", "-n", "--x"]}.get(mode, [])
    found = settings("-n", mode, "--store", "sqlite:/x", "-t5", "--", *behind)

    assert (found.mode, found.words) == (mode, tuple(behind))
    assert (found.no_daemon, found.store, found.timeout) == (True, "sqlite:/x", 5)


def test_the_options_of_the_program_are_its_own() -> None:
    found = settings("setenv", "--store", "sqlite:/x", "smtpd", "--store", "other", "--", "-d")

    assert found.words == ("smtpd", "--store", "other", "--", "-d")
    assert (found.store, found.debug) == ("sqlite:/x", False)


def test_options_may_stand_behind_addresses() -> None:
    assert settings("list", "192.0.2.7", "--store", "sqlite:/x").store == "sqlite:/x"


def test_two_hyphens_before_the_mode_end_the_options_for_good() -> None:
    assert settings("-d", "--", "setenv", "--store", "x").words == ("--store", "x")


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_stands_in_the_option_the_name_or_the_words(mode: str) -> None:
    behind = {"insert": ["192.0.2.7"], "remove": ["192.0.2.7"], "setenv": ["true", "-n", "--x"]}.get(mode, [])
    ways = (
        settings("-m", mode, *behind),
        settings("--mode", mode, "--", *behind),
        settings(mode, *behind),
        settings(*behind, program=f"perdition-pbs-{mode}")
        if not behind
        else settings("--", *behind, program=f"perdition-pbs-{mode}"),
        settings("--mode", mode, *behind, program="perdition-pbs-list"),
    )

    assert {found.mode for found in ways} == {mode}
    assert {found.words for found in ways} == {tuple(behind)}


def test_addresses_may_have_the_prefix() -> None:
    assert settings("insert", "POP:192.0.2.7", "2001:db8::7", "POP:2001:db8::8").mode == "insert"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--nonsense", "option --nonsense not recognized; see perdition-pbs --help"),
        ("-x", "option -x not recognized; see perdition-pbs --help"),
        ("-t", "option -t requires argument; see perdition-pbs --help"),
        ("-t 0", 'option --timeout: "0": expected a whole number, 1 to 2147483647'),
        ("-t x -F nowhere", 'option --timeout: "x": expected a whole number'),
        ("-t x -F nowhere", 'option --log_facility: "nowhere": expected -, +'),
        ("-m nothing", 'option --mode: "nothing": expected one of daemon, list'),
        ("nothing", '"nothing": expected a mode, one of daemon, list'),
        ("-L mail.log", 'option --log_file: "mail.log": expected /path, -, journal:[UNIT,...], unix:/path, or nothing'),
        ("-L unix:x", "expected /path, -, journal"),
        ("-r (", 'option --regex: "(": expected a regular expression of Python'),
        ("-r x", 'option --regex: "x": expected a regular expression with the address as its first group'),
        ("--ignore 192.0.2.1/24", 'option --ignore: "192.0.2.1/24": expected networks such as'),
        ("--socketmap 10046", 'option --socketmap: "10046": expected /path, or host:port'),
        ("--tcp_table localhost", 'option --tcp_table: "localhost": expected /path, or host:port'),
        ("--socket_mode 0999", 'option --socket_mode: "0999": expected an octal number'),
        ("--socket_mode 7777", "expected an octal number"),
        ("--answer \u00e9", "option --answer: "),
        ("-D popauth.db", 'option --db_file: "popauth.db": expected a path from the root'),
        ("-L=", "nothing to do: expected one of --log_file"),
        ("list nowhere", 'mode list: "nowhere": expected an address'),
        ("insert", "mode insert: expected ADDRESS... behind the options"),
        ("purge 192.0.2.7", "mode purge: expected nothing behind the options"),
        ("daemon x", "mode daemon: expected nothing behind the options"),
        ("setenv", "mode setenv: expected PROGRAM [ARGUMENT]... behind the options"),
    ],
)
def test_errors(words: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(*words.split())

    assert any(message in line for line in str(caught.value).splitlines()), str(caught.value)


def test_help_and_version() -> None:
    status, printed, said = command("--help")
    version = command("--version")

    assert (status, said) == (0, "")
    assert printed == usage()
    assert all(f"--{option.name}" in printed and len(line) <= 80 for option in OPTIONS for line in printed.splitlines())
    assert all(f"\n  {mode}" in printed for mode in MODES)
    assert version[0] == 0
    assert version[1].startswith("perdition ")


def test_wrong_usage_has_a_status_of_its_own() -> None:
    status, printed, said = command("-t", "x", "-q", "-F", "x")

    assert (status, printed) == (2, "")
    assert [line.partition(": expected")[0] for line in said.splitlines()] == [
        'perdition-pbs: option --timeout: "x"',
        'perdition-pbs: option --log_facility: "x"',
    ]
    assert command("--store", "x", "list")[::2] == (
        2,
        "perdition-pbs: option --store: expected sqlite:/path, or redis://host as for the redis map\n",
    )
