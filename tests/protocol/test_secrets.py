"""A canary password is in no repr, str, format or traceback of what the machines give out."""

import base64
import pickle
import traceback
from typing import Any, Final

import pytest

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.sasl import Credentials, Failure, ServerLogin, ServerPlain, client_messages
from perdition.protocol.secret import Secret
from perdition.protocol.signals import Signal
from tests.protocol.helpers import NO, SMALL, Script, pair_in, play_server, pull, serve, server_in_greeting

CANARY: Final = b"correct-horse-7"
PLAIN: Final = base64.b64encode(b"\0u\0" + CANARY)
LOGIN: Final = base64.b64encode(CANARY)
CREDENTIALS: Final = Credentials(b"u", Secret(CANARY), b"z")
TRACES: Final = [
    CANARY,
    LOGIN.rstrip(b"=")[:-2],
    PLAIN.rstrip(b"=")[-16:-2],
    CANARY.hex().encode(),
    str(list(CANARY)).encode(),
]
"""What must not show, in all the clothes that it wears on the wire."""


def shown(thing: object) -> str:
    """Give all that a careless log could write of a thing."""
    texts = [repr(thing), str(thing), f"{thing}", f"{[thing]}"]
    if isinstance(thing, BaseException):
        texts += [*traceback.format_exception(thing), repr(thing.args), repr(vars(thing))]
    return "".join(texts)


def assert_hidden(*things: object) -> None:
    text = "".join(map(shown, things)).encode()

    assert not [trace for trace in TRACES if trace in text]


def test_canary_would_be_seen() -> None:
    for octets in (CANARY, PLAIN, LOGIN):
        with pytest.raises(AssertionError):
            assert_hidden(pop3.Challenge(octets))


@pytest.mark.parametrize(
    ("protocol", "octets"),
    [
        ("pop3", b"USER u\r\nPASS %s\r\n" % CANARY),
        ("pop3", b"AUTH PLAIN %s\r\n" % PLAIN),
        ("pop3", b"AUTH LOGIN\r\n%s\r\n" % LOGIN),
        ("imap4", b"a LOGIN u %s\r\n" % CANARY),
        ("imap4", b'a LOGIN u "%s"\r\n' % CANARY),
        ("imap4", b"a LOGIN u {%d+}\r\n%s\r\n" % (len(CANARY), CANARY)),
        ("imap4", b"a AUTHENTICATE PLAIN %s\r\n" % PLAIN),
        ("imap4", b"a AUTHENTICATE PLAIN\r\n%s\r\n" % PLAIN),
        ("managesieve", b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN),
        ("managesieve", b'AUTHENTICATE "PLAIN" {%d+}\r\n%s\r\n' % (len(PLAIN), PLAIN)),
        ("managesieve", b'AUTHENTICATE "LOGIN"\r\n"%s"\r\n' % LOGIN),
    ],
)
@pytest.mark.parametrize("answer", [True, False])
def test_server_hides_the_password_of_a_log_in(protocol: str, octets: bytes, answer: bool) -> None:
    said = play_server(protocol, [octets], [answer] * 9, Limits())

    assert not answer or not any("BadCommand" in repr(event) for event in said)
    assert_hidden(said, *said)


def test_server_hides_a_password_that_it_asked_for() -> None:
    said = play_server("imap4", [b"a LOGIN u {%d}\r\n%s\r\n" % (len(CANARY), CANARY)], (), Limits())

    assert imap4.Command(b"a", "LOGIN", (b"u", Secret(CANARY))) in said
    assert_hidden(said, *said)


