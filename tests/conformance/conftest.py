"""One daemon with a listener for each protocol and kind of TLS, small real servers behind it, and a Dovecot."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from perdition.conformance.acts import Account
from perdition.conformance.folder import PROTOCOLS
from perdition.protocol.secret import Secret
from tests.conformance import real_servers
from tests.interop import certificates as interop_certificates
from tests.interop import dovecot
from tests.interop.dovecot import Dovecot
from tests.io_trio import certificates as throw_away
from tests.io_trio.certificates import Certificates
from tests.io_trio.proxy import Leg, Proxy, write_configuration

LEGS = {"none": "", "implicit": "ssl", "starttls": "tls", "demanded": "tls_force"}
PASSWORD = b'p"ss wo\\rd'


@attrs.frozen
class Daemon:
    """A running daemon.

    Attributes:
        ports: by protocol and a word of `LEGS`.
        accounts: by protocol: whom its real server lets in.
        certificates: of the daemon.
    """

    ports: Mapping[tuple[str, str], int]
    accounts: Mapping[str, Account]
    certificates: Certificates


@pytest.fixture(scope="session")
def conformance_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return throw_away.make(tmp_path_factory.mktemp("conformance-certificates"))


@pytest.fixture(scope="session")
def conformance_daemon(
    tmp_path_factory: pytest.TempPathFactory, conformance_certificates: Certificates
) -> Iterator[Daemon]:
    legs = [Leg(protocol.upper(), mode, "") for protocol in PROTOCOLS for mode in LEGS.values()]
    file = write_configuration(
        tmp_path_factory.mktemp("conformance-daemon"),
        tuple(legs),
        *conformance_certificates.options(),
    )
    with contextlib.ExitStack() as stack:
        accounts = {}
        for protocol in PROTOCOLS:
            server = stack.enter_context(real_servers.start(protocol, lambda _, password: password == PASSWORD))
            accounts[protocol] = Account(b"conny-%d" % server.port, Secret(PASSWORD))
        proxy = stack.enter_context(Proxy(f"--config_file={file}"))
        keys = [(protocol, word) for protocol in PROTOCOLS for word in LEGS]
        yield Daemon(dict(zip(keys, proxy.ports, strict=True)), accounts, conformance_certificates)
    assert proxy.errors == ""
    assert not proxy.lines_with("Internal error")
    assert not [line for line in proxy.lines if PASSWORD.decode() in line]


@attrs.frozen
class RealDovecot:
    """A running Dovecot.

    Attributes:
        server: it.
        ca_file: whom its clients trust.
    """

    server: Dovecot
    ca_file: Path


@pytest.fixture(scope="session")
def conformance_dovecot() -> Iterator[RealDovecot]:
    folder = Path(tempfile.mkdtemp(prefix="perdition-conformance-"))  # Dovecot's users may not enter pytest's own
    folder.chmod(0o755)
    with contextlib.ExitStack() as at_the_end:
        at_the_end.callback(shutil.rmtree, folder)
        certs = interop_certificates.make(folder)
        server = dovecot.start(folder / "real", certs.certificate, certs.key)
        at_the_end.callback(server.stop)
        yield RealDovecot(server, certs.ca)
