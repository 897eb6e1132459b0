"""perdition.protocol.imap4.codec"""

import pytest

from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.imap4 import codec
from perdition.protocol.imap4.events import Argument, Raw
from perdition.protocol.secret import Secret

ROWS = {
    "NOOP": Row(),
    "LOGIN": Row(args=("astring", "password")),
    "AUTHENTICATE": Row(args=("mechanism", "initial")),
    "ID": Row(args=("id",)),
    "SELECT": Row(args=("parts",)),
}


def read(*parts: bytes) -> tuple[Argument, ...]:
    verb, at = codec.read_verb(parts[0])
    return codec.read_arguments(ROWS[verb], parts, at)


@pytest.mark.parametrize(
    ("parts", "args"),
    [
        ((b"a NOOP",), ()),
        ((b"a login u p",), (b"u", Secret(b"p"))),
        ((b'a LOGIN "u v" "\\"\\\\"',), (b"u v", Secret(b'"\\'))),
        ((b'a LOGIN "" ""',), (b"", Secret(b""))),
        ((b'a LOGIN "\xfc" \xfc',), (b"\xfc", Secret(b"\xfc"))),
        ((b'a LOGIN u%*]@(x p"{3',), (b"u%*]@(x", Secret(b'p"{3'))),
        ((b"a LOGIN {3}", b"u\r\n", b" {1+}", b"p", b""), (b"u\r\n", Secret(b"p"))),
        (
            (
                b"a LOGIN {0}",
                b"",
                b" p",
            ),
            (b"", Secret(b"p")),
        ),
        ((b"a LOGIN u {1}", b"p", b""), (b"u", Secret(b"p"))),
        ((b"a AUTHENTICATE plain",), (b"PLAIN",)),
        ((b"a AUTHENTICATE PLAIN =",), (b"PLAIN", Secret(b""))),
        ((b"a AUTHENTICATE PLAIN dQ==",), (b"PLAIN", Secret(b"u"))),
        ((b'a ID ("name" "x")',), (b'("name" "x")',)),
        ((b"a ID",), ()),
        ((b"a SELECT INBOX (CONDSTORE)",), (b"INBOX (CONDSTORE)",)),
        ((b"a SELECT {1}", b"x", b" (y)"), (b"{1}", b"x", b" (y)")),
    ],
)
def test_arguments(parts: tuple[bytes, ...], args: tuple[Argument, ...]) -> None:
    assert read(*parts) == args


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((b"",), "expected a command behind the tag"),
        ((b"a",), "expected a command behind the tag"),
        ((b"a ",), "expected a command behind the tag"),
        ((b"a  NOOP",), "expected a command behind the tag"),
        ((b"a N\xfc",), "expected a command behind the tag"),
        ((b"a " + b"X" * 33,), "expected a command behind the tag"),
        ((b"a NOOP ",), "too many arguments"),
        ((b"a NOOP x",), "too many arguments"),
        ((b"a LOGIN",), "an argument is missing"),
        ((b"a LOGIN u",), "an argument is missing"),
        ((b"a LOGIN u ",), "expected an atom, a quoted string or a literal"),
        ((b"a LOGIN  u p",), "expected an atom, a quoted string or a literal"),
        ((b"a LOGIN u p ",), "too many arguments"),
        ((b"a LOGIN u p q",), "too many arguments"),
        ((b'a LOGIN "u"p',), "expected one blank between arguments"),
        ((b'a LOGIN "u p',), "expected an atom, a quoted string or a literal"),
        ((b'a LOGIN "u\\x" p',), "expected an atom, a quoted string or a literal"),
        ((b"a LOGIN {x p",), "expected an atom, a quoted string or a literal"),
        ((b"a LOGIN {1}",), "expected an atom, a quoted string or a literal"),
        ((b"a LOGIN u{1}", b"p", b""), "expected one blank between arguments"),
        ((b"a LOGIN u p{1}", b"p", b""), "too many arguments"),
        ((b"a LOGIN {1}", b"u", b"p"), "expected one blank between arguments"),
        ((b"a LOGIN {1}", b"\0", b" p"), "expected a literal without NUL"),
        ((b"a LOGIN {1}", b"u", b""), "an argument is missing"),
        ((b"a AUTHENTICATE",), "an argument is missing"),
        ((b'a AUTHENTICATE "PLAIN"',), "expected the name of a SASL mechanism"),
        ((b"a AUTHENTICATE PL*",), "expected the name of a SASL mechanism"),
        ((b"a AUTHENTICATE PLAIN ",), "expected an initial response in base64"),
        ((b"a AUTHENTICATE PLAIN dQ",), "expected base64"),
        ((b"a AUTHENTICATE PLAIN = =",), "too many arguments"),
    ],
)
def test_bad_arguments(parts: tuple[bytes, ...], expected: str) -> None:
    with pytest.raises(codec.BadArgument) as raised:
        read(*parts)

    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        (b"a NOOP", b"a"),
        (b"a", b"a"),
        (b"A.1]~+ NOOP", b"A.1]~+"),
        (b"+", None),
        (b"+ NOOP", None),
        (b"* NOOP", None),
        (b"a* NOOP", None),
        (b"", None),
        (b" NOOP", None),
        (b"a\tNOOP", None),
        (b"\xfc NOOP", None),
        (b'"a" NOOP', None),
        (b"a{1}", None),
        (b"a% NOOP", None),
        (b"(a) NOOP", None),
        (b"a\\ NOOP", None),
    ],
)
def test_tag(line: bytes, tag: bytes | None) -> None:
    assert codec.read_tag(line) == tag


