"""What is said and heard before a log-in: writing, reading, and the client's unread rest at the end."""

import contextlib
from typing import Final

import trio

from perdition.io_trio.channel import CHUNK, Channel, WouldBlock
from perdition.io_trio.readiness import READABLE, WRITABLE
from perdition.io_trio.waiter import LATE, READY, Steps, Waiter
from perdition.session import effects as fx

TURN: Final = 4096
"""After how many octets read the others have their turn: they take the parser some milliseconds if lines are short."""
LINGER: Final = 2.0
"""How many seconds a client that goes on talking may keep us from closing."""


def send(waiter: Waiter, channel: Channel, data: bytes) -> Steps[None]:
    """Write all of it, but do not wait beyond the deadline: then the connection is broken."""
    rest: bytes | memoryview = data
    while rest and not channel.broken:
        try:
            sent = channel.try_send(rest)
        except WouldBlock:
            pass
        except OSError:
            return
        else:
            if sent == len(rest):
                return
            rest = memoryview(rest)[sent:]
            continue
        if (yield from waiter.wait_for(channel, WRITABLE)) is LATE:
            channel.broken = True


def receive(waiter: Waiter, channel: Channel) -> Steps[fx.Received | fx.Stopping | fx.TimedOut]:
    """Wait for octets; what is more than a turn's stays where it is, and `Channel.readable` tells of it."""
    for_client = channel is waiter.client
    while True:
        if for_client and waiter.stopping:
            return fx.Stopping()
        if channel.broken:
            return fx.Received(b"")
        if channel.readable and waiter.read < TURN:
            try:
                data = channel.try_receive(TURN - waiter.read)
            except WouldBlock:
                pass
            else:
                waiter.read += len(data)
                return fx.Received(data)
        waiter.is_stoppable = for_client
        if waiter.read < TURN:  # TLS may have to write before what is there can be read
            woken = yield from waiter.wait_for(channel, WRITABLE if channel.readable else READABLE)
        else:
            woken = yield from waiter.pause()
        if woken is LATE:
            return fx.TimedOut()


def drain(waiter: Waiter) -> Steps[None]:
    """If the client has said what nobody has read, end writing and throw away what still comes.

    Closing now would reset the connection, and the client might never see our last words.
    """
    client = waiter.client
    until = trio.current_time() + LINGER
    with contextlib.suppress(OSError):  # nothing was left, or nobody is
        data = client.sock.recv(CHUNK)
        if data:
            client.end_writing()
        woken = READY
        while data and woken is READY:
            waiter.read += len(data)
            if waiter.read >= TURN:
                woken = yield from waiter.pause(until)
            try:
                data = client.sock.recv(CHUNK)
            except BlockingIOError:
                woken = yield from waiter.wait_for(client, READABLE, until)
