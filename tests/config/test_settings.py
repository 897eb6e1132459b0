"""The table itself: every option of perdition 2.2 once, and what Settings derives from its fields."""

import attrs
import pytest

from perdition.config import capabilities
from perdition.config.name_states import AddDomain
from perdition.config.names import Known
from perdition.config.option import Scope, Takes
from perdition.config.origin import DEFAULT, PROGRAM
from perdition.config.settings import ALIASES, OPTIONS, Settings
from perdition.config.ssl_mode import NO_TLS, SSL_ALL, SslMode, Tls
from perdition.config.tls_versions import TlsVersion
from perdition.config.values import LogPasswd, Protocol

# All of perdition 2.2's options with a letter, reference 1.1 and 1.2.
LETTERS = (
    "A add_domain, a authenticate_in, B no_bind_banner, b bind_address, C connection_logging, "
    "c client_server_specification, D domain_delimiter, d debug, e explicit_domain, F log_facility, "
    "f config_file, g group, h help, i inetd_mode, I capability, L connection_limit, l listen_port, "
    "M map_library, m map_library_opt, n no_lookup, O ok_line, o server_resp_line, P protocol, "
    "p outgoing_port, s outgoing_server, q quiet, S strip_domain, t timeout, u username, "
    "U username_from_database"
)
# And those without.
LONG_ONLY = (
    "authenticate_timeout connect_relog imap_capability managesieve_capability pop_capability log_passwd "
    "login_disabled lower_case no_daemon server_ok_line pid_file query_key tcp_keepalive ssl_mode "
    "ssl_ca_chain_file ssl_ca_file ssl_ca_path ssl_ca_accept_self_signed ssl_cert_file ssl_key_file "
    "ssl_dh_params_file ssl_cert_accept_self_signed ssl_cert_accept_expired ssl_cert_accept_not_yet_valid "
    "ssl_cert_verify_depth ssl_listen_ciphers ssl_outgoing_ciphers ssl_no_cert_verify "
    "ssl_no_client_cert_verify ssl_no_cn_verify ssl_passphrase_fd ssl_passphrase_file "
    "ssl_listen_min_proto_version ssl_listen_max_proto_version ssl_outgoing_min_proto_version "
    "ssl_outgoing_max_proto_version ssl_listen_compression ssl_outgoing_compression "
    "ssl_no_cipher_server_preference"
)
NEW = {
    "check",
    "connect_timeout",
    "further_map",
    "map_cache_lifetime",
    "map_cache_size",
    "map_concurrency",
    "map_negative_lifetime",
    "map_stale_lifetime",
    "map_timeout",
    "print_config",
    "show_secrets",
    "shutdown_grace",
    "version",
    "workers",
}


def test_every_option_of_perdition_2_2_is_known() -> None:
    known: tuple[Known, ...] = (*OPTIONS.values(), *ALIASES)
    letters = dict(pair.split() for pair in LETTERS.split(", "))

    assert {row.short: row.name for row in known if row.short} == letters
    assert {row.name for row in known if not row.short} == {*LONG_ONLY.split(), *NEW}
    assert len({row.name for row in known}) == len(known)


DEFAULTS: dict[str, object] = {
    "protocol": Protocol.POP3,
    "bind_address": (),
    "listen_port": None,
    "map_library": "gdbm",
    "map_library_opt": None,
    "further_map": (),
    "map_timeout": 30,
    "map_concurrency": 20,
    "map_cache_lifetime": 0,
    "map_negative_lifetime": 0,
    "map_stale_lifetime": 0,
    "map_cache_size": 100000,
    "outgoing_server": (),
    "outgoing_port": None,
    "domain_delimiter": "@",
    "strip_domain": frozenset(),
    "add_domain": AddDomain(frozenset(), 1),
    "explicit_domain": None,
    "lower_case": frozenset(),
    "query_key": (),
    "ssl_mode": None,
    "ssl_cert_file": "/etc/perdition/perdition.crt.pem",
    "ssl_key_file": "/etc/perdition/perdition.key.pem",
    "ssl_ca_file": None,
    "ssl_ca_path": "/etc/perdition/perdition.ca/",
    "ssl_ca_chain_file": None,
    "ssl_dh_params_file": None,
    "ssl_passphrase_fd": 0,
    "ssl_passphrase_file": None,
    "ssl_cert_verify_depth": 9,
    "ssl_listen_min_proto_version": TlsVersion.TLSV1_2,
    "ssl_listen_max_proto_version": None,
    "ssl_listen_ciphers": None,
    "ssl_outgoing_min_proto_version": TlsVersion.TLSV1_2,
    "ssl_outgoing_max_proto_version": None,
    "ssl_outgoing_ciphers": None,
    "ok_line": "You are so in",
    "imap_capability": None,
    "pop_capability": None,
    "managesieve_capability": None,
    "timeout": 1800,
    "authenticate_timeout": 1800,
    "connect_timeout": 30,
    "connection_limit": 0,
    "log_passwd": LogPasswd.NEVER,
    "connect_relog": 300,
    "username": "nobody",
    "group": "nogroup",
    "pid_file": "",
    "log_facility": "mail",
    "shutdown_grace": 0,
    "workers": None,
    "config_file": None,
    "print_config": None,
}


