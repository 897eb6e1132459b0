"""Octets in clear behind STARTTLS are never read under TLS, in whichever segment they come (CVE-2011-0411)."""

from typing import Any, Final

import pytest

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.protocol.signals import PAUSED
from tests.protocol.helpers import OK, PROTOCOLS, answer_to, client_in, drip, pull, server_in

START: Final = {"pop3": "AUTHORIZATION", "imap4": "NOT_AUTHENTICATED", "managesieve": "NOT_AUTHENTICATED"}
LINES: Final = {"pop3": b"STLS\r\n", "imap4": b"a STARTTLS\r\n", "managesieve": b"STARTTLS\r\n"}
COMMANDS: Final[dict[str, Any]] = {
    "pop3": pop3.Command("STLS"),
    "imap4": imap4.Command(b"a", "STARTTLS"),
    "managesieve": managesieve.Command("STARTTLS"),
}
YES: Final = {"pop3": b"+OK\r\n", "imap4": b"a OK go\r\n", "managesieve": b"OK\r\n"}
TO_SERVER: Final = {
    "pop3": (b"CAPA\r\n", b"USER u\r\nPASS p\r\n", b"CAP", b"\r\n", b"\0", b"\x16\x03\x01"),
    "imap4": (b"b NOOP\r\n", b"b LOGIN u p\r\n", b"b", b"\r\n", b"b LOGIN {3}\r\n", b"\x16\x03\x01"),
    "managesieve": (b"NOOP\r\n", b'AUTHENTICATE "PLAIN" "AHUAcA=="\r\n', b"N", b"\r\n", b"\x16\x03\x01"),
}
TO_CLIENT: Final = {
    "pop3": (b"+OK\r\n", b"+", b"\r\n", b"+OK\r\nSASL PLAIN\r\n.\r\n"),
    "imap4": (b"* CAPABILITY AUTH=PLAIN\r\n", b"* ", b"\r\n", b"* PREAUTH x\r\n", b"b OK\r\n", b"* X {9}\r\n"),
    "managesieve": (b'"SASL" "PLAIN"\r\nOK\r\n', b'"', b"\r\n", b"BYE\r\n"),
}
SERVERS: Final = [(protocol, injected) for protocol in PROTOCOLS for injected in TO_SERVER[protocol]]
CLIENTS: Final = [(protocol, injected) for protocol in PROTOCOLS for injected in TO_CLIENT[protocol]]


@pytest.mark.requirement("rfc9051-6.2.1-3")
@pytest.mark.parametrize(("protocol", "injected"), SERVERS)
def test_server_refuses_what_comes_in_the_same_segment(protocol: str, injected: bytes) -> None:
    server = server_in(protocol, START[protocol])

    with pytest.raises(RemoteProtocolError) as raised:
        pull(server, LINES[protocol] + injected)

    assert raised.value.fault is Fault.INJECTED
    with pytest.raises(LocalProtocolError, match="failed"):
        server.next_event()


@pytest.mark.parametrize(("protocol", "injected"), SERVERS)
def test_server_refuses_what_comes_with_the_last_octet(protocol: str, injected: bytes) -> None:
    server = server_in(protocol, START[protocol])
    for octet in drip(LINES[protocol][:-1]):
        assert pull(server, octet) == []

    with pytest.raises(RemoteProtocolError) as raised:
        pull(server, LINES[protocol][-1:] + injected)

    assert raised.value.fault is Fault.INJECTED


@pytest.mark.requirement("rfc9051-6.2.1-3")
@pytest.mark.parametrize("before_the_answer", [False, True])
@pytest.mark.parametrize(("protocol", "injected"), SERVERS)
def test_server_starts_no_tls_on_what_comes_in_a_later_segment(
    protocol: str, injected: bytes, before_the_answer: bool
) -> None:
    server = server_in(protocol, START[protocol])
    assert pull(server, LINES[protocol]) == [COMMANDS[protocol]]
    if before_the_answer:
        server.receive_data(injected)
    server.send(answer_to(COMMANDS[protocol], OK))
    if not before_the_answer:
        server.receive_data(injected)

    assert server.next_event() is PAUSED
    with pytest.raises(LocalProtocolError, match="in clear"):
        server.start_tls()
    assert server.next_event() is PAUSED
    assert not server.tls


