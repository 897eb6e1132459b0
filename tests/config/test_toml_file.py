"""The TOML form of the configuration file."""

import pytest

from perdition.config.origin import Given, Origin, Source, Value
from perdition.config.toml_file import read

TOP = Origin(Source.FILE, "/p.toml")

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
    ("server_ok_line = true", "server_resp_line", True),
]


@pytest.mark.parametrize(("text", "name", "value"), GOOD)
def test_good(text: str, name: str, value: Value) -> None:
    reading = read(text.encode(), "/p.toml")

    assert reading.errors == ()
    assert reading.given == (Given(name, value, TOP),)
    assert reading.listeners == ()


def test_listeners() -> None:
    text = b'timeout = 7\n[[listener]]\nprotocol = "POP3"\n[[listener]]\n'

    reading = read(text, "/p.toml")

    assert reading.errors == ()
    assert reading.given == (Given("timeout", "7", TOP),)
    assert reading.listeners == (
        (Given("protocol", "POP3", Origin(Source.FILE, "/p.toml", table=1)),),
        (),
    )


LISTENER = "/p.toml: listener: expected tables, each under a line [[listener]]"
BAD = {
    'timeout = "5"': ["/p.toml: option timeout: expected an integer, not a string"],
    "timeout = true": ["/p.toml: option timeout: expected an integer, not true or false"],
    "timeout = 5.5": ["/p.toml: option timeout: expected an integer, not another type"],
    "timeout = [5]": ["/p.toml: option timeout: expected an integer, not an array"],
    "quiet = 1": ["/p.toml: option quiet: expected true or false, not an integer"],
    "ok_line = 5": ["/p.toml: option ok_line: expected a string, not an integer"],
    "listen_port = 5.0": ["/p.toml: option listen_port: expected an integer or a string, not another type"],
    "ssl_mode = [1]": [
        "/p.toml: option ssl_mode: expected a string or an array of strings, not an array with something else"
    ],
    "timeuot = 5": ['/p.toml: unknown option "timeuot" (did you mean timeout?)'],
    "t = 5": ['/p.toml: unknown option "t"'],
    "inetd_mode = true": ["/p.toml: option inetd_mode is known to perdition 2.2 but not supported yet"],
    "group = 5": ["/p.toml: option group is known to perdition 2.2 but not supported yet"],
    "help = true": ["/p.toml: option help may stand on the command line only"],
    "[[listener]]\nquiet = true": [
        "/p.toml: [[listener]] 1: option quiet is for the whole process: write it above the first [[listener]]"
    ],
    "[[listener]]\n[[listener]]\ntimeout = 'x'": [
        "/p.toml: [[listener]] 2: option timeout: expected an integer, not a string"
    ],
    "listener = 5": [LISTENER],
    "listener = [5]": [LISTENER],
    "[listener]\nquiet = true": [LISTENER],
    "quiet = 1\nfoo = 2": [
        "/p.toml: option quiet: expected true or false, not an integer",
        '/p.toml: unknown option "foo"',
    ],
}


@pytest.mark.parametrize(("text", "errors"), BAD.items())
def test_bad(text: str, errors: list[str]) -> None:
    assert list(read(text.encode(), "/p.toml").errors) == errors


@pytest.mark.parametrize("data", [b"timeout = ", b"\xff"])
def test_no_toml(data: bytes) -> None:
    (error,) = read(data, "/p.toml").errors

    assert error.startswith("/p.toml: expected TOML: ")
