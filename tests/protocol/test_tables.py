"""The machines do what `spec/*.toml` says: every state x command x TLS, sent as octets; every answer's way."""

from typing import Any, Final

import pytest

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import GREETING, Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.imap4 import _tables as imap4_tables
from perdition.protocol.managesieve import _tables as managesieve_tables
from perdition.protocol.pop3 import _tables as pop3_tables
from perdition.protocol.secret import Secret
from perdition.protocol.signals import PAUSED
from tests.protocol.helpers import NO, OK, PROTOCOLS, answer_to, new_client, new_server, pair_in, pull, spec

MODULES: Final = {"pop3": pop3, "imap4": imap4, "managesieve": managesieve}
TABLES: Final = {"pop3": pop3_tables.TABLE, "imap4": imap4_tables.TABLE, "managesieve": managesieve_tables.TABLE}
ANSWERS: Final = {"pop3": (OK, NO), "imap4": (OK, NO, Status.BAD), "managesieve": (OK, NO)}
UNKNOWN: Final = ("XYZZY", "PASSWORD", "STARTTLSX")

OCTETS: Final = {
    "word": b" u",
    "password": b" p",
    "mechanism": b" PLAIN",
    "initial": b" =",
    "number": b" 1",
    "optional_number": b"",
    "astring": b" u",
    "id": b" NIL",
    "parts": b" x",
    "string": b' "x"',
    "optional_string": b"",
    "optional_initial": b"",
}
"""What a client writes for the form of an argument."""

ARGUMENTS: Final[dict[str, tuple[Any, ...]]] = {
    "word": (b"u",),
    "password": (Secret(b"p"),),
    "mechanism": (b"PLAIN",),
    "initial": (Secret(b""),),
    "number": (b"1",),
    "optional_number": (),
    "astring": (b"u",),
    "id": (imap4.Raw(b"NIL"),),
    "parts": (imap4.Raw(b"x"),),
    "string": (b"x",),
    "optional_string": (),
    "optional_initial": (),
}
"""The same as an argument."""


