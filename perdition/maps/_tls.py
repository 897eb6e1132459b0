"""TLS of a map's connections to its server: certificates and names are always verified."""

import ssl
from typing import Final

from perdition.maps.contract import MapError
from perdition.maps.secret_files import Kept

_CONTEXTS: Final[Kept[ssl.SSLContext]] = Kept()


def tls_context(ca_file: str, cert_file: str = "", key_file: str = "", *, setting: str = "ca_file") -> ssl.SSLContext:
    """Make a context that verifies the server's certificate and name.

    It takes some 50 ms to read the system's CA certificates: this is done at the opening, and not for each connection.

    Args:
        ca_file: CA certificates to verify with; "" is the system's.
        cert_file: our own certificate with its chain; "" is none.
        key_file: its key; "" if that stands in cert_file.
        setting: what the option string calls ca_file.

    Raises:
        MapError: a file cannot be used.
    """
    files = (ca_file, cert_file, key_file)
    what = f"{setting} {ca_file}"

    def make() -> ssl.SSLContext:
        nonlocal what
        context = ssl.create_default_context(cafile=ca_file or None)
        if cert_file:
            what = f"cert_file {cert_file}"
            context.load_cert_chain(cert_file, key_file or None, password=_no_pass_phrase)
        return context

    try:
        return _CONTEXTS.made(files, " ".join(filter(None, files)), make)
    except (OSError, ValueError) as error:
        raise MapError(f"{what}: {getattr(error, 'strerror', None) or error}") from None


def _no_pass_phrase() -> str:
    raise ValueError("expected a key without a pass phrase")
