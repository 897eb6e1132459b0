"""To the place where a log-in may begin, over any kind of leg."""

import contextlib

from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import Account, Dialect
from tests.io_trio.talk import RealServer, Talk, call


def reach(port: int, dialect: Dialect, leg: str, certificates: Certificates) -> Talk:
    """Connect to the proxy and go on to where a log-in may begin."""
    with contextlib.ExitStack() as stack:
        talk = stack.enter_context(call(port))
        if leg == "ssl":
            talk.connect_tls(certificates.client)
        dialect.hear_greeting(talk)
        if leg == "tls":
            dialect.ask_for_tls(talk)
            talk.connect_tls(certificates.client)
            if dialect.greets_under_tls:
                dialect.hear_greeting(talk)
        stack.pop_all()
    return talk


def real_server(dialect: Dialect, leg: str, account: Account, certificates: Certificates) -> RealServer:
    """Make a real server for one kind of server's leg."""
    if leg == "tls_force":
        account.context = certificates.server

    def script(talk: Talk) -> None:
        if leg == "ssl":
            talk.accept_tls(certificates.server)
        dialect.serve(talk, account)

    return RealServer(script)
