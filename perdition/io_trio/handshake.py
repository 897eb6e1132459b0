"""The TLS handshakes of a log-in: with the client, and with the real server."""

from OpenSSL import SSL

from perdition.io_trio.channel import Channel, TlsFailed
from perdition.io_trio.readiness import READABLE
from perdition.io_trio.service import Service
from perdition.io_trio.tls import check_certificate, client_side, server_side
from perdition.io_trio.waiter import READY, STOPPED, Steps, Waiter, Woken
from perdition.session import effects as fx
from perdition.session.effects import Side


def start_tls(waiter: Waiter, service: Service, side: Side, name: str) -> Steps[fx.Answer]:
    """Do a TLS handshake, and look for the real server's name in its certificate (ssl_no_cn_verify: do not).

    Args:
        waiter: has the connections.
        service: has the contexts.
        side: whose connection it is.
        name: the real server's; no client has one.
    """
    try:
        if side is Side.CLIENT:
            assert service.client_context is not None  # noqa: S101  # the policy offers TLS only with one
            client = waiter.client
            woken = yield from _shake_hands(waiter, client, server_side(service.client_context, client.sock))
        else:
            assert service.server_context is not None  # noqa: S101  # the policy wants TLS only with one
            server = waiter.channel(side)
            connection = client_side(service.server_context, server.sock, name)
            woken = yield from _shake_hands(waiter, server, connection)
            if woken is READY and not service.settings.ssl_no_cn_verify:
                check_certificate(connection, name)
    except TlsFailed as error:
        return fx.Failed(str(error), tls=True)
    if woken is READY:
        return fx.TlsStarted()
    return fx.Stopping() if woken is STOPPED else fx.TimedOut()


def _shake_hands(waiter: Waiter, channel: Channel, connection: SSL.Connection) -> Steps[Woken]:
    """Go on with a handshake until it is done; only the client's is ended when the daemon stops.

    Raises:
        TlsFailed: there is no TLS.
    """
    for_client = channel is waiter.client
    wanted = READABLE if for_client and not channel.readable else channel.try_handshake(connection)
    while wanted:
        if for_client and waiter.stopping:
            return STOPPED
        waiter.is_stoppable = for_client
        woken = yield from waiter.wait_for(channel, wanted)
        if woken is not READY:
            return woken
        wanted = channel.try_handshake(connection)
    return READY
