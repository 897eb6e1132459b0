"""The options of TLS, row for row: which certificates they accept, which versions and ciphers they leave."""

import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import trio
from OpenSSL import SSL

from perdition.config.settings import Settings
from perdition.config.tls_versions import TlsVersion
from perdition.io_trio.channel import TlsFailed
from perdition.io_trio.tls import listening_context, outgoing_context
from perdition.io_trio.tls_files import TlsFilesError
from tests.io_trio.certificates import Certificates, settings_for
from tests.io_trio.chains import DAY, NAME, NOW, Issued
from tests.io_trio.proxy import ROOT
from tests.io_trio.streams import accept_tls, connect_tls, loopback, stream

AUTHORITY: Final = Issued.make("an authority", ca=True)
UNKNOWN: Final = Issued.make("another authority", ca=True)
MIDDLE: Final = Issued.make("in between", AUTHORITY, ca=True)

GOOD: Final = "good"
NO_ISSUER: Final = "the issuer of a certificate is not known"
NO_ROOT: Final = "the root of the certificate chain is not known"
SELF_SIGNED: Final = "the certificate is signed by itself"
EXPIRED: Final = "a certificate has expired"
NOT_YET: Final = "a certificate is not valid yet"
TOO_LONG: Final = "the certificate chain is too long"
NAME_DIFFERS: Final = f"the certificate is not one of {NAME}"

SERVERS: Final = {
    "good": Issued.make(issuer=AUTHORITY),
    "other name": Issued.make("pop.example.com", AUTHORITY),
    "self-signed": Issued.make(),
    "self-signed, other name": Issued.make("pop.example.com"),
    "unknown authority": Issued.make(issuer=UNKNOWN),
    "unknown authority, other name": Issued.make("pop.example.com", UNKNOWN),
    "expired": Issued.make(issuer=AUTHORITY, begins=NOW - 3 * DAY, ends=NOW - DAY),
    "expired, unknown authority": Issued.make(issuer=UNKNOWN, begins=NOW - 3 * DAY, ends=NOW - DAY),
    "not yet valid": Issued.make(issuer=AUTHORITY, begins=NOW + DAY, ends=NOW + 3 * DAY),
    "through another": Issued.make(issuer=MIDDLE),
}

ROOT_SENT: Final = frozenset({"unknown authority, root sent"})

# The options, whether the CA is known, the real server, and what comes of it: perdition 2.2's table, and more rows.
ROWS: Final[list[tuple[str, bool, str, str]]] = [
    ("", False, "good", NO_ISSUER),
    ("", False, "self-signed", SELF_SIGNED),
    ("", True, "good", GOOD),
    ("", True, "other name", NAME_DIFFERS),
    ("ssl_no_cn_verify", True, "other name", GOOD),
    ("ssl_no_cn_verify", False, "self-signed", SELF_SIGNED),
    ("ssl_no_cert_verify", False, "unknown authority", GOOD),
    ("ssl_no_cert_verify", False, "self-signed", GOOD),
    ("ssl_no_cert_verify", False, "expired", GOOD),
    ("ssl_no_cert_verify", False, "other name", NAME_DIFFERS),
    ("ssl_no_cert_verify", False, "self-signed, other name", NAME_DIFFERS),
    ("ssl_no_cert_verify ssl_no_cn_verify", False, "unknown authority, other name", GOOD),
    ("ssl_no_cert_verify ssl_no_cn_verify", False, "self-signed, other name", GOOD),
    ("ssl_cert_accept_self_signed", False, "self-signed", GOOD),
    ("ssl_cert_accept_self_signed", False, "self-signed, other name", NAME_DIFFERS),
    ("ssl_cert_accept_self_signed ssl_no_cn_verify", False, "self-signed, other name", GOOD),
    ("ssl_cert_accept_self_signed", True, "unknown authority", NO_ISSUER),
    ("ssl_cert_accept_self_signed", True, "unknown authority, root sent", NO_ROOT),
    ("", True, "unknown authority, root sent", NO_ROOT),
    ("ssl_ca_accept_self_signed", True, "unknown authority, root sent", GOOD),
    ("ssl_ca_accept_self_signed", False, "unknown authority, root sent", GOOD),
    ("ssl_ca_accept_self_signed", True, "self-signed", SELF_SIGNED),
    ("ssl_ca_accept_self_signed", True, "unknown authority", NO_ISSUER),
    ("", True, "expired", EXPIRED),
    ("ssl_cert_accept_expired", True, "expired", GOOD),
    ("ssl_cert_accept_expired", True, "not yet valid", NOT_YET),
    ("ssl_cert_accept_expired", True, "expired, unknown authority", NO_ISSUER),
    ("ssl_cert_accept_expired", True, "unknown authority", NO_ISSUER),
    ("", True, "not yet valid", NOT_YET),
    ("ssl_cert_accept_not_yet_valid", True, "not yet valid", GOOD),
    ("ssl_cert_accept_not_yet_valid", True, "expired", EXPIRED),
    ("", True, "through another", GOOD),
    ("ssl_cert_verify_depth=2", True, "through another", GOOD),
    ("ssl_cert_verify_depth=1", True, "through another", TOO_LONG),
    ("ssl_cert_verify_depth=1", True, "good", GOOD),
    ("ssl_cert_verify_depth=0", True, "good", TOO_LONG),
    ("ssl_cert_verify_depth=0 ssl_no_cert_verify", True, "good", GOOD),
]


