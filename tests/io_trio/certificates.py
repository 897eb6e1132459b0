"""A throw-away authority, and a certificate for localhost by all its names."""

import ssl
from pathlib import Path

import attrs
import trustme

from perdition.config.settings import Settings


@attrs.frozen
class Certificates:
    """The authority, its files, and contexts of the standard library that trust it and show its certificate."""

    authority: trustme.CA
    ca_file: Path
    cert_file: Path
    key_file: Path
    server: ssl.SSLContext
    client: ssl.SSLContext

    def options(self) -> tuple[str, ...]:
        """Write them as options of TOML."""
        return (
            f'ssl_ca_file = "{self.ca_file}"',
            f'ssl_cert_file = "{self.cert_file}"',
            f'ssl_key_file = "{self.key_file}"',
        )


def make(folder: Path) -> Certificates:
    """Make them, in a folder."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
    files = Certificates(
        authority,
        folder / "ca.pem",
        folder / "cert.pem",
        folder / "key.pem",
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.create_default_context(),
    )
    authority.cert_pem.write_to_path(files.ca_file)
    for number, pem in enumerate(certificate.cert_chain_pems):
        pem.write_to_path(files.cert_file, append=number > 0)
    certificate.private_key_pem.write_to_path(files.key_file)
    certificate.configure_cert(files.server)
    authority.configure_trust(files.client)
    return files


def settings_for(certificates: Certificates) -> Settings:
    """Give settings that name the files."""
    return Settings(
        ssl_cert_file=str(certificates.cert_file),
        ssl_key_file=str(certificates.key_file),
        ssl_ca_file=str(certificates.ca_file),
        ssl_ca_path=None,
    )
