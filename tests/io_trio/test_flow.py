"""One direction of a session: how much of it moves in a turn."""

import contextlib

import pytest
import trio

from perdition.io_trio.flow import Flow
from perdition.io_trio.pipes import Pipes
from perdition.io_trio.readiness import READABLE
from tests.io_trio.certificates import Certificates
from tests.io_trio.streams import loopback, secured, stream

MUCH = b"x" * 300_000
KB = 1024


@pytest.mark.parametrize(
    ("tls_source", "tls_sink", "most"),
    [(False, False, (64 + 256) * KB), (False, True, 112 * KB), (True, False, 2 * 16 * KB), (True, True, 2 * 16 * KB)],
)
async def test_a_turn(certificates: Certificates, tls_source: bool, tls_sink: bool, most: int) -> None:
    """Where a record is read at a time, a turn has two; where many are written, one chunk of them; else a splice."""
    (source, sender), (sink, reader) = loopback(), loopback()
    pipes = Pipes()
    with contextlib.closing(source), contextlib.closing(sink):
        talks = await secured(certificates, source, sender) if tls_source else stream(sender)
        hears = await secured(certificates, sink, reader) if tls_sink else stream(reader)
        flow = Flow(source, sink)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talks.send_all, MUCH)
            await trio.sleep(0.1)  # until all that there is room for is there
            source.readable = READABLE

            assert flow.pump(pipes)
            nursery.cancel_scope.cancel()
        assert 16 * KB < flow.count <= most
        flow.close(pipes)
        for peer in (talks, hears):
            await trio.aclose_forcefully(peer)
    pipes.close()
