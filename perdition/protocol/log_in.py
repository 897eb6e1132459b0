"""What a client machine says when no way to log in is left."""

import attrs

from perdition.protocol.reasons import Reason


@attrs.frozen
class CannotLogIn:
    """The server offers no way to log in that these credentials and the policy allow.  Nothing was sent.

    Attributes:
        reason: for the answer to the user.
        text: for the log; it names what is missing.
    """

    reason: Reason
    text: str


PRIVACY_REQUIRED = CannotLogIn(Reason.PRIVACY_REQUIRED, "TLS is required before a password is sent")
