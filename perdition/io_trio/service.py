"""One listener's options, turned into what its sessions need: policy, TLS contexts, map and name in the banner."""

import contextlib
import hashlib
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs
import trio
from OpenSSL import SSL

from perdition.config import capabilities as default_capabilities
from perdition.config.name_states import NameState
from perdition.config.settings import OPTIONS, Settings
from perdition.config.ssl_mode import Tls as SslTls
from perdition.config.values import Protocol
from perdition.io_trio.logs import Log
from perdition.io_trio.lookup import Bounds, Lookup, Lookups
from perdition.io_trio.pam import NoPam, Pam
from perdition.io_trio.tally import Counting
from perdition.io_trio.tls import listening_context, outgoing_context
from perdition.io_trio.tls_files import TlsFilesError, TlsFilesForbidden
from perdition.maps import Map, MapError, NativeMap
from perdition.maps.memory import Lifetimes
from perdition.maps.registry import kind_of, open_map
from perdition.session import LogPasswd, Names, Policy, Proto, State, Tls
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


# The options that decide what a lookup answers, and what it may cost.
MAP_OPTIONS: Final = tuple(name for name in OPTIONS if name.startswith("map_") or name == "further_map")
# They may hold passwords.
MAP_STRINGS: Final = ("map_library_opt", "further_map")


KEPT: Final = "what was read before stays in force"


class SetUpError(Exception):
    """A listener cannot be served; the text names the option, the value and what was expected."""


@attrs.define
class Count:
    """How many connections a listener has, under its old options and its new ones (SIGHUP)."""

    connections: int = 0

    @property
    def total(self) -> int:
        """How many there are in all processes: of several, each has another kind of count."""
        return self.connections

    @property
    def has_turn(self) -> bool:
        """Whether this process is to accept the next connection."""
        return True


@attrs.define(eq=False)
class Service:
    """What all sessions of one listener share."""

    settings: Settings
    policy: Policy
    client_context: SSL.Context | None
    server_context: SSL.Context | None
    lookups: Lookups
    pam: Pam | None = None
    names: dict[str, str | None] = attrs.field(factory=dict)  # of local addresses
    count: Counting = attrs.field(factory=Count)

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return self.count.connections

    @connections.setter
    def connections(self, number: int) -> None:
        self.count.connections = number

    @property
    def is_full(self) -> bool:
        """Whether connection_limit is reached."""
        limit = self.settings.connection_limit
        return limit > 0 and self.count.total >= limit

    def replace(self, old: "Service") -> None:
        """Take the place of another: its connections count here, and who has yet to log in there is looked up here."""
        self.count = old.count
        old.lookups = self.lookups

    def lacks_name(self, address: str) -> bool:
        """Tell whether a name of a local address is needed and not known yet: then `find_name` comes first."""
        return address not in self.names and (self._banner_has_name or self.domain_is_local)

    async def find_name(self, address: str) -> None:
        """Look up the name of a local address."""
        self.names[address] = await reverse(address)

    def banner_host(self, address: str) -> str:
        """Give the name that the greeting shows for a local address (no_lookup, no_bind_banner)."""
        if self.settings.no_bind_banner:
            return os.uname().nodename
        return self.names.get(address) or address if self._banner_has_name else address

    def local_name(self, address: str) -> bytes | None:
        """Give the name of a local address, if a domain is to be made of it."""
        name = self.names.get(address) if self.domain_is_local else None
        return None if name is None else octets(name)

    @property
    def _banner_has_name(self) -> bool:
        return not self.settings.no_bind_banner and not self.settings.no_lookup

    @property
    def domain_is_local(self) -> bool:
        """Whether the name of a local address becomes a user's domain (add_domain without explicit_domain)."""
        return bool(self.policy.names.add_domain) and self.policy.names.explicit_domain is None


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


@attrs.frozen
class NamedMap:
    """A map as options name it.

    Args:
        option: the one that has its option string.
        library: its kind, or the library of perdition 2.2.
        opt: its option string.
    """

    option: str
    library: str
    opt: str | None

    def open(self) -> Map | NativeMap | None:
        """Open it; None: there is none.

        Raises:
            SetUpError: it cannot be opened.
        """
        try:
            return open_map(self.library, self.opt)
        except MapError as error:
            raise SetUpError(f"option {self.option}: {error}") from None


def named_maps(settings: Settings) -> list[NamedMap]:
    """Give the maps of a listener, in the order in which they are asked (map_library, further_map)."""
    first = NamedMap("map_library_opt", settings.map_library, settings.map_library_opt)
    return [first, *(NamedMap("further_map", further.library, further.opt) for further in settings.further_map)]


