"""A real Dovecot or two, and daemons in front of them; all of it lives as long as the tests need it."""

import contextlib
import shutil
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.interop import certificates, dovecot, proxy
from tests.interop.certificates import Certificates
from tests.interop.dovecot import READER, Dovecot
from tests.interop.messages import LARGE
from tests.interop.proxy import Options, Proxy, StartProxy
from tests.interop.transports import COMBINATIONS, Protocol, name, ssl_mode


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder."""
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker("interop")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that Dovecot's users may enter; pytest's own are closed to them."""
    path = Path(tempfile.mkdtemp(prefix="perdition-interop-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def certs(folder: Path) -> Certificates:
    """Certificates for all servers."""
    return certificates.make(folder)


@pytest.fixture(scope="session")
def context(certs: Certificates) -> ssl.SSLContext:
    """What clients trust."""
    return ssl.create_default_context(cafile=str(certs.ca))


@pytest.fixture(scope="session")
def real(folder: Path, certs: Certificates) -> Iterator[Dovecot]:
    """The real server."""
    server = dovecot.start(folder / "real", certs.certificate, certs.key)
    with contextlib.ExitStack() as at_the_end:
        at_the_end.callback(server.stop)
        server.deliver(READER, LARGE)
        yield server


@pytest.fixture(scope="session")
def other(folder: Path, certs: Certificates) -> Iterator[Dovecot]:
    """Another real server, whose certificate names another host."""
    server = dovecot.start(folder / "other", certs.elsewhere, certs.elsewhere_key)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def start_proxy(folder: Path, certs: Certificates) -> StartProxy:
    """Start a daemon; at its end it must have come through without an internal error."""

    @contextlib.contextmanager
    def started(listeners: Mapping[str, Options]) -> Iterator[Proxy]:
        daemon = proxy.start(Path(tempfile.mkdtemp(dir=folder)), certs, listeners)
        try:
            yield daemon
        finally:
            status = daemon.stop()
            print(daemon.log)  # pytest shows it if a test fails

        assert status == 0
        assert "Internal error" not in daemon.log

    return started


@pytest.fixture(scope="session")
def daemon(start_proxy: StartProxy, real: Dovecot) -> Iterator[Proxy]:
    """One daemon that serves all protocols in all ways, 27 listeners."""
    listeners: dict[str, Options] = {
        name(protocol, client, server): {
            "protocol": protocol.value,
            "ssl_mode": ssl_mode(client, server),
            "outgoing_server": real.address(protocol, server),
        }
        for protocol in Protocol
        for client, server in COMBINATIONS
    }
    with start_proxy(listeners) as proxy:
        yield proxy
