"""Contexts from options, the errors of their files, and whose certificate is good."""

import contextlib
import datetime
import socket
import ssl
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
from perdition.config.values import Protocol
from perdition.io_trio.channel import TlsFailed
from perdition.io_trio.tls import listening_context, outgoing_context, set_socket_options
from perdition.io_trio.tls_files import TlsFilesError
from tests.io_trio.certificates import Certificates, settings_for
from tests.io_trio.streams import accept_tls, connect_tls, loopback, socket_pair, stream

# --- files


@pytest.mark.requirement("rfc5804-1.7-10")
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


@pytest.mark.requirement("rfc5804-1.7-10")
@pytest.mark.requirement("rfc8314-4-2")
@pytest.mark.parametrize("option", ["ssl_cert_file", "ssl_key_file"])
def test_a_listener_needs_both_files(certificates: Certificates, option: str) -> None:
    settings = attrs.evolve(settings_for(certificates), **{option: None})  # type: ignore[arg-type]

    with pytest.raises(TlsFilesError, match=f"option {option}: expected a file"):
        listening_context(settings)


@pytest.mark.requirement("rfc5804-1.7-10")
def test_a_key_of_another_certificate_is_named_with_that(tmp_path: Path, certificates: Certificates) -> None:
    other = tmp_path / "other.pem"
    certificates.authority.issue_cert("localhost").private_key_pem.write_to_path(other)
    with pytest.raises(TlsFilesError) as caught:
        listening_context(attrs.evolve(settings_for(certificates), ssl_key_file=str(other)))

    assert str(caught.value).startswith(f"option ssl_key_file: {other}: ")
    assert str(certificates.cert_file) in str(caught.value)


def test_a_key_that_no_certificate_can_have_is_named(tmp_path: Path, certificates: Certificates) -> None:
    file = tmp_path / "x25519.pem"
    file.write_bytes(
        X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(TlsFilesError, match=r"option ssl_key_file: .*: expected an RSA, EC or EdDSA key"):
        listening_context(attrs.evolve(settings_for(certificates), ssl_key_file=str(file)))


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


@pytest.mark.requirement("rfc5804-2.2.1-1")
@pytest.mark.requirement("rfc5804-2.2.1-3")
@pytest.mark.requirement("rfc5804-2.2.1.1-2")
@pytest.mark.requirement("rfc5804-2.2.1.1-3")
@pytest.mark.requirement("rfc5804-2.2.1.2-1")
@pytest.mark.requirement("rfc7817-3-2")
@pytest.mark.requirement("rfc7817-3-4")
@pytest.mark.requirement("rfc3501-11.1-3")
@pytest.mark.requirement("rfc3501-11.1-5")
@pytest.mark.requirement("rfc3501-11.1-7")
@pytest.mark.requirement("rfc8314-3.2-1")
@pytest.mark.requirement("rfc9051-11.1-6")
@pytest.mark.requirement("rfc2595-2.4-4")
@pytest.mark.requirement("rfc2595-2.4-5")
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


@pytest.mark.requirement("rfc5804-2.1.1-1")
@pytest.mark.requirement("rfc5804-2.2.1-1")
@pytest.mark.requirement("rfc5804-2.2.1-3")
@pytest.mark.requirement("rfc5804-2.2.1.1-3")
@pytest.mark.requirement("rfc7817-3-2")
@pytest.mark.requirement("rfc3501-11.1-3")
@pytest.mark.requirement("rfc3501-11.1-4")
@pytest.mark.requirement("rfc8314-3.2-1")
@pytest.mark.requirement("rfc9051-11.1-6")
@pytest.mark.requirement("rfc2595-2.4-1")
@pytest.mark.requirement("rfc2595-2.4-6")
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


@pytest.mark.requirement("rfc5804-2.2.1.1-1")
@pytest.mark.parametrize("name", ["xn--imp-rla.example.com", "imäp.example.com"])
async def test_an_international_name(certificates: Certificates, name: str) -> None:
    real = RealServer(context_for(certificates.authority.issue_cert("xn--imp-rla.example.com")))
    await shake_hands(real, name, settings_for(certificates))

    assert real.sni == "xn--imp-rla.example.com"


@pytest.mark.requirement("rfc5804-2.1.1-1")
@pytest.mark.requirement("rfc5804-2.2.1-5")
@pytest.mark.requirement("rfc7817-3-1")
@pytest.mark.requirement("rfc8314-3.1-2")
@pytest.mark.requirement("rfc8314-5-1")
@pytest.mark.requirement("rfc8314-5.3-1")
@pytest.mark.requirement("rfc5034-4-27")
async def test_an_authority_that_nobody_knows(certificates: Certificates) -> None:
    real = RealServer(context_for(trustme.CA().issue_cert("imap.example.com")))
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, "imap.example.com", settings_for(certificates))

    assert failed(caught.value) == "the issuer of a certificate is not known"


@pytest.mark.requirement("rfc5804-2.2.1-5")
async def test_without_verification_any_authority_will_do_but_not_any_name(certificates: Certificates) -> None:
    settings = attrs.evolve(settings_for(certificates), ssl_no_cert_verify=True)
    real = RealServer(context_for(trustme.CA().issue_cert("imap.example.com")))
    await shake_hands(real, "imap.example.com", settings)
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, "pop.example.com", settings)

    assert failed(caught.value) == "the certificate is not one of pop.example.com"


