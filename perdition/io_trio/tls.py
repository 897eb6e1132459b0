"""TLS contexts from options, and the handshakes of both legs."""

import ipaddress
import os
import socket
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address

from perdition.config.origin import DEFAULT
from perdition.config.settings import Settings
from perdition.io_trio.channel import Channel, TlsFailed, what_openssl_found

Key: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey
"""The kinds of key that a certificate for TLS may have."""
RELEASE_BUFFERS: Final = 0x10
"""SSL_MODE_RELEASE_BUFFERS: an idle connection holds no buffers."""


class TlsFilesError(Exception):
    """A certificate, key or CA cannot be used; the text names the option and the file."""


def listening_context(settings: Settings) -> SSL.Context:
    """Make the context of the client's leg from ssl_cert_file and ssl_key_file.

    Raises:
        TlsFilesError: a file is missing, cannot be read, or key and certificate do not fit.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    _harden(context)
    certificate = _readable("ssl_cert_file", settings.ssl_cert_file)
    context.set_session_id(certificate.encode()[-32:])  # OpenSSL takes up to 32 octets; one certificate, one id
    key = _readable("ssl_key_file", settings.ssl_key_file)
    try:
        context.use_certificate_chain_file(certificate)
    except SSL.Error as error:
        raise TlsFilesError(f"option ssl_cert_file: {certificate}: {what_openssl_found(error)}") from None
    try:
        context.use_privatekey(_load_key(key))
        context.check_privatekey()
    except SSL.Error as error:
        text = f"option ssl_key_file: {key}: {what_openssl_found(error)} (the certificate is {certificate})"
        raise TlsFilesError(text) from None
    return context


def _load_key(file: str) -> Key:
    """Read a key; OpenSSL itself would ask whoever sits at the terminal for its pass phrase."""
    try:
        key = load_pem_private_key(Path(file).read_bytes(), None)
    except TypeError:
        raise TlsFilesError(f"option ssl_key_file: {file}: expected a key without pass phrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise TlsFilesError(f"option ssl_key_file: {file}: expected a private key in PEM") from None
    if not isinstance(key, Key):
        raise TlsFilesError(f"option ssl_key_file: {file}: expected an RSA, EC or EdDSA key")
    return key


def outgoing_context(settings: Settings) -> SSL.Context:
    """Make the context of the real server's leg from ssl_ca_file, ssl_ca_path and ssl_no_cert_verify.

    Raises:
        TlsFilesError: a file is missing or cannot be read.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    _harden(context)
    if settings.ssl_no_cert_verify:
        context.set_verify(SSL.VERIFY_NONE)
        return context
    context.set_verify(SSL.VERIFY_PEER)
    if settings.ssl_ca_file:
        file = _readable("ssl_ca_file", settings.ssl_ca_file)
        try:
            context.load_verify_locations(file)
        except SSL.Error as error:
            raise TlsFilesError(f"option ssl_ca_file: {file}: {what_openssl_found(error)}") from None
    if settings.ssl_ca_path:
        if os.path.isdir(settings.ssl_ca_path):
            context.load_verify_locations(None, settings.ssl_ca_path)
        elif settings.origin("ssl_ca_path") != DEFAULT:
            raise TlsFilesError(f"option ssl_ca_path: {settings.ssl_ca_path}: expected a folder")
    return context


def _harden(context: SSL.Context) -> None:
    context.set_min_proto_version(SSL.TLS1_2_VERSION)  # RFC 9051 11.1
    context.set_mode(RELEASE_BUFFERS)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    # Many clients end without close_notify, and may still wait for what we have to say.  Nothing can be cut short
    # unnoticed by that: all three protocols say themselves where a message is over.
    context.set_options(SSL.OP_IGNORE_UNEXPECTED_EOF)


def _readable(option: str, file: str | None) -> str:
    if not file:
        raise TlsFilesError(f"option {option}: expected a file")
    try:
        with open(file, "rb"):
            return file
    except OSError as error:
        raise TlsFilesError(f"option {option}: cannot read {file}: {error.strerror}") from None


async def accept_tls(channel: Channel, context: SSL.Context) -> None:
    """Do the handshake with a client.

    Raises:
        TlsFailed: there is no TLS.
    """
    connection = SSL.Connection(context, channel.sock)
    connection.set_accept_state()
    await channel.handshake(connection)


async def connect_tls(channel: Channel, context: SSL.Context, name: str, *, check_name: bool) -> None:
    """Do the handshake with a real server; the name goes out as SNI and must stand in the certificate.

    Raises:
        TlsFailed: there is no TLS, or the certificate is not that server's.
    """
    connection = SSL.Connection(context, channel.sock)
    connection.set_connect_state()
    address = _is_address(name)
    try:
        known_as = name if name.isascii() else name.encode("idna").decode("ascii")  # as the resolver does
    except UnicodeError:
        raise TlsFailed(f"expected a host name, not {name}") from None
    if not address:
        connection.set_tlsext_host_name(known_as.encode("ascii"))
    await channel.handshake(connection)
    if check_name and not _has_name(connection, known_as, address=address):
        raise TlsFailed(f"the certificate is not one of {name}")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _has_name(connection: SSL.Connection, name: str, *, address: bool) -> bool:
    """Check the certificate's names (RFC 9525); one without any subjectAltName by its common name, as ever."""
    try:
        certificate = connection.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            return False
        try:
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            return name.lower() in (str(common.value).lower() for common in names)
        if address:
            verify_ip_address(connection, name)
        else:
            verify_hostname(connection, name)
    except (VerificationError, CertificateError, x509.DuplicateExtension, ValueError):
        return False  # ValueError: one of the two makes no sense, the certificate or what stands for a name
    return True


def set_socket_options(sock: socket.socket, *, keepalive: bool) -> None:
    """Set what both legs want: no waiting for more before small data goes out; keepalive if demanded."""
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
