"""`./dev bench machines`: what a log-in costs the machines of protocol/ and session/, without a socket.

To compare Pythons, run it with each of them: PYTHON -m benchmarks.machines.  The fastest of many repetitions
counts: it is the one that nothing disturbed.
"""

import argparse
import gc
import platform
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from perdition.maps.outcome import Absent
from perdition.session import Endpoints, Policy, Proto, Session
from perdition.session.effects import Answer, Connected, Received, Relay

ENDPOINTS: Final = Endpoints(client=("192.0.2.7", 4242), local=("192.0.2.1", 110), banner_host="mail.example")
ANSWERS: Final[dict[Proto, Sequence[Answer]]] = {
    Proto.POP3: [
        Received(b"USER joe\r\n"),
        Received(b"PASS secret\r\n"),
        Absent(),
        Connected(),
        Received(b"+OK ready\r\n"),
        Received(b"+OK\r\n"),
        Received(b"+OK Logged in\r\n"),
    ],
    Proto.IMAP4: [
        Received(b"a LOGIN joe secret\r\n"),
        Absent(),
        Connected(),
        Received(b"* OK [CAPABILITY IMAP4rev1 LITERAL+ IDLE] ready\r\n"),
        Received(b"p1 OK [CAPABILITY IMAP4rev1 LITERAL+ IDLE] Logged in\r\n"),
    ],
    Proto.MANAGESIEVE: [
        Received(b'AUTHENTICATE "PLAIN" "AGpvZQBzZWNyZXQ="\r\n'),
        Absent(),
        Connected(),
        Received(b'"SASL" "PLAIN"\r\nOK "ready"\r\n'),
        Received(b'OK "Logged in"\r\n'),
    ],
}
"""What a client and a real server say in a log-in that works."""
LOG_INS: Final = 500
REPEATS: Final = 40


def policy(proto: Proto) -> Policy:
    """Give the policy of a daemon with one real server and no TLS."""
    capabilities = {
        Proto.POP3: (b"UIDL", b"USER"),
        Proto.IMAP4: (b"IMAP4rev1",),
        Proto.MANAGESIEVE: (b'"SASL" "PLAIN"',),
    }
    return Policy(
        proto=proto,
        label=proto.name,
        capabilities=capabilities[proto],
        instance="cafe0123",
        outgoing_servers=(("real.example", None),),
        outgoing_port="1110",
        authenticate_timeout=60,
        connect_timeout=30,
        failure_delay=3,
    )


def log_in(rules: Policy, answers: Sequence[Answer]) -> None:
    """Do one log-in, up to the hand-over.

    Raises:
        RuntimeError: it does not get there.
    """
    session = Session(rules, ENDPOINTS, 0)
    effects = session.start()
    for answer in answers:
        effects = session.handle(answer)
    if not isinstance(effects[-1], Relay):
        raise RuntimeError(f"{rules.label}: expected the hand-over, found {effects[-1]}")


def fastest(work: Callable[[], None], count: int, repeats: int) -> float:
    """Give the seconds that one call takes, in the fastest of some repetitions."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        for _ in range(count):
            work()
        best = min(best, (time.perf_counter() - began) / count)
    return best


def main(arguments: Sequence[str]) -> int:
    """Print a line a protocol; give the exit status."""
    parser = argparse.ArgumentParser(prog="./dev bench machines", description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, metavar="N", help=f"default: {REPEATS}")
    found = parser.parse_args(arguments)
    collects = gc.isenabled()
    gc.disable()
    print(f"Python {platform.python_version()}, us a log-in")
    for proto, answers in ANSWERS.items():
        rules = policy(proto)

        def work(rules: Policy = rules, answers: Sequence[Answer] = answers) -> None:
            log_in(rules, answers)

        print(f"  {proto.name:<12} {fastest(work, LOG_INS, found.repeats) * 1e6:6.1f}")
    if collects:
        gc.enable()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
