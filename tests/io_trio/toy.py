"""A toy under the supervisor: workers that say their pid to whoever connects, and then everything back.

    python -m tests.io_trio.toy PORT-FILE LOG BEHAVIOUR

BEHAVIOUR: `serve`; `die`: workers end before they serve; `die-later`: all but the first ones do; `stay`: nothing can
be read again.
"""

import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Final

import trio

from perdition.io_trio.logs import FileLog
from perdition.io_trio.supervisor import RETIRE, Hooks, Supervisor, Worker
from perdition.io_trio.tally import Tally
from perdition.session.effects import Level

WORKERS: Final = 2
UNHAPPY: Final = 3
"""The exit status of a worker that cannot serve."""


class Toy:
    """What workers share."""

    def __init__(self, log: Path, behaviour: str) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.log = FileLog(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "toy", 7)
        self.path = log
        self.behaviour = behaviour
        self.sessions = 0
        self.stopping = False
        self.acceptor = trio.CancelScope()

    def log_has(self, words: str) -> bool:
        return words in self.path.read_text()

    def say(self, line: str) -> None:
        self.log(Level.NOTICE, line)

    def reload(self) -> bool:
        self.say("reload")
        return self.behaviour != "stay"

    def work(self, worker: Worker) -> int:
        self.say(f"born {worker.number}")
        if self.behaviour == "die" or (self.behaviour == "die-later" and self.log_has("all ready")):
            return UNHAPPY
        trio.run(self.serve, worker)
        return 0

    async def serve(self, worker: Worker) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, RETIRE) as signals:
            async with trio.open_nursery() as nursery:
                async with trio.open_nursery() as sessions:
                    nursery.start_soon(self.accept, sessions)
                    worker.ready()
                    nursery.start_soon(self.mourn, worker)
                    async for number in signals:
                        self.say(f"signal {number}")
                        if number == signal.SIGINT or (number == signal.SIGTERM and self.stopping):
                            sessions.cancel_scope.cancel()
                            break
                        self.stopping = self.stopping or number == signal.SIGTERM
                        if number in (signal.SIGTERM, RETIRE):
                            self.acceptor.cancel()
                            self.listener.close()
                            worker.released()
                            self.end_if_nobody_is_there()
                nursery.cancel_scope.cancel()

    def end_if_nobody_is_there(self) -> None:
        if self.acceptor.cancel_called and not self.sessions:
            os.kill(os.getpid(), signal.SIGINT)

    async def mourn(self, worker: Worker) -> None:
        await trio.lowlevel.wait_readable(worker.channel)
        self.say("orphaned")
        if not self.stopping:
            os.kill(os.getpid(), signal.SIGTERM)

    async def accept(self, sessions: trio.Nursery) -> None:
        with self.acceptor:
            while True:
                await trio.lowlevel.wait_readable(self.listener)
                try:
                    sock, _ = self.listener.accept()
                except BlockingIOError:
                    continue
                self.sessions += 1
                sessions.start_soon(self.session, trio.SocketStream(trio.socket.from_stdlib_socket(sock)))

    async def session(self, stream: trio.SocketStream) -> None:
        try:
            async with stream:
                await stream.send_all(f"{os.getpid()}\n".encode())
                async for data in stream:
                    await stream.send_all(data)
        finally:
            self.sessions -= 1
            self.end_if_nobody_is_there()


def main(port_file: str, log: str, behaviour: str) -> int:
    """Run the supervisor."""
    toy = Toy(Path(log), behaviour)
    Path(port_file).write_text(str(toy.listener.getsockname()[1]))
    hooks = Hooks(
        toy.work,
        reload=toy.reload,
        ready=partial(toy.say, "all ready"),
        release=toy.listener.close,
        released=partial(toy.say, "all released"),
    )
    return Supervisor(WORKERS, hooks, Tally(), toy.log).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
