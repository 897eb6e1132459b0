"""Talk with a Redis or Valkey server on the trio loop; hiredis has the protocol."""

import ssl
from collections.abc import Sequence
from typing import Final

import hiredis

from perdition.maps._pooled import ServerTrouble
from perdition.maps._redis_option import Login
from perdition.maps._stream import Place, Stream, open_stream

INCOMPLETE: Final = False
"""What hiredis gives while an answer is incomplete; RESP2 has no booleans."""


class Refusal(ServerTrouble):
    """The server answers with an error; the connection is still good.

    Attributes:
        code: its first word.
        rest: what stands behind that, which may hold arguments of the command.
    """

    def __init__(self, place: Place, text: str) -> None:
        self.code, _, self.rest = text.partition(" ")
        super().__init__(f"{place}: {text.partition(', with args')[0]}")


class RespConnection:
    """One connection to one server; one question at a time."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._reader = hiredis.Reader()

    @property
    def place(self) -> Place:
        """Where the server is."""
        return self._stream.place

    async def log_in(self, login: Login, database: int) -> None:
        """Log in and choose the database.

        Raises:
            ServerTrouble: no answer, or a refusal.
        """
        if login.password:
            who = [login.user] if login.user else []
            try:
                await self.call("AUTH", *who, login.password)
            except Refusal as refusal:  # its text may hold the password
                raise ServerTrouble(f"{self.place}: AUTH: {refusal.code}") from None
        if database:
            await self.call("SELECT", str(database))

    async def call(self, *command: bytes | str) -> object:
        """Send a command; give its answer: octets, None for none, or a list of these.

        Raises:
            Refusal: the answer is an error.
            ServerTrouble: there is no answer.
        """
        [answer] = await self.calls(command)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    async def calls(self, *commands: Sequence[bytes | str]) -> list[object]:
        """Send several at once; give their answers, errors among them.

        Raises:
            ServerTrouble: there is no answer.
        """
        await self._stream.send(b"".join(packed(command) for command in commands))
        answers: list[object] = []
        while len(answers) < len(commands):
            answer = self._next()
            if answer is INCOMPLETE:
                octets = await self._stream.receive()
                if not octets:
                    raise ServerTrouble(f"{self.place}: the server closed the connection")
                self._reader.feed(octets)
            else:
                answers.append(answer)
        return answers

    def close(self) -> None:
        """Close it, whatever is under way."""
        self._stream.close()

    def _next(self) -> object:
        try:
            answer = self._reader.gets()
        except hiredis.ProtocolError:
            raise ServerTrouble(f"{self.place}: expected RESP, the protocol of Redis") from None
        return Refusal(self.place, str(answer)) if isinstance(answer, hiredis.ReplyError) else answer


def packed(command: Sequence[bytes | str]) -> bytes:
    """Write a command as an array of strings with their lengths, so that any octet may stand in them."""
    arguments = [word.encode() if isinstance(word, str) else word for word in command]
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in arguments)


async def connect(place: Place, context: ssl.SSLContext | None, login: Login, database: int = 0) -> RespConnection:
    """Connect and log in.

    Raises:
        ServerTrouble: the server cannot be reached or refuses.
    """
    connection = RespConnection(await open_stream(place, context))
    try:
        await connection.log_in(login, database)
    except BaseException:
        connection.close()
        raise
    return connection
