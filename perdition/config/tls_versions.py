"""The values of perdition options ssl_listen_min_proto_version, ssl_outgoing_max_proto_version and their like."""

import enum
import functools
from typing import Final


@functools.total_ordering
class TlsVersion(enum.Enum):
    """A version of TLS, the older the smaller."""

    # perdition 2.2 knows all but the last; no OpenSSL of today speaks the first.
    SSLV3 = "sslv3"
    TLSV1 = "tlsv1"
    TLSV1_1 = "tlsv1.1"
    TLSV1_2 = "tlsv1.2"
    TLSV1_3 = "tlsv1.3"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, TlsVersion):
            return NotImplemented
        return ORDER.index(self) < ORDER.index(other)


ORDER: Final = tuple(TlsVersion)


def least(value: str) -> TlsVersion:
    """Read a minimum, in any case."""
    try:
        return TlsVersion(value.lower())
    except ValueError:
        raise ValueError(f"one of {', '.join(version.value for version in TlsVersion)}") from None


def most(value: str) -> TlsVersion | None:
    """Read a maximum; "" is none."""
    return least(value) if value else None
