"""Option check: everything that would be in the way of a start, said at once; nothing is started.

It does what the start does, but for what a daemon that runs has already: no port is taken, no pid file and no log is
written.  So it may run beside one.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import attrs
import trio
from OpenSSL import SSL

from perdition.config.load import Config
from perdition.config.origin import PROGRAM, printable
from perdition.config.place import placed
from perdition.config.settings import Settings
from perdition.config.ssl_mode import Tls
from perdition.config.values import HostPort
from perdition.config.whole import unused
from perdition.io_trio import standard
from perdition.io_trio.check_pam import pam_warnings
from perdition.io_trio.descriptors import TooFewDescriptors, make_room
from perdition.io_trio.listeners import Address, CannotListen, addresses
from perdition.io_trio.logs import DEV_LOG
from perdition.io_trio.lookup import Bounds, Lookup
from perdition.io_trio.notices import notices
from perdition.io_trio.pid_file import process_of
from perdition.io_trio.port_taken import is_held_by, is_taken
from perdition.io_trio.privileges import ROOT, Account, NoSuchAccount
from perdition.io_trio.service import NamedMap, Popmaps, SetUpError, make_names, make_policy, make_service, named_maps
from perdition.io_trio.tls import listening_context, outgoing_context
from perdition.io_trio.tls_files import TlsFilesError, certificates, load_key, readable, use_dh_parameters
from perdition.maps import Map, NativeMap, Query, Runs, Unavailable
from perdition.maps.registry import kind_of
from perdition.session.effects import Level

CANNOT: Final = (SetUpError, TlsFilesError, CannotListen, NoSuchAccount, TooFewDescriptors)
PATIENCE: Final = 10.0
"""How many seconds a map's database is waited for."""
NOBODY: Final = "perdition-check"
"""Whom maps are asked for, to see whether they answer."""


