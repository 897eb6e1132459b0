"""Contexts from options, the errors of their files, and whose certificate is good."""

import contextlib
import datetime
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import NameOID

from perdition.config.origin import COMMAND_LINE
from perdition.config.settings import Settings
from perdition.io_trio.channel import TlsFailed
from perdition.io_trio.tls import (
    TlsFilesError,
    accept_tls,
    connect_tls,
    listening_context,
    outgoing_context,
    set_socket_options,
)
from tests.io_trio.certificates import Certificates, settings_for
from tests.io_trio.proxy import ROOT
from tests.io_trio.streams import loopback, socket_pair, stream

# --- files


@pytest.mark.parametrize("option", ["ssl_cert_file", "ssl_key_file"])
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda file: None, "No such file or directory"),
        (lambda file: file.mkdir(), "Is a directory"),
        (lambda file: file.write_text("garbage"), ""),
        (lambda file: file.write_text(""), ""),
    ],
    ids=["missing", "a folder", "garbage", "empty"],
)
def test_a_file_of_the_listener_that_is_no_good_is_named(
    tmp_path: Path, certificates: Certificates, option: str, make: Callable[[Path], object], why: str
) -> None:
    file = tmp_path / "file.pem"
    make(file)
    with pytest.raises(TlsFilesError) as caught:
        listening_context(attrs.evolve(settings_for(certificates), **{option: str(file)}))  # type: ignore[arg-type]

    assert str(caught.value).startswith(f"option {option}: ")
    assert str(file) in str(caught.value)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("option", ["ssl_cert_file", "ssl_key_file"])
def test_a_listener_needs_both_files(certificates: Certificates, option: str) -> None:
    settings = attrs.evolve(settings_for(certificates), **{option: None})  # type: ignore[arg-type]

    with pytest.raises(TlsFilesError, match=f"option {option}: expected a file"):
        listening_context(settings)


def test_a_key_of_another_certificate_is_named_with_that(tmp_path: Path, certificates: Certificates) -> None:
    other = tmp_path / "other.pem"
    certificates.authority.issue_cert("localhost").private_key_pem.write_to_path(other)
    with pytest.raises(TlsFilesError) as caught:
        listening_context(attrs.evolve(settings_for(certificates), ssl_key_file=str(other)))

    assert str(caught.value).startswith(f"option ssl_key_file: {other}: ")
    assert str(certificates.cert_file) in str(caught.value)


ASK = """
import sys
from perdition.config.settings import Settings
from perdition.io_trio.tls import TlsFilesError, listening_context
try:
    listening_context(Settings(ssl_cert_file=sys.argv[1], ssl_key_file=sys.argv[2]))
except TlsFilesError as error:
    print(error)
"""


