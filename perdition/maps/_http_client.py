"""A connection to an HTTP server on the trio loop; h11 has the protocol."""

from collections.abc import Sequence
from typing import Final, TypeAlias

import attrs
import h11

from perdition.maps._pooled import ServerTrouble
from perdition.maps._stream import Stream

MOST_OF_A_HEADER: Final = 16384
MOST_OF_A_BODY: Final = 65536

Fields: TypeAlias = Sequence[tuple[str, bytes]]


@attrs.frozen
class Answer:
    """What an HTTP server answers.

    Args:
        status: 200 and so on.
        fields: values by their names in small letters; of several with one name the last.
        body: None if it is too long.
    """

    status: int
    fields: dict[bytes, bytes]
    body: bytes | None


class HttpConnection:
    """One connection; one question at a time."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._machine = h11.Connection(h11.CLIENT, MOST_OF_A_HEADER)

    async def get(self, target: str, fields: Fields) -> Answer:
        """Send a GET request; give the answer.

        Raises:
            ServerTrouble: there is none.
        """
        machine = self._machine
        if machine.our_state is not h11.IDLE:  # the last answer was the last one here, or too long
            raise ServerTrouble(f"{self._stream.place}: the connection is used up")
        headers = [(name.encode("ascii"), value) for name, value in fields]
        request = h11.Request(method="GET", target=target, headers=headers)
        await self._stream.send(b"".join(machine.send(event) or b"" for event in (request, h11.EndOfMessage())))
        head, body = await self._head(), bytearray()
        answered = dict(head.headers)
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > MOST_OF_A_BODY:
                return Answer(head.status_code, answered, None)
        self._finish()
        return Answer(head.status_code, answered, bytes(body))

    def close(self) -> None:
        """Close it, whatever is under way."""
        self._stream.close()

    def _finish(self) -> None:
        if self._machine.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self._machine.start_next_cycle()

    async def _head(self) -> h11.Response:
        while not isinstance(event := await self._event(), h11.Response):
            pass  # 100 and the like (RFC 9110 15.2); the stream bounds how much of that is heard
        return event

    async def _event(self) -> object:
        try:
            while (event := self._machine.next_event()) is h11.NEED_DATA:
                self._machine.receive_data(await self._stream.receive())
        except h11.RemoteProtocolError as error:
            raise ServerTrouble(f"{self._stream.place}: expected HTTP: {error}") from None
        return event
