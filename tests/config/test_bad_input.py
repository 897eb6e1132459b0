"""Bad input of every kind: a message that says where, and never a traceback."""

import re
import sys
import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perdition.config.load import examine
from perdition.config.option import Scope
from perdition.config.settings import OPTIONS
from perdition.io_trio.main import main
from tests.io_trio.proxy import run
from tests.strategies.configuration import OF_A_LISTENER, Chosen, chosen, conf, toml_with_listeners

# What the C program is sent in reference 1.6 and 2.4, and what is said here instead of its crashes.
COMMAND_LINES: Final = {
    "--bogus": "unknown option --bogus",
    "--bogus=5": "unknown option --bogus",
    "--time-out 5": "unknown option --time-out (did you mean --timeout?)",
    "-Z": "unknown option -Z",
    "-P": "option --protocol needs a value: a text",
    "--timeout": "option --timeout needs a value: a number",
    "-q W": 'left-over word "W" on the command line',
    "-t 5s": 'option --timeout: expected a whole number, 0 to 2147483647, not "5s"',
    "-t-5": 'option --timeout: expected a whole number, 0 to 2147483647, not "-5"',
    "-L -1": 'option --connection_limit: expected a whole number, 0 to 2147483647, not "-1"',
    "--connect_relog=x": 'option --connect_relog: expected a whole number, 0 to 2147483647, not "x"',
    "--authenticate-timeout 1.5": 'option --authenticate_timeout: expected a whole number, 0 to 2147483647, not "1.5"',
    "-P FOO": 'option --protocol: expected one of POP3, POP3S, IMAP4, IMAP4S, MANAGESIEVE, not "FOO"',
    "--log_passwd x": 'option --log_passwd: expected never, fail, ok or always, not "x"',
    "--ssl_passphrase_fd x": 'option --ssl_passphrase_fd: expected a whole number, 0 to 2147483647, not "x"',
    "--ssl_passphrase_fd=3 --ssl_passphrase_file=/x": (
        "options ssl_passphrase_fd and ssl_passphrase_file: expected only one of them"
    ),
    "--pid_file x": 'option --pid_file: expected a file name that begins with /, or nothing, not "x"',
    "-F mial": "option --log_facility: expected -, +, a file name that begins with /, or a syslog facility such as",
    "-F=": "option --log_facility: expected -, +, a file name that begins with /, or a syslog facility such as",
    "-b ::1": "option --bind_address: expected a list of host[:port] or [IPv6 address][:port] with commas between",
    "-l imapp": 'option --listen_port: expected a port, 0 to 65535, or the name of a service, not "imapp"',
    "-S foo": "option --strip_domain: expected a list of servername_lookup, ",
    "-S 1": "option --strip_domain: expected a list of servername_lookup, ",
    "-A all,-1": "option --add_domain: expected a list of servername_lookup, ",
    "--ssl_mode ssl_listen,tls_listen": "option --ssl_mode: expected either ssl or tls for the same side",
    "--ssl_mode ssl_all --ssl-mode tls_all": "option --ssl_mode: expected either ssl or tls for the same side",
    "--ssl_mode=": "option --ssl_mode: expected a list of none, ssl_listen, ",
    "--ssl_mode none,": "option --ssl_mode: expected a list of none, ssl_listen, ",
    "--ssl_listen_min_proto_version=": "option --ssl_listen_min_proto_version: expected one of sslv3, tlsv1, ",
    "--ssl_outgoing_min_proto_version tlsv9": "option --ssl_outgoing_min_proto_version: expected one of sslv3, tlsv1, ",
    "--ssl_listen_min_proto_version tlsv1.2 --ssl_listen_max_proto_version tlsv1": (
        "options ssl_listen_min_proto_version and ssl_listen_max_proto_version: expected the first not to be newer"
    ),
    "--print-config=xml": 'option --print_config: expected conf, toml or nothing, not "xml"',
    "--print-config xml": 'option --print_config: expected conf, toml or nothing, not "xml"',
}


