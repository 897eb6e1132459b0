"""perdition.protocol.machine"""

import enum
import pickle
from collections.abc import Callable
from typing import Any, Final

import pytest

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import GREETING, Row, Status, Table
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.machine import ClientMachine, Closed, Machine
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED
from tests.protocol.helpers import PROTOCOLS, Script, drip, pull, serve, server_in_greeting


class State(enum.Enum):
    START = enum.auto()


TABLE: Final[Table] = {State.START: {GREETING: Row()}}


def greeted(limits: Limits | None = None) -> pop3.Server:
    server = pop3.Server(limits or Limits())
    server.send(pop3.Greeting(b"hi"))
    return server


def test_a_machine_is_not_pickled() -> None:
    with pytest.raises(TypeError, match=r"\Aa machine is not pickled: what it has read may be a password\Z"):
        pickle.dumps(greeted())


def test_machine_leaves_reading_and_writing_to_its_subclasses() -> None:
    machine: ClientMachine[Any, Any] = ClientMachine(TABLE, State.START)

    for call in (
        machine.next_event,
        lambda: machine.send(None),
        lambda: machine.log_in(Credentials(b"u", Secret(b"p"))),
    ):
        with pytest.raises(NotImplementedError):
            call()


def test_machine_by_itself_is_never_in_the_middle() -> None:
    class Silent(Machine[Any, Any]):
        def _next_event(self) -> Any:
            return NEED_DATA

    machine = Silent(TABLE, State.START)
    machine.receive_data(b"")

    assert machine.next_event() == Closed()
    assert (machine.state, machine.tls) == (State.START, False)


def test_event_comes_when_its_octets_are_there() -> None:
    server = greeted()

    assert server.next_event() is NEED_DATA
    assert pull(server, b"CAP") == []
    assert pull(server, b"A\r\nQUIT\r\n") == [pop3.Command("CAPA")]
    assert server.next_event() is PAUSED


def test_backlog_is_bounded() -> None:
    server = greeted(Limits(backlog=10))
    server.receive_data(b"0123456789")

    with pytest.raises(LocalProtocolError, match=r"\Apull events before feeding more octets\Z"):
        server.receive_data(b"x")

    assert server.take_trailing_data() == b"0123456789"
    assert server.take_trailing_data() == b""


def test_end_between_two_messages_is_an_event_and_stays_one() -> None:
    server = greeted()
    server.receive_data(b"CAPA\r\n")
    server.receive_data(b"")

    assert server.next_event() == pop3.Command("CAPA")
    assert server.next_event() is PAUSED

    server.send(pop3.Reply(Status.NO))

    assert server.next_event() == Closed()
    assert server.next_event() == Closed()


def test_end_inside_a_message_is_an_error_and_the_machine_is_dead() -> None:
    server = greeted()
    server.receive_data(b"CAPA")
    server.receive_data(b"")

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected the rest of a message before the end\Z") as raised:
        server.next_event()

    assert raised.value.fault is Fault.CLOSED
    with pytest.raises(
        LocalProtocolError, match=r"\Athe conversation has failed; only its connection is left to close\Z"
    ):
        server.next_event()
    assert server.farewell(raised.value.fault) == b"-ERR closing: closed\r\n"


def test_too_many_bad_commands_are_the_end() -> None:
    server = greeted(Limits(bad_commands=2))
    for _ in range(2):
        (bad,) = pull(server, b"XYZZY\r\n")
        assert isinstance(bad, pop3.BadCommand)
        assert server.next_event() is PAUSED
        server.send(bad.reply)

    with pytest.raises(RemoteProtocolError, match="at most 2") as raised:
        pull(server, b"XYZZY\r\n")

    assert raised.value.fault is Fault.TOO_MANY


def test_good_answer_to_starttls_stops_everything_until_the_handshake() -> None:
    server = greeted()
    assert pull(server, b"STLS\r\n") == [pop3.Command("STLS")]

    assert server.send(pop3.Reply(Status.OK)) == b"+OK\r\n"
    assert server.next_event() is PAUSED
    with pytest.raises(LocalProtocolError, match=r"\Athe TLS handshake comes first\Z"):
        server.send(pop3.Reply(Status.OK))

    server.start_tls()

    assert server.tls
    assert pull(server, b"CAPA\r\n") == [pop3.Command("CAPA")]


