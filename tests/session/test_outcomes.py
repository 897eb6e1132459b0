"""How log-ins end, in the words that log watchers know."""

from perdition.protocol import imap4, pop3
from perdition.protocol.reasons import Reason
from perdition.session.outcomes import Outcome, RealAnswer

STATUSES = {  # reference 3.8; the last five are ours
    "OK": "ok",
    "LOGIN_DISABLED": "failed: Login Disabled",
    "PRIVACY_REQUIRED": "failed: Login Disabled",
    "NO_SERVER": "failed: Could not determine server",
    "NO_CONNECTION": "failed: Could not connect to server",
    "NEGOTIATION": "failed: Connection Negotiation Failure",
    "TLS_NOT_PRESENT": "failed: TLS not present",
    "REFUSED": "failed: Re-Authentication Failure",
    "NO_MECHANISM": "failed: SASL mechanism unavailable",
    "NOT_AUTHENTICATED": "failed: local authentication failure",
    "NO_AUTHENTICATION": "failed: local authentication unavailable",
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


def test_what_only_the_administrator_can_mend_and_what_may_be_tried_later() -> None:
    mended = {outcome for outcome in Outcome if outcome.reason is Reason.MISCONFIGURED}
    later = {outcome for outcome in Outcome if outcome.reason is Reason.UNAVAILABLE}

    assert mended == {Outcome.NO_SERVER, Outcome.MAP_BROKEN}
    assert later == {
        Outcome.MAP_UNAVAILABLE,
        Outcome.NO_AUTHENTICATION,
        Outcome.NO_CONNECTION,
        Outcome.NEGOTIATION,
        Outcome.TLS_NOT_PRESENT,
        Outcome.TLS_FAILURE,
        Outcome.SERVER_TIMEOUT,
        Outcome.NO_MECHANISM,
    }
    assert Outcome.PRIVACY_REQUIRED.reason is Reason.PRIVACY_REQUIRED
    assert Outcome.LOGIN_DISABLED.reason is Reason.LOGIN_DISABLED


def test_only_a_wrong_password_asks_for_another_one() -> None:
    """A client forgets its password at [AUTH]; what is down must not look like that (RFC 3206 4)."""
    wrong = {outcome for outcome in Outcome if outcome.reason is Reason.AUTHENTICATION_FAILED}

    assert wrong == {Outcome.REFUSED, Outcome.NOT_AUTHENTICATED}
    assert [reason for reason, code in pop3.CODES.items() if code == b"AUTH"] == [Reason.AUTHENTICATION_FAILED]


def test_a_real_answer_has_no_capabilities_unless_it_says_so() -> None:
    assert RealAnswer(b"in", None).capabilities is None
