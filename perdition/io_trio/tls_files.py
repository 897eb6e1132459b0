"""Certificates, keys and Diffie-Hellman parameters from the files that options name."""

import functools
import os
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from perdition.config.settings import Settings
from perdition.io_trio.channel import what_openssl_found

Key: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey
"""The kinds of key that a certificate for TLS may have."""
DH_PARAMETERS: Final = "-----BEGIN DH PARAMETERS-----"
LONGEST_PASS_PHRASE: Final = 1024


LINE_END: Final = os.linesep.encode()


class TlsFilesError(Exception):
    """A certificate, key or CA cannot be used; the text names the option and the file."""


class TlsFilesForbidden(TlsFilesError):
    """It cannot be read for want of permission: root could, who we were at the start."""


def show_certificate(context: SSL.Context, settings: Settings) -> None:
    """Have a context show ssl_cert_file, with ssl_ca_chain_file behind it, by the key of ssl_key_file.

    Raises:
        TlsFilesError: a file is missing, cannot be read, or key and certificate do not fit.
    """
    certificate = readable("ssl_cert_file", settings.ssl_cert_file)
    context.set_session_id(certificate.encode()[-32:])  # OpenSSL takes up to 32 octets; one certificate, one id
    key = readable("ssl_key_file", settings.ssl_key_file)
    try:
        context.use_certificate_chain_file(certificate)
    except SSL.Error as error:
        raise TlsFilesError(f"option ssl_cert_file: {certificate}: {what_openssl_found(error)}") from None
    if settings.ssl_ca_chain_file:
        for more in certificates("ssl_ca_chain_file", settings.ssl_ca_chain_file):
            context.add_extra_chain_cert(more)
    try:
        context.use_privatekey(load_key(key, settings))
        context.check_privatekey()
    except SSL.Error as error:
        text = f"option ssl_key_file: {key}: {what_openssl_found(error)} (the certificate is {certificate})"
        raise TlsFilesError(text) from None


def use_dh_parameters(context: SSL.Context, settings: Settings) -> None:
    """Load ssl_dh_params_file, or the parameters in ssl_cert_file if there are any.

    Raises:
        TlsFilesError: the file is missing or has none.
    """
    if settings.ssl_dh_params_file:
        option, file = "ssl_dh_params_file", readable("ssl_dh_params_file", settings.ssl_dh_params_file)
    else:
        option, file = "ssl_cert_file", readable("ssl_cert_file", settings.ssl_cert_file)
        if DH_PARAMETERS.encode() not in Path(file).read_bytes():
            return
    try:
        context.load_tmp_dh(file)
    except SSL.Error as error:
        why = what_openssl_found(error)
        raise TlsFilesError(f"option {option}: {file}: expected Diffie-Hellman parameters in PEM: {why}") from None


def readable(option: str, file: str | None) -> str:
    """Give the name of a file that can be read.

    Raises:
        TlsFilesError: it cannot.
    """
    if not file:
        raise TlsFilesError(f"option {option}: expected a file")
    try:
        with open(file, "rb"):
            return file
    except OSError as error:
        kind = TlsFilesForbidden if isinstance(error, PermissionError) else TlsFilesError
        raise kind(f"option {option}: cannot read {file}: {error.strerror}") from None


def certificates(option: str, name: str | None) -> list[x509.Certificate]:
    """Read a file of certificates.

    Raises:
        TlsFilesError: it cannot be read, or has something else.
    """
    file = readable(option, name)
    try:
        return x509.load_pem_x509_certificates(Path(file).read_bytes())
    except ValueError:
        raise TlsFilesError(f"option {option}: {file}: expected certificates in PEM") from None


def load_key(file: str, settings: Settings) -> Key:
    """Read a key; OpenSSL itself would ask whoever sits at the terminal for its pass phrase.

    Raises:
        TlsFilesError: it is none, or its pass phrase is missing or does not fit.
    """
    data = Path(file).read_bytes()
    expected = "a private key in PEM"
    try:
        try:
            key = load_pem_private_key(data, None)
        except TypeError:
            expected = f"the pass phrase of {_where_it_is(settings)} to fit"
            key = load_pem_private_key(data, _pass_phrase(settings))
    except (ValueError, UnsupportedAlgorithm):
        raise TlsFilesError(f"option ssl_key_file: {file}: expected {expected}") from None
    if not isinstance(key, Key):
        raise TlsFilesError(f"option ssl_key_file: {file}: expected an RSA, EC or EdDSA key")
    return key


def _where_it_is(settings: Settings) -> str:
    """Name the option that says where the pass phrase is."""
    return "ssl_passphrase_file" if settings.ssl_passphrase_file else "ssl_passphrase_fd"


def _pass_phrase(settings: Settings) -> bytes:
    if settings.ssl_passphrase_file:
        file = readable("ssl_passphrase_file", settings.ssl_passphrase_file)
        phrase = Path(file).read_bytes().partition(LINE_END)[0]
    else:
        phrase = _first_line(settings.ssl_passphrase_fd)
    if not phrase:
        raise TlsFilesError(f"option {_where_it_is(settings)}: expected a line with the key's pass phrase")
    return phrase


@functools.cache  # it can be read once, and several listeners may have the same key
def _first_line(descriptor: int) -> bytes:
    """Read up to the first line end and not an octet more: what follows is for others."""
    line = b""
    try:
        while len(line) < LONGEST_PASS_PHRASE and (octet := os.read(descriptor, 1)) not in (b"", LINE_END):
            line += octet
    except OSError as error:
        text = f"option ssl_passphrase_fd: cannot read descriptor {descriptor}: {error.strerror}"
        raise TlsFilesError(text) from None
    return line
