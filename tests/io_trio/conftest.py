"""Certificates and the daemon that several test files share."""

from collections.abc import AsyncIterator, Iterator

import attrs
import pytest

from tests.io_trio import certificates as throw_away
from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import DIALECTS, Dialect
from tests.io_trio.proxy import Leg, Proxy, write_configuration
from tests.io_trio.stage import MakeStage, staging

CLIENT_LEGS = ("", "ssl", "tls")
SERVER_LEGS = ("", "ssl", "tls_force")
PATIENT, HASTY = 120, 5
"""Two values of authenticate_timeout."""


@attrs.frozen
class Running:
    """A daemon with a listener for each combination of TLS on both legs, in each protocol.

    Attributes:
        proxy: it.
        descriptors: how many it had before the first connection.
        ports: by protocol, client's leg and real server's leg.
        hasty: the same, where authenticate_timeout is 5 seconds.
    """

    proxy: Proxy
    descriptors: int
    ports: dict[tuple[str, str, str], int]
    hasty: dict[tuple[str, str, str], int]

    def is_at_rest(self) -> None:
        """Wait until it holds nothing any more that it did not hold at first."""
        self.proxy.wait_for_descriptors(self.descriptors)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return throw_away.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=DIALECTS, ids=repr)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Run a test in all three protocols."""
    asked: Dialect = request.param
    return asked


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Running]:
    legs = [
        Leg(dialect.name, client, server, (f"authenticate_timeout = {seconds}",))
        for seconds in (PATIENT, HASTY)
        for dialect in DIALECTS
        for client in CLIENT_LEGS
        for server in SERVER_LEGS
    ]
    file = write_configuration(tmp_path_factory.mktemp("daemon"), tuple(legs), *certificates.options())
    with Proxy(f"--config_file={file}") as proxy:
        ports = [((leg.protocol, leg.client, leg.server), port) for leg, port in zip(legs, proxy.ports, strict=True)]
        half = len(ports) // 2
        yield Running(proxy, proxy.descriptors_at_rest(), dict(ports[:half]), dict(ports[half:]))
    assert proxy.errors == ""
    assert not proxy.lines_with("Internal error")


@pytest.fixture
async def make_stage() -> AsyncIterator[MakeStage]:
    async with staging() as make:
        yield make
