"""perdition.protocol.pop3.codec"""

import pytest

from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.pop3 import codec
from perdition.protocol.pop3.events import Argument, BadChallenge, Challenge, Reply
from perdition.protocol.secret import Secret

ROWS = {
    "USER": Row(args=("word",)),
    "PASS": Row(args=("password",)),
    "AUTH": Row(args=("mechanism", "initial")),
    "TOP": Row(args=("number", "number")),
    "LIST": Row(args=("optional_number",), multiline=True),
    "CAPA": Row(multiline=True),
}


def read(line: bytes) -> tuple[Argument, ...]:
    verb, rest = codec.read_verb(line)
    return codec.read_arguments(ROWS[verb], rest)


@pytest.mark.parametrize(
    ("line", "args"),
    [
        (b"USER u", (b"u",)),
        (b"user \xff@x", (b"\xff@x",)),
        (b"PASS p", (Secret(b"p"),)),
        (b"PASS  a b ", (Secret(b" a b "),)),
        (b"PASS ", (Secret(b""),)),
        (b"AUTH plain", (b"PLAIN",)),
        (b"AUTH X-Y_1 =", (b"X-Y_1", Secret(b""))),
        (b"AUTH PLAIN dQ==", (b"PLAIN", Secret(b"u"))),
        (b"TOP 1 0", (b"1", b"0")),
        (b"LIST", ()),
        (b"LIST 1234567890", (b"1234567890",)),
        (b"CAPA", ()),
    ],
)
def test_arguments(line: bytes, args: tuple[Argument, ...]) -> None:
    assert read(line) == args


@pytest.mark.requirement("rfc1939-3-4")
@pytest.mark.requirement("rfc1939-7-2")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", "expected a command of three to eight letters"),
        (b"NO", "expected a command of three to eight letters"),
        (b"NINELETTE", "expected a command of three to eight letters"),
        (b"CAP1", "expected a command of three to eight letters"),
        (b" CAPA", "expected a command of three to eight letters"),
        (b"CAPA\t", "expected a command of three to eight letters"),
        (b"USER", "an argument is missing"),
        (b"USER ", "expected one blank between arguments"),
        (b"USER  u", "expected one blank between arguments"),
        (b"USER u ", "too many arguments"),
        (b"USER u v", "too many arguments"),
        (b"PASS", "a password is missing"),
        (b"AUTH", "an argument is missing"),
        (b"AUTH *", "expected the name of a SASL mechanism"),
        (b"AUTH " + b"X" * 21, "expected the name of a SASL mechanism"),
        (b"AUTH PLAIN ", "expected base64, or = for a response of no octets"),
        (b"AUTH PLAIN dQ", "expected base64"),
        (b"AUTH PLAIN dQ== ", "expected base64"),
        (b"TOP 1", "an argument is missing"),
        (b"TOP 1 x", "expected a number"),
        (b"LIST -1", "expected a number"),
        (b"LIST 12345678901", "expected a number"),
        (b"CAPA ", "too many arguments"),
    ],
)
def test_bad_arguments(line: bytes, expected: str) -> None:
    with pytest.raises(codec.BadArgument) as raised:
        read(line)

    assert str(raised.value) == expected


@pytest.mark.requirement("rfc5034-4-1")
@pytest.mark.requirement("rfc5034-4-9")
@pytest.mark.requirement("rfc1939-3-4")
@pytest.mark.parametrize(
    ("verb", "args", "line"),
    [
        ("USER", (b"u",), b"USER u\r\n"),
        ("PASS", (Secret(b" p "),), b"PASS  p \r\n"),
        ("PASS", (Secret(b""),), b"PASS \r\n"),
        ("AUTH", (b"PLAIN",), b"AUTH PLAIN\r\n"),
        ("AUTH", (b"PLAIN", Secret(b"u")), b"AUTH PLAIN dQ==\r\n"),
        ("AUTH", (b"PLAIN", Secret(b"")), b"AUTH PLAIN =\r\n"),
        ("TOP", (b"1", b"2"), b"TOP 1 2\r\n"),
        ("LIST", (), b"LIST\r\n"),
    ],
)
def test_command_is_written(verb: str, args: tuple[Argument, ...], line: bytes) -> None:
    assert codec.write_command(verb, ROWS[verb], args) == line


