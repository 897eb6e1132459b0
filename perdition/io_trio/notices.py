"""What of the options has no effect here, for the log at the start and for --check."""

from OpenSSL import SSL

from perdition.config.settings import Settings
from perdition.config.ssl_mode import Tls
from perdition.config.whole import without_effect
from perdition.io_trio.tls import takes_ciphers


def notices(settings: Settings) -> list[str]:
    """Find what was given and cannot be had any more; one line each."""
    lines = without_effect(settings)
    for side, mode, method in (
        ("listen", settings.tls.listen, SSL.TLS_SERVER_METHOD),
        ("outgoing", settings.tls.outgoing, SSL.TLS_CLIENT_METHOD),
    ):
        ciphers: str | None = getattr(settings, f"ssl_{side}_ciphers")
        if mode is not Tls.NONE and ciphers and not takes_ciphers(SSL.Context(method), ciphers):
            lines.append(f"option ssl_{side}_ciphers: OpenSSL has none of {ciphers}: its own list holds")
    return lines
