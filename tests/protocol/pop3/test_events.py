"""perdition.protocol.pop3.events"""

from perdition.protocol import pop3
from perdition.protocol.reasons import Reason


def test_block_shows_as_a_size() -> None:
    assert repr(pop3.Multiline(b"ok", b"secret\r\n")) == "Multiline(text=b'ok', body=<8 octets>)"


def test_equal_events_are_equal() -> None:
    assert pop3.Command("USER", (b"u",)) == pop3.Command("USER", (b"u",))
    assert pop3.Greeting(b"hi") == pop3.Greeting(b"hi", pop3.Status.OK, None)


def test_what_may_be_left_out() -> None:
    assert pop3.Reply(pop3.Status.OK) == pop3.Reply(pop3.Status.OK, b"", None)
    assert pop3.Command("QUIT") == pop3.Command("QUIT", ())


def test_codes_for_the_reasons_of_a_no() -> None:
    """RFC 3206 4.  A client forgets the password at AUTH, so nothing else has it."""
    assert pop3.CODES == {
        Reason.AUTHENTICATION_FAILED: b"AUTH",
        Reason.UNAVAILABLE: b"SYS/TEMP",
        Reason.LIMIT: b"SYS/TEMP",
        Reason.MISCONFIGURED: b"SYS/PERM",
    }
