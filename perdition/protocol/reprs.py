"""How octets show in a repr: as a size, for they may be anybody's mail."""


def octets(data: bytes) -> str:
    """All that a repr tells about octets on the wire."""
    return f"<{len(data)} octets>"
