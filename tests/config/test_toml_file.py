"""The TOML form of the configuration file."""

import pytest

from perdition.config.origin import Given, Origin, Source, Value
from perdition.config.toml_file import read

FIRST = Origin(Source.FILE, "/p.toml", 1)

GOOD: list[tuple[str, str, Value]] = [
    ("quiet = true", "quiet", True),
    ("quiet = false", "quiet", False),
    ("timeout = 5", "timeout", "5"),
    ("timeout = -5", "timeout", "-5"),
    ("listen_port = 0", "listen_port", "0"),
    ('listen-port = "imap"', "listen_port", "imap"),
    ('ok_line = "a b"', "ok_line", "a b"),
    ('ssl_mode = ["ssl_listen", "tls_outgoing"]', "ssl_mode", "ssl_listen,tls_outgoing"),
    ('ssl_mode = "ssl_all"', "ssl_mode", "ssl_all"),
    ("bind_address = []", "bind_address", ""),
    ('further_map = ["ldap:a,b", "gdbm"]', "further_map", "ldap:a,b\ngdbm"),
    ('further_map = "gdbm"', "further_map", "gdbm"),
    ("timeout = 0x10000000000000000", "timeout", "0x10000000000000000"),
    ("server_ok_line = true", "server_resp_line", True),
]


@pytest.mark.parametrize(("text", "name", "value"), GOOD)
def test_good(text: str, name: str, value: Value) -> None:
    reading = read(text.encode(), "/p.toml")

    assert reading.errors == ()
    assert reading.given == (Given(name, value, FIRST),)
    assert reading.listeners == ()


def test_listeners() -> None:
    text = b'timeout = 7\n[[listener]]\nprotocol = "POP3"\n[[listener]]\n'

    reading = read(text, "/p.toml")

    assert reading.errors == ()
    assert reading.given == (Given("timeout", "7", FIRST),)
    assert reading.listeners == (
        (Given("protocol", "POP3", Origin(Source.FILE, "/p.toml", 3, table=1)),),
        (),
    )


LISTENER = "/p.toml:1: listener: expected tables, each under a line [[listener]]"
BAD = {
    'timeout = "5"': ["/p.toml:1: option timeout: expected an integer, not a string"],
    "timeout = true": ["/p.toml:1: option timeout: expected an integer, not true or false"],
    "timeout = 5.5": ["/p.toml:1: option timeout: expected an integer, not another type"],
    "timeout = [5]": ["/p.toml:1: option timeout: expected an integer, not an array"],
    "quiet = 1": ["/p.toml:1: option quiet: expected true or false, not an integer"],
    "ok_line = 5": ["/p.toml:1: option ok_line: expected a string, not an integer"],
    "listen_port = 5.0": ["/p.toml:1: option listen_port: expected an integer or a string, not another type"],
    "ssl_mode = [1]": [
        "/p.toml:1: option ssl_mode: expected a string or an array of strings, not an array with something else"
    ],
    "timeuot = 5": ['/p.toml:1: unknown option "timeuot" (did you mean timeout?)'],
    "t = 5": ['/p.toml:1: unknown option "t"'],
    "help = true": ["/p.toml:1: option help may stand on the command line only"],
    "[[listener]]\nquiet = true": [
        "/p.toml:2: [[listener]] 1: option quiet is for the whole process: write it above the first [[listener]]"
    ],
    "[[listener]]\n[[listener]]\ntimeout = 'x'": [
        "/p.toml:3: [[listener]] 2: option timeout: expected an integer, not a string"
    ],
    "listener = 5": [LISTENER],
    "listener = [5]": [LISTENER],
    "[listener]\nquiet = true": [LISTENER],
    "quiet = 1\nfoo = 2": [
        "/p.toml:1: option quiet: expected true or false, not an integer",
        '/p.toml:2: unknown option "foo"',
    ],
}


@pytest.mark.parametrize(("text", "errors"), BAD.items())
def test_bad(text: str, errors: list[str]) -> None:
    assert list(read(text.encode(), "/p.toml").errors) == errors


NO_TOML = {
    b"\ntimeout = ": ":2",
    b"\n\ntimeout = x\n": ":3",
    b"\n\xff": ":2",
    b"timeout = " + b"9" * 5000: "",
    b"ok_line = " + b"[" * 3000: "",
}


@pytest.mark.parametrize(("data", "line"), NO_TOML.items())
def test_no_toml(data: bytes, line: str) -> None:
    reading = read(data, "/p.toml")
    (error,) = reading.errors

    assert error.startswith(f"/p.toml{line}: expected TOML: ")
    assert not reading.whole
