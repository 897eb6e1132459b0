"""Small real servers on sockets, in threads, for the daemon under test."""

import contextlib
from collections.abc import Callable

from tests.conformance.real_server import Knows, RealServer
from tests.io_trio import talk as talks
from tests.io_trio.talk import Talk


def script(protocol: str, knows: Knows) -> Callable[[Talk], None]:
    """Give what a real server does on one connection."""

    def serve(talk: Talk) -> None:
        server = RealServer(protocol, knows)
        talk.say(server.take_output())
        while not server.closed and (data := talk.hear()):
            server.receive(data)
            talk.say(server.take_output())
        with contextlib.suppress(OSError):
            talk.end()

    return serve


def start(protocol: str, knows: Knows) -> talks.RealServer:
    """Give a real server, to be entered."""
    return talks.RealServer(script(protocol, knows))
