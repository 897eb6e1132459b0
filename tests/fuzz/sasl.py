"""The SASL decoders: base64, and each mechanism of the server with hostile responses.

The tape's head: octet 0 chooses the mechanism; octet 1: whether there is an initial response.  Records: each is one
response, whatever its tag.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

from perdition.protocol.sasl import (
    SERVER_MECHANISMS,
    Challenge,
    Credentials,
    Failure,
    client_messages,
    read_base64,
    write_base64,
)
from perdition.protocol.secret import Secret
from tests.fuzz.tape import HEAD, read_tape, write_tape
from tests.fuzz.target import Target
from tests.laws import CANARY, tells

NAMES: Final = (b"PLAIN", b"LOGIN")
"""The mechanisms whose client is ours."""
MOST_STEPS: Final = 8


def fuzz(data: bytes) -> None:
    """Read octets as base64, then as the responses of an exchange."""
    look_at_base64(data)
    look_at_base64(data[HEAD:])
    tape = read_tape(data)
    responses = [Secret(record.octets) for record in tape.records] or [Secret(b"")]
    names = sorted(SERVER_MECHANISMS)
    name = names[tape.head[0] % len(names)]
    mechanism = SERVER_MECHANISMS[name]()
    step = mechanism.step(responses.pop(0) if tape.head[1] & 1 else None)
    for _ in range(MOST_STEPS):
        assert not tells(mechanism)
        match step:
            case Failure(text, reason):
                assert text.isascii()
                assert text.isprintable()
                assert CANARY.decode() not in text
                assert reason is not None
                return
            case Credentials():
                look_at_credentials(name, step)
                return
            case Challenge(challenge):
                assert CANARY not in challenge
        step = mechanism.step(responses.pop(0) if responses else Secret(b""))
    raise AssertionError("expected an end of the exchange")


def look_at_base64(data: bytes) -> None:
    """What is read is what would be written, and another decoder reads the same."""
    decoded = read_base64(data)
    if decoded is None:
        return

    assert write_base64(decoded) == data
    assert base64.b64decode(data, validate=True) == decoded


def look_at_credentials(name: bytes, heard: Credentials) -> None:
    """They show no password, and a client says them again."""
    assert heard.authcid
    if CANARY not in heard.authcid + (heard.authzid or b""):
        assert CANARY.decode() not in repr(heard)
    if name not in NAMES:
        return
    mechanism = SERVER_MECHANISMS[name]()
    messages = client_messages(name, heard)
    step = mechanism.step(messages.pop(0))
    while messages:
        assert isinstance(step, Challenge)
        step = mechanism.step(messages.pop(0))

    assert step == heard


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give good exchanges, and their base64."""
    for octets in (
        b"\0joe\0" + CANARY,
        b"jim\0joe\0" + CANARY,
        b"joe",
        CANARY,
        b"\0\0",
        b"user=joe\1auth=Bearer x\1\1",
    ):
        encoded = binascii.b2a_base64(octets, newline=False)
        yield f"base64-{len(encoded)}", encoded
        for choice in range(len(SERVER_MECHANISMS)):
            yield f"{choice}-{len(octets)}", write_tape([(b"", octets), (b"R", CANARY)], bytes((choice, 1, 0, 0)))


def words() -> list[bytes]:
    """Give what an exchange and base64 are made of."""
    return [
        b"\0",
        b"\xffR",
        b"=",
        b"==",
        b"+",
        b"/",
        b"AHUAcA==",
        CANARY,
        b"joe",
        b"auth=Bearer ",
        b"\1",
        b"n,,",
        b"a=",
    ]


def grammar() -> st.SearchStrategy[bytes]:
    """Give exchanges of one to three responses, and base64."""
    fields = st.sampled_from((b"", b"joe", CANARY, b"\xc3\xbc", b"\xff"))
    message = st.lists(fields, min_size=1, max_size=4).map(b"\0".join)
    tape = st.builds(
        lambda choice, initial, said: write_tape(
            [(b"", said[0]), *((b"R", octets) for octets in said[1:])], bytes((choice, initial, 0, 0))
        ),
        st.integers(0, 7),
        st.integers(0, 1),
        st.lists(st.one_of(message, st.binary(max_size=20)), min_size=1, max_size=3),
    )
    return st.one_of(tape, st.binary(max_size=30).map(write_base64), st.binary(max_size=30).map(base64.b64encode))


TARGET: Final = Target(title="SASL decoders", fuzz=fuzz, seeds=seeds, words=words, grammar=grammar)