def test_defaults() -> None:
    flags = {name: False for name, row in OPTIONS.items() if row.takes is Takes.FLAG}
    settings = Settings()

    assert {name: getattr(settings, name) for name in OPTIONS} == DEFAULTS | flags
    assert {name: row.default for name, row in OPTIONS.items()} == DEFAULTS | flags


def test_capabilities_are_those_of_perdition_2_2() -> None:
    assert capabilities.IMAP == "IMAP4 IMAP4REV1"
    assert capabilities.POP == "UIDL.USER"
    assert capabilities.MANAGESIEVE == (
        '"IMPLEMENTATION" "perdition"  "SIEVE" "comparator-i;octet comparator-i;ascii-casemap fileinto'
        " reject envelope encoded-character vacation subaddress comparator-i;ascii-numeric relational regex"
        ' imap4flags copy include variables body enotify environment mailbox date"  "SASL" "PLAIN"  '
        '"NOTIFY" "mailto"  "VERSION" "1.0"'
    )


PORTS = {"POP3": 110, "POP3S": 995, "IMAP4": 143, "IMAP4S": 993, "MANAGESIEVE": 4190}


@pytest.mark.parametrize(("protocol", "port"), PORTS.items())
def test_ports_follow_the_protocol(protocol: str, port: int) -> None:
    settings = Settings(protocol=Protocol(protocol))

    assert (settings.listen_port_number, settings.outgoing_port_number) == (port, port)


def test_explicit_ports_win() -> None:
    settings = Settings(listen_port=0, outgoing_port=1143)

    assert (settings.listen_port_number, settings.outgoing_port_number) == (0, 1143)


@pytest.mark.parametrize("protocol", Protocol)
def test_no_ssl_mode_is_ssl_all_for_protocols_with_implicit_tls(protocol: Protocol) -> None:
    implicit = protocol.value in ("POP3S", "IMAP4S")

    assert Settings(protocol=protocol).tls == (SSL_ALL if implicit else NO_TLS)


@pytest.mark.parametrize("mode", [NO_TLS, SslMode(listen=Tls.SSL)])
def test_any_ssl_mode_replaces_that_default(mode: SslMode) -> None:
    assert Settings(protocol=Protocol.POP3S, ssl_mode=mode).tls == mode


FOREGROUND = {"-": True, "+": True, "mail": False, "/a": False}


@pytest.mark.parametrize(("facility", "foreground"), FOREGROUND.items())
def test_foreground(facility: str, foreground: bool) -> None:
    assert Settings(log_facility=facility).foreground is foreground
    assert Settings(log_facility=facility, no_daemon=True).foreground


def test_origins_are_no_part_of_equality() -> None:
    settings = Settings(origins={"timeout": PROGRAM})

    assert settings.origin("timeout") == PROGRAM
    assert settings.origin("quiet") == DEFAULT
    assert settings == Settings()
    assert hash(settings) == hash(Settings())
    assert "origins" not in OPTIONS


def test_settings_are_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().timeout = 1  # type: ignore[misc]  # the point of the test


def test_scopes() -> None:
    def names(scope: Scope) -> set[str]:
        return {name for name, row in OPTIONS.items() if row.scope is scope}

    assert names(Scope.START) == {"check", "config_file", "help", "print_config", "show_secrets", "version"}
    assert names(Scope.PROCESS) == {
        "no_daemon",
        "inetd_mode",
        "username",
        "group",
        "pid_file",
        "log_facility",
        "debug",
        "quiet",
        "shutdown_grace",
        "workers",
    }