@pytest.mark.parametrize(
    ("protocol", "octets"),
    [
        ("pop3", b"PASS %s\r\n" % CANARY),
        ("pop3", b"USER u\r\nPASS\t%s\r\n" % CANARY),
        ("pop3", b"USER u %s\r\n" % CANARY),
        ("pop3", b"USER u\r\nPASS %s\n" % CANARY),
        ("pop3", b"USER u\r\nPASS %s\0\r\n" % CANARY),
        ("pop3", b"USER u\r\nPASS %s%s\r\n" % (CANARY, b"x" * 100)),
        ("pop3", b"USER u\r\nPASS %s" % CANARY),
        ("pop3", b"AUTH PLAIN %s=\r\n" % PLAIN),
        ("pop3", b"AUTH PLAIN\r\n%s=\r\n" % PLAIN),
        ("pop3", b"%s\r\n" % CANARY),
        ("imap4", b"a LOGIN u %s x\r\n" % CANARY),
        ("imap4", b"a LOGIN %s\r\n" % CANARY),
        ("imap4", b'a LOGIN u "%s\r\n' % CANARY),
        ("imap4", b"a XYZZY u %s\r\n" % CANARY),
        ("imap4", b"a %s\r\n" % CANARY),
        ("imap4", b"a LOGIN u {%d+}\r\n%s x\r\n" % (len(CANARY), CANARY)),
        ("imap4", b"a LOGIN u {%d+}\r\n%s" % (len(CANARY), CANARY[:-1])),
        ("imap4", b"a LOGIN u %s {99+}\r\n" % CANARY),
        ("imap4", b"a LOGIN u %s {99}\r\n" % CANARY),
        ("imap4", b"a LOGIN u %s\n" % CANARY),
        ("imap4", b"a AUTHENTICATE PLAIN %s=\r\n" % PLAIN),
        ("imap4", b"a AUTHENTICATE PLAIN\r\n%s=\r\n" % PLAIN),
        ("imap4", b"a STARTTLS\r\nb LOGIN u %s\r\n" % CANARY),
        ("managesieve", b'AUTHENTICATE "PLAIN" "%s="\r\n' % PLAIN),
        ("managesieve", b"AUTHENTICATE PLAIN %s\r\n" % PLAIN),
        ("managesieve", b'AUTHENTICATE "PLAIN"\r\n%s\r\n' % PLAIN),
        ("managesieve", b'AUTHENTICATE "PLAIN" "%s\r\n' % PLAIN),
        ("managesieve", b'AUTHENTICATE "PLAIN" "%s"\n' % PLAIN),
    ],
)
def test_server_hides_the_password_of_a_log_in_that_went_wrong(protocol: str, octets: bytes) -> None:
    said = play_server(protocol, [octets], (), SMALL)

    assert_hidden(said, *said)


@pytest.mark.parametrize(
    ("protocol", "state", "octets"),
    [
        ("pop3", "USER_GIVEN", b"PASS %s\n" % CANARY),
        ("pop3", "USER_GIVEN", b"PASS %s%s" % (CANARY, b"x" * 100)),
        ("imap4", "NOT_AUTHENTICATED", b"a LOGIN u %s\0\r\n" % CANARY),
        ("imap4", "NOT_AUTHENTICATED", b"a LOGIN u %s {99+}\r\n" % CANARY),
        ("managesieve", "NOT_AUTHENTICATED", b'AUTHENTICATE "PLAIN" "%s"\n' % PLAIN),
    ],
)
def test_errors_hide_the_octets_that_they_are_about(protocol: str, state: str, octets: bytes) -> None:
    _, server = pair_in(protocol, state, limits=SMALL)

    with pytest.raises(RemoteProtocolError) as raised:
        pull(server, octets)

    assert_hidden(raised.value, server)


SENT: Final[list[tuple[str, str, Any]]] = [
    ("pop3", "USER_GIVEN", pop3.Command("PASS", (Secret(CANARY),))),
    ("pop3", "AUTHORIZATION", pop3.Command("AUTH", (b"PLAIN", Secret(b"\0u\0" + CANARY)))),
    ("imap4", "NOT_AUTHENTICATED", imap4.Command(b"a", "LOGIN", (b"u", Secret(CANARY)))),
    ("imap4", "NOT_AUTHENTICATED", imap4.Command(b"a", "LOGIN", (b"u", Secret(CANARY + b"\xfc")))),
    ("imap4", "NOT_AUTHENTICATED", imap4.Command(b"a", "AUTHENTICATE", (b"PLAIN", Secret(b"\0u\0" + CANARY)))),
    ("managesieve", "NOT_AUTHENTICATED", managesieve.Command("AUTHENTICATE", (b"PLAIN", Secret(CANARY)))),
]


@pytest.mark.parametrize(("protocol", "state", "command"), SENT)
def test_client_hides_what_it_sends(protocol: str, state: str, command: Any) -> None:
    client, server = pair_in(protocol, state)

    heard = pull(server, client.send(command))

    assert_hidden(command, heard, client, server)


