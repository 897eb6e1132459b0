"""The engine that all six machines walk: a table of states, commands and where each answer leads.

The tables are generated from `spec/*.toml`.  This file sees commands and answers; it does not know which side
we are, and no rule of a single protocol stands here.
"""

import enum
from collections.abc import Mapping
from typing import TypeAlias

import attrs

from perdition.protocol.errors import LocalProtocolError


class Status(enum.Enum):
    """How a server answers, in all three protocols.  POP3's -ERR is NO."""

    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    PREAUTH = "PREAUTH"
    BYE = "BYE"


@attrs.frozen
class Row:
    """One command in one state.

    Attributes:
        args: the names of its arguments' forms, which the protocol's codec knows how to read and write.
        after: where an answer leads; a status that is not listed changes nothing.
        barrier: nothing may be sent behind it until it has been answered.
        tls: True: only under TLS.  False: only in clear.  None: always.
        multiline: a good answer is followed by a block of lines.
        sasl: the answer may be delayed by challenges and responses.
    """

    args: tuple[str, ...] = ()
    after: Mapping[Status, enum.Enum] = attrs.field(factory=dict)
    barrier: bool = False
    tls: bool | None = None
    multiline: bool = False
    sasl: bool = False


Table: TypeAlias = Mapping[enum.Enum, Mapping[str, Row]]

GREETING = ""
"""The verb of the row that stands for the server's greeting: an answer to no command."""


class Conversation:
    """Where a conversation stands: its state, whether TLS is on, and the commands that wait for an answer."""

    __slots__ = ("_pending", "_table", "state", "tls")

    def __init__(self, table: Table, start: enum.Enum) -> None:
        self._table = table
        self.tls = False
        self._pending: dict[bytes | int, tuple[str, Row]] = {}
        self._enter(start)

    def _enter(self, state: enum.Enum) -> None:
        self.state = state
        greeting = self._table[state].get(GREETING)
        if greeting is not None:
            self._pending[0] = GREETING, greeting

    def row(self, verb: str) -> Row | None:
        """Give the row of a command, if it is legal in the present state.  The greeting is none."""
        row = self._table[self.state].get(verb) if verb != GREETING else None
        return row if row is not None and row.tls in (None, self.tls) else None

    def knows(self, verb: str) -> bool:
        """Tell whether any state has the command."""
        return any(verb in rows for rows in self._table.values())

    @property
    def waiting(self) -> bool:
        """Whether any command (or the greeting) waits for its answer."""
        return bool(self._pending)

    @property
    def greeted(self) -> bool:
        """Whether the greeting is over."""
        pending = self._pending.get(0)
        return pending is None or pending[0] != GREETING

    def pending(self, tag: bytes | int) -> tuple[str, Row] | None:
        """Give the verb and the row of a command that waits for its answer."""
        return self._pending.get(tag)

    @property
    def oldest(self) -> bytes | int | None:
        """The tag of the command that has waited longest."""
        return next(iter(self._pending), None)

    def command(self, verb: str, tag: bytes | int) -> Row:
        """Enter a command.

        Raises:
            LocalProtocolError: the state does not allow it, its tag is in use, or one before it is a barrier.
        """
        row = self.row(verb)
        if row is None:
            raise LocalProtocolError(f"{verb} is not allowed in state {self.state.name}")
        if tag in self._pending:
            raise LocalProtocolError(f"{verb} has the tag of a command that waits for its answer")
        if any(other.barrier for _, other in self._pending.values()):
            raise LocalProtocolError(f"{verb} must wait for the answer to the command before it")
        self._pending[tag] = verb, row
        return row

    def answer(self, status: Status, tag: bytes | int) -> str:
        """Enter the final answer to a command and follow its row; give the command's verb.

        Raises:
            LocalProtocolError: no such command waits, or its row does not allow the status.
        """
        if tag not in self._pending:
            raise LocalProtocolError("an answer needs a command that waits for it")
        verb, row = self._pending[tag]
        if verb == GREETING and status not in row.after:
            raise LocalProtocolError(f"{status.name} is not the status of a greeting")
        del self._pending[tag]
        if status in row.after:
            self._enter(row.after[status])
        return verb
