"""What two thousand clients do: most log in and have octets echoed, one in five misbehaves."""

import base64
import contextlib
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import attrs
import trio

from tests.soak.real_server import PASSWORD

SLOW: Final = 20
"""How many octets a slow client sends one by one."""
NOISE: Final = random.Random(1).randbytes(1 << 20)  # noqa: S311  # no secret
PROTOCOLS: Final = ("POP3", "IMAP4", "MANAGESIEVE")
CLIENT_LEGS: Final = ("", "ssl", "tls")
SERVER_LEGS: Final = ("", "ssl", "tls_force")

Ports = Mapping[tuple[str, str, str], int]


class Unexpected(Exception):
    """A client did not hear what it should have."""


@attrs.frozen
class Plan:
    """One client: what it does, over which legs, and where its octets start in the noise."""

    deed: str
    protocol: str
    client: str
    server: str
    start: int
    count: int

    @property
    def logs_in(self) -> bool:
        return self.deed in LOG_IN


def plans(count: int, seed: int) -> list[Plan]:
    """Make plans, always the same ones; those that take long come first."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    made = []
    for number in range(count):
        deed = chance.choice(sorted(MISBEHAVE)) if number % 5 == 0 else "behaves"
        leg = chance.choice(DEED_LEGS.get(deed, CLIENT_LEGS))
        size = chance.choice((0, 1, 100, 5_000, 20_000, 70_000))
        made.append(
            Plan(
                deed,
                chance.choice(PROTOCOLS),
                leg,
                chance.choice(SERVER_LEGS),
                chance.randrange(len(NOISE) - size),
                size,
            )
        )
    chance.shuffle(made)
    return sorted(made, key=lambda plan: plan.deed not in TAKES_LONG)


@attrs.define
class Client:
    """One client with its connection."""

    plan: Plan
    user: bytes
    context: ssl.SSLContext
    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]
    _buffer: bytearray = attrs.field(factory=bytearray)

    async def say(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            data = await self.stream.receive_some(65536)
            if not data:
                raise Unexpected(f"{self.plan}: the end, behind {bytes(self._buffer[-100:])!r}")
            self._buffer += data
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    async def greeting(self) -> None:
        while not (line := await self.line()).startswith((b"+OK", b"* OK", b"OK")):
            if self.plan.protocol != "MANAGESIEVE":
                raise Unexpected(f"{self.plan}: {line!r}")

    async def start_tls(self) -> None:
        assert isinstance(self.stream, trio.SocketStream)
        self.stream = trio.SSLStream(self.stream, self.context, server_hostname="localhost", https_compatible=True)
        await self.stream.do_handshake()

    async def arrive(self) -> None:
        """Go on to where a log-in may begin."""
        if self.plan.client == "ssl":
            await self.start_tls()
        await self.greeting()
        if self.plan.client == "tls":
            await self.say({"POP3": b"STLS\r\n", "IMAP4": b"t STARTTLS\r\n"}.get(self.plan.protocol, b"STARTTLS\r\n"))
            await self.line()
            await self.start_tls()
            if self.plan.protocol == "MANAGESIEVE":
                await self.greeting()

    def log_in_lines(self, password: bytes) -> list[bytes]:
        match self.plan.protocol:
            case "POP3":
                return [b"USER %b\r\n" % self.user, b"PASS %b\r\n" % password]
            case "IMAP4":
                return [b"a LOGIN %b %b\r\n" % (self.user, password)]
        return [b'AUTHENTICATE "PLAIN" "%b"\r\n' % base64.b64encode(b"\0%b\0%b" % (self.user, password))]

    async def log_in(self, password: bytes = PASSWORD) -> bool:
        answer = b""
        for line in self.log_in_lines(password):
            await self.say(line)
            answer = await self.line()
        return answer.startswith((b"+OK", b"a OK", b"OK"))

    async def echo(self) -> None:
        octets = NOISE[self.plan.start : self.plan.start + self.plan.count]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.say, octets)
            while len(self._buffer) < len(octets):
                data = await self.stream.receive_some(65536)
                if not data:
                    raise Unexpected(f"{self.plan}: the end after {len(self._buffer)} octets")
                self._buffer += data
        if self._buffer != octets:
            raise Unexpected(f"{self.plan}: other octets")

    async def rest(self) -> None:
        """Read up to the end, whatever it is."""
        with contextlib.suppress(trio.BrokenResourceError):
            while await self.stream.receive_some(65536):
                pass

    def reset(self) -> None:
        transport = self.stream.transport_stream if isinstance(self.stream, trio.SSLStream) else self.stream
        transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.socket.close()


# --- deeds


async def behaves(client: Client) -> None:
    await client.arrive()
    if not await client.log_in():
        raise Unexpected(f"{client.plan}: not logged in")
    await client.echo()


async def is_wrong_first(client: Client) -> None:
    """The wrong password, then the right one."""
    await client.arrive()
    if await client.log_in(b"wrong"):
        raise Unexpected(f"{client.plan}: logged in with the wrong password")
    if not await client.log_in():
        raise Unexpected(f"{client.plan}: not logged in the second time")
    await client.echo()


async def is_slow(client: Client) -> None:
    await client.arrive()
    first, *rest = client.log_in_lines(PASSWORD)
    for place in range(SLOW):
        await client.say(first[place : place + 1])
        await trio.sleep(0.05)
    await client.say(first[SLOW:])
    answer = await client.line()
    for line in rest:
        await client.say(line)
        answer = await client.line()
    if not answer.startswith((b"+OK", b"a OK", b"OK")):
        raise Unexpected(f"{client.plan}: not logged in")
    await client.echo()


async def leaves_at_once(client: Client) -> None: ...


async def is_reset_in_a_command(client: Client) -> None:
    await client.arrive()
    await client.say(b"a LOGI")
    client.reset()


async def is_reset_in_its_session(client: Client) -> None:
    await client.arrive()
    await client.log_in()
    await client.say(NOISE[:50_000])
    client.reset()


async def does_not_wait_for_the_answer(client: Client) -> None:
    await client.arrive()
    for line in client.log_in_lines(PASSWORD):
        await client.say(line)
    client.reset()


async def says_garbage(client: Client) -> None:
    await client.say(NOISE[:1000] + b"\n")
    await client.rest()


async def has_no_end(client: Client) -> None:
    await client.arrive()
    with contextlib.suppress(trio.BrokenResourceError):
        await client.say(b"A" * 200_000)
    await client.rest()


async def falls_silent(client: Client) -> None:
    await client.greeting()
    await client.rest()


async def falls_silent_in_a_handshake(client: Client) -> None:
    await client.say(b"\x16\x03\x01\x02")
    await client.rest()


async def stops_reading(client: Client) -> None:
    await client.arrive()
    await client.log_in()
    with trio.move_on_after(1):
        for _ in range(20):
            await client.say(NOISE)
    client.reset()


Deed = Callable[[Client], Awaitable[None]]
LOG_IN: Final[Mapping[str, Deed]] = {"behaves": behaves, "is_wrong_first": is_wrong_first, "is_slow": is_slow}
MISBEHAVE: Final[Mapping[str, Deed]] = {
    deed.__name__: deed
    for deed in (
        is_wrong_first,
        is_slow,
        leaves_at_once,
        is_reset_in_a_command,
        is_reset_in_its_session,
        does_not_wait_for_the_answer,
        says_garbage,
        has_no_end,
        falls_silent,
        falls_silent_in_a_handshake,
        stops_reading,
    )
}
DEED_LEGS: Final[Mapping[str, Sequence[str]]] = {"falls_silent": ("", "tls"), "falls_silent_in_a_handshake": ("ssl",)}
TAKES_LONG: Final = frozenset(("falls_silent", "falls_silent_in_a_handshake", "is_wrong_first", "stops_reading"))


async def follow(plan: Plan, ports: Ports, real: Mapping[str, tuple[int, int]], context: ssl.SSLContext) -> None:
    """Be one client.

    Raises:
        Unexpected: it could not do what it had to be able to.
    """
    clear, secure = real[plan.protocol]
    user = b"joe-%d" % (secure if plan.server == "ssl" else clear)
    stream = await trio.open_tcp_stream("127.0.0.1", ports[plan.protocol, plan.client, plan.server])
    client = Client(plan, user, context, stream)
    deed = {**MISBEHAVE, **LOG_IN}[plan.deed]
    try:
        if plan.logs_in:
            await deed(client)
        else:
            with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await deed(client)
        if plan.logs_in:
            await client.stream.aclose()
    finally:
        await trio.aclose_forcefully(client.stream)
