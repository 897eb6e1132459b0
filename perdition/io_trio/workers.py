"""The daemon as several processes: what the supervisor has, and what each worker does with it (option workers)."""

import os
import signal
import socket
from collections.abc import Callable, Sequence

import attrs
import trio

from perdition.config.values import MAX_WORKERS
from perdition.io_trio.daemon import Daemon
from perdition.io_trio.hub import Hub, Listener
from perdition.io_trio.logs import OpenLog
from perdition.io_trio.reload import Reload
from perdition.io_trio.set_up import SetUp
from perdition.io_trio.supervisor import RETIRE, Hooks, Supervisor, Worker
from perdition.io_trio.systemd import Notify
from perdition.io_trio.tally import Tally


def serve_with_workers(
    made: SetUp, argv: Sequence[str], log: OpenLog, notify: Notify, on_closed: Callable[[], None]
) -> int:
    """Serve until a signal ends it; give the exit status.

    Args:
        made: what is served.
        argv: the program's name and its options, for SIGHUP.
        log: the log.
        notify: who wants to hear how we are.
        on_closed: called when the listeners are closed.
    """
    common = made.config.common
    count = common.workers or min(len(os.sched_getaffinity(0)), MAX_WORKERS)
    return _Workers(made, Reload(argv, made, log), log, notify, on_closed).run(count, leaves=not common.foreground)


class _Nobody:
    """A hub where nobody is served: that of the supervisor."""

    def add(self, listener: Listener) -> None:
        """Keep it for the workers to come."""

    def remove(self, listener: Listener) -> None:
        """Close it; workers that have it open may go on."""
        listener.sock.close()


@attrs.frozen
class _LogOnly:
    """What SIGHUP does in a worker: the rest is the supervisor's, and its workers'."""

    reload: Reload

    def reopen_log(self) -> None:
        """Open the log by its name again."""
        self.reload.reopen_log()

    async def __call__(self, hub: Hub) -> bool:
        """Leave all as it is."""
        return True


class _Workers:
    """What the supervisor's hooks do."""

    def __init__(
        self, made: SetUp, reload: Reload, log: OpenLog, notify: Notify, on_closed: Callable[[], None]
    ) -> None:
        self._made = made
        self._reload = reload
        self._log = log
        self._notify = notify
        self._on_closed = on_closed
        self._tally = Tally()

    def run(self, count: int, *, leaves: bool) -> int:
        """Run the supervisor."""
        self._share()
        hooks = Hooks(
            self._work,
            reload=self._read_again,
            ready=self._notify.ready,
            release=self._release,
            released=self._on_closed,
        )
        try:
            return Supervisor(count, hooks, self._tally, self._log, leaves=leaves).run()
        finally:
            self._made.popmaps.close()

    def _share(self) -> None:
        self._tally.share(listener.service for listener in self._made.listeners.values())

    def _read_again(self) -> bool:
        self._notify.reloading()
        self._reload.reopen_log()
        well = self._reload.serving_nobody(_Nobody())
        self._share()
        self._notify.ready()
        return well

    def _release(self) -> None:
        self._notify.stopping()
        for listener in self._made.listeners.values():
            listener.sock.close()

    def _work(self, worker: Worker) -> int:
        """Be a worker: what has a descriptor or a thread of its own is made only here, behind the fork."""

        def closed() -> None:
            self._tally.accept(now=False)
            worker.released()

        daemon = Daemon(self._made, self._log, _LogOnly(self._reload), on_closed=closed, is_worker=True)
        self._tally.accept(now=True)
        trio.run(_serve, daemon, worker)
        return 0


async def _serve(daemon: Daemon, worker: Worker) -> None:
    with trio.open_signal_receiver(RETIRE) as retire:
        async with trio.open_nursery() as nursery:

            async def run(task_status: trio.TaskStatus[None]) -> None:
                await daemon.run(task_status=task_status)
                nursery.cancel_scope.cancel()

            async def wait_to_retire() -> None:
                async for _ in retire:
                    await daemon.retire()
                    nursery.cancel_scope.cancel()

            await nursery.start(run)
            nursery.start_soon(wait_to_retire)
            worker.ready()
            await _lose(worker.channel)
            if not daemon.is_stopping:
                os.kill(os.getpid(), signal.SIGTERM)  # nobody else would tell us; a daemon of the same ports may come


async def _lose(channel: socket.socket) -> None:
    """Wait until the supervisor is gone: it says nothing, so what there is to be read is the end."""
    await trio.lowlevel.wait_readable(channel)
