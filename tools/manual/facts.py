"""What the pages say of options beside the program's own table: their grammar, and how they stand to perdition 2.2."""

from collections.abc import Callable, Mapping
from typing import Final

from perdition.config import values
from perdition.config.name_states import add_domain, name_states, query_key
from perdition.config.ssl_mode import ssl_mode
from perdition.config.tls_versions import least, most

# All of its options, but for the deprecated ones; what is not here is new.
PERDITION_2_2: Final = frozenset(
    {
        "add_domain",
        "authenticate_in",
        "authenticate_timeout",
        "bind_address",
        "client_server_specification",
        "config_file",
        "connect_relog",
        "connection_limit",
        "connection_logging",
        "debug",
        "domain_delimiter",
        "explicit_domain",
        "group",
        "help",
        "imap_capability",
        "inetd_mode",
        "listen_port",
        "log_facility",
        "log_passwd",
        "login_disabled",
        "lower_case",
        "managesieve_capability",
        "map_library",
        "map_library_opt",
        "no_bind_banner",
        "no_daemon",
        "no_lookup",
        "ok_line",
        "outgoing_port",
        "outgoing_server",
        "pid_file",
        "pop_capability",
        "protocol",
        "query_key",
        "quiet",
        "server_resp_line",
        "ssl_ca_accept_self_signed",
        "ssl_ca_chain_file",
        "ssl_ca_file",
        "ssl_ca_path",
        "ssl_cert_accept_expired",
        "ssl_cert_accept_not_yet_valid",
        "ssl_cert_accept_self_signed",
        "ssl_cert_file",
        "ssl_cert_verify_depth",
        "ssl_dh_params_file",
        "ssl_key_file",
        "ssl_listen_ciphers",
        "ssl_listen_compression",
        "ssl_listen_max_proto_version",
        "ssl_listen_min_proto_version",
        "ssl_mode",
        "ssl_no_cert_verify",
        "ssl_no_cipher_server_preference",
        "ssl_no_client_cert_verify",
        "ssl_no_cn_verify",
        "ssl_outgoing_ciphers",
        "ssl_outgoing_compression",
        "ssl_outgoing_max_proto_version",
        "ssl_outgoing_min_proto_version",
        "ssl_passphrase_fd",
        "ssl_passphrase_file",
        "strip_domain",
        "tcp_keepalive",
        "timeout",
        "username",
        "username_from_database",
    }
)

HOSTS: Final = "A comma list; each host is a name, an IPv4 address or `[IPv6]`, each port a number or a service's name."
# Markdown; what is not here says enough by its help.
GRAMMARS: Final[Mapping[Callable[..., object], str]] = {
    values.account: "A name or a number.",
    values.bind_addresses: f"{HOSTS} A name stands for the first of its addresses.",
    values.file_name: "The name of a file; empty: none.",
    values.line_text: "Any text without control characters.",
    values.listen_port: "A number, 0 to 65535, or a service's name; 0: the system chooses.",
    values.number: "A whole number, 0 to 2147483647; empty is 0.",
    values.pid_file: "A name that begins with `/`, or empty.",
    values.positive: "A whole number, 1 to 2147483647.",
    values.server_port: "A number, 1 to 65535, or a service's name.",
    values.workers: "A whole number, 1 to 120.",
    values.servers: f"{HOSTS} A `user@` in front is left out.",
    add_domain: "As `strip_domain`; an element of digits is the depth.",
    least: "One of the versions, in any case.",
    most: "The same versions, in any case; empty: the newest.",
    name_states: "A comma list, in any case: `servername_lookup` (or `server_lookup`), `local_authentication` (or "
    "`local_auth`), `remote_login`, `all`. Given again in the same place, they add up.",
    query_key: "A comma list; an empty element is an empty key. In `perdition.conf` a backslash is written twice, or "
    "in single quotes.",
    ssl_mode: "A comma list, in any case, whose elements add up; ssl and tls for the same side exclude each other.",
}

# How an option of perdition 2.2 differs there; Markdown.
DIFFERENCES: Final[Mapping[str, str]] = {
    "add_domain": "A depth in the file wins over the command line. Where an address has no name, its number is added; "
    "here nothing is.",
    "authenticate_in": "Sessions of ManageSieve end by it.",
    "bind_address": "The file wins over the command line.",
    "connection_limit": "When it is reached, the daemon ends.",
    "group": "As Debian built it; `nobody` in the sources.",
    "imap_capability": "What the proxy itself can do beside (such as `SASL-IR`) is announced only if this is not "
    "given; perdition 2.2 cannot do it.",
    "pop_capability": "As for `imap_capability`.",
    "log_facility": "In the background a daemon that logs to a file ends.",
    "log_passwd": "With `fail` the passwords of log-ins that work are logged, too.",
    "map_library": "The name of a library only, by default that of the gdbm map.",
    "outgoing_server": "The file wins over the command line.",
    "query_key": "The file wins over the command line.",
    "server_resp_line": "A refused USER is not answered at all.",
    "ssl_listen_min_proto_version": "The default is `tlsv1`, which RFC 8996 forbids, and `tlsv1.3` is not known.",
    "ssl_outgoing_max_proto_version": "Compared with the oldest version for clients.",
    "ssl_outgoing_min_proto_version": "The default is `tlsv1`; a wrong word is noticed by the first client.",
    "ssl_no_cert_verify": "Holds for clients' certificates, too.",
    "ssl_no_client_cert_verify": "Clients are asked for certificates.",
    "ssl_listen_compression": "No effect either.",
    "ssl_outgoing_compression": "No effect either.",
    "username": "The supplementary groups of root are kept.",
}