def rows(protocol: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Give what the specification says: state and verb to row."""
    found = {}
    for row in spec(protocol)["row"]:
        for verb in [row["command"]] if isinstance(row["command"], str) else row["command"]:
            for state in row["state"]:
                found[state, verb] = row
    return found


def verbs(protocol: str) -> list[str]:
    """Give the verbs of all states."""
    return sorted({verb for _, verb in rows(protocol)} - {GREETING})


def forms(protocol: str, verb: str) -> list[str]:
    """Give the forms of a command's arguments; they are the same in every state."""
    return next((row.get("args", []) for (_, each), row in rows(protocol).items() if each == verb), [])


def argument(protocol: str, form: str) -> tuple[Any, ...]:
    """Give one argument as an event has it."""
    return (1,) if (protocol, form) == ("managesieve", "number") else ARGUMENTS[form]


def command(protocol: str, verb: str) -> Any:
    """Give a command with arguments that fit."""
    args = tuple(each for form in forms(protocol, verb) for each in argument(protocol, form))
    if protocol == "imap4":
        return imap4.Command(b"t1", verb, args)
    return pop3.Command(verb, args) if protocol == "pop3" else managesieve.Command(verb, args)


def octets(protocol: str, verb: str) -> bytes:
    """Give the same as octets, without the writers of the machines."""
    tag = b"t1 " if protocol == "imap4" else b""
    return tag + verb.encode() + b"".join(OCTETS[form] for form in forms(protocol, verb)) + b"\r\n"


def allowed(row: dict[str, Any] | None, *, tls: bool) -> bool:
    """Tell whether a row allows its command."""
    return row is not None and row.get("tls") in (None, tls)


TALKING: Final = [
    (protocol, state, tls)
    for protocol in PROTOCOLS
    for state in spec(protocol)["states"]
    for tls in (False, True)
    if state not in ("GREETING", "CLOSED")
]


def test_every_state_of_every_protocol_is_tried() -> None:
    assert len(TALKING) == 2 * (3 + 3 + 2)
    assert (
        set(OCTETS)
        == set(ARGUMENTS)
        == {form for each in PROTOCOLS for row in spec(each)["row"] for form in row.get("args", [])}
    )


@pytest.mark.requirement("rfc2595-3.1-2")
@pytest.mark.requirement("rfc3501-3-1")
@pytest.mark.requirement("rfc3501-6.2-1")
@pytest.mark.requirement("rfc9051-3-1")
@pytest.mark.requirement("rfc9051-6.2-1")
@pytest.mark.parametrize(("protocol", "state", "tls"), TALKING)
def test_server_takes_exactly_the_commands_of_the_table(protocol: str, state: str, tls: bool) -> None:
    for verb in (*verbs(protocol), *UNKNOWN):
        _, server = pair_in(protocol, state, tls=tls)

        (event,) = pull(server, octets(protocol, verb))

        expected = "Command" if allowed(rows(protocol).get((state, verb)), tls=tls) else "BadCommand"
        assert (verb, type(event).__name__) == (verb, expected)
        assert getattr(event, "verb", verb) == verb


@pytest.mark.parametrize(("protocol", "state", "tls"), TALKING)
def test_every_answer_leads_where_the_table_says(protocol: str, state: str, tls: bool) -> None:
    for (where, verb), row in rows(protocol).items():
        if where != state or not allowed(row, tls=tls):
            continue
        for status in ANSWERS[protocol]:
            client, server = pair_in(protocol, state, tls=tls)
            pull(server, octets(protocol, verb))
            client.send(command(protocol, verb))

            answer = server.send(answer_to(command(protocol, verb), status))
            if row.get("tls") is not False or status is not OK:
                pull(client, answer)
            else:
                client.receive_data(answer)
                client.next_event()

            then = row.get("after", {}).get(status.name, state)
            assert (verb, status, server.state.name) == (verb, status, then)
            assert (verb, status, client.state.name) == (verb, status, then)


@pytest.mark.requirement("rfc3501-3.1-1")
@pytest.mark.requirement("rfc9051-3.1-1")
@pytest.mark.requirement("rfc9051-3.2-1")
@pytest.mark.parametrize(("protocol", "state", "tls"), TALKING)
def test_client_sends_exactly_the_commands_of_the_table(protocol: str, state: str, tls: bool) -> None:
    for verb in (*verbs(protocol), *UNKNOWN):
        client, _ = pair_in(protocol, state, tls=tls)
        if allowed(rows(protocol).get((state, verb)), tls=tls):
            assert client.send(command(protocol, verb)).startswith(octets(protocol, verb)[:4])
        else:
            with pytest.raises(LocalProtocolError, match="is not allowed in state"):
                client.send(command(protocol, verb))


@pytest.mark.requirement("rfc2595-3.1-1")
@pytest.mark.requirement("rfc3501-5.5-2")
@pytest.mark.requirement("rfc3501-6.2.1-1")
@pytest.mark.requirement("rfc9051-6.2.1-2")
@pytest.mark.parametrize(("protocol", "state", "tls"), TALKING)
def test_client_sends_nothing_behind_a_barrier(protocol: str, state: str, tls: bool) -> None:
    second = {"pop3": pop3.Command("CAPA"), "imap4": imap4.Command(b"t2", "NOOP")}.get(
        protocol, managesieve.Command("NOOP")
    )
    for (where, verb), row in rows(protocol).items():
        if where != state or not allowed(row, tls=tls):
            continue
        client, _ = pair_in(protocol, state, tls=tls)
        client.send(command(protocol, verb))
        if row.get("barrier"):
            with pytest.raises(LocalProtocolError, match="must wait"):
                client.send(second)
        else:
            assert client.send(second)


def greeting(protocol: str, status: Status) -> Any:
    """Give a greeting."""
    return managesieve.Response(status) if protocol == "managesieve" else MODULES[protocol].Greeting(b"x", status)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("status", Status)
def test_every_greeting_leads_where_the_table_says(protocol: str, status: Status) -> None:
    client, server = new_client(protocol), new_server(protocol)
    then = rows(protocol)["GREETING", GREETING]["after"].get(status.name)
    if then is None:
        with pytest.raises(LocalProtocolError):
            server.send(greeting(protocol, status))
        with pytest.raises(RemoteProtocolError):
            pull(client, b"* " * (protocol == "imap4") + status.name.encode() + b" x\r\n")
        return

    pull(client, server.send(greeting(protocol, status)))

    assert (client.state.name, server.state.name) == (then, then)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_goes_before_the_greeting_or_behind_the_end(protocol: str) -> None:
    fresh, (client, server) = (new_client(protocol), new_server(protocol)), pair_in(protocol, "CLOSED")
    for verb in verbs(protocol):
        for machine in (fresh[0], client):
            with pytest.raises(LocalProtocolError, match="is not allowed in state"):
                machine.send(command(protocol, verb))
        fresh[1].receive_data(octets(protocol, verb))
        server.receive_data(octets(protocol, verb))

        assert fresh[1].next_event() is PAUSED
        assert server.next_event() == MODULES[protocol].Closed()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_generated_table_is_the_specification(protocol: str) -> None:
    expected = {
        (state, verb): Row(
            args=tuple(row.get("args", ())),
            after={Status[status]: MODULES[protocol].State[then] for status, then in row.get("after", {}).items()},
            barrier=row.get("barrier", False),
            tls=row.get("tls"),
            multiline=row.get("multiline", False),
            sasl=row.get("sasl", False),
        )
        for (state, verb), row in rows(protocol).items()
    }

    assert {
        (state.name, verb): row for state, found in TABLES[protocol].items() for verb, row in found.items()
    } == expected
    assert {state.name: state.value for state in TABLES[protocol]} == spec(protocol)["states"]
