"""Running a demo server: the one place of it with sockets and TLS.  Thin."""

import ssl
import sys
import traceback
from collections.abc import Callable
from typing import Final

import trio

from perdition.demo.application import Answer, Application, Then, Tls

CHUNK: Final = 65536
IDLE_SECONDS: Final = 1800.0
MOST_CONNECTIONS: Final = 200


async def serve(
    new_application: Callable[[], Application],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    context: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    idle: float = IDLE_SECONDS,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Accept connections until cancelled.

    Args:
        new_application: makes one for each connection.
        host: where to listen.
        port: the same; 0 is any that is free.
        context: for TLS; None: there is none.
        implicit_tls: whether TLS begins with the first octet; else STARTTLS is offered.
        idle: after how many seconds of silence a connection ends.
        task_status: is told the port.
    """
    listeners = await trio.open_tcp_listeners(port, host=host)
    room = trio.CapacityLimiter(MOST_CONNECTIONS)

    async def handle(stream: trio.SocketStream) -> None:
        async with room, stream:
            await converse(new_application, stream, context, implicit_tls=implicit_tls, idle=idle)

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, handle, listeners)
        task_status.started(listeners[0].socket.getsockname()[1])


async def converse(
    new_application: Callable[[], Application],
    stream: trio.abc.Stream,
    context: ssl.SSLContext | None,
    *,
    implicit_tls: bool,
    idle: float,
) -> None:
    """Serve one connection; whatever happens in it stays in it."""
    try:
        application = new_application()
        tls = Tls.NONE if context is None else Tls.OFFERED
        if context is not None and implicit_tls:
            stream, tls = await start_tls(stream, context, idle), Tls.ACTIVE
        await perform(application, application.connected(tls), stream, context, idle)
    except (trio.BrokenResourceError, trio.TooSlowError):
        pass  # the client has gone, or does not read
    except Exception:
        traceback.print_exc(file=sys.stderr)  # a bug of ours; the other connections go on


async def perform(
    application: Application,
    answer: Answer,
    stream: trio.abc.Stream,
    context: ssl.SSLContext | None,
    idle: float,
) -> None:
    """Do what each answer asks for, until one asks for the end."""
    while True:
        with trio.fail_after(idle):
            await stream.send_all(answer.data)
        match answer.then:
            case Then.READ:
                with trio.move_on_after(idle) as patience:
                    data = await stream.receive_some(CHUNK)
                if patience.cancelled_caught:
                    await stream.send_all(application.farewell("silent for too long"))
                    break
                answer = application.received(bytes(data))
            case Then.GO_ON:
                answer = application.go_on()
            case Then.START_TLS if context is not None:
                stream = await start_tls(stream, context, idle)
                answer = application.tls_started()
            case _:
                break
    with trio.move_on_after(1):
        await stream.aclose()  # under TLS it says good-bye


async def start_tls(stream: trio.abc.Stream, context: ssl.SSLContext, idle: float) -> trio.abc.Stream:
    """Do a TLS handshake."""
    under_tls = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
    with trio.fail_after(idle):
        await under_tls.do_handshake()
    return under_tls
