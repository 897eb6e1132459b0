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
from perdition.config.tls_versions import TlsVersion, least, most
from perdition.config.values import FurtherMap, HostPort, LogPasswd, Protocol

# The standard port of each protocol, on both sides: RFC 1939, RFC 8314, RFC 9051, RFC 5804.
PORTS: Final = {
    Protocol.POP3: 110,
    Protocol.POP3S: 995,
    Protocol.IMAP4: 143,
    Protocol.IMAP4S: 993,
    Protocol.MANAGESIEVE: 4190,
}
# Their names in /etc/services.
SERVICE_NAMES: Final = {
    Protocol.POP3: "pop3",
    Protocol.POP3S: "pop3s",
    Protocol.IMAP4: "imap",
    Protocol.IMAP4S: "imaps",
    Protocol.MANAGESIEVE: "sieve",
}
# What a client may ask for in the TLS handshake (RFC 7301): IANA's "TLS ALPN Protocol IDs".
ALPN: Final = {
    Protocol.POP3: b"pop3",
    Protocol.POP3S: b"pop3",
    Protocol.IMAP4: b"imap",
    Protocol.IMAP4S: b"imap",
    Protocol.MANAGESIEVE: b"managesieve",
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
        group=Group.LISTENING,
        help="Listen on these addresses; [::] takes clients of IPv4, too. Default: all IPv4 addresses.")
    listen_port: int | None = option(
        default=None, parse=values.listen_port, short="l", arg="PORT", takes=Takes.PORT,
        group=Group.LISTENING, help="Listen on this port, a number or a name. Default: the protocol's port.")
    tcp_keepalive: bool = flag(
        group=Group.LISTENING, help="Set SO_KEEPALIVE on connections of clients and to real servers.")
    no_bind_banner: bool = flag(
        short="B", group=Group.LISTENING, help="Show the machine's name in the greeting, not the address.")
    no_lookup: bool = flag(
        short="n", group=Group.LISTENING,
        help="No reverse look-up of the address shown in the greeting, and numbers for standard ports in the log.")

    # perdition 2.2's default is the same as <libdir>/libperditiondb_gdbm.so.0.  Without the map's default file all
    # users are absent, as there.
    map_library: str = option(
        default="gdbm", parse=values.text, short="M", arg="MAP", group=Group.SERVERS,
        help='Kind of map: gdbm, bdb, posix_regex, sqlite, ..., or the library name of perdition 2.2; "" for none.')
    map_library_opt: str | None = option(
        default=None, parse=values.text, short="m", arg="STRING", group=Group.SERVERS,
        help="Option string of the map, such as the name of its file.")
    # New, like the six below it: perdition 2.2 has one map, and asks it each time for as long as it takes.
    further_map: tuple[FurtherMap, ...] = option(
        default=(), parse=values.further_maps, arg="MAP[:STRING]", takes=Takes.LIST, adds="\n",
        group=Group.SERVERS,
        help="Ask this map, too, for users that map_library does not know. May be given again: one more map.")
    map_timeout: int = option(
        default=30, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, group=Group.SERVERS,
        help="Time for an answer of a map's database. 0: no limit but authenticate_timeout.")
    map_concurrency: int = option(
        default=20, parse=values.positive, arg="NUMBER", takes=Takes.NUMBER, group=Group.SERVERS,
        help="Lookups of one map at the same time; the others wait.")
    map_cache_lifetime: int = option(
        default=0, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, group=Group.SERVERS,
        help="Keep what a map's database found for so long. 0: ask each time.")
    map_negative_lifetime: int = option(
        default=0, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, group=Group.SERVERS,
        help="Keep for so long that it does not know a user. 0: ask each time.")
    map_stale_lifetime: int = option(
        default=0, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, group=Group.SERVERS,
        help="While the database is unavailable, use its answers of the last SECONDS. 0: refuse the log-in.")
    map_cache_size: int = option(
        default=100000, parse=values.positive, arg="NUMBER", takes=Takes.NUMBER, group=Group.SERVERS,
        help="Answers to keep at the most.")
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
        default=frozenset(), parse=name_states, short="S", arg="STATE,...", takes=Takes.LIST, adds=",",
        group=Group.NAMES, help="Cut the domain off the name in these states: servername_lookup, local_authentication, "
        "remote_login, all.")
    add_domain: AddDomain = option(
        default=AddDomain(), parse=add_domain, short="A", arg="STATE,...[,DEPTH]", takes=Takes.LIST,
        adds=",", group=Group.NAMES,
        help="Add a domain to a name that has none: explicit_domain, or the name of the address that the client "
        "reached, without its first DEPTH labels. Default depth: 1.")
    explicit_domain: str | None = option(
        default=None, parse=values.text, short="e", arg="DOMAIN", group=Group.NAMES,
        help="The domain that add_domain adds.")
    lower_case: frozenset[NameState] = option(
        default=frozenset(), parse=name_states, arg="STATE,...", takes=Takes.LIST, adds=",", group=Group.NAMES,
        help="Put the name in lower case in these states.")
    client_server_specification: bool = flag(
        short="c", group=Group.NAMES, help="Users may name their server: user@server[:port].")
    query_key: tuple[str, ...] = option(
        default=(), parse=query_key, arg="FORMAT,...", takes=Takes.LIST, group=Group.NAMES,
        help="Keys to ask the map for, in turn: \\U name, \\u user, \\D delimiter, \\d domain, \\i \\p client, "
        "\\I \\P our address and port. Default: \\U.")
    authenticate_in: bool = flag(
        short="a", group=Group.NAMES,
        help="Have PAM check name and password, service perdition, before the real server is reached.")

    ssl_mode: SslMode | None = option(
        default=None, parse=ssl_mode, arg="MODE,...", takes=Takes.LIST, adds=",", group=Group.TLS,
        help="none, ssl_listen, ssl_outgoing, ssl_all, tls_listen, tls_outgoing, tls_all, tls_listen_force, "
        "tls_outgoing_force, tls_all_force. Default: ssl_all for POP3S and IMAP4S, else none.")
    ssl_cert_file: str | None = option(
        default="/etc/perdition/perdition.crt.pem", parse=values.file_name, arg="FILE", group=Group.TLS,
        help="Certificate chain for clients.")
    ssl_key_file: str | None = option(
        default="/etc/perdition/perdition.key.pem", parse=values.file_name, arg="FILE", group=Group.TLS,
        help="Private key of that certificate.")
    ssl_ca_chain_file: str | None = option(
        default=None, parse=values.file_name, arg="FILE", group=Group.TLS,
        help="More certificates for clients, to complete the chain of ssl_cert_file.")
    ssl_dh_params_file: str | None = option(
        default=None, parse=values.file_name, arg="FILE", group=Group.TLS,
        help="Diffie-Hellman parameters. Default: those in ssl_cert_file, else OpenSSL's own.")
    ssl_passphrase_fd: int = option(
        default=0, parse=values.number, arg="NUMBER", takes=Takes.NUMBER, group=Group.TLS,
        help="Descriptor to read the key's pass phrase from, its first line, if the key has one.")
    ssl_passphrase_file: str | None = option(
        default=None, parse=values.file_name, arg="FILE", group=Group.TLS,
        help="File to read it from instead.")
    ssl_ca_file: str | None = option(
        default=None, parse=values.file_name, arg="FILE", group=Group.TLS,
        help="CA certificates to verify real servers with.")
    ssl_ca_path: str | None = option(
        default="/etc/perdition/perdition.ca/", parse=values.file_name, arg="DIR", group=Group.TLS,
        help="Hashed folder of CA certificates.")
    ssl_ca_accept_self_signed: bool = flag(
        group=Group.TLS, help="Accept a chain that ends in a root which is sent with it and not known here.")
    ssl_cert_accept_self_signed: bool = flag(
        group=Group.TLS, help="Accept a certificate that is signed by itself.")
    ssl_cert_accept_expired: bool = flag(
        group=Group.TLS, help="Accept certificates that have expired.")
    ssl_cert_accept_not_yet_valid: bool = flag(
        group=Group.TLS, help="Accept certificates that are not valid yet.")
    ssl_cert_verify_depth: int = option(
        default=9, parse=values.number, arg="NUMBER", takes=Takes.NUMBER, group=Group.TLS,
        help="Certificates that a chain may have above the first, its root counted.")
    ssl_no_cert_verify: bool = flag(
        group=Group.TLS, help="Do not verify certificate chains. The name is still checked.")
    ssl_no_client_cert_verify: bool = flag(
        group=Group.TLS, help="No effect: clients are never asked for certificates.")
    ssl_no_cn_verify: bool = flag(
        group=Group.TLS, help="Do not check that a real server's certificate has its name.")
    # perdition 2.2's default is tlsv1 on both sides; RFC 8996 and RFC 9051 11.1 forbid what is older than this.
    ssl_listen_min_proto_version: TlsVersion = option(
        default=TlsVersion.TLSV1_2, parse=least, arg="VERSION", group=Group.TLS,
        help="Oldest version for clients: sslv3, tlsv1, tlsv1.1, tlsv1.2, tlsv1.3. Default: tlsv1.2.")
    ssl_listen_max_proto_version: TlsVersion | None = option(
        default=None, parse=most, arg="VERSION", group=Group.TLS,
        help='Newest version for clients, "" for the newest there is.')
    ssl_listen_ciphers: str | None = option(
        default=None, parse=values.ciphers, arg="LIST", group=Group.TLS,
        help="Ciphers for clients up to TLS 1.2, in OpenSSL's words.")
    ssl_no_cipher_server_preference: bool = flag(
        group=Group.TLS, help="Let the client's order of ciphers count.")
    ssl_listen_compression: bool = flag(
        group=Group.TLS, help="No effect; known for old configurations.")
    ssl_outgoing_min_proto_version: TlsVersion = option(
        default=TlsVersion.TLSV1_2, parse=least, arg="VERSION", group=Group.TLS,
        help="Oldest version for real servers. Default: tlsv1.2.")
    ssl_outgoing_max_proto_version: TlsVersion | None = option(
        default=None, parse=most, arg="VERSION", group=Group.TLS,
        help='Newest version for real servers, "" for the newest there is.')
    ssl_outgoing_ciphers: str | None = option(
        default=None, parse=values.ciphers, arg="LIST", group=Group.TLS,
        help="Ciphers for real servers up to TLS 1.2, in OpenSSL's words.")
    ssl_outgoing_compression: bool = flag(
        group=Group.TLS, help="No effect; known for old configurations.")

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
    inetd_mode: bool = flag(
        short="i", scope=Scope.PROCESS, group=Group.DAEMON,
        help="Serve the one connection on standard input and output, then end: for inetd and its kin.")
    username: str = option(
        default="nobody", parse=values.account, short="u", arg="USER", scope=Scope.PROCESS, group=Group.DAEMON,
        help="Started by root, go on as this user, a name or a number.")
    group: str = option(
        default=values.NO_GROUP, parse=values.account, short="g", arg="GROUP", scope=Scope.PROCESS,
        group=Group.DAEMON, help="The same for the group; its users' other groups are taken from the system.")
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
    log_passwd: LogPasswd = option(
        default=LogPasswd.NEVER, parse=values.log_passwd, arg="WHEN", group=Group.DAEMON,
        help="never, fail, ok or always: with debug, log the password of log-ins that fail or work. Default: never.")
    connection_logging: bool = flag(
        short="C", group=Group.DAEMON,
        help="With debug, log all that is said, passwords of log-ins as ***, and all that passes behind a log-in.")
    connect_relog: int = option(
        default=300, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, group=Group.DAEMON,
        help="Log the line of a log-in again every SECONDS while the session lasts. 0: never.")
    # New: perdition 2.2 has a process a connection.
    workers: int | None = option(
        default=None, parse=values.workers, arg="NUMBER", takes=Takes.NUMBER, scope=Scope.PROCESS, group=Group.DAEMON,
        help="Processes that serve, side by side, under a supervisor; 1: one process, and no supervisor. "
        "Default: one per core.")
    # New: perdition 2.2 waits for its sessions as long as they last.
    shutdown_grace: int = option(
        default=0, parse=values.number, arg="SECONDS", takes=Takes.NUMBER, scope=Scope.PROCESS,
        group=Group.DAEMON,
        help="On SIGTERM no more connections are taken, and sessions run on. End them after SECONDS. "
        "Default: 0, never.")

    config_file: str | None = option(
        default=None, parse=values.text, short="f", arg="FILE", scope=Scope.START, group=Group.OTHER,
        help='Configuration file, TOML if its name ends in .toml; "" for none. Default: '
        "/etc/perdition/<program>.conf, perdition.<protocol>.conf or perdition.conf.")
    help: bool = flag(
        short="h", scope=Scope.START, group=Group.OTHER, help="Show this text.")
    # New.
    version: bool = flag(
        scope=Scope.START, group=Group.OTHER, help="Show the version.")
    # New, like the two below it.
    check: bool = flag(
        scope=Scope.START, group=Group.OTHER,
        help="Start nothing, look for everything that would be in the way, and say it. Exit status 0: nothing is.")
    print_config: values.Form | None = option(
        default=None, parse=values.form, arg="[FORM]", takes=Takes.OPTIONAL, scope=Scope.START, group=Group.OTHER,
        help="Print the options in force and where each came from, to be read again as a configuration file. FORM is "
        "conf or toml. Default: that of the file.")
    show_secrets: bool = flag(
        scope=Scope.START, group=Group.OTHER, help="Let print_config print what may hold passwords, too.")
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
    def outgoing_service(self) -> str:
        """The same port in the words of perdition 2.2's log: as it was given, else a name, or a number (no_lookup)."""
        if self.outgoing_port is not None:
            return str(self.outgoing_port)
        return str(PORTS[self.protocol]) if self.no_lookup else SERVICE_NAMES[self.protocol]

    @property
    def alpn(self) -> bytes:
        """The protocol's name in the TLS handshake."""
        return ALPN[self.protocol]

    @property
    def tls(self) -> SslMode:
        """The mode that holds: any explicit ssl_mode replaces the default entirely."""
        if self.ssl_mode is not None:
            return self.ssl_mode
        return SSL_ALL if self.protocol in IMPLICIT_TLS else NO_TLS

    @property
    def foreground(self) -> bool:
        """Whether the process stays in the foreground: no_daemon, inetd_mode, or a log on stdout or stderr."""
        return self.no_daemon or self.inetd_mode or self.log_facility.startswith(("-", "+"))


OPTIONS: Final = rows_of(Settings)

ALIASES: Final = (
    Alias("capability", "I", Takes.TEXT, ("imap_capability", "pop_capability", "managesieve_capability")),
    Alias("server_ok_line", "", Takes.FLAG, ("server_resp_line",)),
)
