"""The server's own user stands where the dialogue's user stood, in the dialogue's own way of writing."""

import base64

import pytest

from perdition.conformance.stand_in import HIDDEN, CannotSay, StandIn
from perdition.conformance.transcript import Login

LOGIN = Login(b"mrose", b"tanstaaf")


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def stand_in(protocol: str, user: bytes = b"joe", password: bytes = b"pw", login: Login | None = LOGIN) -> StandIn:
    return StandIn(protocol, login, user, password)


@pytest.mark.parametrize(
    ("protocol", "lines", "changed"),
    [
        ("pop3", [b"USER mrose\r\n"], [b"USER joe\r\n"]),
        ("pop3", [b"uSeR mrose\r\n"], [b"uSeR joe\r\n"]),
        ("pop3", [b"USER frated\r\n"], [b"USER frated\r\n"]),
        ("pop3", [b"PASS tanstaaf\r\n"], [b"PASS pw\r\n"]),
        ("pop3", [b"PASS tanstaaf \r\n"], [b"PASS tanstaaf \r\n"]),
        ("pop3", [b"USER mrose\r\nPASS tanstaaf\r\nSTAT\r\n"], [b"USER joe\r\nPASS pw\r\nSTAT\r\n"]),
        ("pop3", [b"USER mro", b"se\r\n"], [b"USER joe", b"\r\n"]),
        (
            "pop3",
            [b"AUTH PLAIN " + b64(b"\0mrose\0tanstaaf") + b"\r\n"],
            [b"AUTH PLAIN " + b64(b"\0joe\0pw") + b"\r\n"],
        ),
        ("pop3", [b"AUTH PLAIN ????\r\n"], [b"AUTH PLAIN ????\r\n"]),
        ("pop3", [b"CAPA\r\n"], [b"CAPA\r\n"]),
        ("imap4", [b"a LOGIN mrose tanstaaf\r\n"], [b"a LOGIN joe pw\r\n"]),
        ("imap4", [b'a login "mrose" "wrong"\r\n'], [b'a login "joe" "wrong"\r\n']),
        ("imap4", [b"a LOGIN tanstaaf mrose\r\n"], [b"a LOGIN tanstaaf mrose\r\n"]),
        ("imap4", [b"a NOOP\r\nb LOGIN mrose tanstaaf\r\n"], [b"a NOOP\r\nb LOGIN joe pw\r\n"]),
        (
            "imap4",
            [b"a LOGIN {5}\r\n", b"mrose {8}\r\n", b"tanstaaf\r\n"],
            [b"a LOGIN {3}\r\n", b"joe {2}\r\n", b"pw\r\n"],
        ),
        ("imap4", [b"a LOGIN {5+}\r\nmrose {8+}\r\ntanstaaf\r\n"], [b"a LOGIN {3+}\r\njoe {2+}\r\npw\r\n"]),
        (
            "imap4",
            [b"a AUTHENTICATE PLAIN " + b64(b"mrose\0mrose\0tanstaaf") + b"\r\n"],
            [b"a AUTHENTICATE PLAIN " + b64(b"joe\0joe\0pw") + b"\r\n"],
        ),
        ("imap4", [b"a NOOP mrose tanstaaf\r\n"], [b"a NOOP mrose tanstaaf\r\n"]),
        (
            "managesieve",
            [b'AUTHENTICATE "PLAIN" "' + b64(b"\0mrose\0tanstaaf") + b'"\r\n'],
            [b'AUTHENTICATE "PLAIN" "' + b64(b"\0joe\0pw") + b'"\r\n'],
        ),
        (
            "managesieve",
            [b'AUTHENTICATE "PLAIN" {20+}\r\n' + b64(b"\0mrose\0tanstaaf") + b"\r\n"],
            [b'AUTHENTICATE "PLAIN" {12+}\r\n' + b64(b"\0joe\0pw") + b"\r\n"],
        ),
        ("managesieve", [b'NOOP "mrose"\r\n'], [b'NOOP "mrose"\r\n']),
    ],
)
def test_command(protocol: str, lines: list[bytes], changed: list[bytes]) -> None:
    assert stand_in(protocol).command(lines) == changed


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
def test_responses_of_login_are_the_name_and_then_the_password(protocol: str) -> None:
    both = Login(b"test", b"test")
    said = b64(b"test") + b"\r\n"

    assert stand_in(protocol, login=both).response([said], 0) == [b64(b"joe") + b"\r\n"]
    assert stand_in(protocol, login=both).response([said], 1) == [b64(b"pw") + b"\r\n"]


def test_response_of_managesieve_is_a_string() -> None:
    said = [b"{8+}\r\n" + b64(b"mrose") + b"\r\n"]

    assert stand_in("managesieve").response(said, 0) == [b"{4+}\r\n" + b64(b"joe") + b"\r\n"]
    assert stand_in("managesieve").response([b'"*"\r\n'], 0) == [b'"*"\r\n']


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        (b"j e", b"pw", b'a LOGIN "j e" pw\r\n'),
        (b"joe", b'p"\\w', b'a LOGIN joe "p\\"\\\\w"\r\n'),
    ],
)
def test_words_that_need_quotes_get_them(user: bytes, password: bytes, said: bytes) -> None:
    assert stand_in("imap4", user, password).command([b"a LOGIN mrose tanstaaf\r\n"]) == [said]


@pytest.mark.parametrize(
    ("protocol", "line", "user", "password"),
    [
        ("pop3", b"USER mrose\r\n", b"j e", b"pw"),
        ("pop3", b"PASS tanstaaf\r\n", b"joe", b"p\nw"),
        ("imap4", b"a LOGIN mrose tanstaaf\r\n", b"joe", b"p\xfc"),
        ("imap4", b'a LOGIN mrose "tanstaaf"\r\n', b"joe", b"p\nw"),
    ],
)
def test_what_cannot_stand_there(protocol: str, line: bytes, user: bytes, password: bytes) -> None:
    with pytest.raises(CannotSay):
        stand_in(protocol, user, password).command([line])


def test_octets_that_no_atom_has_stay_where_the_dialogue_has_them() -> None:
    login = Login(b"j\xfc", b"p")

    assert stand_in("imap4", b"k\xfc", b"q", login).command([b"a LOGIN j\xfc p\r\n"]) == [b"a LOGIN k\xfc q\r\n"]


def test_base64_is_hidden_whole() -> None:
    line = b"AUTH PLAIN " + b64(b"\0mrose\0tanstaaf") + b"\r\n"

    assert stand_in("pop3", b"joe", HIDDEN).command([line]) == [b"AUTH PLAIN ****\r\n"]


def test_nobody_logs_in() -> None:
    assert stand_in("pop3", login=None).command([b"USER mrose\r\n"]) == [b"USER mrose\r\n"]
    assert stand_in("pop3", login=None).response([b"bXJvc2U=\r\n"], 0) == [b"bXJvc2U=\r\n"]
