"""`./dev bench linear`: what an octet costs the machines, in messages of 1 KB to 1 MB and in 100 to 100,000 commands.

A machine is linear if a row of the table is level: then no peer can make it slow by a long message, nor by many
small ones.  tests/protocol/test_linear.py says the same by counting work, for time decides nothing in a test.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import attrs

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.limits import Limits
from perdition.protocol.signals import Signal

Answer: TypeAlias = Callable[[Any], bytes]
Make: TypeAlias = Callable[[], tuple[Any, Answer]]
Data: TypeAlias = Callable[[int], bytes]

ROOM: Final = Limits(
    line=2**22, sasl=2**22, literal=2**22, command=2**23, block=2**23, lines=10**6, backlog=2**24, bad_commands=10**6
)
"""Nothing here passes a limit: those would end a long message early."""
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
REPEATS: Final = 5
LEVEL: Final = 5.0
"""How many times more an octet of 1 MB may cost than one of 10 KB, for caches and neighbours; quadratic is 100."""


@attrs.frozen
class Case:
    """One kind of input.

    Attributes:
        name: what it is.
        make: gives a machine that is ready for it, and what answers an event.
        data: gives about so many octets of it.
        piece: octets a feed; 0: all at once.
    """

    name: str
    make: Make
    data: Data
    piece: int = 0


def silent(event: Any) -> bytes:
    """Answer nothing: a client hears."""
    return b""


def pop3_server() -> tuple[Any, Answer]:
    """Give a POP3 server that says yes."""
    server = pop3.Server(ROOM)
    server.send(pop3.Greeting(b"hi"))

    def answer(event: Any) -> bytes:
        return server.send(event.reply if isinstance(event, pop3.BadCommand) else pop3.Reply(pop3.Status.OK))

    return server, answer


def imap4_server() -> tuple[Any, Answer]:
    """Give an IMAP4 server that lets nobody in."""
    server = imap4.Server(ROOM)
    server.send(imap4.Greeting(b"hi"))

    def answer(event: Any) -> bytes:
        bad = isinstance(event, imap4.BadCommand)
        return server.send(event.reply if bad else imap4.Tagged(event.tag, imap4.Status.NO))

    return server, answer


def managesieve_server() -> tuple[Any, Answer]:
    """Give a ManageSieve server that says yes."""
    server = managesieve.Server(ROOM)
    server.send(managesieve.Response(managesieve.Status.OK))

    def answer(event: Any) -> bytes:
        bad = isinstance(event, managesieve.BadCommand)
        return server.send(event.reply if bad else managesieve.Response(managesieve.Status.OK))

    return server, answer


def pop3_client() -> tuple[Any, Answer]:
    """Give a POP3 client that has asked for the capabilities."""
    client = pop3.Client(ROOM)
    client.receive_data(b"+OK\r\n")
    client.next_event()
    client.send(pop3.Command("CAPA"))
    return client, silent


def imap4_client() -> tuple[Any, Answer]:
    """Give an IMAP4 client that waits for an answer."""
    client = imap4.Client(ROOM)
    client.receive_data(b"* OK hi\r\n")
    client.next_event()
    client.send(imap4.Command(b"a", "NOOP"))
    return client, silent


def managesieve_client() -> tuple[Any, Answer]:
    """Give a ManageSieve client that has asked for the capabilities."""
    client = managesieve.Client(ROOM)
    client.receive_data(b"OK\r\n")
    client.next_event()
    client.send(managesieve.Command("CAPABILITY"))
    return client, silent


def filled(before: bytes, unit: bytes, behind: bytes) -> Data:
    """Repeat a unit between two ends, up to a size."""
    return lambda size: before + unit * max(1, (size - len(before) - len(behind)) // len(unit)) + behind


def literal(before: bytes, behind: bytes, plus: bytes = b"+") -> Data:
    """Write one literal of a size."""
    return lambda size: b"%s{%d%s}\r\n%s%s" % (before, size, plus, b"x" * size, behind)


def listed(line: bytes) -> Data:
    """Write lines that differ, up to a size."""
    return lambda size: b"".join(line % number for number in range(max(1, size // len(line % 0))))


def in_pieces(name: str, make: Make, data: Data) -> list[Case]:
    """Give a case whole, in segments of a network, and in small pieces."""
    ways = (("whole", 0), ("by 1,400", 1400), ("by 16", 16))
    return [Case(f"{name}, {way}", make, data, piece) for way, piece in ways]


CASES: Final = (
    *in_pieces("POP3 server, line", pop3_server, filled(b"USER ", b"u", b"\r\n")),
    *in_pieces("IMAP4 server, quoted string", imap4_server, filled(b'a LOGIN u "', b'\\"', b'"\r\n')),
    *in_pieces("IMAP4 server, literal", imap4_server, literal(b"a LOGIN u ", b"\r\n")),
    *in_pieces("ManageSieve server, literal", managesieve_server, literal(b"NOOP ", b"\r\n")),
    Case("IMAP4 server, literals", imap4_server, filled(b"a LOGIN u", b" {1+}\r\nx", b"\r\n")),
    Case("ManageSieve server, strings", managesieve_server, filled(b"NOOP", b' "x"', b"\r\n")),
    Case("POP3 server, commands", pop3_server, filled(b"", b"USER joe\r\n", b"")),
    Case("IMAP4 server, commands", imap4_server, filled(b"", b"a001 NOOP\r\n", b"")),
    Case("IMAP4 server, bad commands", imap4_server, filled(b"", b"a001 NOPE\r\n", b"")),
    Case("ManageSieve server, commands", managesieve_server, filled(b"", b'NOOP "x"\r\n', b"")),
    *in_pieces("POP3 client, block", pop3_client, filled(b"+OK\r\n", b"SASL PLAIN\r\n", b".\r\n")),
    *in_pieces("IMAP4 client, literal", imap4_client, literal(b"* 1 FETCH (BODY[] ", b")\r\n", plus=b"")),
    Case("IMAP4 client, untagged lines", imap4_client, filled(b"", b"* 12 EXISTS\r\n", b"")),
    Case("IMAP4 client, capabilities", imap4_client, filled(b"* CAPABILITY", b" X-CAPABILITY", b"\r\n")),
    Case("IMAP4 client, code of a response", imap4_client, filled(b"* OK [X", b' "a]\\""', b"] done\r\n")),
    Case("ManageSieve client, capabilities", managesieve_client, listed(b'"X%09d" "value"\r\n')),
    Case("ManageSieve client, code of a response", managesieve_client, filled(b"NO (X", b' "y"', b") {2}\r\nno\r\n")),
)


def cut(data: bytes, size: int) -> list[bytes]:
    """Cut octets into pieces; 0: one."""
    return [data[at : at + size] for at in range(0, len(data), size)] if size else [data]


def feed(machine: Any, answer: Answer, pieces: Iterable[bytes]) -> int:
    """Feed octets and answer all events; give how many events there were."""
    count = 0
    for piece in pieces:
        machine.receive_data(piece)
        while not isinstance(event := machine.next_event(), Signal):
            answer(event)
            count += 1
    return count


def nanoseconds(case: Case, size: int, repeats: int = REPEATS) -> float:
    """Measure what an octet costs: the best of some runs."""
    data = case.data(size)
    pieces = cut(data, case.piece)
    best = float("inf")
    for _ in range(repeats):
        machine, answer = case.make()
        gc.collect()
        begin = time.perf_counter_ns()
        feed(machine, answer, pieces)
        best = min(best, time.perf_counter_ns() - begin)
    return best / len(data)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1: a row is not level."""
    parser = argparse.ArgumentParser(prog="./dev bench linear", description="What an octet costs the machines.")
    parser.add_argument("--repeats", type=int, default=REPEATS, metavar="N", help="measure each N times, take the best")
    found = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    print("Nanoseconds an octet, by the size of the input; a command has about ten octets.\n")
    print(f"| {'case':40} | " + " | ".join(f"{size // 1000:>4} KB" for size in SIZES) + " | to 10 KB |")
    print(f"|{'-' * 42}|" + "|".join("-" * 9 for _ in SIZES) + "|----------|")
    bad = 0
    for case in CASES:
        costs = [nanoseconds(case, size, found.repeats) for size in SIZES]
        level = costs[-1] / costs[1]
        bad += level > LEVEL
        print(f"| {case.name:40} | " + " | ".join(f"{cost:7.1f}" for cost in costs) + f" | {level:7.1f}x |", flush=True)
    print(f"\n{len(CASES) - bad} of {len(CASES)} rows are level: 1 MB costs at most {LEVEL:.0f} times 10 KB, an octet.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
