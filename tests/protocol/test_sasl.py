"""perdition.protocol.sasl"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.protocol.reasons import Reason
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


@pytest.mark.requirement("rfc4648-3.1-1")
@given(st.binary())
def test_base64_goes_there_and_back_in_one_line(data: bytes) -> None:
    written = write_base64(data)

    assert b"\n" not in written
    assert read_base64(written) == data


@pytest.mark.requirement("rfc4648-3.2-1")
@pytest.mark.requirement("rfc4648-3.3-1")
@pytest.mark.requirement("rfc4648-3.5-1")
@pytest.mark.requirement("rfc4648-4-1")
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


VECTORS = {b"": b"", b"f": b"Zg==", b"fo": b"Zm8=", b"foo": b"Zm9v", b"foob": b"Zm9vYg==", b"foobar": b"Zm9vYmFy"}


@pytest.mark.requirement("rfc4648-3.2-1")
@pytest.mark.requirement("rfc4648-3.5-1")
@pytest.mark.requirement("rfc4648-4-1")
@pytest.mark.parametrize(("data", "written"), [*VECTORS.items(), (b"\xfb\xef\xff", b"++//")])
def test_base64_by_the_vectors_of_its_rfc(data: bytes, written: bytes) -> None:
    """RFC 4648 10, and the two symbols that the alphabet for URLs has not."""
    assert write_base64(data) == written
    assert read_base64(written) == data


@pytest.mark.requirement("rfc4422-3.1-1")
def test_names_of_mechanisms() -> None:
    assert all(re.fullmatch(rb"[A-Z0-9_-]{1,20}", name) for name in SERVER_MECHANISMS)


@pytest.mark.requirement("rfc4616-2-4")
def test_plain_with_255_octets_each() -> None:
    message = b"\0".join((b"z" * 255, b"u" * 255, b"p" * 255))

    assert ServerPlain().step(Secret(message)) == Credentials(b"u" * 255, Secret(b"p" * 255), b"z" * 255)


@pytest.mark.requirement("rfc4422-3.4.1-1")
@pytest.mark.requirement("rfc4422-3.4.1-2")
@pytest.mark.requirement("rfc4422-3.6-1")
@pytest.mark.requirement("rfc4422-5-1")
@pytest.mark.requirement("rfc4616-2-1")
@pytest.mark.requirement("rfc4616-2-3")
@pytest.mark.requirement("rfc4616-2-6")
@pytest.mark.requirement("rfc4616-2-8")
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


@pytest.mark.requirement("rfc4616-2-1")
@pytest.mark.requirement("rfc4422-4-1")
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


@pytest.mark.requirement("rfc4422-3.4.1-1")
@pytest.mark.requirement("rfc4616-2-8")
@pytest.mark.parametrize(("authzid", "yes"), [(None, True), (b"", True), (b"u", True), (b"z", False)])
def test_empty_authzid_is_the_account_itself(authzid: bytes | None, yes: bool) -> None:
    assert Credentials(b"u", Secret(b"p"), authzid).for_itself == yes


def test_failure_is_a_matter_of_form_unless_it_says_otherwise() -> None:
    assert Failure("x").reason is Reason.PROTOCOL
