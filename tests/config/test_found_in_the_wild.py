"""Configurations that people have, as they stand: Debian's with all its examples, and riseup.net's."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from perdition.config.load import load
from perdition.config.name_states import ALL, AddDomain, NameState
from perdition.config.ssl_mode import SslMode, Tls
from perdition.config.tls_versions import TlsVersion
from perdition.config.values import HostPort, LogPasswd, Protocol
from tests.strategies.configuration import IN_A_FILE

DEBIAN: Final = Path("/etc/perdition/perdition.conf")
RISEUP: Final = Path(__file__).parent / "riseup"
NAMES: Final = ("perdition.pop3", "perdition.pop3s", "perdition.imap4", "perdition.imaps", "perdition.managesieve")


def options(name: str, file: Path | str) -> dict[str, Any]:
    """Give all options that hold under a name of the program, with a file."""
    (settings,) = load([name, "-f", str(file)]).listeners
    return {row.name: getattr(settings, row.name) for row in IN_A_FILE}


@pytest.mark.parametrize("name", NAMES)
def test_what_debian_ships_leaves_all_as_it_is(name: str) -> None:
    assert len(DEBIAN.read_bytes()) > 10_000
    assert options(name, DEBIAN) == options(name, "")


def test_all_examples_that_debian_ships(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=[A-Za-z])", "", DEBIAN.read_text(), flags=re.MULTILINE)
    file = tmp_path / "perdition.conf"
    file.write_text(text)
    found = options("perdition", file)
    expected = {
        "add_domain": AddDomain(frozenset({NameState.SERVERNAME_LOOKUP}), 1),
        "authenticate_in": True,
        "connection_logging": True,
        "inetd_mode": True,
        "bind_address": (HostPort("127.0.0.1"),),
        "client_server_specification": True,
        "domain_delimiter": "#",
        "debug": True,
        "explicit_domain": "some.domain",
        "log_facility": "/dev/null",
        "imap_capability": "IMAP4 IMAP4REV1 LITERAL+",
        "connection_limit": 64,
        "listen_port": 110,
        "log_passwd": LogPasswd.ALWAYS,
        "map_library_opt": "",
        "ok_line": "blah blah blah",
        "server_resp_line": True,
        "protocol": Protocol.POP3,
        "outgoing_server": (HostPort("sarah"),),
        "pid_file": "/var/run/perdition.imap4s/perdition.imap4s.pid",
        "pop_capability": "UIDL.USER",
        "strip_domain": frozenset(NameState),
        "username": "nobody",
        "quiet": True,
        "query_key": (r"\u\da_domain", r"\da_domain"),
        "ssl_mode": SslMode(listen=Tls.SSL),
        "ssl_dh_params_file": "/etc/perdition/perdition.crt.pem",
        "ssl_listen_ciphers": "ALL:!ADH:RC4+RSA:+SSLv2:@STRENGTH",
        "ssl_listen_min_proto_version": TlsVersion.TLSV1,
        "ssl_outgoing_max_proto_version": TlsVersion.TLSV1_2,
        "ssl_no_cipher_server_preference": True,
    }

    assert {name: found[name] for name in expected} == expected
    assert found["managesieve_capability"].startswith('"IMPLEMENTATION" "perdition"  "SIEVE" "comparator-i;octet ')
    assert found["managesieve_capability"].endswith(
        ' copy include variables body enotify environment mailbox date"'
        '  "SASL" "PLAIN"  "NOTIFY" "mailto"  "VERSION" "1.18"'
    )


@pytest.mark.parametrize(
    ("file", "protocol", "listen", "port"),
    [
        ("imap4", Protocol.IMAP4, Tls.TLS, "143"),
        ("imaps", Protocol.IMAP4S, Tls.SSL, "143"),
        ("pop3", Protocol.POP3, Tls.TLS, "110"),
        ("pops", Protocol.POP3S, Tls.SSL, "110"),
    ],
)
def test_what_riseup_net_published(file: str, protocol: Protocol, listen: Tls, port: str) -> None:
    name = f"perdition.{file}".replace("pops", "pop3s")
    found = options(name, RISEUP / f"perdition.{file}.conf")
    given = {
        "ssl_cert_file": "/etc/certs/mail.riseup.net/cert.pem",
        "ssl_key_file": "/etc/certs/mail.riseup.net/key.pem",
        "map_library": "/usr/lib/libperditiondb_mysql.so.0.0.0",
        "map_library_opt": f"dbhost-vpn:3306:nest:mailboxes:nest_mail:xxxxxxx:storage_ip:address:{port}",
        "no_lookup": True,
        "lower_case": ALL,
        "explicit_domain": "riseup.net",
        "add_domain": AddDomain(frozenset({NameState.SERVERNAME_LOOKUP}), 1),
        "ssl_mode": SslMode(listen=listen),
    }
    if "imap" in file:
        given["imap_capability"] = (
            "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE STARTTLS"
        )

    assert found["protocol"] is protocol
    assert found == {**options(name, ""), **given}
