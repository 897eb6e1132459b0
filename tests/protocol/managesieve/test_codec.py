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


@pytest.mark.requirement("rfc5804-4-3")
@pytest.mark.requirement("rfc5804-4-7")
@pytest.mark.requirement("rfc5804-4-11")
@pytest.mark.requirement("rfc4422-4-1")
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


@pytest.mark.requirement("rfc5804-1.2-1")
@pytest.mark.requirement("rfc5804-2.1-20")
@pytest.mark.requirement("rfc5804-2.4-2")
@pytest.mark.requirement("rfc5804-4-3")
@pytest.mark.requirement("rfc5804-4-11")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((b"",), "expected a command"),
        ((b" NOOP",), "expected a command"),
        ((b'"NOOP"',), "expected a command"),
        ((b'NOOP"x"',), "expected a command"),
        ((b"NOOP1",), "expected a command"),
        ((b"X" * 33,), "expected a command"),
        ((b"NOOP{3+}", b"abc", b""), "expected a command"),
        ((b"NOOP ",), "expected a string, a number or an atom"),
        ((b'NOOP "x',), "expected a string, a number or an atom"),
        ((b'NOOP "\\x"',), "expected a string, a number or an atom"),
        ((b"NOOP \xfc",), "expected a string, a number or an atom"),
        ((b"NOOP {x}",), "expected a string, a number or an atom"),
        ((b'NOOP "x" ',), "expected a string, a number or an atom"),
        ((b"NOOP x",), "expected a string in quotes or a literal"),
        ((b"NOOP (",), "expected a string in quotes or a literal"),
        ((b'NOOP "x" "y"',), "too many arguments"),
        ((b'NOOP "x""y"',), "expected a blank between arguments"),
        ((b"NOOP x{3+}", b"abc", b""), "expected a blank between arguments"),
        ((b"NOOP {1+}", b"x", b'"y"'), "expected a blank between arguments"),
        ((b"CAPABILITY x",), "too many arguments"),
        ((b"AUTHENTICATE",), "an argument is missing"),
        ((b'AUTHENTICATE "PLAIN" "dQ"',), "expected base64"),
        ((b'AUTHENTICATE "PLAIN" "="',), "expected base64"),
        ((b"AUTHENTICATE PLAIN",), "expected a string in quotes or a literal"),
        ((b'HAVESPACE "x"',), "a number is missing"),
        ((b'HAVESPACE "x" "1"',), "expected a number"),
        ((b'HAVESPACE "x" -1',), "expected a number"),
        ((b'HAVESPACE "x" 4294967296',), "expected a number"),
        ((b'HAVESPACE "x" 11111111111',), "expected a number"),
    ],
)
def test_bad_arguments(parts: tuple[bytes, ...], expected: str) -> None:
    with pytest.raises(codec.BadArgument) as raised:
        read(*parts)

    assert str(raised.value) == expected


@pytest.mark.requirement("rfc5804-4-2")
@pytest.mark.requirement("rfc5804-4-3")
@pytest.mark.requirement("rfc5804-4-4")
@pytest.mark.requirement("rfc5804-4-5")
@pytest.mark.requirement("rfc4422-4-1")
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
        ("AUTHENTICATE", (b"PLAIN", Secret(bytes(771))), b'AUTHENTICATE "PLAIN" {1028+}\r\n' + b"A" * 1028 + b"\r\n"),
        ("HAVESPACE", (b"x", 0), b'HAVESPACE "x" 0\r\n'),
        ("HAVESPACE", (b"x", 99), b'HAVESPACE "x" 99\r\n'),
        ("HAVESPACE", (b"x", 4294967295), b'HAVESPACE "x" 4294967295\r\n'),
    ],
)
def test_command_is_written(verb: str, args: tuple[Argument, ...], octets: bytes) -> None:
    assert codec.write_command(verb, ROWS[verb], args) == octets


@pytest.mark.parametrize(
    ("verb", "args", "expected"),
    [
        ("CAPABILITY", (b"x",), "CAPABILITY has 0 to 0 arguments"),
        ("NOOP", (b"x", b"y"), "NOOP has 0 to 1 arguments"),
        ("NOOP", (1,), "expected an argument of the form optional_string"),
        ("AUTHENTICATE", (), "AUTHENTICATE has 1 to 2 arguments"),
        ("AUTHENTICATE", (Secret(b"PLAIN"),), "expected an argument of the form string"),
        ("AUTHENTICATE", (b"PLAIN", b"u"), "expected an argument of the form optional_initial"),
        ("HAVESPACE", (b"x",), "HAVESPACE has 2 to 2 arguments"),
        ("HAVESPACE", (1, b"x"), "expected an argument of the form string"),
        ("HAVESPACE", (b"x", -1), "expected an argument of the form number"),
        ("HAVESPACE", (b"x", 4294967296), "expected an argument of the form number"),
    ],
)
def test_command_that_cannot_be_written_is_refused(verb: str, args: tuple[Argument, ...], expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        codec.write_command(verb, ROWS[verb], args)

    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("words", "octets"),
    [
        ((b"SIEVE", b"a b"), b'"SIEVE" "a b"\r\n'),
        ((b"x", "ACTIVE"), b'"x" ACTIVE\r\n'),
        ((b"", "(", "a.b-[1]", ")", "b"), b'"" (a.b-[1]) b\r\n'),
        ((b"a\r\nb",), b"{4}\r\na\r\nb\r\n"),
    ],
)
def test_line_goes_there_and_back(words: tuple[bytes | str, ...], octets: bytes) -> None:
    assert codec.write_line(words) == octets


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "expected a string at the beginning of a line"),
        (("ACTIVE",), "expected a string at the beginning of a line"),
        (("OK", b"x"), "expected a string at the beginning of a line"),
        ((b"x", ""), "expected an atom"),
        ((b"x", "a b"), "expected an atom"),
        ((b"x", "\r\n"), "expected an atom"),
        ((b"x", '"'), "expected an atom"),
        ((b"x", "ü"), "expected an atom"),
    ],
)
def test_line_that_would_be_read_otherwise_is_refused(words: tuple[bytes | str, ...], expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        codec.write_line(words)

    assert str(raised.value) == expected


def test_line_as_an_administrator_writes_it() -> None:
    assert codec.read_line(b'"SIEVE"  "fileinto"') == Line((b"SIEVE", b"fileinto"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "expected a string at the beginning of a line"),
        (b"SIEVE", "expected a string at the beginning of a line"),
        (b'"SIEVE', "expected a string, a number or an atom"),
        (b'"SIEVE" {3}', "expected a literal at the end of its line"),
        (b'"SIEVE"\r\n"X"', "expected a string, a number or an atom"),
        (b'OK "x"', "expected a string at the beginning of a line"),
    ],
)
def test_line_that_an_administrator_must_mend(text: bytes, expected: str) -> None:
    with pytest.raises(codec.BadArgument) as raised:
        codec.read_line(text)

    assert str(raised.value) == expected


