"""perdition.protocol.pop3.codec"""

import pytest

from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.pop3 import codec
from perdition.protocol.pop3.events import Argument, Reply
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


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"", "command"),
        (b"NO", "command"),
        (b"NINELETTE", "command"),
        (b"CAP1", "command"),
        (b" CAPA", "command"),
        (b"CAPA\t", "command"),
        (b"USER", "missing"),
        (b"USER ", "one blank"),
        (b"USER  u", "one blank"),
        (b"USER u ", "too many"),
        (b"USER u v", "too many"),
        (b"PASS", "password is missing"),
        (b"AUTH", "missing"),
        (b"AUTH *", "mechanism"),
        (b"AUTH " + b"X" * 21, "mechanism"),
        (b"AUTH PLAIN ", "base64"),
        (b"AUTH PLAIN dQ", "base64"),
        (b"AUTH PLAIN dQ== ", "base64"),
        (b"TOP 1", "missing"),
        (b"TOP 1 x", "number"),
        (b"LIST -1", "number"),
        (b"LIST 12345678901", "number"),
        (b"CAPA ", "too many"),
    ],
)
def test_bad_arguments(line: bytes, expected: str) -> None:
    with pytest.raises(codec.BadArgument, match=expected):
        read(line)


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
    ("verb", "args"),
    [
        ("USER", ()),
        ("USER", (b"u", b"v")),
        ("USER", (b"",)),
        ("USER", (b"u v",)),
        ("USER", (b"u\r\nDELE 1",)),
        ("USER", (b"u\n",)),
        ("USER", (b"u\0",)),
        ("USER", (Secret(b"u"),)),
        ("PASS", (b"p",)),
        ("PASS", (Secret(b"p\r"),)),
        ("PASS", (Secret(b"p\r\nDELE 1"),)),
        ("AUTH", (b"plain",)),
        ("AUTH", (b"A B",)),
        ("AUTH", (b"PLAIN", b"u")),
        ("TOP", (b"1",)),
        ("TOP", (b"1", b"x")),
        ("CAPA", (b"x",)),
        ("Q", ()),
    ],
)
def test_command_that_no_line_carries_is_refused(verb: str, args: tuple[Argument, ...]) -> None:
    with pytest.raises(LocalProtocolError, match=verb):
        codec.write_command(verb, ROWS.get(verb, Row()), args)


@pytest.mark.parametrize(
    ("verb", "args", "yes"),
    [("LIST", (), True), ("LIST", (b"1",), False), ("CAPA", (), True), ("USER", (b"u",), False)],
)
def test_block_follows_list_but_not_list_of_one(verb: str, args: tuple[Argument, ...], yes: bool) -> None:
    assert codec.wants_block(ROWS[verb], args) == yes


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"+OK", Reply(Status.OK)),
        (b"+ok ", Reply(Status.OK)),
        (b"+OK  two", Reply(Status.OK, b" two")),
        (b"-ERR no", Reply(Status.NO, b"no")),
        (b"-Err [AUTH] no", Reply(Status.NO, b"no", b"AUTH")),
        (b"-ERR [SYS/TEMP]no", Reply(Status.NO, b"no", b"SYS/TEMP")),
        (b"-ERR [LOGIN-DELAY 60]", Reply(Status.NO, b"", b"LOGIN-DELAY 60")),
        (b"-ERR [] no", Reply(Status.NO, b"[] no")),
        (b"-ERR [AUTH no", Reply(Status.NO, b"[AUTH no")),
    ],
)
def test_reply(line: bytes, reply: Reply) -> None:
    assert codec.read_reply(line) == reply


@pytest.mark.parametrize("line", [b"", b" +OK", b"OK", b"+", b"+OKAY", b"-ERR\t", b"* OK"])
def test_line_that_is_no_reply(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="or -ERR"):
        codec.read_reply(line)


@pytest.mark.parametrize(
    ("status", "text", "code", "line"),
    [
        (Status.OK, b"", None, b"+OK\r\n"),
        (Status.OK, b"hi", None, b"+OK hi\r\n"),
        (Status.NO, b"no", b"AUTH", b"-ERR [AUTH] no\r\n"),
        (Status.NO, b"", b"AUTH", b"-ERR [AUTH]\r\n"),
    ],
)
def test_reply_is_written(status: Status, text: bytes, code: bytes | None, line: bytes) -> None:
    assert codec.write_reply(status, text, code) == line


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        (Status.BAD, b"", None),
        (Status.BYE, b"", None),
        (Status.OK, b"a\r\nb", None),
        (Status.OK, b"\n", None),
        (Status.OK, b"\0", None),
        (Status.OK, b"", b"A\r"),
    ],
)
def test_reply_that_no_line_carries_is_refused(status: Status, text: bytes, code: bytes | None) -> None:
    with pytest.raises(LocalProtocolError, match=r"expected|no status"):
        codec.write_reply(status, text, code)


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


@pytest.mark.parametrize("body", [b"a", b"\r\na", b"a\n", b"a\n.\r\n", b"a\rb\r\n", b"\r\r\n", b"a\0\r\n"])
def test_block_that_is_not_lines_is_refused(body: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="expected"):
        codec.stuff(body)


@pytest.mark.parametrize(
    ("line", "data"), [(b"+ ", b""), (b"+", b""), (b"+ dQ==", b"u"), (b"+OK", None), (b"-ERR", None), (b"", None)]
)
def test_challenge(line: bytes, data: bytes | None) -> None:
    assert codec.read_challenge(line) == data


def test_challenge_is_written() -> None:
    assert codec.write_challenge(b"") == b"+ \r\n"
    assert codec.write_challenge(b"u") == b"+ dQ==\r\n"


def test_challenge_that_is_not_base64() -> None:
    with pytest.raises(RemoteProtocolError, match="base64"):
        codec.read_challenge(b"+ go on")
