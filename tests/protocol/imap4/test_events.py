"""perdition.protocol.imap4.events"""

from perdition.protocol import imap4
from perdition.protocol.reasons import Reason


def test_untagged_data_shows_as_a_size() -> None:
    assert repr(imap4.Untagged((b"1 FETCH {3}", b"abc", b")"))) == "Untagged(parts=<15 octets>)"


def test_equal_events_are_equal() -> None:
    assert imap4.Command(b"a", "NOOP") == imap4.Command(b"a", "NOOP", ())
    assert imap4.Raw(b"(FLAGS)") != imap4.Raw(b"(UID)")


def test_what_may_be_left_out() -> None:
    assert imap4.Greeting(b"hi") == imap4.Greeting(b"hi", imap4.Status.OK, None)
    assert imap4.Continuation() == imap4.Continuation(b"")
    assert imap4.Notice(imap4.Status.OK) == imap4.Notice(imap4.Status.OK, b"", None)
    assert imap4.Tagged(b"a", imap4.Status.OK) == imap4.Tagged(b"a", imap4.Status.OK, b"", None)


def test_codes_for_the_reasons_of_a_no() -> None:
    """RFC 5530 3.  A client asks for another password at AUTHENTICATIONFAILED, so nothing else has it."""
    assert imap4.CODES == {
        Reason.AUTHENTICATION_FAILED: b"AUTHENTICATIONFAILED",
        Reason.UNAVAILABLE: b"UNAVAILABLE",
        Reason.PRIVACY_REQUIRED: b"PRIVACYREQUIRED",
        Reason.LIMIT: b"LIMIT",
        Reason.MISCONFIGURED: b"CONTACTADMIN",
        Reason.LOGIN_DISABLED: b"CONTACTADMIN",
    }
