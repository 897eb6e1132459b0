"""What is measured: one row a case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Protocol(StrEnum):
    """What is spoken."""

    IMAP = "imap"
    POP3 = "pop3"
    SIEVE = "sieve"


class Transport(StrEnum):
    """How the client's leg has TLS; the real server's has none."""

    PLAIN = "plain"
    TLS = "tls"
    STARTTLS = "starttls"


@dataclass(frozen=True, slots=True)
class Case:
    """What clients do.  `held` log in before, and rest; the others are at work all the time.

    Attributes:
        group: cases of one group and all their targets are interleaved, so that they can be compared.
        sessions: so many connect, log in, log out, and come again.
        fetches: so many fetch a message without end.
        round_trips: so many send NOOP after NOOP.
        regex_map: the proxy looks users up in 20 regular expressions, of which the last one matches.
        workers: so many processes of ours serve side by side, each with a core if there are enough; 0: one.
        targets: which ones it says something about; empty: all.
    """

    name: str
    title: str
    group: str
    protocol: Protocol = Protocol.IMAP
    transport: Transport = Transport.PLAIN
    held: int = 0
    sessions: int = 0
    fetches: int = 0
    round_trips: int = 0
    regex_map: bool = False
    workers: int = 0
    targets: frozenset[str] = frozenset()
    repeats: int = 5
    warm: float = 0.5
    seconds: float = 2.0

    @property
    def is_idle(self) -> bool:
        """Whether memory and rest are what is measured."""
        return not (self.sessions or self.fetches or self.round_trips)


PROXIES: Final = frozenset({"perdition", "nginx", "dovecot", "haproxy", "ours", "other"})
OURS: Final = frozenset({"ours", "other"})
TLS: Final = Transport.TLS

FULL: Final[Sequence[Case]] = (
    Case("sessions-plain-16", "plain IMAP sessions, 16 at once", "sessions", sessions=16, repeats=9, seconds=1.0),
    Case(
        "sessions-regex-16",
        "plain IMAP sessions, 16 at once, regex map",
        "sessions",
        sessions=16,
        regex_map=True,
        targets=frozenset({"perdition", "ours", "other"}),
        repeats=9,
        seconds=1.0,
    ),
    Case(
        "sessions-held-5000",
        "plain IMAP sessions, 16 at once, 5,000 idle ones held",
        "sessions",
        sessions=16,
        held=5000,
        targets=PROXIES,
        seconds=1.0,
    ),
    Case("sessions-plain-256", "plain IMAP sessions, 256 at once", "sessions", sessions=256),
    Case("sessions-tls-16", "IMAPS sessions, 16 at once", "tls", transport=TLS, sessions=16),
    Case("log-in-tls-1", "IMAPS log-in, 1 at once", "tls", transport=TLS, sessions=1),
    Case("round-trips-tls-64", "NOOP over TLS, 64 connections", "tls", transport=TLS, round_trips=64, repeats=3),
    Case("bulk-plain-8", "bulk relay plain, 8 streams", "bulk", fetches=8),
    Case("round-trips-64", "NOOP, 64 connections", "bulk", round_trips=64),
    Case("fairness-plain", "NOOP on 4 connections beside 8 plain bulk streams", "bulk", fetches=8, round_trips=4),
    Case("bulk-tls-8", "bulk relay, client leg TLS, 8 streams", "bulk-tls", transport=TLS, fetches=8),
    Case(
        "fairness-tls",
        "NOOP on 4 connections beside 8 TLS bulk streams",
        "bulk-tls",
        transport=TLS,
        fetches=8,
        round_trips=4,
        repeats=3,
    ),
    Case("idle-plain-5000", "5,000 idle plain sessions", "idle", held=5000, targets=PROXIES, repeats=2),
    Case("idle-tls-5000", "5,000 idle IMAPS sessions", "idle", transport=TLS, held=5000, targets=PROXIES, repeats=2),
    Case("workers-1", "plain IMAP sessions, 32 at once, one worker", "workers", sessions=32, workers=1, targets=OURS),
    Case("workers-2", "plain IMAP sessions, 32 at once, two workers", "workers", sessions=32, workers=2, targets=OURS),
    Case(
        "sessions-starttls-16",
        "IMAP sessions with STARTTLS, 16 at once",
        "starttls",
        transport=Transport.STARTTLS,
        sessions=16,
        repeats=3,
    ),
    Case("sessions-pop3-16", "plain POP3 sessions, 16 at once", "pop3", Protocol.POP3, sessions=16, repeats=3),
    Case(
        "sessions-sieve-16", "plain ManageSieve sessions, 16 at once", "sieve", Protocol.SIEVE, sessions=16, repeats=3
    ),
)

QUICK_NAMES: Final = {
    "sessions-plain-16",
    "sessions-regex-16",
    "sessions-tls-16",
    "log-in-tls-1",
    "bulk-plain-8",
    "round-trips-64",
    "fairness-plain",
    "bulk-tls-8",
}
QUICK: Final[Sequence[Case]] = (
    *(replace(case, repeats=3, warm=0.3, seconds=1.0) for case in FULL if case.name in QUICK_NAMES),
    Case(
        "sessions-held-1000",
        "plain IMAP sessions, 16 at once, 1,000 idle ones held",
        "sessions",
        sessions=16,
        held=1000,
        targets=PROXIES,
        repeats=2,
        warm=0.3,
        seconds=1.0,
    ),
    Case("idle-plain-1000", "1,000 idle plain sessions", "idle", held=1000, targets=PROXIES, repeats=1),
    Case("idle-tls-1000", "1,000 idle IMAPS sessions", "idle", transport=TLS, held=1000, targets=PROXIES, repeats=1),
)

MOST_A_WORKER: Final = 9800
"""Idle sessions, for two descriptors each and a limit of 20,000."""
SCALE: Final[Sequence[Case]] = tuple(
    Case(
        f"scale-{workers}-{held * workers}-{transport.value}",
        f"{held * workers:,} idle sessions, {transport.value}, {workers} worker{'s' * (workers > 1)}",
        f"scale-{workers}",
        transport=transport,
        held=held * workers,
        workers=workers,
        targets=OURS,
        repeats=1,
    )
    for workers in (1, 2)
    for transport in (Transport.PLAIN, Transport.TLS)
    for held in (100, 1000, 3000, 6000, MOST_A_WORKER)
)
"""What more and more idle sessions cost."""
