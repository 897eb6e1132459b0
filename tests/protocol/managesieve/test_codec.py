"""perdition.protocol.managesieve.codec"""

import pytest

from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.managesieve import codec
from perdition.protocol.managesieve.events import Argument, Line, Response
from perdition.protocol.secret import Secret

ROWS = {
    "CAPABILITY": Row(),
    "NOOP": Row(args=("optional_string",)),
    "AUTHENTICATE": Row(args=("string", "optional_initial")),
    "HAVESPACE": Row(args=("string", "number")),
}


def read(*parts: bytes) -> tuple[Argument, ...]:
    verb, at = codec.read_verb(parts[0])
    return codec.read_arguments(ROWS[verb], parts, at)


@pytest.mark.parametrize(
    ("parts", "args"),
    [
        ((b"CAPABILITY",), ()),
        ((b"noop",), ()),
        ((b'NOOP ""',), (b"",)),
        ((b'NOOP   "a \\"\\\\\xfc"',), (b'a "\\\xfc',)),
        ((b"NOOP {3+}", b"\r\n\0", b""), (b"\r\n\0",)),
        ((b"NOOP {3}", b"abc", b""), (b"abc",)),
        ((b'AUTHENTICATE "PLAIN"',), (b"PLAIN",)),
        ((b'AUTHENTICATE "PLAIN" "dQ=="',), (b"PLAIN", Secret(b"u"))),
        ((b'AUTHENTICATE "PLAIN" ""',), (b"PLAIN", Secret(b""))),
        ((b"AUTHENTICATE {5+}", b"PLAIN", b" {4+}", b"dQ==", b""), (b"PLAIN", Secret(b"u"))),
        ((b'HAVESPACE "x" 0',), (b"x", 0)),
        ((b'HAVESPACE "x" 4294967295',), (b"x", 4294967295)),
    ],
)
def test_arguments(parts: tuple[bytes, ...], args: tuple[Argument, ...]) -> None:
    assert read(*parts) == args


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((b"",), "a command"),
        ((b" NOOP",), "a command"),
        ((b'"NOOP"',), "a command"),
        ((b'NOOP"x"',), "a command"),
        ((b"NOOP1",), "a command"),
        ((b"X" * 33,), "a command"),
        ((b"NOOP{3+}", b"abc", b""), "a command"),
        ((b"NOOP ",), "string, a number or an atom"),
        ((b'NOOP "x',), "string, a number or an atom"),
        ((b'NOOP "\\x"',), "string, a number or an atom"),
        ((b"NOOP \xfc",), "string, a number or an atom"),
        ((b"NOOP {x}",), "string, a number or an atom"),
        ((b'NOOP "x" ',), "string, a number or an atom"),
        ((b"NOOP x",), "in quotes or a literal"),
        ((b"NOOP (",), "in quotes or a literal"),
        ((b'NOOP "x" "y"',), "too many"),
        ((b'NOOP "x""y"',), "blank between"),
        ((b"NOOP x{3+}", b"abc", b""), "blank between"),
        ((b"NOOP {1+}", b"x", b'"y"'), "blank between"),
        ((b"CAPABILITY x",), "too many"),
        ((b"AUTHENTICATE",), "an argument is missing"),
        ((b'AUTHENTICATE "PLAIN" "dQ"',), "base64"),
        ((b'AUTHENTICATE "PLAIN" "="',), "base64"),
        ((b"AUTHENTICATE PLAIN",), "in quotes or a literal"),
        ((b'HAVESPACE "x"',), "a number is missing"),
        ((b'HAVESPACE "x" "1"',), "a number"),
        ((b'HAVESPACE "x" -1',), "a number"),
        ((b'HAVESPACE "x" 4294967296',), "a number"),
        ((b'HAVESPACE "x" 11111111111',), "a number"),
    ],
)
def test_bad_arguments(parts: tuple[bytes, ...], expected: str) -> None:
    with pytest.raises(codec.BadArgument, match=expected):
        read(*parts)


@pytest.mark.parametrize(
    ("verb", "args", "octets"),
    [
        ("CAPABILITY", (), b"CAPABILITY\r\n"),
        ("NOOP", (b'a"\\',), b'NOOP "a\\"\\\\"\r\n'),
        ("NOOP", (b"\xfc" * 1024,), b'NOOP "' + b"\xfc" * 1024 + b'"\r\n'),
        ("NOOP", (b"x" * 1025,), b"NOOP {1025+}\r\n" + b"x" * 1025 + b"\r\n"),
        ("NOOP", (b"\r\n",), b"NOOP {2+}\r\n\r\n\r\n"),
        ("AUTHENTICATE", (b"PLAIN",), b'AUTHENTICATE "PLAIN"\r\n'),
        ("AUTHENTICATE", (b"PLAIN", Secret(b"u")), b'AUTHENTICATE "PLAIN" "dQ=="\r\n'),
        ("AUTHENTICATE", (b"PLAIN", Secret(b"")), b'AUTHENTICATE "PLAIN" ""\r\n'),
        ("HAVESPACE", (b"x", 99), b'HAVESPACE "x" 99\r\n'),
    ],
)
def test_command_is_written(verb: str, args: tuple[Argument, ...], octets: bytes) -> None:
    assert codec.write_command(verb, ROWS[verb], args) == octets


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("CAPABILITY", (b"x",)),
        ("NOOP", (b"x", b"y")),
        ("NOOP", (1,)),
        ("AUTHENTICATE", ()),
        ("AUTHENTICATE", (Secret(b"PLAIN"),)),
        ("AUTHENTICATE", (b"PLAIN", b"u")),
        ("HAVESPACE", (b"x",)),
        ("HAVESPACE", (1, b"x")),
        ("HAVESPACE", (b"x", -1)),
        ("HAVESPACE", (b"x", 4294967296)),
    ],
)
def test_command_that_cannot_be_written_is_refused(verb: str, args: tuple[Argument, ...]) -> None:
    with pytest.raises(LocalProtocolError, match="argument"):
        codec.write_command(verb, ROWS[verb], args)


