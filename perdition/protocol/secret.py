"""Octets that must not be seen: passwords, tokens and the SASL messages that hold them."""

import hmac
from typing import NoReturn


class Secret:
    """Octets that show in no repr, log, exception, format or pickle.

    `reveal` is called by the writers of the codecs and by nothing else.  Comparison takes the same time
    wherever two secrets differ.  There is no hash: a secret is no key.
    """

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def reveal(self) -> bytes:
        """Give the octets, to be put on the wire at once."""
        return self._octets

    def __repr__(self) -> str:
        return "Secret(...)"

    def __len__(self) -> int:
        return len(self._octets)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._octets, other._octets)

    __hash__ = None  # type: ignore[assignment]  # a secret must not become a key of a table

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