@pytest.mark.parametrize(
    ("verb", "args", "expected"),
    [
        ("USER", (), "USER: an argument is missing"),
        ("USER", (b"u", b"v"), "USER cannot carry such arguments"),
        ("USER", (b"",), "USER: expected one blank between arguments"),
        ("USER", (b"u v",), "USER: too many arguments"),
        ("USER", (b"u\r\nDELE 1",), "USER: too many arguments"),
        ("USER", (b"u\n",), "USER cannot carry such arguments"),
        ("USER", (b"u\0",), "USER cannot carry such arguments"),
        ("USER", (Secret(b"u"),), "USER cannot carry such arguments"),
        ("PASS", (b"p",), "PASS cannot carry such arguments"),
        ("PASS", (Secret(b"p\r"),), "PASS cannot carry such arguments"),
        ("PASS", (Secret(b"p\r\nDELE 1"),), "PASS cannot carry such arguments"),
        ("AUTH", (b"plain",), "AUTH cannot carry such arguments"),
        ("AUTH", (b"A B",), "AUTH: expected base64"),
        ("AUTH", (b"PLAIN", b"u"), "AUTH cannot carry such arguments"),
        ("TOP", (b"1",), "TOP: an argument is missing"),
        ("TOP", (b"1", b"x"), "TOP: expected a number"),
        ("CAPA", (b"x",), "CAPA cannot carry such arguments"),
        ("Q", (), "Q: expected a command of three to eight letters"),
    ],
)
def test_command_that_no_line_carries_is_refused(verb: str, args: tuple[Argument, ...], expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        codec.write_command(verb, ROWS.get(verb, Row()), args)

    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("verb", "args", "yes"),
    [("LIST", (), True), ("LIST", (b"1",), False), ("CAPA", (), True), ("USER", (b"u",), False)],
)
def test_block_follows_list_but_not_list_of_one(verb: str, args: tuple[Argument, ...], yes: bool) -> None:
    assert codec.wants_block(ROWS[verb], args) == yes


@pytest.mark.parametrize(("verb", "args"), [("USER", (b"u" * 248,)), ("PASS", (Secret(b"p" * 248),))])
def test_command_of_255_octets_is_written(verb: str, args: tuple[Argument, ...]) -> None:
    assert len(codec.write_command(verb, ROWS[verb], args)) == 255


@pytest.mark.requirement("rfc2449-4-4")
@pytest.mark.requirement("rfc5034-4-8")
@pytest.mark.parametrize(
    ("verb", "args"),
    [("USER", (b"u" * 249,)), ("PASS", (Secret(b"p" * 249),)), ("AUTH", (b"PLAIN", Secret(b"p" * 183)))],
)
def test_longer_command_is_refused(verb: str, args: tuple[Argument, ...]) -> None:
    with pytest.raises(LocalProtocolError, match=f"{verb} cannot carry such long arguments"):
        codec.write_command(verb, ROWS[verb], args)


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"+OK", Reply(Status.OK)),
        (b"+ok ", Reply(Status.OK)),
        (b"+OK  two", Reply(Status.OK, b" two")),
        (b"-ERR no", Reply(Status.NO, b"no")),
        (b"-Err [AUTH] no", Reply(Status.NO, b"no", b"AUTH")),
        (b"-ERR [SYS/TEMP]no", Reply(Status.NO, b"no", b"SYS/TEMP")),
        (b"-ERR [x-sys.1/temp_a b] no", Reply(Status.NO, b"no", b"x-sys.1/temp_a b")),
        (b"-ERR [LOGIN-DELAY 60]", Reply(Status.NO, b"", b"LOGIN-DELAY 60")),
        (b"-ERR [] no", Reply(Status.NO, b"[] no")),
        (b"-ERR [AUTH no", Reply(Status.NO, b"[AUTH no")),
    ],
)
def test_reply(line: bytes, reply: Reply) -> None:
    assert codec.read_reply(line) == reply


@pytest.mark.parametrize("line", [b"", b" +OK", b"OK", b"+", b"+OKAY", b"-ERR\t", b"* OK"])
def test_line_that_is_no_reply(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=r"\Aexpected \+OK or -ERR\Z"):
        codec.read_reply(line)


@pytest.mark.requirement("rfc1939-3-6")
@pytest.mark.requirement("rfc1939-3-7")
@pytest.mark.parametrize(
    ("status", "text", "code", "line"),
    [
        (Status.OK, b"", None, b"+OK\r\n"),
        (Status.OK, b"hi", None, b"+OK hi\r\n"),
        (Status.NO, b"no", b"AUTH", b"-ERR [AUTH] no\r\n"),
        (Status.NO, b"", b"AUTH", b"-ERR [AUTH]\r\n"),
        (Status.NO, b"[no", b"AUTH", b"-ERR [AUTH] [no\r\n"),
    ],
)
def test_reply_is_written(status: Status, text: bytes, code: bytes | None, line: bytes) -> None:
    assert codec.write_reply(status, text, code) == line


