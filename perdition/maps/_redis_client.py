"""Ask one server for a key, the server that the sentinels name, or the node of a cluster that has it."""

import binascii
from typing import Final

import trio

from perdition.maps import _resp
from perdition.maps._pooled import ServerTrouble
from perdition.maps._redis_option import Question, RedisOption
from perdition.maps._resp import Refusal, RespConnection
from perdition.maps._sql_row import outcome_of
from perdition.maps._stream import Place
from perdition.maps.outcome import Absent, Broken, Found, Outcome, Query

SLOTS: Final = 16384
HOPS: Final = 5
"""How often a cluster may send us on for one key."""
Nodes = dict[int, Place]
"""Where the slots of a cluster are, as far as it has told."""


class ServerConnection:
    """A connection to the one server."""

    def __init__(self, connection: RespConnection, question: Question) -> None:
        self._connection = connection
        self._question = question

    async def ask(self, query: Query) -> Outcome:
        """Look a key up.

        Raises:
            ServerTrouble: no answer, or a refusal.
        """
        [answer] = await self._connection.calls(self._question.command(query.key))
        return outcome_of_answer(answer, self._question, query.delimiter)

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class ClusterConnection:
    """Connections to those nodes of a cluster that were asked so far.

    Args:
        first: to the node that is asked when nothing is known about a slot.
        nodes: shared by all connections of the map.
    """

    def __init__(self, option: RedisOption, first: RespConnection, nodes: Nodes) -> None:
        self._option = option
        self._first = first.place
        self._nodes = nodes
        self._connections = {first.place: first}

    async def ask(self, query: Query) -> Outcome:
        """Look a key up, where the cluster sends us.

        Raises:
            ServerTrouble: no answer, or a refusal.
        """
        command = self._option.question.command(query.key)
        slot = slot_of(command[1])
        place, ask = self._nodes.get(slot, self._first), False
        for _ in range(HOPS):
            try:
                connection = await self._connection_to(place)
                *_, answer = await connection.calls(*([(b"ASKING",)] if ask else []), command)
            except trio.Cancelled:
                self._nodes.pop(slot, None)  # it may say nothing for ever, and another have its slots
                raise
            except ServerTrouble:
                if place == self._first or self._nodes.pop(slot, None) is None:
                    raise
                self._forget(place)  # it may be dead, and another have its slots: the first node knows
                place, ask = self._first, False
                continue
            if not isinstance(answer, Refusal) or answer.code not in ("MOVED", "ASK"):
                return outcome_of_answer(answer, self._option.question, query.delimiter)
            place, ask = _sent_to(answer, place), answer.code == "ASK"
            if not ask:
                self._nodes[slot] = place
        raise ServerTrouble(f"{place}: the cluster sends us around in circles")

    def close(self) -> None:
        """Close all."""
        for connection in self._connections.values():
            connection.close()

    async def _connection_to(self, place: Place) -> RespConnection:
        if place not in self._connections:
            self._connections[place] = await _resp.connect(place, self._option.tls, self._option.login)
        return self._connections[place]

    def _forget(self, place: Place) -> None:
        connection = self._connections.pop(place, None)
        if connection is not None:
            connection.close()


async def connect(option: RedisOption, place: Place) -> ServerConnection:
    """Connect to the one server.

    Raises:
        ServerTrouble: it cannot be reached or refuses.
    """
    connection = await _resp.connect(place, option.tls, option.login, option.database)
    return ServerConnection(connection, option.question)


async def connect_by_sentinel(option: RedisOption, sentinel: Place) -> ServerConnection:
    """Ask a sentinel for the server and connect to that.

    Raises:
        ServerTrouble: one of both cannot be reached or refuses.
    """
    return await connect(option, await place_by_sentinel(option, sentinel))


async def place_by_sentinel(option: RedisOption, sentinel: Place) -> Place:
    """Ask a sentinel where the server is.

    Raises:
        ServerTrouble: it cannot be reached, refuses or does not know.
    """
    connection = await _resp.connect(sentinel, option.tls, option.sentinel_login)
    try:
        answer = await connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", option.service)
    finally:
        connection.close()
    match answer:
        case [bytes(host), bytes(port)] if port.isdigit():
            return Place(host.decode("utf-8", "replace"), int(port))
    raise ServerTrouble(f"{sentinel}: the sentinel knows no server for {option.service}")


async def connect_to_cluster(option: RedisOption, place: Place, nodes: Nodes) -> ClusterConnection:
    """Connect to one node of a cluster.

    Raises:
        ServerTrouble: it cannot be reached or refuses.
    """
    return ClusterConnection(option, await _resp.connect(place, option.tls, option.login), nodes)


def slot_of(key: bytes) -> int:
    """Give the slot of a key: of what stands in its first pair of braces, if that is anything."""
    _, brace, rest = key.partition(b"{")
    tag, end, _ = rest.partition(b"}")
    return binascii.crc_hqx(tag if brace and end and tag else key, 0) % SLOTS


def _sent_to(refusal: Refusal, asked: Place) -> Place:
    """Read `MOVED slot host:port`; no host is the one that was asked."""
    host, _, port = refusal.rest.rpartition(" ")[2].rpartition(":")
    if not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise ServerTrouble(f"{asked}: expected host:port behind {refusal.code}")
    return Place(host or asked.host, int(port))


def outcome_of_answer(answer: object, question: Question, delimiter: bytes) -> Outcome:
    """Turn an answer into an outcome.

    Raises:
        ServerTrouble: it is a refusal that is not about the key.
    """
    match answer:
        case None | b"":
            return Absent()
        case bytes(value):
            return Found(value)
        case [*values] if len(values) == len(question.fields):
            return outcome_of(values, delimiter)
        case Refusal(code="WRONGTYPE") if not question.hash:
            return Broken("expected a hash" if question.fields else "expected a string, as SET makes it")
        case Refusal():
            raise answer
    raise ServerTrouble("expected a string or a list of strings")