def test_a_key_that_no_certificate_can_have_is_named(tmp_path: Path, certificates: Certificates) -> None:
    file = tmp_path / "x25519.pem"
    file.write_bytes(
        X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(TlsFilesError, match=r"option ssl_key_file: .*: expected an RSA, EC or EdDSA key"):
        listening_context(attrs.evolve(settings_for(certificates), ssl_key_file=str(file)))


def test_a_key_with_a_pass_phrase_is_an_error_and_no_question(tmp_path: Path, certificates: Certificates) -> None:
    """OpenSSL would ask whoever sits at the terminal, and wait for an answer."""
    key = serialization.load_pem_private_key(certificates.key_file.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"sesame"),
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", ASK, certificates.cert_file, locked],
        cwd=ROOT,
        input="sesame\n",
        capture_output=True,
        text=True,
        start_new_session=True,  # no terminal: OpenSSL would then ask standard input
        timeout=20,
        check=False,
    )

    assert done.stdout.startswith(f"option ssl_key_file: {locked}: "), done.stdout + done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("make", "why"),
    [(lambda file: None, "No such file"), (lambda file: file.write_text("garbage"), "")],
    ids=["missing", "garbage"],
)
def test_a_ca_file_that_is_no_good_is_named(tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    file = tmp_path / "ca.pem"
    make(file)
    with pytest.raises(TlsFilesError) as caught:
        outgoing_context(Settings(ssl_ca_file=str(file)))

    assert str(caught.value).startswith("option ssl_ca_file: ")
    assert str(file) in str(caught.value)
    assert why in str(caught.value)


def test_without_verification_no_ca_is_looked_at(tmp_path: Path) -> None:
    assert outgoing_context(Settings(ssl_ca_file=str(tmp_path / "none"), ssl_no_cert_verify=True)) is not None


def test_a_ca_folder_is_used_if_it_is_there(tmp_path: Path, certificates: Certificates) -> None:
    assert outgoing_context(Settings(ssl_ca_path=str(tmp_path))) is not None
    assert outgoing_context(Settings()) is not None  # the default need not exist


def test_a_ca_folder_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    folder = str(tmp_path / "none")
    with pytest.raises(TlsFilesError) as caught:
        outgoing_context(Settings(ssl_ca_path=folder, origins={"ssl_ca_path": COMMAND_LINE}))

    assert str(caught.value) == f"option ssl_ca_path: {folder}: expected a folder"


# --- handshakes with real servers


@attrs.define
class RealServer:
    """The other end of a handshake, and what it saw."""

    context: ssl.SSLContext
    sni: str | None = None

    async def serve(self, peer: trio.SSLStream[trio.SocketStream]) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await peer.do_handshake()


async def shake_hands(real: RealServer, name: str, settings: Settings, *, check_name: bool = True) -> None:
    """Do a handshake with that real server as our session would with a server of that name."""

    def notice(connection: object, sni: str | None, context: object) -> None:
        real.sni = sni

    real.context.sni_callback = notice
    channel, sock = loopback()
    peer = trio.SSLStream(stream(sock), real.context, server_side=True)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(real.serve, peer)
            try:
                await connect_tls(channel, outgoing_context(settings), name, check_name=check_name)
            finally:
                nursery.cancel_scope.cancel()
    finally:
        channel.close()
        await trio.aclose_forcefully(peer)


def failed(error: BaseException) -> str:
    """Give the text of the TlsFailed that comes in groups of nurseries."""
    while isinstance(error, BaseExceptionGroup):
        [error] = error.exceptions
    assert isinstance(error, TlsFailed)
    return str(error)


def context_for(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("identities", "name", "sni"),
    [
        (("imap.example.com",), "imap.example.com", "imap.example.com"),
        (("imap.example.com",), "IMAP.example.COM", "IMAP.example.COM"),
        (("other.example.com", "imap.example.com"), "imap.example.com", "imap.example.com"),
        (("*.example.com",), "imap.example.com", "imap.example.com"),
        (("127.0.0.1",), "127.0.0.1", None),
        (("::1",), "::1", None),
        (("::1",), "0:0:0:0:0:0:0:1", None),
    ],
)
async def test_a_good_certificate(
    certificates: Certificates, identities: tuple[str, ...], name: str, sni: str | None
) -> None:
    real = RealServer(context_for(certificates.authority.issue_cert(*identities)))
    await shake_hands(real, name, settings_for(certificates))

    assert real.sni == sni


@pytest.mark.parametrize(
    ("identities", "name"),
    [
        (("imap.example.com",), "pop.example.com"),
        (("imap.example.com",), "example.com"),
        (("*.example.com",), "example.com"),
        (("*.example.com",), "a.b.example.com"),
        (("127.0.0.1",), "127.0.0.2"),
        (("127.0.0.1",), "localhost"),
        (("localhost",), "127.0.0.1"),
        (("localhost",), "2130706433"),  # which a resolver takes for 127.0.0.1
        (("localhost",), "not a host name"),
    ],
)
async def test_a_certificate_of_another(certificates: Certificates, identities: tuple[str, ...], name: str) -> None:
    real = RealServer(context_for(certificates.authority.issue_cert(*identities)))
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, name, settings_for(certificates))

    assert failed(caught.value) == f"the certificate is not one of {name}"


async def test_the_name_need_not_be_checked(certificates: Certificates) -> None:
    real = RealServer(context_for(certificates.authority.issue_cert("imap.example.com")))
    await shake_hands(real, "pop.example.com", settings_for(certificates), check_name=False)

    assert real.sni == "pop.example.com"