def settings_with(options: str, **more: Any) -> Settings:
    """Give settings with options: names of flags, or `name=number`."""
    given: dict[str, Any] = {}
    for option in options.split():
        name, equals, number = option.partition("=")
        given[name] = int(number) if equals else True
    return Settings(ssl_ca_path=None, **given, **more)


async def found_by_us(settings: Settings, context: ssl.SSLContext) -> str:
    """Do a handshake with a real server; say what came of it."""
    channel, sock = loopback()
    peer = trio.SSLStream(stream(sock), context, server_side=True)

    async def serve() -> None:
        try:
            await peer.do_handshake()
        except trio.BrokenResourceError:
            sock.close()

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            try:
                check_name = not settings.ssl_no_cn_verify
                await connect_tls(channel, outgoing_context(settings), NAME, check_name=check_name)
            except TlsFailed as error:
                channel.close()
                return str(error)
        assert channel.tls is not None
        return f"{GOOD} {channel.tls.get_protocol_version_name()} {channel.tls.get_cipher_name()}"
    finally:
        channel.close()
        sock.close()


@pytest.mark.parametrize(("options", "known", "server", "found"), ROWS)
async def test_whose_certificate_is_good(tmp_path: Path, options: str, known: bool, server: str, found: str) -> None:
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    settings = settings_with(options, ssl_ca_file=str(tmp_path / "ca.pem") if known else None)
    name, _, root = server.partition(", root ")
    context = SERVERS[name].server_context(with_root=bool(root))

    assert (await found_by_us(settings, context)).split(" TLS")[0] == found


async def test_a_folder_of_authorities_is_as_good_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    await trio.run_process(["openssl", "rehash", str(tmp_path)])
    settings = Settings(ssl_ca_path=str(tmp_path))

    assert (await found_by_us(settings, SERVERS["good"].server_context())).startswith(GOOD)
    assert await found_by_us(settings, SERVERS["unknown authority"].server_context()) == NO_ISSUER


# --- versions and ciphers