@pytest.mark.parametrize(
    ("words", "octets"),
    [
        ((b"SIEVE", b"a b"), b'"SIEVE" "a b"\r\n'),
        ((b"x", "ACTIVE"), b'"x" ACTIVE\r\n'),
        ((b"", "(", "a.b-[1]", ")"), b'"" ( a.b-[1] )\r\n'),
        ((b"a\r\nb",), b"{4}\r\na\r\nb\r\n"),
    ],
)
def test_line_goes_there_and_back(words: tuple[bytes | str, ...], octets: bytes) -> None:
    assert codec.write_line(words) == octets


@pytest.mark.parametrize(
    "words", [(), ("ACTIVE",), ("OK", b"x"), (b"x", ""), (b"x", "a b"), (b"x", "\r\n"), (b"x", '"'), (b"x", "ü")]
)
def test_line_that_would_be_read_otherwise_is_refused(words: tuple[bytes | str, ...]) -> None:
    with pytest.raises(LocalProtocolError, match="expected"):
        codec.write_line(words)


def test_line_as_an_administrator_writes_it() -> None:
    assert codec.read_line(b'"SIEVE"  "fileinto"') == Line((b"SIEVE", b"fileinto"))


@pytest.mark.parametrize("text", [b"", b"SIEVE", b'"SIEVE', b'"SIEVE" {3}', b'"SIEVE"\r\n"X"', b'OK "x"'])
def test_line_that_an_administrator_must_mend(text: bytes) -> None:
    with pytest.raises(codec.BadArgument):
        codec.read_line(text)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((b"OK",), Response(Status.OK)),
        ((b'ok ""',), Response(Status.OK)),
        ((b'NO "no"',), Response(Status.NO, b"no")),
        ((b'BYE (TRYLATER) "no"',), Response(Status.BYE, b"no", b"TRYLATER")),
        ((b"NO (QUOTA/MAXSIZE) {2}", b"\r\n", b""), Response(Status.NO, b"\r\n", b"QUOTA/MAXSIZE")),
        ((b'OK (SASL "dQ==")',), Response(Status.OK, b"", b'SASL "dQ=="')),
        ((b"OK(TAG {1}", b"\n", b') "x"'), Response(Status.OK, b"x", b"TAG {1}\r\n\n")),
        ((b'OK () "x"',), Response(Status.OK, b"x", b"")),
        ((b'OK (")")',), Response(Status.OK, b"", b'")"')),
        ((b'"SIEVE" "x"',), Line((b"SIEVE", b"x"))),
        ((b'"OK"',), Line((b"OK",))),
        ((b'"x" ACTIVE',), Line((b"x", "ACTIVE"))),
        ((b"{2}", b"\r\n", b""), Line((b"\r\n",))),
        ((b"ACTIVE",), Line(("ACTIVE",))),
    ],
)
def test_message_of_a_server(parts: tuple[bytes, ...], message: Response | Line) -> None:
    assert codec.read_message(parts) == message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", "OK, NO, BYE or a string"),
        (b" ", "string, a number or an atom"),
        (b'OK "x', "string, a number or an atom"),
        (b"OK x", "one string as the text"),
        (b'OK "x" "y"', "one string as the text"),
        (b'OK (X "x"', "behind a response code"),
        (b'OK ")"(', "one string as the text"),
        (b'OK "x" (X)', "one string as the text"),
    ],
)
def test_message_that_cannot_be(line: bytes, expected: str) -> None:
    with pytest.raises(RemoteProtocolError, match=expected):
        codec.read_message((line,))


@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (Response(Status.OK), b"OK\r\n"),
        (Response(Status.NO, b'a"'), b'NO "a\\""\r\n'),
        (Response(Status.BYE, b"\r\n", b"TRYLATER"), b"BYE (TRYLATER) {2}\r\n\r\n\r\n"),
        (Response(Status.OK, b"", codec.tag_code(b"a b")), b'OK (TAG "a b")\r\n'),
        (Response(Status.OK, b"x", codec.tag_code(b"\r\n")), b'OK (TAG {2}\r\n\r\n) "x"\r\n'),
    ],
)
def test_response_is_written(response: Response, octets: bytes) -> None:
    assert codec.write_response(response) == octets


@pytest.mark.parametrize(
    "response",
    [
        Response(Status.BAD),
        Response(Status.PREAUTH),
        Response(Status.OK, code=b"X\r\nOK"),
        Response(Status.OK, code=b"X)\r\nOK (Y"),
        Response(Status.OK, code=b"X) ("),
        Response(Status.OK, code=b'"'),
        Response(Status.OK, code=b"X {9}"),
        Response(Status.OK, code=b"X {9}\r\n"),
        Response(Status.OK, code=b"\0"),
    ],
)
def test_response_that_would_be_read_otherwise_is_refused(response: Response) -> None:
    with pytest.raises(LocalProtocolError, match=r"no status|response code"):
        codec.write_response(response)


def test_sasl_message_is_one_string() -> None:
    assert codec.write_sasl(b"u", plus=b"") == b'"dQ=="\r\n'
    assert codec.write_sasl(bytes(900), plus=b"+") == b"{1200+}\r\n" + b"A" * 1200 + b"\r\n"