async def test_a_name_that_is_not_ascii_is_no_crash(certificates: Certificates) -> None:
    real = RealServer(context_for(certificates.authority.issue_cert("imap.example.com")))
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, "imäp.example.com", settings_for(certificates))

    assert "imäp.example.com" in failed(caught.value)


@pytest.mark.parametrize("name", ["xn--imp-rla.example.com", "imäp.example.com"])
async def test_an_international_name(certificates: Certificates, name: str) -> None:
    real = RealServer(context_for(certificates.authority.issue_cert("xn--imp-rla.example.com")))
    await shake_hands(real, name, settings_for(certificates))

    assert real.sni == "xn--imp-rla.example.com"


async def test_an_authority_that_nobody_knows(certificates: Certificates) -> None:
    real = RealServer(context_for(trustme.CA().issue_cert("imap.example.com")))
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, "imap.example.com", settings_for(certificates))

    assert failed(caught.value) == "certificate verify failed"


async def test_without_verification_any_authority_will_do_but_not_any_name(certificates: Certificates) -> None:
    settings = attrs.evolve(settings_for(certificates), ssl_no_cert_verify=True)
    real = RealServer(context_for(trustme.CA().issue_cert("imap.example.com")))
    await shake_hands(real, "imap.example.com", settings)
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, "pop.example.com", settings)

    assert failed(caught.value) == "the certificate is not one of pop.example.com"


async def test_an_expired_certificate(certificates: Certificates) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    real = RealServer(context_for(certificates.authority.issue_cert("imap.example.com", not_after=yesterday)))
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, "imap.example.com", settings_for(certificates))

    assert failed(caught.value) == "certificate verify failed"


def self_signed(folder: Path, common_name: str, *extensions: x509.ExtensionType) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate that trustme would not."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(1))
    for extension in (x509.BasicConstraints(ca=True, path_length=None), *extensions):
        builder = builder.add_extension(extension, critical=False)
    file = folder / "self-signed.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file


async def test_a_certificate_with_a_common_name_only_is_good_for_that(tmp_path: Path) -> None:
    context, file = self_signed(tmp_path, "imap.example.com")
    settings = Settings(ssl_ca_file=str(file))
    await shake_hands(RealServer(context), "imap.example.com", settings)
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(RealServer(context), "pop.example.com", settings)

    assert failed(caught.value) == "the certificate is not one of pop.example.com"


async def test_a_common_name_means_nothing_beside_other_names(tmp_path: Path) -> None:
    names = x509.SubjectAlternativeName([x509.RFC822Name("postmaster@example.com")])
    context, file = self_signed(tmp_path, "imap.example.com", names)
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(RealServer(context), "imap.example.com", Settings(ssl_ca_file=str(file)))

    assert failed(caught.value) == "the certificate is not one of imap.example.com"


async def test_a_certificate_that_cannot_be_read_is_no_crash(tmp_path: Path) -> None:
    names = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x06\x82\x04\xff\xfe\xff\xfe")
    context, file = self_signed(tmp_path, "imap.example.com", names)
    settings = Settings(ssl_ca_file=str(file), ssl_no_cert_verify=True)
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(RealServer(context), "imap.example.com", settings)

    assert failed(caught.value)


async def test_the_whole_chain_is_shown_to_clients(tmp_path: Path) -> None:
    root = trustme.CA()
    leaf = root.create_child_ca().issue_cert("localhost")
    file = tmp_path / "all.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(file)
    context = ssl.create_default_context()
    root.configure_trust(context)
    channel, sock = loopback()
    peer = trio.SSLStream(stream(sock), context, server_hostname="localhost")
    listening = listening_context(Settings(ssl_cert_file=str(file), ssl_key_file=str(file)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept_tls, channel, listening)
        await peer.do_handshake()
    channel.close()
    await trio.aclose_forcefully(peer)


def test_socket_options() -> None:
    channel, sock = loopback()
    with contextlib.closing(channel), sock:
        set_socket_options(sock, keepalive=False)
        before = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        set_socket_options(sock, keepalive=True)

        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert not before
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    channel, sock = socket_pair()
    with contextlib.closing(channel), sock:
        set_socket_options(sock, keepalive=False)  # a socket of another family has no such option