class Popmaps:
    """The maps of all listeners: those with the same options about maps share them, and their memory.

    Args:
        log: where it is said that a map is unavailable.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._opened: dict[tuple[object, ...], Lookups] = {}

    def of(self, settings: Settings) -> Lookups:
        """Open the maps of a listener (map_library, map_library_opt, further_map), or find them open.

        Raises:
            SetUpError: one cannot be opened.
        """
        key = tuple(getattr(settings, name) for name in MAP_OPTIONS)
        if key not in self._opened:
            self._opened[key] = Lookups(self._open(settings))
        return self._opened[key]

    def _open(self, settings: Settings) -> list[Lookup]:
        bounds = Bounds(
            timeout=settings.map_timeout,
            concurrency=settings.map_concurrency,
            lifetimes=Lifetimes(
                found=settings.map_cache_lifetime,
                absent=settings.map_negative_lifetime,
                last_known_good=settings.map_stale_lifetime,
                size=settings.map_cache_size,
            ),
        )
        lookups: list[Lookup] = []
        for named in named_maps(settings):
            popmap = named.open()
            if popmap is not None:
                lookups.append(Lookup(kind_of(named.library), popmap, bounds, self._log))
        return lookups

    def retire(self) -> None:
        """Let go of each map as soon as nobody waits for its answer: others have taken their places."""
        for lookups in self._opened.values():
            lookups.retire()

    def close(self) -> None:
        """Let go of all maps."""
        for lookups in self._opened.values():
            lookups.close()


@attrs.frozen
class Loaded:
    """TLS contexts that are in force (SIGHUP): they stay where the same files may not be read any more.

    Args:
        services: whose they are; none at the start.
        said: gets a line for each that stays.
    """

    services: Sequence[Service] = ()
    said: list[str] = attrs.field(factory=list)

    def listening(self, settings: Settings) -> SSL.Context:
        """Make the context of the client's leg; TlsFilesError if that cannot be."""
        try:
            return listening_context(settings)
        except TlsFilesForbidden as error:
            return self._stays(error, [service.client_context for service in self._like(settings)])

    def outgoing(self, settings: Settings) -> SSL.Context:
        """Make the context of the real server's leg; TlsFilesError if that cannot be."""
        try:
            return outgoing_context(settings)
        except TlsFilesForbidden as error:
            return self._stays(error, [service.server_context for service in self._like(settings)])

    def _like(self, settings: Settings) -> list[Service]:
        return [service for service in self.services if tls_options(service.settings) == tls_options(settings)]

    def _stays(self, error: TlsFilesForbidden, contexts: Sequence[SSL.Context | None]) -> SSL.Context:
        for context in contexts:
            if context is not None:
                self.said.append(f"{error}; {KEPT}")
                return context
        raise error


def tls_options(settings: Settings) -> tuple[object, ...]:
    """Give the options that TLS contexts are made of."""
    return (settings.alpn, *(getattr(settings, name) for name in OPTIONS if name.startswith("ssl_")))


class _Errors:
    """What goes wrong, so that all of it can be told at once."""

    def __init__(self) -> None:
        self._errors: list[Exception] = []

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Keep an error for later."""
        try:
            yield
        except (SetUpError, TlsFilesError) as error:
            self._errors.append(error)

    def tell(self) -> None:
        """Raise the one that was kept, or one in the words of all."""
        match self._errors:
            case [error]:
                raise error
            case [_, *_]:
                raise SetUpError("\n".join(map(str, self._errors)))


def make_service(settings: Settings, popmaps: Popmaps, loaded: Loaded | None = None) -> Service:
    """Open the maps and load the certificates of one listener.

    Args:
        settings: its options.
        popmaps: the maps of the process.
        loaded: the TLS contexts that are in force.

    Raises:
        SetUpError: something named by its options cannot be used; a line for each.
        TlsFilesError: the same of a certificate, key or CA.
    """
    tls, loaded, errors = settings.tls, loaded or Loaded(), _Errors()
    client_context = server_context = None
    with errors.noted():
        policy = make_policy(settings)
    with errors.noted():
        lookups = popmaps.of(settings)
    with errors.noted():
        pam = make_pam(settings)
    with errors.noted():
        client_context = None if tls.listen is SslTls.NONE else loaded.listening(settings)
    with errors.noted():
        server_context = None if tls.outgoing is SslTls.NONE else loaded.outgoing(settings)
    errors.tell()
    return Service(settings, policy, client_context, server_context, lookups, pam)


def make_pam(settings: Settings) -> Pam | None:
    """Give libpam, if clients are to be authenticated here (authenticate_in).

    Raises:
        SetUpError: there is no libpam.
    """
    try:
        return Pam() if settings.authenticate_in else None
    except NoPam as error:
        raise SetUpError(str(error)) from None


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
        authenticate_in=settings.authenticate_in,
        names=make_names(settings),
        username_from_database=settings.username_from_database,
        outgoing_servers=tuple(
            (server.host, None if server.port is None else str(server.port)) for server in settings.outgoing_server
        ),
        outgoing_port=settings.outgoing_service,
        authenticate_timeout=settings.authenticate_timeout,
        connect_timeout=settings.connect_timeout,
        connection_logging=settings.connection_logging and settings.debug,
        log_passwd=LogPasswd(settings.log_passwd.value) if settings.debug else LogPasswd.NEVER,
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

    The option strings of maps may hold passwords and are left out.
    """
    values = [f"{name}={getattr(settings, name)!r}" for name in sorted(OPTIONS) if name not in MAP_STRINGS]
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:8]
