"""perdition.protocol.managesieve.events"""

from perdition.protocol import managesieve


def test_line_shows_as_a_size() -> None:
    assert repr(managesieve.Line((b"script", b"secret", "ACTIVE"))) == "Line(words=<12 octets>)"


def test_equal_events_are_equal() -> None:
    assert managesieve.Command("NOOP") == managesieve.Command("NOOP", ())
    assert managesieve.Response(managesieve.Status.OK) == managesieve.Response(managesieve.Status.OK, b"", None)
