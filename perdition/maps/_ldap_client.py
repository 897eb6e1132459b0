"""A connection to an LDAP server on the trio loop; sansldap has the protocol."""

import ssl
from typing import Final

import sansldap
import trio

from perdition.maps._ldap_option import SCHEMES, LdapOption, values_by_position
from perdition.maps._pooled import ServerTrouble
from perdition.maps._sql_row import outcome_of
from perdition.maps._stream import open_tcp
from perdition.maps.outcome import Absent, Broken, Found, Outcome, Query

# One entry is wanted; the second shows that the filter is wrong.
ENTRIES: Final = 2
MOST: Final = 1 << 20
"""How many octets a server may answer to one question."""
MOST_IN_CLEAR: Final = 4096
"""The same for StartTLS, where the answer is taken octet by octet."""
AT_ONCE: Final = 65536


class LdapConnection:
    """One connection, bound if the option says so; one question at a time."""

    def __init__(self, option: LdapOption, host: str, socket: trio.SocketStream) -> None:
        self._option = option
        self._host = host
        self._socket = socket
        self._stream: trio.abc.Stream = socket
        self._client = sansldap.LDAPClient()

    async def prepare(self) -> None:
        """Start TLS and bind, as the option says.

        Raises:
            ServerTrouble: the server refuses, or its certificate is not good.
        """
        option = self._option
        if option.starttls:
            await self._ask_for_tls()
        if option.tls is not None:
            await self._start_tls(option.tls)
        if option.bind_name:
            number = self._client.bind_simple(option.bind_name, option.bind_password)
            self._check("bind", await self._answer(number))

    async def ask(self, query: Query) -> Outcome:
        """Search for a key.

        Raises:
            ServerTrouble: no answer, or a refusal.
        """
        option = self._option
        try:
            number = self._client.search_request(
                option.base.fill(query.key),
                option.scope,
                size_limit=ENTRIES,
                filter=sansldap.LDAPFilter.from_string(option.filter.fill(query.key)),
                attributes=list(option.attributes),
            )
        except ValueError as error:
            raise ServerTrouble(f"the filter makes no sense: {error}") from None
        entries: list[dict[str, bytes]] = []
        heard = 0
        await self._flush()
        while True:
            octets = await self._receive()
            heard += len(octets)
            if heard > MOST:
                raise ServerTrouble("expected a shorter answer")
            for message in self._read(octets):
                if message.message_id != number:
                    continue
                if isinstance(message, sansldap.SearchResultEntry):
                    entries.append({a.name.lower(): a.values[0] for a in message.attributes if a.values})
                elif isinstance(message, sansldap.SearchResultDone):
                    return self._outcome(message.result, entries, query.delimiter)

    def close(self) -> None:
        """Close it, whatever is under way."""
        self._socket.socket.close()

    def _outcome(self, result: sansldap.LDAPResult, entries: list[dict[str, bytes]], delimiter: bytes) -> Outcome:
        if len(entries) > 1:
            return Broken("expected one entry, found several")
        if result.result_code == sansldap.LDAPResultCode.NO_SUCH_OBJECT and self._option.base.has_key:
            return Absent()
        self._check("search", result)
        if not entries:
            return Absent()
        user, *rest = values_by_position(self._option, entries[0])
        if user and not any(rest):
            return Found(user)  # the one attribute is a result string
        server, port = [*rest, b"", b""][:2]
        if user and delimiter and not server:
            return Found(user + delimiter)  # at the default server, as in perdition 2.2
        return outcome_of([user, server, port], delimiter)

    async def _ask_for_tls(self) -> None:
        """Send StartTLS and hear its answer.

        Nothing that stands in clear may count under TLS (RFC 4513 3.1.1): the client that heard it is given up, with
        whatever its buffer holds, and octets behind the answer are somebody else's.
        """
        number = self._client.extended_request(sansldap.ExtendedOperations.LDAP_START_TLS.value)
        await self._flush()
        heard = 0
        while True:
            octets = await self._receive()
            heard += len(octets)
            if heard > MOST_IN_CLEAR:
                raise ServerTrouble(f"{self._host}: StartTLS: expected a shorter answer")
            for behind in range(1, len(octets) + 1):
                for message in self._read(octets[behind - 1 : behind]):
                    if message.message_id != number or not isinstance(message, sansldap.ExtendedResponse):
                        continue
                    self._check("StartTLS", message.result)
                    if octets[behind:]:
                        raise ServerTrouble(f"{self._host}: StartTLS: expected nothing in clear behind the answer")
                    self._client = sansldap.LDAPClient()
                    return

    async def _answer(self, number: int) -> sansldap.LDAPResult:
        await self._flush()
        heard = 0
        while True:
            octets = await self._receive()
            heard += len(octets)
            if heard > MOST:
                raise ServerTrouble("expected a shorter answer")
            for message in self._read(octets):
                if message.message_id == number and isinstance(message, sansldap.BindResponse):
                    return message.result

    def _check(self, what: str, result: sansldap.LDAPResult) -> None:
        if result.result_code != sansldap.LDAPResultCode.SUCCESS:
            name = getattr(result.result_code, "name", str(result.result_code))
            raise ServerTrouble(f"{self._host}: {what}: {name} {result.diagnostics_message}")

    def _read(self, octets: bytes) -> list[sansldap.LDAPMessage]:
        try:
            return self._client.receive(octets)
        except (sansldap.LDAPError, ValueError, IndexError) as error:
            raise ServerTrouble(f"{self._host}: expected LDAP: {type(error).__name__}") from None

    async def _flush(self) -> None:
        try:
            await self._stream.send_all(self._client.data_to_send())
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ServerTrouble(f"{self._host}: {error.__cause__ or error}") from None

    async def _receive(self) -> bytes:
        try:
            octets = bytes(await self._stream.receive_some(AT_ONCE))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ServerTrouble(f"{self._host}: {error.__cause__ or error}") from None
        if not octets:
            raise ServerTrouble(f"{self._host}: the server closed the connection")
        return octets

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        try:
            stream = trio.SSLStream(self._socket, context, server_hostname=host_and_port(self._host, 0)[0])
            await stream.do_handshake()
        except (trio.BrokenResourceError, OSError) as error:
            raise ServerTrouble(f"{self._host}: TLS: {error.__cause__ or error}") from None
        self._stream = stream


async def connect(option: LdapOption, host: str) -> LdapConnection:
    """Connect, start TLS and bind.

    Raises:
        ServerTrouble: the server cannot be reached or refuses.
    """
    try:
        if option.scheme == "ldapi":
            socket = await trio.open_unix_socket(host)
        else:
            socket = await open_tcp(*host_and_port(host, SCHEMES[option.scheme]))
    except OSError as error:
        raise ServerTrouble(f"{host}: {error.strerror or error}") from None
    connection = LdapConnection(option, host, socket)
    try:
        await connection.prepare()
    except BaseException:
        connection.close()
        raise
    return connection


def host_and_port(text: str, default: int) -> tuple[str, int]:
    """Read `host[:port]`, an IPv6 address in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = text, str(default)
    return host.removeprefix("[").removesuffix("]"), int(port)
