"""THE table: every option once.  Command line, perdition.conf, TOML, --help and man page derive from it.

A field of Settings is an option of the same name; what there is to know about it stands in the call that
makes the field.  Names, letters, defaults and grammars are perdition 2.2's unless a comment says "new".
"""

from collections.abc import Mapping
from typing import Final

import attrs

from perdition.config import values
from perdition.config.name_states import AddDomain, NameState, add_domain, name_states, query_key
from perdition.config.option import Alias, Group, Scope, Takes, flag, option, rows_of
from perdition.config.origin import DEFAULT, Origin
from perdition.config.ssl_mode import NO_TLS, SSL_ALL, SslMode, ssl_mode
from perdition.config.values import HostPort, Protocol

# The standard port of each protocol, on both sides: RFC 1939, RFC 8314, RFC 9051, RFC 5804.
PORTS: Final = {
    Protocol.POP3: 110,
    Protocol.POP3S: 995,
    Protocol.IMAP4: 143,
    Protocol.IMAP4S: 993,
    Protocol.MANAGESIEVE: 4190,
}
# Without any ssl_mode these two speak TLS with both sides, as in perdition 2.2.
IMPLICIT_TLS: Final = frozenset({Protocol.POP3S, Protocol.IMAP4S})


@attrs.frozen(kw_only=True)
class Settings:
    """The options of one listener."""

    # fmt: off
    protocol: Protocol = option(
        default=Protocol.POP3, parse=values.protocol, short="P", arg="PROTOCOL", group=Group.LISTENING,
        help="POP3, POP3S, IMAP4, IMAP4S or MANAGESIEVE. Default: from the program's name, else POP3.")
    bind_address: tuple[HostPort, ...] = option(
        default=(), parse=values.bind_addresses, short="b", arg="HOST[:PORT],...", takes=Takes.LIST,
        group=Group.LISTENING, help="Listen on these addresses. Default: all IPv4 addresses.")
    listen_port: int | None = option(
        default=None, parse=values.listen_port, short="l", arg="PORT", takes=Takes.PORT,
        group=Group.LISTENING, help="Listen on this port, a number or a name. Default: the protocol's port.")
    tcp_keepalive: bool = flag(
        group=Group.LISTENING, help="Set SO_KEEPALIVE on connections of clients and to real servers.")
    no_bind_banner: bool = flag(
        short="B", group=Group.LISTENING, help="Show the machine's name in the greeting, not the address.")
    no_lookup: bool = flag(
        short="n", group=Group.LISTENING, help="No reverse look-up of the address shown in the greeting.")

    # perdition 2.2's default is <libdir>/libperditiondb_gdbm.so.0; no map until that kind is supported.
    map_library: str = option(
        default="", parse=values.text, short="M", arg="MAP", group=Group.SERVERS,
        help='Kind of map: posix_regex, sqlite, or the library name of perdition 2.2. Default: "", no map.')
    map_library_opt: str | None = option(
        default=None, parse=values.text, short="m", arg="STRING", group=Group.SERVERS,
        help="Option string of the map, such as the name of its file.")
    outgoing_server: tuple[HostPort, ...] = option(
        default=(), parse=values.servers, short="s", arg="HOST[:PORT],...", takes=Takes.LIST,
        group=Group.SERVERS, help="Real servers for users that the map does not know.")
    outgoing_port: int | None = option(
        default=None, parse=values.server_port, short="p", arg="PORT", takes=Takes.PORT, group=Group.SERVERS,
        help="Port of real servers that are named without one. Default: the protocol's port.")
    domain_delimiter: str = option(
        default="@", parse=values.text, short="D", arg="STRING", group=Group.SERVERS,
        help="What stands between user and domain, and between user and server in a map.")
    username_from_database: bool = flag(
        short="U", group=Group.SERVERS, help="Log in with the user name that the map gives.")

    strip_domain: frozenset[NameState] = option(
        default=frozenset(), parse=name_states, short="S", arg="STATE,...", takes=Takes.LIST, group=Group.NAMES,
        help="Cut the domain off the name in these states: servername_lookup, local_authentication, "
        "remote_login, all.")
    add_domain: AddDomain = option(
        default=AddDomain(), parse=add_domain, short="A", arg="STATE,...[,DEPTH]", takes=Takes.LIST,
        group=Group.NAMES,
        help="Add a domain to a name that has none: explicit_domain, or the name of the address that the client "
        "reached, without its first DEPTH labels. Default depth: 1.")
    explicit_domain: str | None = option(
        default=None, parse=values.text, short="e", arg="DOMAIN", group=Group.NAMES,
        help="The domain that add_domain adds.")
    lower_case: frozenset[NameState] = option(
        default=frozenset(), parse=name_states, arg="STATE,...", takes=Takes.LIST, group=Group.NAMES,
        help="Put the name in lower case in these states.")
    client_server_specification: bool = flag(
        short="c", group=Group.NAMES, help="Users may name their server: user@server[:port].")
    query_key: tuple[str, ...] = option(
        default=(), parse=query_key, arg="FORMAT,...", takes=Takes.LIST, group=Group.NAMES,
        help="Keys to ask the map for, in turn: \\U name, \\u user, \\D delimiter, \\d domain, \\i \\p client, "
        "\\I \\P our address and port. Default: \\U.")

    ssl_mode: SslMode | None = option(
        default=None, parse=ssl_mode, arg="MODE,...", takes=Takes.LIST, adds=True, group=Group.TLS,
        help="none, ssl_listen, ssl_outgoing, ssl_all, tls_listen, tls_outgoing, tls_all, tls_listen_force, "
        "tls_outgoing_force, tls_all_force. Default: ssl_all for POP3S and IMAP4S, else none.")
    ssl_cert_file: str | None = option(
        default="/etc/perdition/perdition.crt.pem", parse=values.file_name, arg="FILE", group=Group.TLS,
        help="Certificate chain for clients.")
    ssl_key_file: str | None = option(
        default="/etc/perdition/perdition.key.pem", parse=values.file_name, arg="FILE", group=Group.TLS,
        help="Private key of that certificate.")
    ssl_ca_file: str | None = option(
        default=None, parse=values.file_name, arg="FILE", group=Group.TLS,
        help="CA certificates to verify real servers and clients with.")
    ssl_ca_path: str | None = option(
        default="/etc/perdition/perdition.ca/", parse=values.file_name, arg="DIR", group=Group.TLS,
        help="Hashed folder of CA certificates.")
    ssl_no_cert_verify: bool = flag(
        group=Group.TLS, help="Do not verify certificate chains. The name is still checked.")
    ssl_no_cn_verify: bool = flag(
        group=Group.TLS, help="Do not check that a real server's certificate has its name.")

    ok_line: str = option(
        default="You are so in", parse=values.line_text, short="O", arg="TEXT", group=Group.TEXTS,
        help="Text of the reply to a successful log-in.")
    server_resp_line: bool = flag(
        short="o", group=Group.TEXTS, help="Send the real server's own text instead.")
    imap_capability: str | None = option(
        default=None, parse=values.line_text, arg="TEXT", group=Group.TEXTS,
        help="IMAP4 capabilities, one blank between. Default: IMAP4 IMAP4REV1.")
    pop_capability: str | None = option(
        default=None, parse=values.line_text, arg="TEXT", group=Group.TEXTS,
        help="POP3 capabilities, a dot between (two blanks if there is no dot). Default: UIDL.USER.")
    managesieve_capability: str | None = option(
        default=None, parse=values.line_text, arg="TEXT", group=Group.TEXTS,
        help="ManageSieve capabilities, two blanks between.")
    login_disabled: bool = flag(
        group=Group.TEXTS, help="Refuse all log-ins; IMAP4 announces LOGINDISABLED.")

    timeout: int = option(
        default=1800, parse=values.number, short="t", arg="SECONDS", takes=Takes.NUMBER, group=Group.LIMITS,
        help="End sessions that are silent for so long after log-in. 0: never.")
    authenticate_timeout: int = option(
        default=1800, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, group=Group.LIMITS,
        help="The same before log-in, for client and real server. 0: never.")
    # New: perdition 2.2 waits as long as the kernel does.
    connect_timeout: int = option(
        default=30, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, group=Group.LIMITS,
        help="Time to reach the real server, its TLS handshake included. 0: no limit.")
    connection_limit: int = option(
        default=0, parse=values.number, short="L", arg="NUMBER", takes=Takes.NUMBER, group=Group.LIMITS,
        help="Connections at the same time. 0: no limit.")

    no_daemon: bool = flag(
        scope=Scope.PROCESS, group=Group.DAEMON, help="Stay in the foreground.")
    # The default contains the program's name, so load.py sets it; "" is no file.
    pid_file: str = option(
        default="", parse=values.pid_file, arg="FILE", scope=Scope.PROCESS, group=Group.DAEMON,
        help='File for the process id, "" for none. Default: /var/run/perdition/perdition.pid, with the '
        "program's name in both places.")
    log_facility: str = option(
        default="mail", parse=values.log_facility, short="F", arg="FACILITY", scope=Scope.PROCESS,
        group=Group.DAEMON,
        help="Where the log goes: - standard output, + standard error (both stay in the foreground), a file "
        "name that begins with /, or a syslog facility. Default: mail.")
    debug: bool = flag(
        short="d", scope=Scope.PROCESS, group=Group.DAEMON, help="Log more.")
    quiet: bool = flag(
        short="q", scope=Scope.PROCESS, group=Group.DAEMON, help="Log errors only; debug overrides it.")
    # New: how long log-ins under way may take after SIGTERM.
    shutdown_grace: int = option(
        default=30, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, scope=Scope.PROCESS,
        group=Group.DAEMON, help="On the signal to end, let log-ins under way take so long; then all sessions end.")

    config_file: str | None = option(
        default=None, parse=values.text, short="f", arg="FILE", scope=Scope.START, group=Group.OTHER,
        help='Configuration file, TOML if its name ends in .toml; "" for none. Default: '
        "/etc/perdition/<program>.conf, perdition.<protocol>.conf or perdition.conf.")
    help: bool = flag(
        short="h", scope=Scope.START, group=Group.OTHER, help="Show this text.")
    # New.
    version: bool = flag(
        scope=Scope.START, group=Group.OTHER, help="Show the version.")
    # fmt: on

    # No option: where each value that is not a default came from.
    origins: Mapping[str, Origin] = attrs.field(factory=dict, eq=False, repr=False)

    def origin(self, name: str) -> Origin:
        """Tell where the value of an option came from."""
        return self.origins.get(name, DEFAULT)

    @property
    def listen_port_number(self) -> int:
        """The port for bind addresses that have none."""
        return PORTS[self.protocol] if self.listen_port is None else self.listen_port

    @property
    def outgoing_port_number(self) -> int:
        """The port of real servers that are named without one."""
        return PORTS[self.protocol] if self.outgoing_port is None else self.outgoing_port

    @property
    def tls(self) -> SslMode:
        """The mode that holds: any explicit ssl_mode replaces the default entirely."""
        if self.ssl_mode is not None:
            return self.ssl_mode
        return SSL_ALL if self.protocol in IMPLICIT_TLS else NO_TLS

    @property
    def foreground(self) -> bool:
        """Whether the process stays in the foreground: no_daemon, or a log on stdout or stderr."""
        return self.no_daemon or self.log_facility.startswith(("-", "+"))


OPTIONS: Final = rows_of(Settings)

ALIASES: Final = (
    Alias("capability", "I", Takes.TEXT, ("imap_capability", "pop_capability", "managesieve_capability")),
    Alias("server_ok_line", "", Takes.FLAG, ("server_resp_line",)),
)