@pytest.mark.parametrize(
    ("octets", "plus", "fragments"),
    [
        (b"", -1, [b'""']),
        (b'u "\\\t', -1, [b'"u \\"\\\\\t"']),
        (b"x" * 1024, -1, [b'"' + b"x" * 1024 + b'"']),
        (b"x" * 1025, -1, [b"{1025}\r\n", b"x" * 1025]),
        (b"\xfc", -1, [b"{1}\r\n", b"\xfc"]),
        (b"\r\n", 2, [b"{2+}\r\n\r\n"]),
        (b"\r\n\n", 2, [b"{3}\r\n", b"\r\n\n"]),
    ],
)
def test_string_is_written(octets: bytes, plus: int, fragments: list[bytes]) -> None:
    assert codec.write_string(octets, plus) == fragments


@pytest.mark.requirement("rfc3501-2.2.1-1")
@pytest.mark.requirement("rfc9051-2.2.1-3")
@pytest.mark.requirement("rfc4959-3-1")
@pytest.mark.requirement("rfc4959-3-2")
@pytest.mark.requirement("rfc4959-3-3")
@pytest.mark.requirement("rfc9051-6.2.2-4")
@pytest.mark.requirement("rfc9051-6.2.2-5")
@pytest.mark.requirement("rfc9051-6.2.2-6")
@pytest.mark.parametrize(
    ("verb", "args", "fragments"),
    [
        ("NOOP", (), [b"a NOOP\r\n"]),
        ("LOGIN", (b"u", Secret(b"p")), [b'a LOGIN "u" "p"\r\n']),
        ("LOGIN", (b"\xfc", Secret(b"\xfd")), [b"a LOGIN {1}\r\n", b"\xfc {1}\r\n", b"\xfd\r\n"]),
        ("AUTHENTICATE", (b"PLAIN",), [b"a AUTHENTICATE PLAIN\r\n"]),
        ("AUTHENTICATE", (b"PLAIN", Secret(b"")), [b"a AUTHENTICATE PLAIN =\r\n"]),
        ("AUTHENTICATE", (b"PLAIN", Secret(b"u")), [b"a AUTHENTICATE PLAIN dQ==\r\n"]),
        ("ID", (Raw(b"NIL"),), [b"a ID NIL\r\n"]),
        ("SELECT", (b"x", Raw(b"(CONDSTORE)")), [b'a SELECT "x" (CONDSTORE)\r\n']),
        ("SELECT", (b"\r", Raw(b"(X)")), [b"a SELECT {1}\r\n", b"\r (X)\r\n"]),
    ],
)
def test_command_is_written(verb: str, args: tuple[Argument, ...], fragments: list[bytes]) -> None:
    assert codec.write_command(b"a", verb, args, ROWS[verb], -1) == fragments


@pytest.mark.requirement("rfc3501-2.2.1-1")
@pytest.mark.requirement("rfc9051-2.2.1-3")
@pytest.mark.requirement("rfc3501-4.3.1-2")
@pytest.mark.requirement("rfc9051-4.3.1-3")
@pytest.mark.parametrize(
    ("verb", "args", "expected"),
    [
        ("NOOP", (b"x",), "NOOP has 0 to 0 arguments"),
        ("LOGIN", (b"u",), "LOGIN has 2 to 2 arguments"),
        ("LOGIN", (b"u", Secret(b"p"), b"x"), "LOGIN has 2 to 2 arguments"),
        ("LOGIN", (b"u", b"p"), "expected an argument of the form password"),
        ("LOGIN", (Secret(b"u"), Secret(b"p")), "expected an argument of the form astring"),
        ("LOGIN", (Raw(b"u"), Secret(b"p")), "expected an argument of the form astring"),
        ("LOGIN", (b"u\0", Secret(b"p")), "no string of IMAP4 can hold NUL"),
        ("AUTHENTICATE", (), "AUTHENTICATE has 1 to 2 arguments"),
        ("AUTHENTICATE", (b"",), "expected an argument of the form mechanism"),
        ("AUTHENTICATE", (b"PLAIN\r\nb LOGOUT",), "expected an argument of the form mechanism"),
        ("AUTHENTICATE", (b"PLAIN", b"u"), "expected an argument of the form initial"),
        ("SELECT", (Raw(b"x\r\nb DELETE x"),), "expected a text without CR, LF and NUL"),
        ("SELECT", (Raw(b"x\0"),), "expected a text without CR, LF and NUL"),
        ("SELECT", (Raw(b"{3}"),), "expected an argument of the form parts"),
        ("SELECT", (Raw(b"x {3+}"),), "expected an argument of the form parts"),
        ("SELECT", (Secret(b"x"),), "expected an argument of the form parts"),
    ],
)
def test_command_that_cannot_be_written_is_refused(verb: str, args: tuple[Argument, ...], expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        codec.write_command(b"a", verb, args, ROWS[verb], -1)

    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"OK", (Status.OK, None, b"")),
        (b"ok done", (Status.OK, None, b"done")),
        (b"BAD [X] text", (Status.BAD, b"X", b"text")),
        (b"NO [BADCHARSET (a b)]text", (Status.NO, b"BADCHARSET (a b)", b"text")),
        (b'NO [REFERRAL "a]\\"b"] text', (Status.NO, b'REFERRAL "a]\\"b"', b"text")),
        (b"BYE [X text", (Status.BYE, None, b"[X text")),
        (b'PREAUTH [X "] text', (Status.PREAUTH, None, b'[X "] text')),
        (b"CAPABILITY IMAP4rev1", None),
        (b"OKAY", None),
        (b"", None),
    ],
)
def test_status(line: bytes, status: tuple[Status, bytes | None, bytes] | None) -> None:
    assert codec.read_status(line) == status


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (b"x", None, b"a OK x\r\n"),
        (b"", None, b"a OK done\r\n"),
        (b"x", b"C", b"a OK [C] x\r\n"),
        (b"", b"C", b"a OK [C] done\r\n"),
    ],
)
def test_status_is_written(text: bytes, code: bytes | None, line: bytes) -> None:
    assert codec.write_status(b"a", Status.OK, text, code) == line


