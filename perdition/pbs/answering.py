"""Answers mail servers that ask whether an address is known."""

import time
from collections.abc import Callable
from typing import Final

import trio

from perdition.io_trio.logs import Log
from perdition.pbs.addresses import canonical
from perdition.pbs.answers import BadQuestion, Dialect, Verdict
from perdition.pbs.store import Store, StoreTrouble
from perdition.session.effects import Level
from perdition.session.log_lines import words

AT_ONCE: Final = 4096
MOST: Final = 1000
"""How many connections there are at the most; further ones are closed."""
SENDMAIL: Final = "ipv6:"
"""What sendmail writes before an IPv6 address."""
IDLE: Final = 600.0
"""How many seconds a mail server may be silent: Postfix closes after 100 (max_idle)."""
SLOW: Final = 100.0
"""How many seconds it may take to receive an answer, as in tcp_table(5)."""
UNAVAILABLE: Final = "the addresses are not available now"


class Answerer:
    """Answers on any number of connections.

    Args:
        store: where addresses are.
        answer: what one that is known gets.
        log: where log lines go.
    """

    def __init__(self, store: Store, answer: str, log: Log) -> None:
        self._store = store
        self._answer = answer
        self._log = log
        self._connections = 0
        self._down = False

    async def serve(self, stream: trio.SocketStream, dialect: Callable[[], Dialect]) -> None:
        """Serve one connection to its end."""
        async with stream:
            if self._connections >= MOST:
                self._log(Level.ERR, f"More than {MOST} connections: one is refused")
                return
            self._connections += 1
            try:
                await self._converse(stream, dialect())
            except BadQuestion as error:
                self._log(Level.NOTICE, f"A connection is closed: {error}")
            except (trio.BrokenResourceError, trio.TooSlowError):
                pass  # gone, or as good as
            finally:
                self._connections -= 1

    async def _converse(self, stream: trio.SocketStream, dialect: Dialect) -> None:
        while True:
            with trio.fail_after(IDLE):
                octets = await stream.receive_some(AT_ONCE)
            if not octets:
                return
            for key in dialect.feed(bytes(octets)):
                verdict = await self.verdict(key)
                text = UNAVAILABLE if verdict is Verdict.UNAVAILABLE else self._answer
                with trio.fail_after(SLOW):
                    await stream.send_all(dialect.write(verdict, text))

    async def verdict(self, key: str) -> Verdict:
        """Say what is known of a key; names, and parts of an address, are no addresses."""
        address = canonical(key[len(SENDMAIL) :] if key[: len(SENDMAIL)].lower() == SENDMAIL else key)
        if address is None:
            return Verdict.UNKNOWN
        try:
            until = await self._store.until(address)
        except StoreTrouble as trouble:
            self._tell(str(trouble))
            return Verdict.UNAVAILABLE
        self._tell("")
        known = until is not None and until > time.time()
        self._log(Level.DEBUG, f"Asked for {address}: {'known' if known else 'not known'}")
        return Verdict.KNOWN if known else Verdict.UNKNOWN

    def _tell(self, trouble: str) -> None:
        """Say it once when the store cannot be had, and once when it can again."""
        if trouble and not self._down:
            self._log(Level.ERR, f"The store cannot be asked, mail servers have to wait: {words(trouble)}")
        elif not trouble and self._down:
            self._log(Level.NOTICE, "The store is asked again")
        self._down = bool(trouble)