@pytest.mark.requirement("rfc7817-3-1")
@pytest.mark.requirement("rfc8314-3.1-2")
@pytest.mark.requirement("rfc8314-5.3-1")
async def test_an_expired_certificate(certificates: Certificates) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    real = RealServer(context_for(certificates.authority.issue_cert("imap.example.com", not_after=yesterday)))
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(real, "imap.example.com", settings_for(certificates))

    assert failed(caught.value) == "a certificate has expired"


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


@pytest.mark.parametrize(
    ("common_name", "name", "good"),
    [
        ("*.example.net", "www.example.net", True),
        ("*.Example.NET", "WWW.example.net", True),
        ("*.example.net", "example.net", False),
        ("*.example.net", "a.www.example.net", False),
        ("w*.example.net", "www.example.net", False),
        ("*.net", "example.net", False),
        ("*.0.0.1", "127.0.0.1", False),
    ],
)
async def test_a_star_in_a_common_name_is_one_label(tmp_path: Path, common_name: str, name: str, good: bool) -> None:
    context, file = self_signed(tmp_path, common_name)
    settings = Settings(ssl_ca_file=str(file))
    if good:
        await shake_hands(RealServer(context), name, settings)
        return
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(RealServer(context), name, settings)

    assert failed(caught.value) == f"the certificate is not one of {name}"


@pytest.mark.requirement("rfc3501-11.1-7")
@pytest.mark.requirement("rfc2595-2.4-4")
async def test_a_common_name_means_nothing_beside_other_names(tmp_path: Path) -> None:
    names = x509.SubjectAlternativeName([x509.RFC822Name("postmaster@example.com")])
    context, file = self_signed(tmp_path, "imap.example.com", names)
    with pytest.raises((TlsFailed, BaseExceptionGroup)) as caught:
        await shake_hands(RealServer(context), "imap.example.com", Settings(ssl_ca_file=str(file)))

    assert failed(caught.value) == "the certificate is not one of imap.example.com"


NO_NAMES = [
    pytest.param(
        x509.UniformResourceIdentifier("imap://imap.example.com"), marks=pytest.mark.requirement("rfc7817-3-5")
    ),
    pytest.param(x509.DNSName("im*.example.com"), marks=pytest.mark.requirement("rfc7817-3-6")),
    pytest.param(x509.DNSName("*ap.example.com"), marks=pytest.mark.requirement("rfc7817-3-6")),
]


@pytest.mark.parametrize("name", NO_NAMES)
async def test_neither_uris_nor_parts_of_labels_are_names(tmp_path: Path, name: x509.GeneralName) -> None:
    context, file = self_signed(tmp_path, "imap.example.com", x509.SubjectAlternativeName([name]))
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


# --- the protocol's name in the handshake


@attrs.frozen
class Handshake:
    """What came of one: the name agreed upon, or what the two sides found."""

    agreed: str | None = None
    server: str = ""
    client: str = ""


async def handshake(certificates: Certificates, protocol: Protocol, offered: list[str]) -> Handshake:
    """Do a handshake with a client that offers names of protocols."""
    channel, sock = loopback()
    settings = attrs.evolve(settings_for(certificates), protocol=protocol)
    context = ssl.create_default_context(cafile=str(certificates.ca_file))
    if offered:
        context.set_alpn_protocols(offered)
    client = trio.SSLStream(stream(sock), context, server_hostname="localhost")
    found = {"server": "", "client": ""}

    async def serve() -> None:
        try:
            await accept_tls(channel, listening_context(settings))
        except TlsFailed as error:
            found["server"] = str(error)

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            try:
                await client.do_handshake()
            except trio.BrokenResourceError as error:
                found["client"] = str(error.__cause__)
        return Handshake(None if any(found.values()) else client.selected_alpn_protocol(), **found)
    finally:
        channel.close()
        sock.close()


@pytest.mark.requirement("rfc7301-3.1-2")
@pytest.mark.requirement("rfc7301-3.2-1")
@pytest.mark.requirement("rfc7301-3.2-3")
@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        (Protocol.POP3, "pop3"),
        (Protocol.POP3S, "pop3"),
        (Protocol.IMAP4, "imap"),
        (Protocol.IMAP4S, "imap"),
        (Protocol.MANAGESIEVE, "managesieve"),
    ],
)
async def test_the_protocol_is_named_to_a_client_that_asks_for_it(
    certificates: Certificates, protocol: Protocol, name: str
) -> None:
    assert await handshake(certificates, protocol, ["http/1.1", name]) == Handshake(name)
    assert await handshake(certificates, protocol, []) == Handshake(None)


@pytest.mark.requirement("rfc7301-3.2-2")
@pytest.mark.parametrize("protocol", Protocol)
async def test_a_client_that_asks_for_other_protocols_is_refused_in_the_handshake(
    certificates: Certificates, protocol: Protocol
) -> None:
    found = await handshake(certificates, protocol, ["http/1.1", "h2", "smtp"])

    assert found.server == "no application protocol in common"
    assert "no application protocol" in found.client.lower().replace("_", " ")