@pytest.mark.parametrize(("text", "code"), [(b"x\r\ny", None), (b"\n", None), (b"\0", None), (b"x", b"C\r")])
def test_status_that_no_line_carries_is_refused(text: bytes, code: bytes | None) -> None:
    with pytest.raises(LocalProtocolError, match=r"\Aexpected a text without CR, LF and NUL\Z"):
        codec.write_status(b"a", Status.OK, text, code)


@pytest.mark.requirement("rfc9051-7.1-5")
@pytest.mark.parametrize("code", [b"X] y", b"]", b'X "', b'X "]', b'X "\\"', b'X "a] "b"'])
def test_code_that_would_be_read_otherwise_is_refused(code: bytes) -> None:
    with pytest.raises(LocalProtocolError, match=r"\Aexpected what reads as a response code\Z"):
        codec.write_status(b"a", Status.OK, b"x", code)


@pytest.mark.requirement("rfc9051-7.1-5")
@pytest.mark.parametrize("code", [b"", b"X", b'REFERRAL "a]\\"b"', b'X "]" "["', b"BADCHARSET (a b)"])
def test_code_is_read_as_it_is_written(code: bytes) -> None:
    line = codec.write_status(b"a", Status.OK, b"x", code)

    assert codec.read_status(line[2:-2]) == (Status.OK, code, b"x")


@pytest.mark.parametrize(
    ("parts", "octets"),
    [
        ((b"CAPABILITY X",), b"* CAPABILITY X\r\n"),
        ((b"LIST {3}", b"\r\n\xfc", b""), b"* LIST {3}\r\n\r\n\xfc\r\n"),
        ((b"X {0}", b"", b" {1}", b"{", b" y"), b"* X {0}\r\n {1}\r\n{ y\r\n"),
    ],
)
def test_untagged_data_is_written(parts: tuple[bytes, ...], octets: bytes) -> None:
    assert codec.write_parts(parts) == octets


@pytest.mark.requirement("rfc7888-3-1")
@pytest.mark.requirement("rfc9051-4.3-2")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((), "expected a line behind the last literal"),
        ((b"LIST {3}", b"abc"), "expected a line behind the last literal"),
        ((b"LIST {4}", b"abc", b""), "expected the size of the literal at the end of the line before it"),
        ((b"LIST", b"abc", b""), "expected the size of the literal at the end of the line before it"),
        ((b"LIST {3}",), "expected a line behind the last literal"),
        ((b"LIST {3+}",), "expected a line behind the last literal"),
        ((b"LI\r\nST",), "expected a text without CR, LF and NUL"),
        ((b"LI\0ST {3}", b"abc", b""), "expected a text without CR, LF and NUL"),
        ((b"OK done",), "expected data: an untagged status is a notice"),
        ((b"bye",), "expected data: an untagged status is a notice"),
    ],
)
def test_untagged_data_that_would_be_read_otherwise_is_refused(parts: tuple[bytes, ...], expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        codec.write_parts(parts)

    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("line", "text"),
    [(b"+ ", b""), (b"+", b""), (b"+ go {3}", b"go {3}"), (b"+go", None), (b"* OK", None), (b"", None)],
)
def test_continuation(line: bytes, text: bytes | None) -> None:
    assert codec.read_continuation(line) == text


def test_challenge() -> None:
    assert codec.write_challenge(b"") == b"+ \r\n"
    assert codec.write_challenge(b"u") == b"+ dQ==\r\n"
    assert codec.read_challenge(b"dQ==") == b"u"
    with pytest.raises(RemoteProtocolError, match=r"\Aexpected a challenge in base64\Z"):
        codec.read_challenge(b"go on")