@pytest.mark.requirement("rfc5804-1.2-3")
@pytest.mark.requirement("rfc5804-1.3-3")
@pytest.mark.requirement("rfc5804-4-1")
@pytest.mark.requirement("rfc5804-4-7")
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
        ((b'NO (X-Y/Z 4 ("a" (b ()) c) d) "x"',), Response(Status.NO, b"x", b'X-Y/Z 4 ("a" (b ()) c) d')),
        ((b'NO (/X "y") "x"',), Response(Status.NO, b"x")),
        ((b'"SIEVE" "x"',), Line((b"SIEVE", b"x"))),
        ((b'"OK"',), Line((b"OK",))),
        ((b'"x" ACTIVE',), Line((b"x", "ACTIVE"))),
        ((b"{2}", b"\r\n", b""), Line((b"\r\n",))),
    ],
)
def test_message_of_a_server(parts: tuple[bytes, ...], message: Response | Line) -> None:
    assert codec.read_message(parts) == message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", "expected OK, NO, BYE or a string"),
        (b"BAD", "expected OK, NO, BYE or a string"),
        (b'( "x"', "expected OK, NO, BYE or a string"),
        (b" ", "expected a string, a number or an atom"),
        (b'OK "x', "expected a string, a number or an atom"),
        (b"OK x", "expected one string as the text of a response"),
        (b'OK "x" "y"', "expected one string as the text of a response"),
        (b'OK (X "x"', "expected ) behind a response code"),
        (b'OK (X (Y "x") "x"', "expected ) behind a response code"),
        (b'OK ")"(', "expected one string as the text of a response"),
        (b'OK "x" (X)', "expected one string as the text of a response"),
    ],
)
def test_message_that_cannot_be(line: bytes, expected: str) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        codec.read_message((line,))

    assert str(raised.value) == expected


@pytest.mark.requirement("rfc5804-4-6")
@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (Response(Status.OK), b"OK\r\n"),
        (Response(Status.NO, b'a"'), b'NO "a\\""\r\n'),
        (Response(Status.BYE, b"\r\n", b"TRYLATER"), b"BYE (TRYLATER) {2}\r\n\r\n\r\n"),
        (Response(Status.OK, b"", codec.tag_code(b"a b")), b'OK (TAG "a b")\r\n'),
        (Response(Status.OK, b"x", codec.tag_code(b"\r\n")), b'OK (TAG {2}\r\n\r\n) "x"\r\n'),
        (Response(Status.OK, b"", b"X (a (b) c)"), b"OK (X (a (b) c))\r\n"),
    ],
)
def test_response_is_written(response: Response, octets: bytes) -> None:
    assert codec.write_response(response) == octets


@pytest.mark.requirement("rfc5804-1.3-1")
@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(Status.BAD), "ManageSieve has no status BAD"),
        (Response(Status.PREAUTH), "ManageSieve has no status PREAUTH"),
        (Response(Status.OK, code=b"X\r\nOK"), "expected a response code of atoms and strings"),
        (Response(Status.OK, code=b"X)\r\nOK (Y"), "expected a response code of atoms and strings"),
        (Response(Status.OK, code=b"X) ("), "expected a response code of atoms and strings"),
        (Response(Status.OK, code=b"/X"), "expected a response code of atoms and strings"),
        (Response(Status.OK, code=b'"'), "expected a response code of atoms and strings"),
        (Response(Status.OK, code=b"X {9}"), "expected a response code of atoms and strings"),
        (Response(Status.OK, code=b"X {9}\r\n"), "expected a response code of atoms and strings"),
        (Response(Status.OK, code=b"\0"), "expected a response code of atoms and strings"),
    ],
)
def test_response_that_would_be_read_otherwise_is_refused(response: Response, expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        codec.write_response(response)

    assert str(raised.value) == expected


@pytest.mark.requirement("rfc5804-2.1-2")
@pytest.mark.requirement("rfc4648-3.1-1")
def test_sasl_message_is_one_string() -> None:
    assert codec.write_sasl(b"u", plus=b"") == b'"dQ=="\r\n'
    assert codec.write_sasl(bytes(900), plus=b"+") == b"{1200+}\r\n" + b"A" * 1200 + b"\r\n"