@pytest.mark.parametrize(("line", "message"), COMMAND_LINES.items())
def test_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["perdition", "--config_file=", *line.split()])
    with pytest.raises(SystemExit) as caught:
        main()
    out, err = capsys.readouterr()

    assert caught.value.code == 1
    assert out == ""
    assert err.startswith(f"perdition: {message}"), err
    assert err.count("\n") == 1


AT_THE_START: Final = {
    "-M /usr/lib/libperditiondb_none.so.0": 'option map_library_opt: map_library "/usr/lib/libperditiondb_none.so.0": ',
    "-u no-such-user": 'option username: expected a user, not "no-such-user"',
    "-g no-such-group": 'option group: expected a group, not "no-such-group"',
    "--ssl_mode ssl_listen --ssl_cert_file /none": "option ssl_cert_file: cannot read /none: No such file",
}


@pytest.mark.parametrize(("line", "message"), AT_THE_START.items())
def test_of_what_the_start_sees(line: str, message: str) -> None:
    done = run("--config_file=", "--map_library=", "--listen_port=0", "--no_daemon", *line.split())

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"perdition-trio: {message}"), done.stderr
    assert done.stderr.count("\n") == 1


FILES: Final = {
    "timeuot 5": ':1: unknown option "timeuot" (did you mean timeout?)',
    "timeout 5s": ':1: option timeout: expected a whole number, 0 to 2147483647, not "5s"',
    "quiet\n  timeout x": ":2: option timeout: expected a whole number",
    "\nquiet yes": ':2: option quiet takes no value, not "yes"',
    "timeout\nquiet": ":1: option timeout needs a value: a number",
    "strip_domain foo": ":1: option strip_domain: expected a list of servername_lookup, ",
    "ssl_mode foo": ":1: option ssl_mode: expected a list of none, ",
    "ssl_mode ssl_all\nssl_mode tls_all": ":2: option ssl_mode: expected either ssl or tls for the same side",
    "protocol FOO": ":1: option protocol: expected one of POP3, ",
    "log_passwd x": ":1: option log_passwd: expected never, fail, ok or always",
    "pid_file x": ":1: option pid_file: expected a file name that begins with /",
    "-q": ':1: unknown option "-q"',
    "--quiet": ':1: unknown option "--quiet" (did you mean quiet?)',
    "ok_line 'a": ":1: expected a closing single quote",
    '\n\nok_line "a': ":3: expected a closing double quote",
    "ok_line a\n\0": ":2: expected text, found a NUL octet",
}


@pytest.mark.parametrize(("text", "message"), FILES.items())
def test_of_the_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "perdition.conf"
    file.write_text(text)
    _, errors = examine(["perdition", "-f", str(file)])

    assert len(errors) == 1
    assert errors[0].startswith(f"{file}{message}"), errors


BREAKERS: Final = [
    "timeuot 5\n",
    "timeout soon\n",
    "timeout 99999999999999999999\n",
    "quiet yes\n",
    "ok_line 'a\n",
    '"\n',
    "ssl_mode ssl_all\nssl_mode tls_all\n",
    "bind_address ::1\n",
    "\0",
    "= =\n",
    "listener = 5\n",
    "[[listener]]\nquiet = true\n",
    "[[listener]]\n",
    "timeout = '5'\n",
    "timeout = 99999999999999999999\n",
    "timeout = 1979-05-27\n",
    "ssl_mode = [[[]]]\n",
    "[a.b]\nc = {}\n",
    "x" * 70000 + " 5\n",
    "ok_line " + "[" * 3000 + "\n",
    "query_key " + "," * 9000 + "\n",
]


# What the library does not tell, and what is on two lines.
NO_LINE: Final = re.compile("expected TOML: (?:Exceeds the limit|arrays and tables)|both listen on")


