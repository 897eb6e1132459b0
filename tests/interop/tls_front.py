"""TLS in front of a server that speaks in clear, as stunnel does it.

Dovecot's managesieve-login can do implicit TLS by itself (`ssl = yes` in an inet_listener), but that of 2.3.19 hangs
now and then (1 to 11 log-ins of 100, without a proxy too) when AUTHENTICATE comes right behind the greeting.
"""

import functools
import ssl
import threading

import trio


class TlsFront:
    """Listens on 127.0.0.1, in a thread.

    Attributes:
        port: where it listens.
    """

    def __init__(self, server: int, context: ssl.SSLContext) -> None:
        self.port = 0
        self._server = server
        self._context = context
        self._ready = threading.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._scope = trio.CancelScope()
        self._thread = threading.Thread(target=trio.run, args=(self._run,), daemon=True)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Close all connections, and the port."""
        assert self._token is not None
        trio.from_thread.run_sync(self._scope.cancel, trio_token=self._token)
        self._thread.join()

    async def _run(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with self._scope:
            async with trio.open_nursery() as nursery:
                serve = functools.partial(trio.serve_ssl_over_tcp, self._serve, 0, self._context, host="127.0.0.1")
                listeners: list[trio.SSLListener[trio.SocketStream]] = await nursery.start(serve)
                listener = listeners[0].transport_listener

                assert isinstance(listener, trio.SocketListener)
                self.port = listener.socket.getsockname()[1]
                self._ready.set()

    async def _serve(self, client: trio.SSLStream[trio.SocketStream]) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", self._server)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(pump, client, server, nursery.cancel_scope)
            nursery.start_soon(pump, server, client, nursery.cancel_scope)


async def pump(source: trio.abc.Stream, sink: trio.abc.Stream, both: trio.CancelScope) -> None:
    """Move octets until one side ends; then end both."""
    try:
        while data := await source.receive_some():
            await sink.send_all(data)
    except trio.BrokenResourceError:
        pass
    both.cancel()
