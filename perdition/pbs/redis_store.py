"""The store in Redis or Valkey, for several directors and mail relays: a key an address, which expires there.

The option is a URL of the redis map, `key={...}` being the key of an address:

    redis://perdition@db1.example.org/0?password_file=/etc/perdition/redis.pw&key=pbs:{key}
    rediss+sentinel://s1.example.org,s2.example.org/mymaster?ca_file=/etc/ssl/redis-ca.pem
"""

import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import trio

from perdition.maps._pooled import ServerTrouble
from perdition.maps._redis_client import place_by_sentinel
from perdition.maps._redis_option import RedisOption, Way, read_option
from perdition.maps._resp import Refusal, RespConnection, connect
from perdition.maps._stream import Place
from perdition.maps.contract import MapError
from perdition.pbs.store import BadStore, StoreTrouble

T = TypeVar("T")

DEFAULT_KEY: Final = "pbs:{key}"
SECONDS: Final = 3.0
"""How long answers to some commands may take, and a connection before them."""
REST: Final = 1.0
"""How many seconds nobody asks a server that was not to be had: those who would wait are told so at once."""
AT_ONCE: Final = 1000
"""How many commands are sent before their answers are read, and how many keys a step of SCAN looks at."""
GLOB: Final = re.compile(rb"([\\*?\[\]])")
VALUE: Final = b"1"
NOT_THERE, FOR_EVER = -2, -1  # Redis TTL


class NoAnswer(ServerTrouble):
    """The server takes a question and does not answer."""


class RedisStore:
    """The store, on one connection.

    Args:
        option: the URL.

    Raises:
        BadStore: it makes no sense.
    """

    def __init__(self, option: str) -> None:
        self._option = option_of(option)
        self._connection: RespConnection | None = None
        self._turn = trio.Lock()
        self._trouble = ""
        self._rested = -math.inf

    async def put(self, until: Mapping[str, float]) -> None:
        """Keep addresses."""
        now = time.time()
        commands = [
            (b"SETEX", self._key(address), b"%d" % math.ceil(limit - now), VALUE)
            for address, limit in until.items()
            if limit > now
        ]
        await self._ask(lambda connection: _calls(connection, commands))

    async def until(self, address: str) -> float | None:
        """Say until when an address is known."""
        [left] = await self._ask(lambda connection: _calls(connection, [(b"TTL", self._key(address))]))
        return _limit(left, time.time())

    async def remove(self, address: str) -> bool:
        """Forget an address."""
        [gone] = await self._ask(lambda connection: _calls(connection, [(b"DEL", self._key(address))]))
        return gone == 1

    async def clear(self) -> int:
        """Forget all."""

        async def clear(connection: RespConnection) -> int:
            keys = await self._keys(connection)
            gone = await _calls(connection, [(b"DEL", key) for key in keys])
            return sum(1 for one in gone if one == 1)

        return await self._ask(clear)

    async def entries(self) -> dict[str, float]:
        """Give all that are known."""

        async def entries(connection: RespConnection) -> dict[str, float]:
            keys = await self._keys(connection)
            left = await _calls(connection, [(b"TTL", key) for key in keys])
            now = time.time()
            limits = {self._address(key): _limit(ttl, now) for key, ttl in zip(keys, left, strict=True)}
            return {address: limit for address, limit in limits.items() if limit is not None}

        return await self._ask(entries)

    async def expire(self) -> None:
        """Let go of those whose time is over: Redis does."""

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _ask(self, ask: Callable[[RespConnection], Awaitable[T]]) -> T:
        async with self._turn:
            if trio.current_time() < self._rested:
                raise StoreTrouble(self._trouble)
            try:
                return await self._over(ask)
            except ServerTrouble as trouble:
                self.close()
                self._trouble, self._rested = str(trouble), trio.current_time() + REST
                raise StoreTrouble(self._trouble) from None
            except BaseException:
                self.close()  # an answer may be under way
                raise

    async def _over(self, ask: Callable[[RespConnection], Awaitable[T]]) -> T:
        """Ask on the connection; if it was idle and is dead now, once more on a new one."""
        if self._connection is not None:
            try:
                return await ask(self._connection)
            except (Refusal, NoAnswer):
                raise
            except ServerTrouble:
                self.close()
        self._connection = await self._connect()
        return await ask(self._connection)

    async def _connect(self) -> RespConnection:
        *others, last = self._option.places
        for place in others:
            try:
                return await self._connect_to(place)
            except ServerTrouble:
                continue
        return await self._connect_to(last)

    async def _connect_to(self, place: Place) -> RespConnection:
        with trio.move_on_after(SECONDS):
            if self._option.way is Way.SENTINEL:
                place = await place_by_sentinel(self._option, place)
            return await connect(place, self._option.tls, self._option.login, self._option.database)
        raise ServerTrouble(f"{place}: no connection within {SECONDS:.0f} s")

    def _key(self, address: str) -> bytes:
        question = self._option.question
        return question.before + address.encode() + question.behind

    def _address(self, key: bytes) -> str:
        question = self._option.question
        return key[len(question.before) : len(key) - len(question.behind)].decode("utf-8", "replace")

    async def _keys(self, connection: RespConnection) -> list[bytes]:
        question = self._option.question
        pattern = _literally(question.before) + b"*" + _literally(question.behind)
        keys: dict[bytes, None] = {}  # SCAN may give one twice
        cursor = b"0"
        while True:
            [answer] = await _calls(connection, [(b"SCAN", cursor, b"MATCH", pattern, b"COUNT", b"%d" % AT_ONCE)])
            match answer:
                case [bytes(cursor), [*found]]:
                    keys.update((key, None) for key in found if isinstance(key, bytes))
                case _:
                    raise ServerTrouble(f"{connection.place}: expected a cursor and keys")
            if cursor == b"0":
                return list(keys)


async def _calls(connection: RespConnection, commands: Sequence[tuple[bytes, ...]]) -> list[object]:
    """Send commands; give their answers.

    Raises:
        ServerTrouble: there is none, or one is a refusal.
    """
    answers: list[object] = []
    for start in range(0, len(commands), AT_ONCE):
        with trio.move_on_after(SECONDS) as waiting:
            answers += await connection.calls(*commands[start : start + AT_ONCE])
        if waiting.cancelled_caught:
            raise NoAnswer(f"{connection.place}: no answer within {SECONDS:.0f} s")
    for answer in answers:
        if isinstance(answer, Refusal):
            raise answer
    return answers


def _limit(left: object, now: float) -> float | None:
    """Read an answer to TTL; a key that somebody has set without an end is known for ever."""
    if not isinstance(left, int):
        raise ServerTrouble("expected a number of seconds")
    if left == NOT_THERE:
        return None
    return math.inf if left == FOR_EVER else now + left


def _literally(text: bytes) -> bytes:
    return GLOB.sub(rb"\\\1", text)


def option_of(text: str) -> RedisOption:
    """Read the URL.

    Raises:
        BadStore: it makes no sense.
    """
    try:
        settings = text.partition("?")[2].split("&")
        if not any(setting.startswith("key=") for setting in settings):
            text += f"{'&' if '?' in text else '?'}key={DEFAULT_KEY}"
        option = read_option(text)
    except MapError as error:
        raise BadStore(str(error)) from None
    if option.question.hash or option.question.fields:
        raise BadStore("expected no hash and no fields: an address has a key of its own")
    if option.way is Way.CLUSTER:
        raise BadStore("expected one server, or sentinels: no cluster")
    return option
