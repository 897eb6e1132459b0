"""TLS contexts from options, and the handshakes of both legs."""

import ipaddress
import os
import socket
from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address

from perdition.config.origin import DEFAULT
from perdition.config.settings import Settings
from perdition.config.tls_versions import TlsVersion
from perdition.config.whole import versions
from perdition.io_trio.channel import TlsFailed, what_openssl_found
from perdition.io_trio.tls_files import TlsFilesError, readable, show_certificate, use_dh_parameters
from perdition.io_trio.tls_verify import verifier

RELEASE_BUFFERS: Final = 0x10
"""SSL_MODE_RELEASE_BUFFERS: an idle connection holds no buffers."""
PARTIAL_WRITE: Final = 0x1
"""SSL_MODE_ENABLE_PARTIAL_WRITE, which pyOpenSSL sets: a call writes one record and no more."""


VERSIONS: Final = {
    TlsVersion.SSLV3: SSL.TLS1_VERSION,  # the oldest that can be had
    TlsVersion.TLSV1: SSL.TLS1_VERSION,
    TlsVersion.TLSV1_1: SSL.TLS1_1_VERSION,
    TlsVersion.TLSV1_2: SSL.TLS1_2_VERSION,
    TlsVersion.TLSV1_3: SSL.TLS1_3_VERSION,
}
DEFAULT_CIPHERS: Final = "DEFAULT"
# OpenSSL has the versions before 1.2 at this level only: their signatures are SHA-1.
OLD_VERSIONS: Final = "@SECLEVEL=0"


def listening_context(settings: Settings) -> SSL.Context:
    """Make the context of the client's leg.

    No client is asked for a certificate, for none logs anybody in (RFC 8314 4.2); perdition 2.2 asks all of them.

    Raises:
        TlsFilesError: a file is missing, cannot be read, or key and certificate do not fit.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    _harden(context, settings, "listen")
    if not settings.ssl_no_cipher_server_preference:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    context.set_alpn_select_callback(_only(settings.alpn))
    show_certificate(context, settings)
    use_dh_parameters(context, settings)
    return context


class NoCommonProtocol(SSL.Error):
    """The client wants other protocols than ours: somebody else's connection was led here (RFC 7301 3.2, ALPACA)."""

    def __init__(self) -> None:
        super().__init__([("", "", "no application protocol in common")])


def _only(name: bytes) -> Callable[[SSL.Connection, list[bytes]], bytes]:
    def select(connection: SSL.Connection, offered: list[bytes]) -> bytes:
        if name not in offered:
            raise NoCommonProtocol  # OpenSSL sends the alert no_application_protocol
        return name

    return select


def outgoing_context(settings: Settings) -> SSL.Context:
    """Make the context of the real server's leg.

    Raises:
        TlsFilesError: a file is missing or cannot be read.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    _harden(context, settings, "outgoing")
    if settings.ssl_no_cert_verify:
        context.set_verify(SSL.VERIFY_NONE)
        return context
    context.set_verify(SSL.VERIFY_PEER, verifier(settings))
    _trust(context, settings)
    return context


def _trust(context: SSL.Context, settings: Settings) -> None:
    """Load the CA certificates of ssl_ca_file and ssl_ca_path."""
    if settings.ssl_ca_file:
        file = readable("ssl_ca_file", settings.ssl_ca_file)
        try:
            context.load_verify_locations(file)
        except SSL.Error as error:
            raise TlsFilesError(f"option ssl_ca_file: {file}: {what_openssl_found(error)}") from None
    if settings.ssl_ca_path:
        if os.path.isdir(settings.ssl_ca_path):
            context.load_verify_locations(None, settings.ssl_ca_path)
        elif settings.origin("ssl_ca_path") != DEFAULT:
            raise TlsFilesError(f"option ssl_ca_path: {settings.ssl_ca_path}: expected a folder")


def _harden(context: SSL.Context, settings: Settings, side: str) -> None:
    """Set what both sides want, and the versions and ciphers of this one."""
    oldest, newest = versions(settings, side)
    context.set_min_proto_version(VERSIONS[oldest])
    context.set_max_proto_version(0 if newest is None else VERSIONS[newest])
    ciphers: str | None = getattr(settings, f"ssl_{side}_ciphers")
    level = f":{OLD_VERSIONS}" if oldest < TlsVersion.TLSV1_2 else ""
    if (ciphers or level) and not takes_ciphers(context, f"{ciphers or DEFAULT_CIPHERS}{level}"):
        takes_ciphers(context, f"{DEFAULT_CIPHERS}{level}")  # as perdition 2.2; notices.py says so
    context.set_mode(RELEASE_BUFFERS)
    context.clear_mode(PARTIAL_WRITE)  # a chunk of four records in one call: a sixth less CPU for large data
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    # Many clients end without close_notify, and may still wait for what we have to say.  Nothing can be cut short
    # unnoticed by that: all three protocols say themselves where a message is over.
    context.set_options(SSL.OP_IGNORE_UNEXPECTED_EOF)


def takes_ciphers(context: SSL.Context, ciphers: str) -> bool:
    """Set a list of ciphers; tell whether OpenSSL has any of them."""
    try:
        context.set_cipher_list(ciphers.encode("ascii"))
    except SSL.Error:
        return False
    return True


def server_side(context: SSL.Context, sock: socket.socket) -> SSL.Connection:
    """Make the TLS of a client's connection."""
    connection = SSL.Connection(context, sock)
    connection.set_accept_state()
    return connection


def client_side(context: SSL.Context, sock: socket.socket, name: str) -> SSL.Connection:
    """Make the TLS of a connection to a real server; the name goes out as SNI.

    Raises:
        TlsFailed: the name cannot be one of a host.
    """
    connection = SSL.Connection(context, sock)
    connection.set_connect_state()
    if not _is_address(name):
        connection.set_tlsext_host_name(_known_as(name).encode("ascii"))
    return connection


def check_certificate(connection: SSL.Connection, name: str) -> None:
    """Look for a real server's name in its certificate.

    Raises:
        TlsFailed: it does not stand there.
    """
    if not _has_name(connection, _known_as(name), address=_is_address(name)):
        raise TlsFailed(f"the certificate is not one of {name}")


def _known_as(name: str) -> str:
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")  # as the resolver does
    except UnicodeError:
        raise TlsFailed(f"expected a host name, not {name}") from None


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
            known = {name.lower()} if address else {name.lower(), _wildcard(name.lower())}
            return any(str(common.value).lower() in known for common in names)
        if address:
            verify_ip_address(connection, name)
        else:
            verify_hostname(connection, name)
    except (VerificationError, CertificateError, x509.DuplicateExtension, ValueError):
        return False  # ValueError: one of the two makes no sense, the certificate or what stands for a name
    return True


def _wildcard(name: str) -> str:
    """Give what stands for a name and its siblings in a certificate: `*` is one label, not the last but one."""
    _, _, domain = name.partition(".")
    return f"*.{domain}" if "." in domain else name


def set_socket_options(sock: socket.socket, *, keepalive: bool) -> None:
    """Set what both legs want: no waiting for more before small data goes out; keepalive if demanded."""
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
