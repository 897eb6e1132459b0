"""perdition.protocol.imap4.events"""

from perdition.protocol import imap4


def test_untagged_data_shows_as_a_size() -> None:
    assert repr(imap4.Untagged((b"1 FETCH {3}", b"abc", b")"))) == "Untagged(parts=<15 octets>)"


def test_equal_events_are_equal() -> None:
    assert imap4.Command(b"a", "NOOP") == imap4.Command(b"a", "NOOP", ())
    assert imap4.Raw(b"(FLAGS)") != imap4.Raw(b"(UID)")
