"""The old configuration file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config.origin import Value
from perdition.config.perdition_conf import read

GOOD: list[tuple[bytes, list[tuple[str, Value, int]]]] = [
    (b"timeout 5\nquiet\n", [("timeout", "5", 1), ("quiet", True, 2)]),
    (b"t 5", [("timeout", "5", 1)]),
    (b"  t 5\n", [("timeout", "5", 1)]),
    (b"timeout=5\n", [("timeout", "5", 1)]),
    (b"ok_line=a  b c\n", [("ok_line", "a  b c", 1)]),
    (b'ok_line="a  b"\n', [("ok_line", "a  b", 1)]),
    (b"ok_line = a\n", [("ok_line", "= a", 1)]),
    (b"ok_line a=b\n", [("ok_line", "a=b", 1)]),
    (b"listen-port imap\n", [("listen_port", "imap", 1)]),
    (b"map_library ''\n", [("map_library", "", 1)]),
    (b"ok_line=\n", [("ok_line", "", 1)]),
    (b'"ok_line" "a b"\n', [("ok_line", "a b", 1)]),
    (b"ok_line \xc3\xa4\xff\n", [("ok_line", "ä\udcff", 1)]),
    (b"# a \\\n t 6\n\nt 7\n", [("timeout", "7", 4)]),
    (b"help\nconfig_file /x\nh\nf=x\nversion\nq\n", [("quiet", True, 6)]),
    (b"server_ok_line\n", [("server_resp_line", True, 1)]),
]


@pytest.mark.parametrize(("text", "given"), GOOD)
def test_good(text: bytes, given: list[tuple[str, Value, int]]) -> None:
    reading = read(text, "/p.conf")

    assert reading.errors == ()
    assert [(one.name, one.value, one.origin.line) for one in reading.given] == given
    assert {one.origin.file for one in reading.given} <= {"/p.conf"}


def test_the_comment_that_perdition_2_2_ships() -> None:
    shipped = b"""
# managesieve_capability STRING:
#managesieve_capability "IMPLEMENTATION" "perdition"  \\
\t"SIEVE" "comparator-i;octet comparator-i;ascii-casemap \\
\t\tfileinto reject\\
\t  "SASL" "PLAIN"  \\
\t"VERSION" "1.0"
no_lookup
"""

    assert [one.name for one in read(shipped, "/p.conf").given] == ["no_lookup"]


BAD = {
    b"\ntimeuot 5\n": ['/p.conf:2: unknown option "timeuot" (did you mean timeout?)'],
    b"--quiet\n": ['/p.conf:1: unknown option "--quiet" (did you mean quiet?)'],
    b"-q\n": ['/p.conf:1: unknown option "-q"'],
    b"quiet yes\n": ['/p.conf:1: option quiet takes no value, not "yes"'],
    b"quiet=yes\n": ['/p.conf:1: option quiet takes no value, not "yes"'],
    b"timeout\nquiet\n": ["/p.conf:1: option timeout needs a value: a number"],
    b"quiet\nok_line 'a\n": ["/p.conf:2: expected a closing single quote"],
    b"x\ny\nok_line \0": ["/p.conf:3: expected text, found a NUL octet"],
    b"wrong\nquiet 1\n": [
        '/p.conf:1: unknown option "wrong"',
        '/p.conf:2: option quiet takes no value, not "1"',
    ],
}


@pytest.mark.parametrize(("text", "errors"), BAD.items())
def test_bad(text: bytes, errors: list[str]) -> None:
    assert list(read(text, "/p.conf").errors) == errors


@given(st.text(alphabet="qtO 5=\"'\\#\n\0").map(str.encode))
def test_any_file_is_read_to_the_end(data: bytes) -> None:
    reading = read(data, "/p.conf")

    assert all(error.startswith("/p.conf:") and error.isprintable() for error in reading.errors)