@st.composite
def broken(draw: st.DrawFn, good: bytes) -> bytes:
    """Break a file: cut pieces out, put rubbish in, repeat, or cut the end off."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["insert", "cut", "octets", "end", "octet"])):
            case "insert":
                line = data.rfind(b"\n", 0, place) + 1
                data[line:line] = draw(st.sampled_from(BREAKERS)).encode()
            case "cut":
                del data[place : place + draw(st.integers(1, 20))]
            case "octets":
                data[place:place] = draw(st.binary(min_size=1, max_size=8))
            case "end":
                del data[place:]
            case _:
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
    return bytes(data)


def assert_errors_name_the_file(data: bytes, suffix: str) -> tuple[str, ...]:
    """Read a file; whatever is wrong with it is lines for people."""
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        _, errors = examine(["perdition", "-f", file.name])
    for error in errors:
        assert error.isprintable()
        assert len(error) < 100_000
        place = re.match(rf"{re.escape(file.name)}(?::([0-9]+))?: (?:\[\[listener\]\] [0-9]+: )?\S", error)
        assert place, error
        if suffix == ".conf":
            assert 1 <= int(place[1]) <= data.count(b"\n") + 1, error
        elif place[1] is None:
            assert NO_LINE.search(error) or b"\\" in data, error  # a key may be written with escapes
        else:
            assert 1 <= int(place[1]) <= data.count(b"\n") + 1, error
    return errors


MANY: Final = settings(max_examples=max(200, settings().max_examples))


@MANY
@given(data=chosen().map(lambda some: conf(some).encode()).flatmap(broken))
@example(data=b"timeout")
@example(data=b"\xff\xfe = \xff")
def test_a_broken_perdition_conf(data: bytes) -> None:
    assert_errors_name_the_file(data, ".conf")


def toml_octets(parts: tuple[Chosen, list[Chosen]]) -> bytes:
    return toml_with_listeners(*parts).encode()


@MANY
@given(data=st.tuples(chosen(), st.lists(chosen(OF_A_LISTENER), max_size=2)).map(toml_octets).flatmap(broken))
@example(data=b"a" * 70000)
@example(data=b"timeout = " + b"9" * 5000)
@example(data=b"ok_line = " + b"[" * 5000)
def test_a_broken_toml_file(data: bytes) -> None:
    assert_errors_name_the_file(data, ".toml")


@given(data=st.binary(max_size=200), suffix=st.sampled_from([".conf", ".toml"]))
def test_rubbish(data: bytes, suffix: str) -> None:
    assert_errors_name_the_file(data, suffix)


def test_the_strategy_breaks_most_files() -> None:
    """Otherwise the laws above would hold of nothing."""
    found = {line: assert_errors_name_the_file(line.encode(), ".conf") for line in BREAKERS}

    assert sum(bool(errors) for errors in found.values()) == len(BREAKERS) - 2


@pytest.mark.parametrize("data", [b"timeuot 5\n", b"ok_line 'a\n", b"\0\xff", b"ssl_mode foo\n" * 1000])
@pytest.mark.parametrize("suffix", [".conf", ".toml"])
def test_the_program_says_so_and_ends(tmp_path: Path, data: bytes, suffix: str) -> None:
    file = tmp_path / f"p{suffix}"
    file.write_bytes(data)
    done = run(f"--config_file={file}", "--no_daemon", "--listen_port=0")

    assert done.returncode == 1
    assert done.stdout == ""
    assert all(line.startswith(f"perdition-trio: {file}:") for line in done.stderr.splitlines())
    assert done.stderr.count("\n") >= 1


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_hyphens_are_as_good_as_underscores(name: str) -> None:
    row = OPTIONS[name]
    if row.scope is Scope.START:
        return
    word = f"--{name.replace('_', '-')}"
    _, errors = examine(["perdition", "-f", "", f"{word}=\0"])

    assert len(errors) <= 1
    assert not errors or f"option --{name}" in errors[0]