OLD: Final = TlsVersion.TLSV1
VERSIONS: Final[list[tuple[TlsVersion, TlsVersion | None, ssl.TLSVersion, str]]] = [
    (TlsVersion.TLSV1_2, None, ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
    (TlsVersion.TLSV1_2, None, ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
    (TlsVersion.TLSV1_2, None, ssl.TLSVersion.TLSv1_1, ""),
    (TlsVersion.TLSV1_3, None, ssl.TLSVersion.TLSv1_2, ""),
    (TlsVersion.TLSV1_2, TlsVersion.TLSV1_2, ssl.TLSVersion.TLSv1_3, "TLSv1.2"),
    (TlsVersion.TLSV1, None, ssl.TLSVersion.TLSv1_1, "TLSv1.1"),
    (TlsVersion.TLSV1_1, None, ssl.TLSVersion.TLSv1_1, "TLSv1.1"),
    (TlsVersion.TLSV1_1, None, ssl.TLSVersion.TLSv1, ""),
    (TlsVersion.SSLV3, None, ssl.TLSVersion.TLSv1, "TLSv1"),
    (TlsVersion.TLSV1, TlsVersion.TLSV1_1, ssl.TLSVersion.TLSv1_3, "TLSv1.1"),
]


def of_that_version(context: ssl.SSLContext, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """Have a context of the standard library speak that version at the most, and any older one."""
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = newest
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("least", "most", "peer", "spoken"), VERSIONS)
async def test_versions_with_real_servers(
    least: TlsVersion, most: TlsVersion | None, peer: ssl.TLSVersion, spoken: str
) -> None:
    settings = settings_with(
        "ssl_no_cert_verify", ssl_outgoing_min_proto_version=least, ssl_outgoing_max_proto_version=most
    )
    found = await found_by_us(settings, of_that_version(SERVERS["good"].server_context(), peer))

    assert found.split(" ")[:2] == [GOOD, spoken] if spoken else GOOD not in found.split(" ")


async def shown_to_clients(settings: Settings, context: ssl.SSLContext) -> tuple[str, trio.SSLStream[Any] | None]:
    """Do a handshake as a client of ours; give what we found, and the client's end if all is well."""
    channel, sock = loopback()
    client = trio.SSLStream(stream(sock), context, server_hostname="localhost")
    found = GOOD

    async def serve() -> None:
        nonlocal found
        try:
            await accept_tls(channel, listening_context(settings))
        except TlsFailed as error:
            found = str(error)
            channel.close()

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            try:
                await client.do_handshake()
            except (trio.BrokenResourceError, ssl.SSLError):
                sock.close()
                return found, None
        return found, client
    finally:
        channel.close()
        sock.close()


def anybody() -> ssl.SSLContext:
    """Give the context of a client that trusts everybody and shows nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("least", "most", "peer", "spoken"), VERSIONS)
async def test_versions_with_clients(
    certificates: Certificates, least: TlsVersion, most: TlsVersion | None, peer: ssl.TLSVersion, spoken: str
) -> None:
    settings = attrs.evolve(
        settings_for(certificates), ssl_listen_min_proto_version=least, ssl_listen_max_proto_version=most
    )
    found, client = await shown_to_clients(settings, of_that_version(anybody(), peer))

    assert (client is not None) is bool(spoken)
    if client is not None:
        assert client.version() == spoken
    else:
        assert found != GOOD


CIPHERS: Final = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
OTHER_ORDER: Final = ":".join(reversed(CIPHERS.split(":")))


@pytest.mark.parametrize(("theirs", "used"), [(False, CIPHERS), (True, OTHER_ORDER)])
async def test_whose_order_of_ciphers_counts(certificates: Certificates, theirs: bool, used: str) -> None:
    settings = attrs.evolve(
        settings_for(certificates),
        ssl_listen_ciphers=CIPHERS,
        ssl_listen_max_proto_version=TlsVersion.TLSV1_2,
        ssl_no_cipher_server_preference=theirs,
    )
    context = anybody()
    context.set_ciphers(OTHER_ORDER)
    found, client = await shown_to_clients(settings, context)

    assert found == GOOD
    assert client is not None
    cipher = client.cipher()
    assert cipher is not None
    assert cipher[0] == used.split(":")[0]


async def test_a_client_without_a_cipher_in_common_is_refused(certificates: Certificates) -> None:
    settings = attrs.evolve(
        settings_for(certificates),
        ssl_listen_ciphers="ECDHE-ECDSA-AES128-GCM-SHA256",
        ssl_listen_max_proto_version=TlsVersion.TLSV1_2,
    )
    context = anybody()
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")

    assert await shown_to_clients(settings, context) == ("no shared cipher", None)


async def test_ciphers_of_the_other_leg() -> None:
    settings = settings_with(
        "ssl_no_cert_verify",
        ssl_outgoing_ciphers="ECDHE-ECDSA-AES256-GCM-SHA384",
        ssl_outgoing_max_proto_version=TlsVersion.TLSV1_2,
    )

    assert await found_by_us(settings, SERVERS["good"].server_context()) == (
        "good TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384"
    )


@pytest.mark.parametrize("oldest", [TlsVersion.TLSV1, TlsVersion.TLSV1_2])
@pytest.mark.parametrize("side", ["listen", "outgoing"])
def test_ciphers_that_openssl_does_not_know_leave_its_own(
    certificates: Certificates, side: str, oldest: TlsVersion
) -> None:
    make = listening_context if side == "listen" else outgoing_context
    given: dict[str, Any] = {f"ssl_{side}_min_proto_version": oldest}
    without = attrs.evolve(settings_for(certificates), **given)
    given = {f"ssl_{side}_ciphers": "ROT13"}
    with_them = attrs.evolve(without, **given)
    lists = [SSL.Connection(make(settings)).get_cipher_list() for settings in (without, with_them)]

    assert lists[0] == lists[1] != []


# --- what clients are shown


async def test_the_chain_file_completes_the_chain(tmp_path: Path) -> None:
    leaf = SERVERS["through another"]
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    (tmp_path / "key.pem").write_bytes(leaf.key_pem())
    (tmp_path / "more.pem").write_bytes(MIDDLE.pem + AUTHORITY.pem)
    bare = Settings(ssl_cert_file=str(tmp_path / "leaf.pem"), ssl_key_file=str(tmp_path / "key.pem"), ssl_ca_path=None)
    context = ssl.create_default_context(cadata=AUTHORITY.pem.decode("ascii"))
    context.check_hostname = False
    complete = attrs.evolve(bare, ssl_ca_chain_file=str(tmp_path / "more.pem"))

    assert (await shown_to_clients(bare, context))[1] is None
    assert (await shown_to_clients(complete, context))[1] is not None


@pytest.mark.requirement("rfc8314-4.2-1")
@pytest.mark.parametrize("options", ["", "ssl_no_client_cert_verify"])
async def test_no_client_is_asked_for_a_certificate(certificates: Certificates, options: str) -> None:
    """perdition 2.2 asks, does nothing with what is shown, and refuses who shows one that it does not know."""
    settings = settings_with(
        options,
        ssl_ca_file=str(certificates.ca_file),
        ssl_cert_file=str(certificates.cert_file),
        ssl_key_file=str(certificates.key_file),
    )
    found, client = await shown_to_clients(settings, SERVERS["self-signed"].client_context())

    assert found == GOOD
    assert client is not None


# --- pass phrases and Diffie-Hellman parameters


@pytest.fixture
def locked(tmp_path: Path) -> dict[str, Any]:
    leaf = SERVERS["good"]
    (tmp_path / "cert.pem").write_bytes(leaf.pem)
    (tmp_path / "key.pem").write_bytes(leaf.key_pem(b"sesame open"))
    return {
        "ssl_cert_file": str(tmp_path / "cert.pem"),
        "ssl_key_file": str(tmp_path / "key.pem"),
        "ssl_ca_path": None,
    }


def test_the_pass_phrase_is_the_first_line_of_a_file(tmp_path: Path, locked: dict[str, Any]) -> None:
    file = tmp_path / "phrase"
    for text, error in (
        ("sesame open\nmore\n", ""),
        ("sesame open", ""),
        ("wrong\n", "option ssl_key_file: .*: expected the pass phrase of ssl_passphrase_file to fit"),
        ("\n", "option ssl_passphrase_file: expected a line with the key's pass phrase"),
    ):
        file.write_text(text)
        settings = Settings(ssl_passphrase_file=str(file), **locked)
        if error:
            with pytest.raises(TlsFilesError, match=f"^{error}$") as caught:
                listening_context(settings)
            assert "wrong" not in str(caught.value)
        else:
            assert listening_context(settings) is not None
    with pytest.raises(TlsFilesError, match=r"^option ssl_passphrase_file: cannot read .*: No such file"):
        listening_context(Settings(ssl_passphrase_file=str(tmp_path / "none"), **locked))


def test_the_pass_phrase_is_the_first_line_of_a_descriptor_and_no_more_is_read(locked: dict[str, Any]) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"sesame open\nfor somebody else")
    os.close(writer)
    settings = Settings(ssl_passphrase_fd=reader, **locked)

    assert listening_context(settings) is not None
    assert listening_context(settings) is not None  # two listeners, one line
    assert os.read(reader, 100) == b"for somebody else"

    os.close(reader)


ASK: Final = """
import sys
from perdition.config.settings import Settings
from perdition.io_trio.tls import listening_context
from perdition.io_trio.tls_files import TlsFilesError
try:
    listening_context(Settings(ssl_cert_file=sys.argv[1], ssl_key_file=sys.argv[2]))
    print("good")
except TlsFilesError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("sesame open\n", "good"),
        ("sesame\n", "expected the pass phrase of ssl_passphrase_fd to fit"),
        ("", "option ssl_passphrase_fd: expected a line with the key's pass phrase"),
    ],
)
def test_the_default_is_standard_input(locked: dict[str, Any], typed: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, locked["ssl_cert_file"], locked["ssl_key_file"]],
        cwd=ROOT,
        input=typed,
        capture_output=True,
        text=True,
        start_new_session=True,  # no terminal: OpenSSL must not ask there
        timeout=20,
        check=False,
    )

    assert done.stdout.strip().endswith(said), done.stdout + done.stderr
    assert done.stderr == ""


