"""tests/laws.py: a law that sees nothing holds everywhere."""

import base64

import pytest

from perdition.protocol import imap4, pop3
from perdition.protocol.secret import Secret
from tests.laws import CANARY, held, octets_held, shows, tells


@pytest.mark.parametrize("before", [b"", b"x", b"\0u\0", b"jim\0joe\0"])
@pytest.mark.parametrize("behind", [b"", b"\0", b"xy"])
def test_canary_is_seen_in_base64_wherever_it_stands(before: bytes, behind: bytes) -> None:
    assert shows(base64.b64encode(before + CANARY + behind))


def test_canary_is_seen() -> None:
    assert shows(b"x" + CANARY)
    assert tells(pop3.Challenge(CANARY))
    assert tells(ValueError(CANARY))
    assert not shows(CANARY[1:])
    assert not tells(Secret(CANARY))


def test_everything_that_is_held_is_counted() -> None:
    server = imap4.Server()
    server.send(imap4.Greeting(b"hi"))
    before = octets_held(server)
    server.receive_data(b"a LOGIN {100+}\r\n" + b"x" * 60)
    server.next_event()

    assert octets_held(server) == before + len(b"a LOGIN {100+}") + 60
    assert CANARY in held({"x": [Secret(CANARY)]})


def test_what_is_not_looked_into_is_not_held() -> None:
    assert list(held([b"x", 1], but=(bytes,))) == [[b"x", 1]]
