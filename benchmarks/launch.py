"""What it takes to start a proxy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import Case, Protocol, Transport


@dataclass(frozen=True, slots=True)
class Place:
    """What a proxy is told.

    Attributes:
        folder: its own.
        port: where it listens.
        spare: another port that it may use.
        server: the real server's port.
        workers: how many processes of ours; 0: one.
    """

    folder: Path
    port: int
    spare: int
    server: int
    protocol: Protocol
    transport: Transport
    certificate: Path
    key: Path
    regex_map: bool = False
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run, and what has to be there before.

    Attributes:
        files: by name, in the proxy's folder.
        logs: files that it may write whoever it becomes.
        folders: as files.
    """

    argv: Sequence[str]
    files: Mapping[str, str] = field(default_factory=dict)
    logs: Sequence[str] = ()
    folders: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """One proxy.

    Attributes:
        launch: what to run; None: no proxy at all.
        program: what must be on PATH.
        packages: of Debian, that bring it.
        version: a command that prints it.
        descriptors: its soft limit; 0: as many as may be.
        grace: seconds that it may take to end.
    """

    name: str
    title: str
    launch: Callable[[Place], Launch] | None
    protocols: frozenset[Protocol] = frozenset(Protocol)
    transports: frozenset[Transport] = frozenset(Transport)
    program: str = ""
    packages: Sequence[str] = ()
    version: Sequence[str] = ()
    descriptors: int = 0
    grace: float = 3.0

    def can(self, case: Case) -> bool:
        """Tell whether it can do that case, and the case says something about it."""
        return (
            case.protocol in self.protocols
            and case.transport in self.transports
            and (not case.targets or self.name in case.targets)
        )
