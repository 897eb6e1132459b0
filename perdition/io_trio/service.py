"""One listener's options, turned into what its sessions need: policy, TLS contexts, map and name in the banner."""

import hashlib
import os
import socket
from collections.abc import Mapping
from typing import Final

import attrs
import trio
from OpenSSL import SSL

from perdition.config import capabilities as default_capabilities
from perdition.config.name_states import NameState
from perdition.config.settings import OPTIONS, Settings
from perdition.config.ssl_mode import Tls as SslTls
from perdition.config.values import Protocol
from perdition.io_trio.lookup import Lookups
from perdition.io_trio.tls import listening_context, outgoing_context
from perdition.maps import MapError
from perdition.maps.registry import open_map
from perdition.session import Names, Policy, Proto, State, Tls
from perdition.session.capabilities import ADDED, BadCapability, capability_elements
from perdition.session.names import WHOLE_NAME

PROTOS: Final[Mapping[Protocol, Proto]] = {
    Protocol.POP3: Proto.POP3,
    Protocol.POP3S: Proto.POP3,
    Protocol.IMAP4: Proto.IMAP4,
    Protocol.IMAP4S: Proto.IMAP4,
    Protocol.MANAGESIEVE: Proto.MANAGESIEVE,
}
TLS: Final[Mapping[SslTls, Tls]] = {
    SslTls.NONE: Tls.NONE,
    SslTls.SSL: Tls.IMPLICIT,
    SslTls.TLS: Tls.OFFERED,
    SslTls.TLS_FORCE: Tls.REQUIRED,
}


class SetUpError(Exception):
    """A listener cannot be served; the text names the option, the value and what was expected."""


@attrs.define
class Service:
    """What all sessions of one listener share."""

    settings: Settings
    policy: Policy
    client_context: SSL.Context | None
    server_context: SSL.Context | None
    lookups: Lookups
    names: dict[str, str | None] = attrs.field(factory=dict)  # of local addresses
    connections: int = 0

    @property
    def is_full(self) -> bool:
        """Whether connection_limit is reached."""
        return self.connections >= self.settings.connection_limit > 0

    async def banner_host(self, address: str) -> str:
        """Give the name that the greeting shows for a local address (no_lookup, no_bind_banner)."""
        if self.settings.no_bind_banner:
            return os.uname().nodename
        if self.settings.no_lookup:
            return address
        return await self._name_of(address) or address

    async def local_name(self, address: str) -> bytes | None:
        """Give the name of a local address, if a domain is to be made of it (add_domain without explicit_domain)."""
        names = self.policy.names
        if not names.add_domain or names.explicit_domain is not None:
            return None
        name = await self._name_of(address)
        return None if name is None else octets(name)

    async def _name_of(self, address: str) -> str | None:
        if address not in self.names:
            self.names[address] = await reverse(address)
        return self.names[address]


REVERSE_PATIENCE: Final = 2.0
"""How many seconds the first client of an address waits for its name."""


async def reverse(address: str) -> str | None:
    """Give an address's name, or None if it has none."""
    with trio.move_on_after(REVERSE_PATIENCE):
        try:
            return (await trio.socket.getnameinfo((address, 0), socket.NI_NAMEREQD))[0]
        except OSError:
            pass
    return None


def make_service(settings: Settings) -> Service:
    """Open the map and load the certificates of one listener.

    Raises:
        SetUpError: something named by its options cannot be used.
        TlsFilesError: the same of a certificate, key or CA.
    """
    tls = settings.tls
    policy = make_policy(settings)
    try:
        popmap = open_map(settings.map_library, settings.map_library_opt)
    except MapError as error:
        raise SetUpError(str(error)) from None
    return Service(
        settings,
        policy,
        None if tls.listen is SslTls.NONE else listening_context(settings),
        None if tls.outgoing is SslTls.NONE else outgoing_context(settings),
        Lookups(popmap),
    )


def make_policy(settings: Settings) -> Policy:
    """Turn options into the policy of a session.

    Raises:
        SetUpError: the capability option of the protocol is wrong.
    """
    proto = PROTOS[settings.protocol]
    name, text, default = {
        Proto.POP3: ("pop_capability", settings.pop_capability, default_capabilities.POP),
        Proto.IMAP4: ("imap_capability", settings.imap_capability, default_capabilities.IMAP),
        Proto.MANAGESIEVE: (
            "managesieve_capability",
            settings.managesieve_capability,
            default_capabilities.MANAGESIEVE,
        ),
    }[proto]
    try:
        elements = capability_elements(proto, default if text is None else text)
    except BadCapability as error:
        raise SetUpError(f"option {name}: {error}") from None
    return Policy(
        proto=proto,
        label=settings.protocol.value,
        client_tls=TLS[settings.tls.listen],
        server_tls=TLS[settings.tls.outgoing],
        capabilities=elements,
        added_capabilities=ADDED[proto] if text is None else (),
        instance=instance(settings),
        ok_text=octets(settings.ok_line),
        server_resp_line=settings.server_resp_line,
        login_disabled=settings.login_disabled,
        names=make_names(settings),
        username_from_database=settings.username_from_database,
        outgoing_servers=tuple(
            (server.host, None if server.port is None else str(server.port)) for server in settings.outgoing_server
        ),
        outgoing_port=str(settings.outgoing_port_number),
        authenticate_timeout=settings.authenticate_timeout,
        connect_timeout=settings.connect_timeout,
    )


def make_names(settings: Settings) -> Names:
    """Turn the options about user names into what a session does with them."""
    return Names(
        delimiter=octets(settings.domain_delimiter),
        strip_domain=states(settings.strip_domain),
        add_domain=states(settings.add_domain.states),
        explicit_domain=None if settings.explicit_domain is None else octets(settings.explicit_domain),
        depth=settings.add_domain.depth,
        lower_case=states(settings.lower_case),
        client_server_specification=settings.client_server_specification,
        query_key=tuple(octets(form) for form in settings.query_key) or (WHOLE_NAME,),
    )


def states(chosen: frozenset[NameState]) -> frozenset[State]:
    """Give the session's states for those of the options."""
    return frozenset(State(state.value) for state in chosen)


def octets(text: str) -> bytes:
    """Give the octets of an option's text as the administrator wrote them, UTF-8 or not."""
    return text.encode("utf-8", "surrogateescape")


def instance(settings: Settings) -> str:
    """Give eight digits that two listeners share if and only if their options are the same (loop detection).

    The map's option string may hold a password and is left out.
    """
    values = [f"{name}={getattr(settings, name)!r}" for name in sorted(OPTIONS) if name != "map_library_opt"]
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:8]