def refusals() -> list[tuple[str, str, Any]]:
    """Give commands with the canary that no machine can send."""
    secret = Secret(CANARY + b"\r\n\0")
    return [
        ("pop3", "USER_GIVEN", pop3.Command("PASS", (secret,))),
        ("pop3", "AUTHORIZATION", pop3.Command("PASS", (secret,))),
        ("pop3", "AUTHORIZATION", pop3.Command("USER", (secret,))),
        ("pop3", "AUTHORIZATION", pop3.SaslResponse(secret)),
        ("imap4", "NOT_AUTHENTICATED", imap4.Command(b"a", "LOGIN", (b"u", secret))),
        ("imap4", "NOT_AUTHENTICATED", imap4.Command(b"a", "LOGIN", (secret, b"u"))),
        ("imap4", "AUTHENTICATED", imap4.Command(b"a", "LOGIN", (b"u", secret))),
        ("imap4", "NOT_AUTHENTICATED", imap4.SaslResponse(secret)),
        ("managesieve", "NOT_AUTHENTICATED", managesieve.Command("AUTHENTICATE", (secret, secret))),
        ("managesieve", "NOT_AUTHENTICATED", managesieve.SaslResponse(secret)),
    ]


@pytest.mark.parametrize(("protocol", "state", "event"), refusals())
def test_refusal_hides_what_it_refuses(protocol: str, state: str, event: Any) -> None:
    client, _ = pair_in(protocol, state)

    with pytest.raises(LocalProtocolError) as raised:
        client.send(event)

    assert_hidden(raised.value, event)


MIDDLES: Final[list[tuple[str, bytes]]] = [
    ("pop3", b"USER u\r\nPASS " + CANARY),
    ("pop3", b"AUTH PLAIN\r\n" + PLAIN),
    ("imap4", b"a LOGIN u " + CANARY),
    ("imap4", b"a LOGIN {%d+}\r\n%s {9}\r\n" % (len(CANARY), CANARY)),
    ("imap4", b"a LOGIN {%d+}\r\n%s" % (len(CANARY) + 1, CANARY)),
    ("managesieve", b'AUTHENTICATE "PLAIN" {%d+}\r\n%s' % (len(PLAIN) + 1, PLAIN)),
]


@pytest.mark.parametrize(("protocol", "octets"), MIDDLES)
def test_server_in_the_middle_of_a_password_hides_it(protocol: str, octets: bytes) -> None:
    server = server_in_greeting(protocol, Limits())
    server.receive_data(octets)
    while not isinstance(event := server.next_event(), Signal):
        for answer in serve(event, b"a", Script(())):
            server.send(answer)

    assert_hidden(server, vars(server))
    with pytest.raises(TypeError, match=r"\Aa machine is not pickled: what it has read may be a password\Z") as raised:
        pickle.dumps(server)
    assert_hidden(raised.value)


def test_client_in_the_middle_of_a_password_hides_it() -> None:
    client, _ = pair_in("imap4", "NOT_AUTHENTICATED")
    client.send(imap4.Command(b"a", "LOGIN", (b"u\xfc", Secret(CANARY + b"\xfc"))))

    assert_hidden(client, vars(client))
    with pytest.raises(TypeError, match=r"\Aa machine is not pickled: what it has read may be a password\Z") as raised:
        pickle.dumps(client)
    assert_hidden(raised.value)


def test_sasl_hides_its_messages() -> None:
    secret = Secret(CANARY + b"\0\0\0")
    login = ServerLogin()
    steps = [login.step(Secret(b"u")), login.step(Secret(CANARY)), ServerPlain().step(Secret(b"\0u\0" + CANARY))]
    failures = [ServerPlain().step(secret), ServerLogin().step(secret)]

    assert all(isinstance(failure, Failure) for failure in failures)
    assert_hidden(CREDENTIALS, client_messages(b"PLAIN", CREDENTIALS), *steps, *failures, login)


def test_answers_to_a_log_in_hide_it() -> None:
    _, server = pair_in("imap4", "NOT_AUTHENTICATED")
    pull(server, b"a LOGIN u %s\r\n" % CANARY)

    assert_hidden(server.send(imap4.Tagged(b"a", NO)))


def test_errors_of_both_kinds_have_no_room_for_octets() -> None:
    assert_hidden(ProtocolError("x"), LocalProtocolError("x"), RemoteProtocolError("x"))