def test_a_descriptor_that_is_not_open_is_named(locked: dict[str, Any]) -> None:
    with pytest.raises(TlsFilesError, match=r"^option ssl_passphrase_fd: cannot read descriptor 987: Bad file"):
        listening_context(Settings(ssl_passphrase_fd=987, **locked))


# RFC 7919's ffdhe2048, as `openssl dhparam` would write it.
DH: Final = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


@pytest.mark.parametrize("place", ["ssl_dh_params_file", "ssl_cert_file"])
def test_diffie_hellman_parameters(tmp_path: Path, certificates: Certificates, place: str) -> None:
    file = tmp_path / "dh.pem"
    settings = settings_for(certificates)
    if place == "ssl_cert_file":
        file.write_text(certificates.cert_file.read_text() + DH)
    else:
        file.write_text(DH)
    given: dict[str, Any] = {place: str(file)}

    assert listening_context(attrs.evolve(settings, **given)) is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot read .*: No such file or directory"),
        ("garbage", ".*: expected Diffie-Hellman parameters in PEM: "),
        ("-----BEGIN DH PARAMETERS-----\nMAYCAQcCAQI=\n-----END DH PARAMETERS-----\n", ".*: expected Diffie-Hellman"),
    ],
)
def test_diffie_hellman_parameters_that_are_none_are_an_error(
    tmp_path: Path, certificates: Certificates, text: str | None, said: str
) -> None:
    file = tmp_path / "dh.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(TlsFilesError, match=f"^option ssl_dh_params_file: {said}"):
        listening_context(attrs.evolve(settings_for(certificates), ssl_dh_params_file=str(file)))


@pytest.mark.parametrize(("text", "said"), [(None, "cannot read .*: No such file"), ("garbage", ".*: expected cert")])
def test_a_chain_file_that_is_no_good_is_named(
    tmp_path: Path, certificates: Certificates, text: str | None, said: str
) -> None:
    file = tmp_path / "chain.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(TlsFilesError, match=f"^option ssl_ca_chain_file: {said}"):
        listening_context(attrs.evolve(settings_for(certificates), ssl_ca_chain_file=str(file)))
