"""What a client machine says when no way to log in is left."""

from typing import Final

import attrs

from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import Credentials


@attrs.frozen
class CannotLogIn:
    """The server offers no way to log in that these credentials and the policy allow.  Nothing was sent.

    Attributes:
        reason: for the answer to the user.
        text: for the log; it names what is missing.
    """

    reason: Reason
    text: str


PRIVACY_REQUIRED: Final = CannotLogIn(Reason.PRIVACY_REQUIRED, "TLS is required before a password is sent")
UNSPEAKABLE: Final = CannotLogIn(Reason.AUTHENTICATION_FAILED, "no log-in can carry an empty name or a NUL")


def can_be_said(credentials: Credentials) -> bool:
    """Tell whether any log-in can carry the credentials: NUL parts the fields of PLAIN (RFC 4616 2)."""
    fields = (credentials.authzid or b"", credentials.authcid, credentials.password.reveal())
    return credentials.authcid != b"" and not any(b"\0" in field for field in fields)
