"""The map daemon: a question, a lookup, an answer.

An answer without a server says that the user is unknown, and perdition sends him to the default server: the protocol
has no other.  So while a map is unavailable nothing is answered at all, and perdition asks again.
"""

import signal
import socket
from collections.abc import AsyncIterator
from typing import Final

import attrs
import trio

from perdition.io_trio.crash import internal_error
from perdition.io_trio.logs import Log
from perdition.io_trio.lookup import Lookups
from perdition.maps import Absent, Broken, Found, Outcome, Unavailable
from perdition.maps._daemon_packet import MOST, Answer, BadPacket, read_question, write_answer
from perdition.session.effects import Level
from perdition.session.log_lines import name, words
from perdition.session.route import BadRoute, read_route

AT_ONCE: Final = 1000
"""How many questions are open; the others wait in the kernel's queue."""


class Server:
    """Answers until it is told to stop.

    Args:
        sock: bound, non-blocking.
        lookups: the way to the maps.
        log: where log lines go.
        empty_user: whether an answer has no user where the map gives none.  Else it has the key: perdition 2.2
            with username_from_database takes an empty user for a name, and nobody can log in by that.
    """

    def __init__(self, sock: socket.socket, lookups: Lookups, log: Log, *, empty_user: bool = False) -> None:
        self._sock = sock
        self._lookups = lookups
        self._log = log
        self._empty_user = empty_user
        self._room = trio.Semaphore(AT_ONCE)
        self._open: set[tuple[object, bytes]] = set()
        self._down = False

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until SIGTERM or SIGINT."""
        with (
            trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals,
            trio.open_signal_receiver(signal.SIGHUP) as hang_ups,
        ):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._reload, hang_ups)
                nursery.start_soon(self._serve, nursery)
                self._log(Level.NOTICE, f"Answering at {self._sock.getsockname()}")
                task_status.started()
                async for number in signals:
                    self._log(Level.INFO, f"Exiting on signal {int(number)}")
                    break
                nursery.cancel_scope.cancel()

    async def _reload(self, hang_ups: AsyncIterator[int]) -> None:
        async for _ in hang_ups:
            wrong = await self._lookups.reload()
            for line in wrong:
                self._log(Level.ERR, f"{line}; what was read before stays in force")
            self._log(Level.NOTICE, "Reloaded the maps" if not wrong else "Reloaded what could be read")

    async def _serve(self, nursery: trio.Nursery) -> None:
        while True:
            await self._room.acquire()
            octets, sender = await self._receive()
            if sender:
                nursery.start_soon(self._answer, octets, sender)
            else:
                self._room.release()  # without a name there is nobody to answer to

    async def _receive(self) -> tuple[bytes, object]:
        while True:
            try:
                return self._sock.recvfrom(MOST + 1)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._sock)

    async def _answer(self, octets: bytes, sender: object) -> None:
        question = (sender, octets)
        if question in self._open:
            self._room.release()
            return  # the client has asked again; one answer will do
        self._open.add(question)
        try:
            await self._look_up(octets, sender)
        except Exception:
            self._log(Level.ERR, internal_error())
        finally:
            self._open.discard(question)
            self._room.release()

    async def _look_up(self, octets: bytes, sender: object) -> None:
        try:
            query = read_question(octets)
        except BadPacket as error:
            self._log(Level.NOTICE, f"No answer: {error}")
            return
        outcome = await self._lookups(query)
        self._note(outcome)
        try:
            answer = answer_of(outcome, query.delimiter)
            if not answer.user and not self._empty_user and b"\0" not in query.key:  # where a user ends
                answer = attrs.evolve(answer, user=query.key)
            octets = write_answer(answer)
        except (Silence, BadRoute, BadPacket) as error:
            level = Level.DEBUG if isinstance(outcome, Unavailable) else Level.NOTICE  # that was logged once
            self._log(level, f'No answer: key="{name(query.key)}": {words(str(error))}')
            return
        self._log(Level.DEBUG, f'Answer: key="{name(query.key)}": {type(outcome).__name__.lower()}')
        self._send(octets, sender)

    def _note(self, outcome: Outcome) -> None:
        """Say it once when the maps go down, and once when they are back."""
        if isinstance(outcome, Unavailable) is self._down:
            return
        self._down = not self._down
        if isinstance(outcome, Unavailable):
            self._log(Level.ERR, f"No answers, those who ask have to wait: {words(outcome.why)}")
        else:
            self._log(Level.NOTICE, "Answers again")

    def _send(self, answer: bytes, sender: object) -> None:
        """Send without waiting: who does not take his answer asks again."""
        try:
            self._sock.sendto(answer, sender)  # type: ignore[call-overload]  # what recvfrom gave
        except (FileNotFoundError, ConnectionRefusedError):
            pass  # gone
        except OSError as error:
            self._log(Level.NOTICE, f"Cannot send an answer to {words(str(sender))}: {error.strerror}")


class Silence(Exception):
    """There is no answer to an outcome; the text says why."""


def answer_of(outcome: Outcome, delimiter: bytes) -> Answer:
    """Write an outcome as the protocol has it.

    Raises:
        Silence: it cannot say that.
        BadRoute: the map's result makes no sense.
    """
    match outcome:
        case Found(value):
            route = read_route(value, delimiter)
            return Answer(route.user or b"", (route.host or "").encode("ascii"), (route.port or "").encode("ascii"))
        case Absent():
            return Answer()
        case Unavailable(why):
            raise Silence(f"unavailable: {why}")
        case Broken(why):
            raise Silence(f"broken: {why}")
