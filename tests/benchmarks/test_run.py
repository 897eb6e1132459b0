"""The load generator against its own fake server, and a whole run, as short as may be."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from benchmarks.cases import Case, Protocol, Transport
from benchmarks.launch import Launch
from benchmarks.measure import Bench
from benchmarks.processes import Server, certificate, program_of_load
from benchmarks.progress import Progress
from benchmarks.run import Run, this_machine
from benchmarks.targets import TARGETS

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc and libssl-dev (apt-packages.txt)")

EVERYTHING = [(protocol, transport) for protocol in Protocol for transport in Transport]
SHORT = Case("short", "short", "short", repeats=1, warm=0.1, seconds=0.2)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return program_of_load(tmp_path_factory.mktemp("load"))


@pytest.fixture(scope="module")
def server(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    own, key = certificate(tmp_path_factory.mktemp("certificate"))
    with Server(program, own, key, EVERYTHING, this_machine().load) as running:
        yield running


@pytest.mark.parametrize(("protocol", "transport"), EVERYTHING)
def test_clients_of_every_kind_reach_the_fake_server(
    protocol: Protocol, transport: Transport, program: Path, server: Server
) -> None:
    case = replace(SHORT, protocol=protocol, transport=transport, held=5, sessions=3, fetches=2, round_trips=2)
    port = server.ports[EVERYTHING.index((protocol, transport))]

    sample = Bench(program, this_machine().load).measure(case, "direct", port, None, server)

    assert not sample.failed
    assert sample.values["errors"] == 0
    assert sample.values["sessions_per_second"] > 0
    assert sample.values["gb_per_second"] > 0
    assert sample.values["round_trip_p50_us"] > 0


def test_nobody_there_is_a_failure_and_no_figure(program: Path, server: Server) -> None:
    case = replace(SHORT, sessions=1)

    sample = Bench(program, this_machine().load).measure(case, "direct", 1, None, server)

    assert "refused" in sample.failed
    assert sample.values == {}


def test_a_run_measures_ours_in_all_ways() -> None:
    cases = [
        replace(SHORT, name="sessions", sessions=4, regex_map=True),
        replace(SHORT, name="mixed", transport=Transport.TLS, fetches=1, round_trips=1, held=3),
        replace(SHORT, name="idle", group="idle", held=10),
    ]
    targets, said = [TARGETS["ours"]], StringIO()
    progress = Progress(cases, targets, said)

    samples = {sample.case: sample for sample in Run(targets, cases, progress, this_machine()).samples()}

    assert not [sample.failed for sample in samples.values() if sample.failed]
    assert all(sample.values["errors"] == 0 for sample in samples.values())
    assert samples["sessions"].values["session_ms"] > 0
    assert samples["mixed"].values["gb_per_cpu_second"] > 0
    assert samples["idle"].values["processes"] >= 1
    assert "[3/3] idle ours" in said.getvalue()


def test_a_proxy_that_does_not_start_is_said_with_its_last_words() -> None:
    cases = [replace(SHORT, sessions=1)]
    ours = TARGETS["ours"]
    assert ours.launch is not None
    broken = replace(ours, launch=lambda place: Launch(["sh", "-c", "echo no such thing; exit 1"]))

    [sample] = Run([broken], cases, Progress(cases, [broken], StringIO()), this_machine()).samples()

    assert "no such thing" in sample.failed
