"""perdition.protocol.pop3.events"""

from perdition.protocol import pop3


def test_block_shows_as_a_size() -> None:
    assert repr(pop3.Multiline(b"ok", b"secret\r\n")) == "Multiline(text=b'ok', body=<8 octets>)"


def test_equal_events_are_equal() -> None:
    assert pop3.Command("USER", (b"u",)) == pop3.Command("USER", (b"u",))
    assert pop3.Greeting(b"hi") == pop3.Greeting(b"hi", pop3.Status.OK, None)
