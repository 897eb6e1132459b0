"""perdition.protocol.reprs"""

from perdition.protocol.reprs import octets


def test_octets_show_as_a_size() -> None:
    assert octets(b"secret") == "<6 octets>"
