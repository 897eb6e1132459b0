"""One direction of a session behind its log-in."""

import os
from typing import Final

from perdition.io_trio.channel import CHUNK, RECORD, Channel, WouldBlock
from perdition.io_trio.pipes import Pipe, Pipes
from perdition.io_trio.taps import Tap

TURNS: Final = 2
"""How many chunks one direction may move before the others have their turn."""
RECORDS: Final = 7 * RECORD
"""How many octets are encrypted as one chunk, of which a turn has one: with what TLS adds, two large segments."""
SPLICED: Final = 1 << 18
"""How many octets are spliced as one chunk."""
FLAGS: Final = os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE


class Flow:
    """One direction.  What was read and could not be written yet comes first: reading goes on when it is gone.

    A read that fills the whole buffer shows a stream that is worth a pipe, if neither leg has TLS.

    Attributes:
        pending: read and not written.
        count: octets read.
        moved: octets read and octets written: what is not silence.
        ended: whether the source has ended.
        tap: gets all that is read, if anybody wants it; then nothing is spliced.
    """

    __slots__ = ("count", "ended", "in_pipe", "moved", "pending", "pipe", "sink", "source", "tap")

    def __init__(self, source: Channel, sink: Channel) -> None:
        self.source, self.sink = source, sink
        self.pending: bytes | memoryview = b""
        self.count = 0
        self.moved = 0
        self.ended = False
        self.pipe: Pipe | None = None
        self.in_pipe = 0
        self.tap: Tap | None = None

    @property
    def is_done(self) -> bool:
        """Whether the source has ended and all of it is written."""
        return self.ended and not self.pending and not self.in_pipe

    @property
    def waits(self) -> bool:
        """Whether something is read and could not be written."""
        return bool(self.pending) or self.in_pipe > 0

    @property
    def can_move(self) -> bool:
        """Whether there is a reason to try."""
        return self.source.readable > 0 or bool(self.pending) or self.in_pipe > 0

    def pump(self, pipes: Pipes) -> bool:
        """Move octets until nothing moves or the turn is over; tell whether it was the turn.

        Args:
            pipes: where a pipe is to be had.

        Raises:
            OSError: the sink is broken.
        """
        encrypts = self.source.tls is None and self.sink.tls is not None  # under TLS one record is read at a time
        turns, most = (1, RECORDS) if encrypts else (TURNS, CHUNK)
        for _ in range(turns):
            if self.pipe is not None:
                if not self._splice(pipes, self.pipe):
                    return False
                continue
            if self.pending and not self._write():
                return False
            if self.ended or not self.source.readable:
                return False
            try:
                data = self.source.try_receive(most)
            except WouldBlock:
                return False
            if not data:
                self.ended = True
                return False
            self.count += len(data)
            self.moved += len(data)
            self.pending = data
            if self.tap is not None:
                self.tap(data)
            full = len(data) == CHUNK
            if not self._write():
                return False
            if full and self.source.tls is None and self.sink.tls is None and self.tap is None:
                self.pipe = pipes.take()
        return True

    def close(self, pipes: Pipes) -> None:
        """Let go of what is not written."""
        self.pending = b""
        if self.pipe is not None:
            pipes.give_back(self.pipe, empty=not self.in_pipe)
            self.pipe, self.in_pipe = None, 0

    def _write(self) -> bool:
        """Write what is pending; tell whether all of it is gone."""
        try:
            sent = self.sink.try_send(self.pending)
        except WouldBlock:
            return False
        self.moved += sent
        if sent == len(self.pending):
            self.pending = b""
            return True
        self.pending = memoryview(self.pending)[sent:]
        return not self.pending or self._write()

    def _splice(self, pipes: Pipes, pipe: Pipe) -> bool:
        """Fill the pipe and empty it; tell whether to go on.

        Raises:
            OSError: the sink is broken.
        """
        if not self.in_pipe:
            try:
                self.in_pipe = os.splice(self.source.sock.fileno(), pipe.writer, SPLICED, flags=FLAGS)
            except BlockingIOError:
                self.source.readable = 0
                self._give_back(pipes, pipe)
                return False
            except OSError:
                self.source.broken = True
            if not self.in_pipe:
                self._give_back(pipes, pipe)
                self.ended = True
                return False
            self.count += self.in_pipe
            self.moved += self.in_pipe
        while self.in_pipe:
            try:
                sent = os.splice(pipe.reader, self.sink.sock.fileno(), self.in_pipe, flags=FLAGS)
            except BlockingIOError:
                return False
            self.in_pipe -= sent
            self.moved += sent
        return True

    def _give_back(self, pipes: Pipes, pipe: Pipe) -> None:
        pipes.give_back(pipe, empty=True)
        self.pipe = None