@attrs.frozen
class Findings:
    """What a check found.

    Args:
        errors: what a start would fail of.
        warnings: what it would not, though somebody should know.
        good: what was tried and is well.
    """

    errors: list[str] = attrs.field(factory=list)
    warnings: list[str] = attrs.field(factory=list)
    good: list[str] = attrs.field(factory=list)

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Take what goes wrong within for an error found."""
        try:
            yield
        except CANNOT as error:
            self.errors.extend(str(error).splitlines())


def report(config: Config, wrong: Sequence[str], program: str) -> int:
    """Check, and write what was found, errors and warnings to standard error; give the exit status."""
    findings = check(config, wrong)
    for line in findings.errors:
        standard.complain(f"{program}: {line}")
    for line in findings.warnings:
        standard.complain(f"{program}: warning: {line}")
    if findings.errors:
        return 1
    good = "; ".join([config.file or "no configuration file", *findings.good])
    standard.write(f"{program}: all is well: {printable(good)}\n")
    return 0


def check(config: Config, wrong: Sequence[str] = ()) -> Findings:
    """Try what the start would do.

    Args:
        config: what was read; a part with an option that could not be read is left out.
        wrong: what was found wrong in reading it.
    """
    findings = Findings([*wrong], [*config.warnings])
    if config.whole:
        for number, settings in enumerate(config.listeners, 1):
            one = _check_listener(settings)
            where = f"listener {number}: " if len(config.listeners) > 1 else ""
            findings.errors.extend(_placed(line, settings, where) for line in one.errors)
            findings.warnings.extend(_placed(line, settings, where) for line in one.warnings)
            findings.good.extend(one.good)
        _check_process(config, findings)
        findings.warnings.extend(unused(config.listeners))
    return Findings(*(list(dict.fromkeys(lines)) for lines in (findings.errors, findings.warnings, findings.good)))


def _placed(line: str, settings: Settings, otherwise: str) -> str:
    with_place = placed(line, settings)
    return with_place if with_place != line else otherwise + line


# --- one listener


def _check_listener(settings: Settings) -> Findings:
    findings = Findings()
    bad = {name for name, origin in settings.origins.items() if origin.bad}
    for part, options in PARTS.items():
        if not any(name.startswith(options) for name in bad):
            part(settings, findings)
    findings.warnings.extend(notices(settings))
    if not findings.errors and not bad:
        popmaps = Popmaps(_no_log)
        with findings.noting():
            make_service(settings, popmaps)  # all that the start does, whatever that is by now
        popmaps.close()
    return findings


def _no_log(level: Level, line: str) -> None:
    pass


def _check_addresses(settings: Settings, findings: Findings) -> None:
    for address in addresses(settings, findings.errors):
        with findings.noting():
            _bind_beside(address)
            if is_taken(address) and not _is_ours(address, settings):
                line = f"options bind_address and listen_port: cannot listen on {address}: address already in use"
                # Without a pid file nobody can tell whether it is a daemon that will make room for this one.
                (findings.errors if settings.pid_file else findings.warnings).append(line)
            findings.good.append(f"{settings.protocol.value} on {address}")


def _bind_beside(address: Address) -> None:
    """See whether an address is this machine's; the port may be that of a daemon that runs.

    Raises:
        CannotListen: it is not.
    """
    with socket.socket(address.family, socket.SOCK_STREAM) as sock:
        try:
            sock.bind((address.name[0], 0, *address.name[2:]))
        except OSError as error:
            why = os.strerror(error.errno or 0).lower()
            raise CannotListen(f"options bind_address and listen_port: cannot listen on {address}: {why}") from None


def _is_ours(address: Address, settings: Settings) -> bool:
    pid = process_of(settings.pid_file)
    return pid is not None and is_held_by(address, pid)


def _check_servers(settings: Settings, findings: Findings) -> None:
    for server in settings.outgoing_server:
        port = settings.outgoing_port_number if server.port is None else server.port
        where = HostPort(server.host, port)
        try:
            socket.getaddrinfo(server.host, int(port), type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
                findings.warnings.append(f"option outgoing_server: {where}: cannot be resolved now")
            else:
                findings.errors.append(f"option outgoing_server: {where}: cannot be resolved")


def _check_capability(settings: Settings, findings: Findings) -> None:
    with findings.noting():
        make_policy(settings)


def _check_maps(settings: Settings, findings: Findings) -> None:
    for named in named_maps(settings):
        with findings.noting():
            popmap = named.open()
            if popmap is not None:
                trio.run(_ask, popmap, named, settings, findings)
                findings.good.append(f"map {kind_of(named.library)}")


async def _ask(popmap: Map | NativeMap, named: NamedMap, settings: Settings, findings: Findings) -> None:
    """See whether a map gets an answer from others or from its file; a daemon starts without: it is a warning."""

    def log(level: Level, line: str) -> None:
        findings.warnings.append(f"option {named.option}: {line}")

    bounds = Bounds(timeout=min(settings.map_timeout or PATIENCE, PATIENCE))
    lookup = Lookup(kind_of(named.library), popmap, bounds, log)
    query = Query(NOBODY.encode())
    if popmap.runs is not Runs.INLINE:
        await lookup(query)
    elif isinstance(outcome := await lookup(query), Unavailable):
        log(Level.ERR, f"Map {kind_of(named.library)} is unavailable: {outcome.why}")
    lookup.close()


def _check_listening_tls(settings: Settings, findings: Findings) -> None:
    """Look at each file by itself; then whether they fit each other."""
    if settings.tls.listen is Tls.NONE:
        return
    before = len(findings.errors)
    with findings.noting():
        for certificate in certificates("ssl_cert_file", settings.ssl_cert_file)[:1]:
            last = certificate.not_valid_after_utc
            if last < datetime.now(UTC):
                findings.warnings.append(f"option ssl_cert_file: {settings.ssl_cert_file}: expired on {last:%Y-%m-%d}")
            findings.good.append(f"certificate {settings.ssl_cert_file} until {last:%Y-%m-%d}")
    with findings.noting():
        load_key(readable("ssl_key_file", settings.ssl_key_file), settings)
    with findings.noting():
        if settings.ssl_ca_chain_file:
            certificates("ssl_ca_chain_file", settings.ssl_ca_chain_file)
    with findings.noting():
        if settings.ssl_dh_params_file:
            use_dh_parameters(SSL.Context(SSL.TLS_SERVER_METHOD), settings)
    if len(findings.errors) == before:
        with findings.noting():
            listening_context(settings)


def _check_outgoing_tls(settings: Settings, findings: Findings) -> None:
    if settings.tls.outgoing is not Tls.NONE:
        with findings.noting():
            outgoing_context(settings)


def _check_query_key(settings: Settings, findings: Findings) -> None:
    for escape in dict.fromkeys(make_names(settings).unknown_escapes()):
        findings.warnings.append(f"option query_key: {escape} means nothing: no key is asked for from there on")


def _check_pam(settings: Settings, findings: Findings) -> None:
    if settings.authenticate_in:
        with contextlib.suppress(NoSuchAccount):  # it is said of the process
            account = Account.find(settings.username, settings.group) or Account.current()
            findings.warnings.extend(pam_warnings(account))


Part: TypeAlias = Callable[[Settings, Findings], None]
# Each with the options, or how they begin, that decide it.
PARTS: Final[dict[Part, tuple[str, ...]]] = {
    _check_addresses: ("bind_address", "listen_port", "protocol"),
    _check_maps: ("map_", "further_map"),
    _check_query_key: ("query_key",),
    _check_pam: ("username", "group", "authenticate_in"),
    _check_servers: ("outgoing_server", "outgoing_port", "protocol"),
    _check_capability: ("pop_capability", "imap_capability", "managesieve_capability", "protocol"),
    _check_listening_tls: ("ssl_", "protocol"),
    _check_outgoing_tls: ("ssl_", "protocol"),
}


# --- the process


def _check_process(config: Config, findings: Findings) -> None:
    common, found = config.common, Findings()
    if common.inetd_mode and len(config.listeners) > 1:
        found.errors.append(f"option inetd_mode: expected one listener, not {len(config.listeners)}")
    with found.noting():
        make_room(config.listeners)
    with found.noting():
        Account.named(common.username, common.group)
    if common.log_facility.startswith("/"):
        found.errors.extend(_cannot_write("log_facility", common.log_facility))
    elif not common.foreground and not os.path.exists(DEV_LOG):
        found.warnings.append(f"option log_facility: {common.log_facility}: expected a syslog at {DEV_LOG}")
    wanted = common.pid_file and not common.inetd_mode
    if wanted and (not common.foreground or common.origin("pid_file") != PROGRAM or os.geteuid() == ROOT):
        found.errors.extend(_cannot_write("pid_file", common.pid_file, make_folder=True))
    findings.errors.extend(placed(line, common) for line in found.errors)
    findings.warnings.extend(placed(line, common) for line in found.warnings)


def _cannot_write(option: str, path: str, *, make_folder: bool = False) -> Iterator[str]:
    """Say why a file could not be written, if so, without writing it; its folder may have to be made first."""
    folder = os.path.dirname(path)
    if make_folder and not os.path.exists(folder):
        folder = os.path.dirname(folder)
    if os.path.isdir(path):
        yield f"option {option}: {path}: Is a directory"
    elif not os.path.isdir(folder):
        yield f"option {option}: {path}: No such file or directory"
    elif not os.access(path if os.path.exists(path) else folder, os.W_OK):
        yield f"option {option}: {path}: Permission denied"
