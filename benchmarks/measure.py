"""One measurement: one case against one proxy, for one stretch of time."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.accounts import busiest, machine_busy, memory, process_cpu, wake_ups
from benchmarks.cases import Case
from benchmarks.processes import PATIENCE, Proxy, RunError, Server, Talker

PROBES: Final = 300
REST: Final = 2.0
"""Seconds that idle sessions are looked at."""
OPENING: Final = 240.0
"""Seconds that idle sessions may take to log in."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one measurement gave.

    Attributes:
        values: by the names of metrics (report.METRICS).
        others: how many cores somebody else kept busy meanwhile.
        failed: why there are no values.
        round: which time round; measurements of one round were made soon after each other.
    """

    case: str
    target: str
    values: Mapping[str, float]
    others: float = 0.0
    failed: str = ""
    round: int = 0


@dataclass(frozen=True, slots=True)
class Clocks:
    """CPU seconds so far."""

    proxy: float
    load: float
    machine: float


class Bench:
    """Measures.

    Args:
        program: the load generator.
        cpus: where it may run.
    """

    def __init__(self, program: Path, cpus: Sequence[int]) -> None:
        self._program, self._cpus = program, cpus

    def measure(self, case: Case, name: str, port: int, proxy: Proxy | None, server: Server) -> Sample:
        """Measure; what goes wrong is in the sample."""
        try:
            if case.is_idle and proxy is not None:
                return self._idle(case, name, port, proxy)
            return self._busy(case, name, port, proxy, server)
        except RunError as error:
            return Sample(case.name, name, {}, failed=str(error))

    def _client(self, case: Case, port: int) -> Talker:
        numbers = (case.held, case.sessions, case.fetches, case.round_trips)
        words = [str(port), case.protocol.value, case.transport.value, *(str(number) for number in numbers)]
        return Talker([str(self._program), "client", *words], self._cpus)

    def _busy(self, case: Case, name: str, port: int, proxy: Proxy | None, server: Server) -> Sample:
        with self._client(case, port) as client:
            held = client.hear("held", OPENING)
            if held["held"] != case.held:
                raise RunError(f"{held['held']} of {case.held} idle sessions logged in: {held['errors']}")
            if case.held and proxy is not None:
                proxy.settle()
            client.say(f"run {case.warm} {case.seconds}")
            client.hear("begin", PATIENCE + case.warm)
            workers = proxy.account.processes() if proxy is not None and case.workers else []
            before, began = clocks(proxy, client, server), {worker: process_cpu(worker) for worker in workers}
            client.say("go")
            client.hear("stop", PATIENCE + case.seconds)
            after, most = clocks(proxy, client, server), busiest(began)
            client.say("go")
            said = client.hear("end")
        if proxy is not None:
            proxy.settle(3.0)
        used = after.proxy - before.proxy
        load = after.load - before.load
        seconds = number(said, "seconds")
        values = operations(case, said, used if proxy is not None else None)
        values["load"] = load / seconds
        if most:
            values["sessions_at_most"] = number(said, "sessions") / most
            values["busiest_share"] = most / used
        values["errors"] = errors(said)
        others = (after.machine - before.machine - used - load) / seconds
        return Sample(case.name, name, values, max(0.0, others))

    def _idle(self, case: Case, name: str, port: int, proxy: Proxy) -> Sample:
        proxy.settle()
        empty = memory(proxy.account.processes())
        with self._client(case, port) as client:
            held = client.hear("held", OPENING)
            if held["held"] != case.held:
                raise RunError(f"{held['held']} of {case.held} sessions logged in: {held['errors']}")
            proxy.settle()
            processes = proxy.account.processes()
            full = memory(processes)
            cpu, woken, began = proxy.account.cpu(), wake_ups(processes), time.monotonic()
            time.sleep(REST)
            rested = time.monotonic() - began
            cpu, woken = proxy.account.cpu() - cpu, wake_ups(processes) - woken
            client.say(f"probe {PROBES}")
            probed = client.hear("probed", PATIENCE + PROBES * 0.1)
        values = {
            "private_kb": (full.private - empty.private) / case.held,
            "proportional_kb": (full.proportional - empty.proportional) / case.held,
            "empty_mb": empty.proportional / 1024,
            "processes": float(len(processes)),
            "opened_per_second": number(held, "held") / number(held, "seconds"),
            "rest_ms": cpu / rested * 1e3,
            "rest_wake_ups": woken / rested,
            "errors": errors(probed) + case.held - number(probed, "held"),
            **times(probed, "probe", "round_trip"),
        }
        return Sample(case.name, name, values)


def clocks(proxy: Proxy | None, client: Talker, server: Server) -> Clocks:
    """Look at all clocks."""
    load = process_cpu(client.process) + process_cpu(server.process)
    return Clocks(proxy.account.cpu() if proxy is not None else 0.0, load, machine_busy())


def operations(case: Case, said: Mapping[str, object], cpu: float | None) -> dict[str, float]:
    """Turn counts into metrics.  `cpu` is the proxy's; none without a proxy.

    Raises:
        RunError: nothing happened.
    """
    seconds = number(said, "seconds")
    sessions, fetched, trips = number(said, "sessions"), number(said, "octets") / 1e9, number(said, "round_trips")
    values = {**times(said, "log_in", "log_in"), **times(said, "round_trip", "round_trip")}
    wanted = {"session": (case.sessions, sessions), "octet": (case.fetches, fetched), "NOOP": (case.round_trips, trips)}
    for what, (clients, done) in wanted.items():
        if clients and not done:
            raise RunError(f"no {what} came through within {seconds:.1f} s; errors: {said['errors'] or 'none'}")
    if case.sessions:
        values["sessions_per_second"] = sessions / seconds
    if case.fetches:
        values["gb_per_second"] = fetched / seconds
    if case.round_trips:
        values["round_trips_per_second"] = trips / seconds
    if not cpu:
        return values
    if case.sessions:
        values["session_ms"] = cpu / sessions * 1e3
    if case.fetches:
        values["gb_per_cpu_second"] = fetched / cpu
    if case.round_trips and not case.fetches:
        values["round_trip_cpu_us"] = cpu / trips * 1e6
    return values


def times(said: Mapping[str, object], member: str, prefix: str) -> dict[str, float]:
    """Give the quantiles of something that took time, in microseconds."""
    found = said[member]
    if not isinstance(found, dict):
        return {}
    return {f"{prefix}_p50_us": float(found["p50_us"]), f"{prefix}_p99_us": float(found["p99_us"])}


def number(said: Mapping[str, object], member: str) -> float:
    """Read a number that the load generator said."""
    value = said[member]
    assert isinstance(value, int | float)  # noqa: S101  # drive.c writes one
    return float(value)


def errors(said: Mapping[str, object]) -> float:
    """Count the errors that clients met."""
    found = said["errors"]
    assert isinstance(found, dict)  # noqa: S101  # drive.c writes one
    return float(sum(found.values()))
