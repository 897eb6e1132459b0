"""perdition.protocol.sasl"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.protocol.sasl import (
    SERVER_MECHANISMS,
    Challenge,
    Credentials,
    Failure,
    ServerLogin,
    ServerPlain,
    Step,
    client_messages,
    plain_message,
    read_base64,
    write_base64,
)
from perdition.protocol.secret import Secret

NO_NUL = st.binary(max_size=40).map(lambda octets: octets.replace(b"\0", b""))
NAMES = NO_NUL.filter(bool)


@given(st.binary())
def test_base64_goes_there_and_back_in_one_line(data: bytes) -> None:
    written = write_base64(data)

    assert b"\n" not in written
    assert read_base64(written) == data


@pytest.mark.parametrize(
    "data",
    [
        b"=",
        b"dQ",
        b"dQ=",
        b"dQ===",
        b"dR==",
        b"d",
        b"dQ==dQ==",
        b" dQ==",
        b"dQ== ",
        b"d\nQ==",
        b"d-Q=",
        b"*",
        b"====",
        b"\xff",
    ],
)
def test_base64_has_one_form_only(data: bytes) -> None:
    assert read_base64(data) is None


@pytest.mark.parametrize(
    ("response", "step"),
    [
        (None, Challenge(b"")),
        (b"\0u\0p", Credentials(b"u", Secret(b"p"))),
        (b"z\0u\0p", Credentials(b"u", Secret(b"p"), b"z")),
        (b"\0u\0", Credentials(b"u", Secret(b""))),
        (b"", Failure("PLAIN: expected authzid NUL authcid NUL password")),
        (b"u\0p", Failure("PLAIN: expected authzid NUL authcid NUL password")),
        (b"\0u\0p\0", Failure("PLAIN: expected authzid NUL authcid NUL password")),
        (b"\0\0p", Failure("PLAIN: expected a name before the password")),
    ],
)
def test_plain(response: bytes | None, step: Step) -> None:
    assert ServerPlain().step(None if response is None else Secret(response)) == step


@pytest.mark.parametrize(
    ("responses", "steps"),
    [
        ((None, b"u", b"p"), [Challenge(b"Username:"), Challenge(b"Password:"), Credentials(b"u", Secret(b"p"))]),
        ((b"u", b""), [Challenge(b"Password:"), Credentials(b"u", Secret(b""))]),
        ((b"",), [Failure("LOGIN: expected a name")]),
        ((b"u\0",), [Failure("LOGIN: expected octets without NUL")]),
        ((b"u", b"\0"), [Challenge(b"Password:"), Failure("LOGIN: expected octets without NUL")]),
    ],
)
def test_login(responses: tuple[bytes | None, ...], steps: list[Step]) -> None:
    mechanism = ServerLogin()

    assert [mechanism.step(None if each is None else Secret(each)) for each in responses] == steps


@given(NAMES, NO_NUL, st.none() | NAMES)
def test_plain_carries_everything_without_nul(name: bytes, password: bytes, authzid: bytes | None) -> None:
    credentials = Credentials(name, Secret(password), authzid)

    assert client_messages(b"PLAIN", credentials) == [plain_message(credentials)]
    assert SERVER_MECHANISMS[b"PLAIN"]().step(plain_message(credentials)) == credentials


@given(NAMES, NO_NUL)
def test_login_carries_everything_without_nul(name: bytes, password: bytes) -> None:
    credentials = Credentials(name, Secret(password))
    mechanism = SERVER_MECHANISMS[b"LOGIN"]()

    steps = [mechanism.step(message) for message in client_messages(b"LOGIN", credentials)]

    assert steps == [Challenge(b"Password:"), credentials]


@pytest.mark.parametrize(("authzid", "yes"), [(None, True), (b"", True), (b"u", True), (b"z", False)])
def test_empty_authzid_is_the_account_itself(authzid: bytes | None, yes: bool) -> None:
    assert Credentials(b"u", Secret(b"p"), authzid).for_itself == yes
