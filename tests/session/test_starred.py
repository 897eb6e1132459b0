"""What the log may show of a command: nothing that may be a password."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.machine import ServerMachine
from perdition.session import Proto, starred
from tests.session.helpers import IMAP4, MANAGESIEVE, POP3

MACHINES: dict[Proto, ServerMachine[Any, Any]] = {
    POP3: pop3.Server(),
    IMAP4: imap4.Server(),
    MANAGESIEVE: managesieve.Server(),
}


def shown(proto: Proto, line: bytes) -> bytes:
    octets = starred.command(proto, line + b"\r\n", MACHINES[proto].knows)

    assert octets.endswith(b"\r\n")
    return octets[:-2]


POP3_ROWS = [
    (b"PASS secret", b"PASS ***"),
    (b"USER joe secret", b"USER joe ***"),
    (b"user joe ", b"user joe ***"),
    (b"USER  secret", b"USER ***"),
    (b"pass a secret ", b"pass ***"),
    (b"PASS ", b"PASS ***"),
    (b"PASS", b"PASS"),
    (b"AUTH PLAIN c2VjcmV0", b"AUTH PLAIN ***"),
    (b"AUTH PLAIN", b"AUTH PLAIN"),
    (b"AUTH plain =", b"AUTH plain ***"),
    (b"AUTH c2VjcmV0c2VjcmV0c2VjcmV0", b"AUTH ***"),  # longer than a mechanism
    (b"AUTH", b"AUTH"),
    (b"CAPA secret", b"CAPA ***"),
    (b"RETR 1", b"RETR ***"),
]
IMAP4_ROWS = [
    (b"a LOGIN joe secret", b"a LOGIN joe ***"),
    (b'a login "j o\\"e" "secret"', b'a login "j o\\"e" ***'),
    (b"a LOGIN joe {6}", b"a LOGIN joe {6}"),
    (b"a LOGIN {3}", b"a LOGIN {3}"),
    (b"a LOGIN {3+}\r\njoe secret", b"a LOGIN {3+} ***"),
    (b"a LOGIN joe {6+}\r\nsecret", b"a LOGIN joe {6+} ***"),
    (b"a LOGIN joe secret {6}", b"a LOGIN joe ***"),
    (b'a LOGIN "joe secret', b"a LOGIN ***"),
    (b"a LOGIN secret", b"a LOGIN ***"),
    (b"a LOGIN  joe secret", b"a LOGIN ***"),
    (b"a LOGIN", b"a LOGIN"),
    (b"a AUTHENTICATE PLAIN c2VjcmV0", b"a AUTHENTICATE PLAIN ***"),
    (b"a AUTHENTICATE PLAIN {8}", b"a AUTHENTICATE PLAIN ***"),
    (b"a authenticate login", b"a authenticate login"),
    (b"a SELECT a LOGIN joe secret", b"a SELECT ***"),
    (b"a SELECT {5}", b"a SELECT ***"),
    (b"a NOOP secret", b"a NOOP ***"),
    (b'a ID ("name" "x") secret', b'a ID ("name" "x") ***'),
    (b"a ID a LOGIN joe secret", b"a ID ***"),
    (b'a ID ("name" {6}', b"a ID ***"),
    (b'a ID ("name" "x" "y")', b"a ID ***"),
    (b'a ID ("name" "x" secret)', b"a ID ***"),
    (b'a ID ("secret)', b"a ID ***"),
]
MANAGESIEVE_ROWS = [
    (b'AUTHENTICATE "PLAIN" "c2VjcmV0"', b'AUTHENTICATE "PLAIN" ***'),
    (b'AUTHENTICATE "PLAIN" {8+}\r\nc2VjcmV0', b'AUTHENTICATE "PLAIN" ***'),
    (b'AUTHENTICATE {5+}\r\nPLAIN "c2VjcmV0"', b"AUTHENTICATE ***"),
    (b"AUTHENTICATE PLAIN c2VjcmV0", b"AUTHENTICATE ***"),
    (b'authenticate "plain"', b'authenticate "plain"'),
    (b'NOOP "secret"', b"NOOP ***"),
    (b'CAPABILITY AUTHENTICATE "PLAIN" "c2VjcmV0"', b"CAPABILITY ***"),
]
SECRETIVE = [
    *((POP3, *row) for row in POP3_ROWS),
    *((IMAP4, *row) for row in IMAP4_ROWS),
    *((MANAGESIEVE, *row) for row in MANAGESIEVE_ROWS),
]


@pytest.mark.parametrize(("proto", "line", "expected"), SECRETIVE)
def test_what_may_be_credentials_is_stars(proto: Proto, line: bytes, expected: bytes) -> None:
    assert shown(proto, line) == expected


PLAIN = [
    (POP3, b"USER joe"),
    (POP3, b"CAPA"),
    (POP3, b"stls"),
    (IMAP4, b"a CAPABILITY"),
    (IMAP4, b'1.a ID ("name" "x" "version" NIL)'),
    (IMAP4, b'a id ("na\\"me" "x")'),
    (IMAP4, b"a ID NIL"),
    (IMAP4, b"a ID"),
    (MANAGESIEVE, b"logout"),
    (MANAGESIEVE, b"capability"),
]


@pytest.mark.parametrize(("proto", "line"), PLAIN)
def test_what_has_no_credentials_is_shown(proto: Proto, line: bytes) -> None:
    assert shown(proto, line) == line


NO_COMMANDS = [
    *((proto, line) for proto in (POP3, IMAP4, MANAGESIEVE) for line in (b"", b" ", b"secret", b"AGpvZQBzZWNyZXQ=")),
    (POP3, b"PASSWORD secret"),
    (POP3, b" PASS secret"),
    (POP3, b"PASS\tsecret"),
    (POP3, b"PAS secret"),
    (IMAP4, b"LOGIN joe secret"),
    (IMAP4, b" LOGIN joe secret"),
    (IMAP4, b"a  LOGIN joe secret"),
    (IMAP4, b"a LOGIN\tjoe secret"),
    (IMAP4, b"a LOGINX joe secret"),
    (IMAP4, b"a"),
    (MANAGESIEVE, b'AUTH "PLAIN" "secret"'),
    (MANAGESIEVE, b'AUTHENTICATE"PLAIN" "secret"'),
]


@pytest.mark.parametrize(("proto", "line"), NO_COMMANDS)
def test_what_is_no_command_is_not_shown(proto: Proto, line: bytes) -> None:
    assert shown(proto, line) == b"***"


@pytest.mark.parametrize("octets", [b"*\r\n", b'"*"\r\n'])
def test_a_response_that_gives_up_is_shown(octets: bytes) -> None:
    assert starred.response(octets) == octets


@pytest.mark.parametrize(
    "octets", [b"c2VjcmV0\r\n", b'"c2VjcmV0"\r\n', b"\r\n", b"=\r\n", b"*secret\r\n", b"X*\r\n", b"{1}\r\nx\r\n"]
)
def test_any_other_response_is_not(octets: bytes) -> None:
    assert starred.response(octets) == b"***\r\n"


@given(
    st.sampled_from([POP3, IMAP4, MANAGESIEVE]),
    st.sampled_from([b"PASS ", b"AUTH PLAIN ", b'a LOGIN "joe" ', b"a LOGIN {1}\r\n", b'AUTHENTICATE "PLAIN" ']),
    st.binary(max_size=20),
)
def test_nothing_behind_the_credentials_is_shown(proto: Proto, before: bytes, behind: bytes) -> None:
    """What follows is shown where it makes no difference what it is."""
    one = starred.command(proto, before + b"S3cret" + behind, MACHINES[proto].knows)

    assert b"S3cret" not in one
