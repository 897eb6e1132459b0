"""perdition.protocol.managesieve.events"""

from perdition.protocol import managesieve
from perdition.protocol.reasons import Reason


def test_line_shows_as_a_size() -> None:
    assert repr(managesieve.Line((b"script", b"secret", "ACTIVE"))) == "Line(words=<12 octets>)"


def test_equal_events_are_equal() -> None:
    assert managesieve.Command("NOOP") == managesieve.Command("NOOP", ())
    assert managesieve.Response(managesieve.Status.OK) == managesieve.Response(managesieve.Status.OK, b"", None)


def test_codes_for_the_reasons_of_a_no() -> None:
    """RFC 5804 1.3 has none for a wrong password."""
    assert managesieve.CODES == {
        Reason.UNAVAILABLE: b"TRYLATER",
        Reason.LIMIT: b"TRYLATER",
        Reason.PRIVACY_REQUIRED: b"ENCRYPT-NEEDED",
    }
