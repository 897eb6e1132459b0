"""Two thousand sessions, two hundred at a time, one in five of which misbehaves; twice.  Nothing is left of them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.io_trio import certificates as throw_away
from tests.io_trio.certificates import Certificates
from tests.io_trio.proxy import ROOT, Leg, Proxy, connections, write_configuration
from tests.soak.clients import CLIENT_LEGS, PROTOCOLS, SERVER_LEGS, Plan, follow, plans

SESSIONS = 2000
AT_ONCE = 200
AUTHENTICATE_TIMEOUT = 10
TOLERANCE = 3 * 1024
"""How many KiB the daemon may have grown by its second two thousand sessions.

Six runs in a row wander by 2 MiB up and down; a driver, a session or a TLS connection that stayed would cost more
than 1.5 KiB each.  (What stays of a single session is looked at by tests/io_trio/test_daemon.py and test_relay.py.)
"""

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return throw_away.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def real(certificates: Certificates) -> Iterator[dict[str, tuple[int, int]]]:
    files = str(certificates.cert_file), str(certificates.key_file)
    command = [sys.executable, "-m", "tests.soak.real_server", *files]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ports = {}
        for _ in PROTOCOLS:
            name, clear, secure = process.stdout.readline().split()
            ports[name] = int(clear), int(secure)
        try:
            yield ports
        finally:
            process.kill()


async def run(
    sessions: list[Plan],
    proxy: Proxy,
    ports: dict[tuple[str, str, str], int],
    real: dict[str, tuple[int, int]],
    certificates: Certificates,
) -> list[str]:
    """Have all the clients do what they do; give what went wrong."""
    wrong: list[str] = []
    todo = iter(sessions)

    async def work() -> None:
        for plan in todo:  # shared: each takes the next
            try:
                await follow(plan, ports, real, certificates.client)
            except Exception as error:
                wrong.append(f"{plan}: {error!r}")

    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(work)
    return wrong


async def test_nothing_is_left_of_two_thousand_sessions(
    tmp_path: Path, real: dict[str, tuple[int, int]], certificates: Certificates
) -> None:
    legs = tuple(Leg(*key) for key in ((p, c, s) for p in PROTOCOLS for c in CLIENT_LEGS for s in SERVER_LEGS))
    timeout = f"authenticate_timeout = {AUTHENTICATE_TIMEOUT}"
    file = write_configuration(tmp_path, legs, timeout, *certificates.options())
    sessions = plans(SESSIONS, seed=2)
    memory: list[int] = []
    with Proxy(f"--config_file={file}") as proxy:
        keys = [(leg.protocol, leg.client, leg.server) for leg in legs]
        ports = dict(zip(keys, proxy.ports, strict=True))
        at_rest = proxy.descriptors_at_rest()
        for _ in range(2):
            wrong = await run(sessions, proxy, ports, real, certificates)

            assert wrong == []

            proxy.wait_for_descriptors(at_rest)

            assert connections(proxy.pid) == []

            memory.append(proxy.memory())
        good = sum(plan.logs_in for plan in sessions)

        assert proxy.end(signal.SIGTERM) == 0
    assert proxy.errors == ""
    assert len(proxy.lines_with("Connect:")) >= 2 * SESSIONS
    assert len(proxy.lines_with("Closing session:")) >= 2 * good
    assert not proxy.lines_with("Internal error")
    assert not proxy.lines_with("lines were lost")
    assert not proxy.lines_with("correct")  # the password
    assert memory[1] <= memory[0] + TOLERANCE
