"""perdition.protocol.log_in"""

import pytest

from perdition.protocol.log_in import PRIVACY_REQUIRED, UNSPEAKABLE, can_be_said
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret


@pytest.mark.parametrize(
    ("name", "password", "authzid", "yes"),
    [
        (b"u", b"p", None, True),
        (b"u", b"", b"", True),
        (b"\r\n \xff", b"\r\n", b"z", True),
        (b"", b"p", None, False),
        (b"u\0v", b"p", None, False),
        (b"u", b"\0", None, False),
        (b"u", b"p", b"z\0", False),
    ],
)
def test_nul_and_an_empty_name_cannot_be_said(name: bytes, password: bytes, authzid: bytes | None, yes: bool) -> None:
    assert can_be_said(Credentials(name, Secret(password), authzid)) == yes


def test_reasons() -> None:
    assert PRIVACY_REQUIRED.reason is Reason.PRIVACY_REQUIRED
    assert PRIVACY_REQUIRED.text == "TLS is required before a password is sent"
    assert UNSPEAKABLE.reason is Reason.AUTHENTICATION_FAILED
    assert UNSPEAKABLE.text == "no log-in can carry an empty name or a NUL"