@pytest.mark.parametrize(("protocol", "injected"), CLIENTS)
def test_client_refuses_what_comes_in_the_same_segment(protocol: str, injected: bytes) -> None:
    client = client_in(protocol, START[protocol])
    client.send(COMMANDS[protocol])

    with pytest.raises(RemoteProtocolError) as raised:
        pull(client, YES[protocol] + injected)

    assert raised.value.fault is Fault.INJECTED


@pytest.mark.parametrize(("protocol", "injected"), CLIENTS)
def test_client_starts_no_tls_on_what_comes_in_a_later_segment(protocol: str, injected: bytes) -> None:
    client = client_in(protocol, START[protocol])
    client.send(COMMANDS[protocol])
    assert len(pull(client, YES[protocol])) == 1
    client.receive_data(injected)

    assert client.next_event() is PAUSED
    with pytest.raises(LocalProtocolError, match="in clear"):
        client.start_tls()
    with pytest.raises(LocalProtocolError, match="handshake"):
        client.send(COMMANDS[protocol])


LISTED: Final = {
    "pop3": (pop3.Command("CAPA"), b"+OK\r\nSASL PLAIN\r\nSTLS\r\n.\r\n"),
    "imap4": (imap4.Command(b"c", "CAPABILITY"), b"* CAPABILITY AUTH=PLAIN LITERAL+\r\nc OK x\r\n"),
    "managesieve": (managesieve.Command("CAPABILITY"), b'"SASL" "PLAIN"\r\nOK\r\n'),
}


@pytest.mark.requirement("rfc2595-3.1-4")
@pytest.mark.requirement("rfc3501-6.2.1-2")
@pytest.mark.requirement("rfc9051-6.2.1-5")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_client_forgets_what_was_listed_in_clear(protocol: str) -> None:
    client = client_in(protocol, START[protocol])
    command, answer = LISTED[protocol]
    client.send(command)
    pull(client, answer)
    assert client.capabilities
    client.send(COMMANDS[protocol])
    pull(client, YES[protocol])
    client.start_tls()

    assert client.capabilities is None
    assert client.tls


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_starttls_is_offered_once(protocol: str) -> None:
    client, server = client_in(protocol, START[protocol], tls=True), server_in(protocol, START[protocol], tls=True)

    with pytest.raises(LocalProtocolError, match="not allowed"):
        client.send(COMMANDS[protocol])
    (bad,) = pull(server, LINES[protocol])
    assert bad.reply.text == b"TLS is active already"  # type: ignore[attr-defined]  # a BadCommand of any protocol


def test_client_sends_no_starttls_after_preauth() -> None:
    client = imap4.Client(require_tls=True)
    pull(client, b"* PREAUTH hi\r\n")

    with pytest.raises(LocalProtocolError, match="not allowed in state AUTHENTICATED"):
        client.send(COMMANDS["imap4"])
    assert not client.tls


@pytest.mark.parametrize("line", [b"* PREAUTH x\r\n", b"a PREAUTH x\r\n"])
def test_preauth_is_no_answer_to_starttls(line: bytes) -> None:
    client = client_in("imap4", "NOT_AUTHENTICATED")
    client.send(COMMANDS["imap4"])

    with pytest.raises(RemoteProtocolError):
        pull(client, line)


def test_capabilities_in_the_answer_to_starttls_are_forgotten() -> None:
    client = client_in("imap4", "NOT_AUTHENTICATED")
    client.send(COMMANDS["imap4"])
    pull(client, b"a OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] go\r\n")
    client.start_tls()

    assert client.capabilities is None
    assert client.log_in(Credentials(b"u", Secret(b"p"))).verb == "CAPABILITY"


def test_pop3_server_forgets_the_name_that_was_given_in_clear() -> None:
    server = server_in("pop3", "USER_GIVEN")
    pull(server, LINES["pop3"])
    server.send(pop3.Reply(OK))
    server.start_tls()

    assert pull(server, b"PASS p\r\n") == [pop3.BadCommand(pop3.Reply(pop3.Status.NO, b"expected USER before PASS"))]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bad_starttls_is_no_starttls(protocol: str) -> None:
    server = server_in(protocol, START[protocol])

    (bad,) = pull(server, LINES[protocol].replace(b"\r\n", b" x\r\n") + LINES[protocol])

    assert type(bad).__name__ == "BadCommand"
