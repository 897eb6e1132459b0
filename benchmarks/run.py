"""A run: cases by groups; within a group all targets are up at once and measured in turn, so that noise meets all.

They are started anew for each round: from one process to the next the same program differs by some percent.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cases import Case, Protocol, Transport
from benchmarks.figures import MUCH_NOISE
from benchmarks.launch import Place, Target
from benchmarks.measure import Bench, Sample
from benchmarks.processes import Proxy, RunError, Server, certificate, free_port, program_of_load
from benchmarks.progress import Progress


@dataclass(frozen=True, slots=True)
class Machine:
    """Where proxies run, and where clients and the fake real server do: one core each, if there are two.

    Attributes:
        everything: all cores.
    """

    proxy: Sequence[int]
    load: Sequence[int]
    server: Sequence[int]
    everything: Sequence[int]

    def for_workers(self, count: int) -> "Machine":
        """Give each worker a core, and the rest to the load; where there is no rest, it takes as much of both ends."""
        cpus = self.everything
        if count < 2:
            return self
        if len(cpus) > count:
            return Machine(cpus[:count], cpus[count:], cpus[count:], cpus)
        return Machine(cpus, cpus[:1], cpus[-1:], cpus)


def this_machine() -> Machine:
    """Choose cores."""
    cpus = sorted(os.sched_getaffinity(0))
    return Machine(cpus[:1], cpus[-1:], cpus[-1:], cpus)


@dataclass(frozen=True, slots=True)
class Kind:
    """What proxies are told apart by; those of one kind serve all cases of a round that need it."""

    target: str
    protocol: Protocol
    transport: Transport
    regex_map: bool
    workers: int


class Run:
    """Measures cases against targets.

    Args:
        machine: where.
        again: how often a measurement is made again that others disturbed.
    """

    def __init__(
        self, targets: Sequence[Target], cases: Sequence[Case], progress: Progress, machine: Machine, *, again: int = 0
    ) -> None:
        self._targets = targets
        self._cases = cases
        self._progress = progress
        self._again = again
        self._machine = machine

    def samples(self) -> Iterator[Sample]:
        """Measure everything.

        Raises:
            RunError: the load generator or the certificate cannot be made.
        """
        with tempfile.TemporaryDirectory(prefix="perdition-bench-") as work:
            folder = Path(work)
            folder.chmod(0o755)  # proxies become nobody
            self._progress.say("compiling the load generator")
            program = program_of_load(folder)
            own, key = certificate(folder)
            groups: dict[str, list[Case]] = {}
            for case in self._cases:
                groups.setdefault(case.group, []).append(case)
            for name, cases in groups.items():
                machine = self._machine.for_workers(max(case.workers for case in cases))
                group = Group(folder / name, program, own, key, machine)
                yield from group.samples(self._targets, cases, self._progress, self._again)


class Group:
    """The cases of one group."""

    def __init__(self, folder: Path, program: Path, certificate: Path, key: Path, machine: Machine) -> None:
        self._folder, self._program, self._machine = folder, program, machine
        self._certificate, self._key = certificate, key
        self._bench = Bench(program, machine.load)
        self._started = 0

    def samples(
        self, targets: Sequence[Target], cases: Sequence[Case], progress: Progress, again: int
    ) -> Iterator[Sample]:
        """Measure: A B C, B C A, C A B; nobody is always the first."""
        pairs = [(case, target) for case in cases for target in targets if target.can(case)]
        spoken = {(case.protocol, case.transport) for case in cases}
        listeners = sorted(spoken | {(protocol, Transport.PLAIN) for protocol, _ in spoken})
        with ExitStack() as stack:
            server = stack.enter_context(
                Server(self._program, self._certificate, self._key, listeners, self._machine.server)
            )
            ports = dict(zip(listeners, server.ports, strict=True))
            for repeat in range(max((case.repeats for case in cases), default=0)):
                turn = repeat % len(pairs) if pairs else 0
                with ExitStack() as proxies:
                    up: dict[Kind, Proxy | RunError] = {}
                    for case, target in pairs[turn:] + pairs[:turn]:
                        if repeat >= case.repeats:
                            continue
                        progress.now(case, target, repeat)
                        for _ in range(again + 1):
                            sample = self._measure(case, target, ports, server, up, proxies)
                            if sample.others <= MUCH_NOISE or sample.failed:
                                break
                        progress.done(sample)
                        yield replace(sample, round=repeat)

    def _measure(
        self,
        case: Case,
        target: Target,
        ports: Mapping[tuple[Protocol, Transport], int],
        server: Server,
        up: dict[Kind, Proxy | RunError],
        stack: ExitStack,
    ) -> Sample:
        if target.launch is None:
            return self._bench.measure(case, target.name, ports[case.protocol, case.transport], None, server)
        backend = ports[case.protocol, Transport.PLAIN]
        if case.is_idle:  # memory is counted from a fresh start
            try:
                with self._proxy(target, case, backend) as proxy:
                    return self._bench.measure(case, target.name, proxy.port, proxy, server)
            except RunError as error:
                return Sample(case.name, target.name, {}, failed=str(error))
        kind = Kind(target.name, case.protocol, case.transport, case.regex_map, case.workers)
        if kind not in up:
            try:
                up[kind] = stack.enter_context(self._proxy(target, case, backend))
            except RunError as error:
                up[kind] = error
        proxy_or_error = up[kind]
        if isinstance(proxy_or_error, RunError):
            return Sample(case.name, target.name, {}, failed=str(proxy_or_error))
        return self._bench.measure(case, target.name, proxy_or_error.port, proxy_or_error, server)

    @contextmanager
    def _proxy(self, target: Target, case: Case, backend: int) -> Iterator[Proxy]:
        self._started += 1
        place = Place(
            self._folder / f"{target.name}-{self._started}",
            free_port(),
            free_port(),
            backend,
            case.protocol,
            case.transport,
            self._certificate,
            self._key,
            case.regex_map,
            case.workers,
        )
        try:
            proxy = Proxy(target, place, self._machine.proxy)
        except OSError as error:
            raise RunError(f"{target.name} cannot be started: {error}") from None
        try:
            proxy.wait_until_ready()
            yield proxy
        finally:
            proxy.end()