def test_bad_answer_to_starttls_changes_nothing() -> None:
    server = greeted()
    pull(server, b"STLS\r\n")
    server.send(pop3.Reply(Status.NO))

    assert pull(server, b"CAPA\r\n") == [pop3.Command("CAPA")]
    assert not server.tls


def test_tls_may_be_there_from_the_beginning_but_not_twice() -> None:
    server = pop3.Server()
    server.start_tls()

    assert server.tls
    with pytest.raises(LocalProtocolError, match=r"\ATLS is active already\Z"):
        server.start_tls()


def test_tls_does_not_start_on_octets_that_came_in_clear() -> None:
    server = greeted()
    server.receive_data(b"CAP")

    with pytest.raises(LocalProtocolError, match=r"\Aoctets received in clear must not be read under TLS\Z"):
        server.start_tls()


@pytest.mark.parametrize("status", [None, Status.NO])
def test_tls_behind_the_greeting_must_be_agreed_on(status: Status | None) -> None:
    server = greeted()
    if status is not None:
        pull(server, b"STLS\r\n")
        server.send(pop3.Reply(status))

    with pytest.raises(LocalProtocolError, match=r"\ATLS must be agreed on before it starts\Z"):
        server.start_tls()

    assert not server.tls


REQUESTS: Final = (b"GET / HTTP/1.1\r\n", b"POST /login HTTP/1.1\r\n", b"OPTIONS * HTTP/1.1\r\n", b"PUT /x")


@pytest.mark.parametrize("cut", [lambda octets: [octets], drip], ids=["whole", "drip"])
@pytest.mark.parametrize("before", [b"", b"NOOP\r\n"])
@pytest.mark.parametrize("request_line", REQUESTS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_browser_is_not_a_mail_client(
    protocol: str, request_line: bytes, before: bytes, cut: Callable[[bytes], list[bytes]]
) -> None:
    server = server_in_greeting(protocol, Limits())
    for event in pull(server, before):
        for answer in serve(event, b"", Script(())):
            server.send(answer)

    *pieces, last = cut(request_line[: request_line.index(b" ") + 2])
    for piece in pieces:
        assert pull(server, piece) == []

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected a command, not a request of HTTP\Z") as raised:
        pull(server, last + request_line)

    assert raised.value.fault is Fault.UNEXPECTED


def test_request_of_http_in_a_literal_or_behind_the_log_in_is_none_of_ours() -> None:
    server = server_in_greeting("imap4", Limits())

    assert pull(server, b"a LOGIN {5+}\r\nGET / pw\r\nGET / HTTP/1.1\r\n") == [
        imap4.Command(b"a", "LOGIN", (b"GET /", Secret(b"pw")))
    ]
    assert server.next_event() is PAUSED
    assert server.take_trailing_data() == b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize("response", [b"GET / HTTP/1.1\r\n", b"{5+}\r\nGET /\r\n"])
def test_request_of_http_as_a_response_is_a_bad_one(response: bytes) -> None:
    server = server_in_greeting("managesieve", Limits())
    pull(server, b'AUTHENTICATE "PLAIN"\r\n')
    server.send(managesieve.Challenge(b""))

    (bad,) = pull(server, response)

    assert isinstance(bad, managesieve.BadCommand)


def test_octets_behind_starttls_are_never_read() -> None:
    server = greeted()

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected nothing in clear behind STARTTLS\Z") as raised:
        pull(server, b"STLS\r\nCAPA\r\n")

    assert raised.value.fault is Fault.INJECTED


def test_what_is_unread_and_which_verbs_there_are() -> None:
    server = greeted()
    server.receive_data(b"USER joe\r\nPASS x\r\nST")

    assert server.unread == 20
    server.next_event()
    assert server.unread == 10
    assert server.knows("PASS")
    assert server.knows("STAT")  # in another state
    assert not server.knows("PASSWORD")
    assert not server.knows(GREETING + "pass")
