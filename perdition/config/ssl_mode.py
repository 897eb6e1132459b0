"""perdition option ssl_mode: TLS on either side of the proxy."""

import enum
from typing import Final

import attrs


class Tls(enum.Enum):
    """What ssl_mode says of one side; the larger value wins where two may stand together."""

    NONE = 0
    SSL = 1  # implicit TLS
    TLS = 2  # STARTTLS or STLS, offered to clients, used with a real server that offers it
    TLS_FORCE = 3  # the same, and no log-in before it


@attrs.frozen
class SslMode:
    """Both sides; each is Tls.NONE, SSL, TLS or TLS_FORCE."""

    listen: Tls = Tls.NONE
    outgoing: Tls = Tls.NONE


NO_TLS: Final = SslMode()
SSL_ALL: Final = SslMode(Tls.SSL, Tls.SSL)

WORDS: Final = {
    "none": NO_TLS,
    "ssl_listen": SslMode(listen=Tls.SSL),
    "ssl_outgoing": SslMode(outgoing=Tls.SSL),
    "ssl_all": SSL_ALL,
    "tls_listen": SslMode(listen=Tls.TLS),
    "tls_outgoing": SslMode(outgoing=Tls.TLS),
    "tls_all": SslMode(Tls.TLS, Tls.TLS),
    "tls_listen_force": SslMode(listen=Tls.TLS_FORCE),
    "tls_outgoing_force": SslMode(outgoing=Tls.TLS_FORCE),
    "tls_all_force": SslMode(Tls.TLS_FORCE, Tls.TLS_FORCE),
}


def ssl_mode(value: str) -> SslMode:
    """Read a comma list of words, in any case; their meanings add up.

    Raises:
        ValueError: an unknown word, or ssl and tls for one side; the message is the expectation.
    """
    mode = NO_TLS
    for word in value.split(","):
        more = WORDS.get(word.strip(" \t").lower())
        if more is None:
            raise ValueError(f"a list of {', '.join(WORDS)}")
        mode = SslMode(_sum(mode.listen, more.listen), _sum(mode.outgoing, more.outgoing))
    return mode


def _sum(one: Tls, other: Tls) -> Tls:
    stronger = max(one, other, key=lambda tls: tls.value)
    if Tls.SSL in (one, other) and stronger is not Tls.SSL:
        raise ValueError("either ssl or tls for the same side, not both")
    return stronger
