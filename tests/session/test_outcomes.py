"""How log-ins end, in the words that log watchers know."""

from perdition.protocol import imap4, pop3
from perdition.protocol.reasons import Reason
from perdition.session.outcomes import Outcome, RealAnswer

STATUSES = {  # reference 3.8; the last four are ours
    "OK": "ok",
    "LOGIN_DISABLED": "failed: Login Disabled",
    "PRIVACY_REQUIRED": "failed: Login Disabled",
    "NO_SERVER": "failed: Could not determine server",
    "NO_CONNECTION": "failed: Could not connect to server",
    "NEGOTIATION": "failed: Connection Negotiation Failure",
    "TLS_NOT_PRESENT": "failed: TLS not present",
    "REFUSED": "failed: Re-Authentication Failure",
    "NO_MECHANISM": "failed: SASL mechanism unavailable",
    "MAP_UNAVAILABLE": "failed: Lookup unavailable",
    "MAP_BROKEN": "failed: Lookup broken",
    "TLS_FAILURE": "failed: TLS negotiation failure",
    "SERVER_TIMEOUT": "failed: Real server timed out",
}


def test_statuses() -> None:
    assert {outcome.name: outcome.status for outcome in Outcome} == STATUSES


def test_every_failure_has_a_reason_that_imap4_can_tell() -> None:
    assert {outcome for outcome in Outcome if outcome.reason is None} == {Outcome.OK}
    assert all(outcome.reason in imap4.CODES for outcome in Outcome if outcome is not Outcome.OK)


def test_only_a_wrong_password_asks_for_another_one() -> None:
    """A client forgets its password at [AUTH]; what is down must not look like that (RFC 3206 4)."""
    assert [outcome for outcome in Outcome if outcome.reason is Reason.AUTHENTICATION_FAILED] == [Outcome.REFUSED]
    assert [reason for reason, code in pop3.CODES.items() if code == b"AUTH"] == [Reason.AUTHENTICATION_FAILED]


def test_a_real_answer_has_no_capabilities_unless_it_says_so() -> None:
    assert RealAnswer(b"in", None).capabilities is None