@pytest.mark.parametrize(
    ("status", "text", "code", "expected"),
    [
        (Status.BAD, b"", None, "POP3 has no status BAD"),
        (Status.BYE, b"", None, "POP3 has no status BYE"),
        (Status.OK, b"a\r\nb", None, "expected a text without CR, LF and NUL"),
        (Status.OK, b"\n", None, "expected a text without CR, LF and NUL"),
        (Status.OK, b"\0", None, "expected a text without CR, LF and NUL"),
        (Status.OK, b"", b"A\r", "expected a text without CR, LF and NUL"),
    ],
)
def test_reply_that_no_line_carries_is_refused(status: Status, text: bytes, code: bytes | None, expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        codec.write_reply(status, text, code)

    assert str(raised.value) == expected


@pytest.mark.requirement("rfc1939-3-8")
@pytest.mark.requirement("rfc2449-4-3")
@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (b"x" * 506, None, b"+OK " + b"x" * 506),
        (b"x" * 9000, None, b"+OK " + b"x" * 506),
        (b"x" * 9000, b"X" * 504, b"+OK [" + b"X" * 504 + b"]"),
        (b"x" * 9000, b"X" * 505, b"+OK " + b"x" * 506),
    ],
)
def test_longer_reply_is_cut(text: bytes, code: bytes | None, line: bytes) -> None:
    assert codec.write_reply(Status.OK, text, code) == line + b"\r\n"
    assert len(line) <= 510


@pytest.mark.requirement("rfc2449-3-1")
@pytest.mark.requirement("rfc2449-6.4-1")
@pytest.mark.parametrize(
    ("text", "line"), [(b"[AUTH] no", b"-ERR AUTH] no"), (b"[[AUTH] no", b"-ERR AUTH] no"), (b"[X] no", b"-ERR X] no")]
)
def test_text_does_not_pass_for_a_code(text: bytes, line: bytes) -> None:
    assert codec.write_reply(Status.NO, text, None) == line + b"\r\n"


@pytest.mark.requirement("rfc1939-3-9")
@pytest.mark.requirement("rfc1939-3-10")
@pytest.mark.parametrize(
    ("body", "block"),
    [
        (b"", b".\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n..b\r\n\r\n", b"a\r\n..\r\n...b\r\n\r\n.\r\n"),
    ],
)
def test_dots_are_stuffed(body: bytes, block: bytes) -> None:
    assert codec.stuff(body) == block


@pytest.mark.parametrize("body", [b"a\n", b"a\n.\r\n", b"a\rb\r\n", b"\r\r\n", b"a\0\r\n"])
def test_block_that_is_not_lines_is_refused(body: bytes) -> None:
    with pytest.raises(LocalProtocolError, match=r"\Aexpected lines without CR, LF and NUL in them\Z"):
        codec.stuff(body)


@pytest.mark.parametrize("body", [b"a", b"\r\na"])
def test_block_that_does_not_end_its_last_line_is_refused(body: bytes) -> None:
    with pytest.raises(LocalProtocolError, match=r"\Aexpected CRLF at the end of a block\Z"):
        codec.stuff(body)


@pytest.mark.parametrize(
    ("line", "challenge"),
    [
        (b"+ ", Challenge(b"")),
        (b"+", Challenge(b"")),
        (b"+ dQ==", Challenge(b"u")),
        (b"+OK", None),
        (b"-ERR", None),
        (b"", None),
    ],
)
def test_challenge(line: bytes, challenge: Challenge | None) -> None:
    assert codec.read_challenge(line) == challenge


@pytest.mark.requirement("rfc5034-4-5")
@pytest.mark.requirement("rfc5034-4-7")
def test_challenge_is_written() -> None:
    assert codec.write_challenge(b"") == b"+ \r\n"
    assert codec.write_challenge(b"u") == b"+ dQ==\r\n"


@pytest.mark.requirement("rfc5034-4-12")
@pytest.mark.requirement("rfc5034-4-13")
@pytest.mark.requirement("rfc5034-4-14")
@pytest.mark.parametrize("line", [b"+ go on", b"+ d Q==", b"+ =AAA", b"+ AAA=BBB", b"+ dQ", b"+ dR==", b"+  dQ=="])
def test_challenge_that_is_not_base64(line: bytes) -> None:
    assert codec.read_challenge(line) == BadChallenge()
