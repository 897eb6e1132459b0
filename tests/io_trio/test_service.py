"""From a listener's options to what its sessions need."""

import os
import socket
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from perdition.config.load import examine
from perdition.config.name_states import AddDomain, NameState
from perdition.config.settings import OPTIONS, Settings
from perdition.config.ssl_mode import SslMode
from perdition.config.ssl_mode import Tls as SslTls
from perdition.config.values import FurtherMap, HostPort, Protocol
from perdition.io_trio import service as module
from perdition.io_trio.service import Service, SetUpError, instance, make_policy, make_service
from perdition.io_trio.tls_files import TlsFilesError
from perdition.maps import Absent, Found, Query
from perdition.session import Proto, Tls
from tests.io_trio.certificates import Certificates, settings_for
from tests.io_trio.popmaps import silent_popmaps


@pytest.mark.parametrize(
    ("protocol", "proto", "tls", "port", "service"),
    [
        (Protocol.POP3, Proto.POP3, Tls.NONE, "110", "pop3"),
        (Protocol.POP3S, Proto.POP3, Tls.IMPLICIT, "995", "pop3s"),
        (Protocol.IMAP4, Proto.IMAP4, Tls.NONE, "143", "imap"),
        (Protocol.IMAP4S, Proto.IMAP4, Tls.IMPLICIT, "993", "imaps"),
        (Protocol.MANAGESIEVE, Proto.MANAGESIEVE, Tls.NONE, "4190", "sieve"),
    ],
)
def test_the_protocol_says_much(protocol: Protocol, proto: Proto, tls: Tls, port: str, service: str) -> None:
    policy = make_policy(Settings(protocol=protocol))

    assert (policy.proto, policy.label) == (proto, protocol.value)
    assert (policy.client_tls, policy.server_tls) == (tls, tls)
    assert policy.outgoing_port == service
    assert make_policy(Settings(protocol=protocol, no_lookup=True)).outgoing_port == port


@pytest.mark.parametrize("no_lookup", [False, True])
def test_a_port_that_is_given_stays_in_its_words(no_lookup: bool) -> None:
    given, _ = examine(["perdition", "-f", "", "-p", "imap2", "-s", "one:pop3,two:110", *["-n"] * no_lookup])
    policy = make_policy(given.common)

    assert policy.outgoing_port == "imap2"
    assert policy.outgoing_servers == (("one", "pop3"), ("two", "110"))


@pytest.mark.parametrize(
    ("mode", "client", "server"),
    [
        (SslMode(SslTls.SSL, SslTls.NONE), Tls.IMPLICIT, Tls.NONE),
        (SslMode(SslTls.TLS, SslTls.SSL), Tls.OFFERED, Tls.IMPLICIT),
        (SslMode(SslTls.TLS_FORCE, SslTls.TLS), Tls.REQUIRED, Tls.OFFERED),
        (SslMode(SslTls.NONE, SslTls.TLS_FORCE), Tls.NONE, Tls.REQUIRED),
    ],
)
def test_both_legs_have_their_own_tls(mode: SslMode, client: Tls, server: Tls) -> None:
    policy = make_policy(Settings(protocol=Protocol.IMAP4S, ssl_mode=mode))

    assert (policy.client_tls, policy.server_tls) == (client, server)


def test_every_other_option_finds_its_place() -> None:
    policy = make_policy(
        Settings(
            ok_line="Välkommen",
            server_resp_line=True,
            login_disabled=True,
            domain_delimiter="%",
            username_from_database=True,
            outgoing_server=(HostPort("one"), HostPort("::1", 1143)),
            outgoing_port=11,
            authenticate_timeout=12,
            connect_timeout=13,
        )
    )

    assert policy.ok_text == "Välkommen".encode()
    assert policy.server_resp_line
    assert policy.login_disabled
    assert policy.names.delimiter == b"%"
    assert policy.username_from_database
    assert policy.outgoing_servers == (("one", None), ("::1", "1143"))
    assert (policy.outgoing_port, policy.authenticate_timeout, policy.connect_timeout) == ("11", 12, 13)


def test_text_that_is_no_utf_8_goes_out_as_it_came_in() -> None:
    assert make_policy(Settings(ok_line=os.fsdecode(b"caf\xe9"))).ok_text == b"caf\xe9"


@pytest.mark.parametrize(
    ("settings", "capabilities"),
    [
        (Settings(), (b"UIDL", b"USER")),
        (Settings(pop_capability="TOP.EXPIRE 0"), (b"TOP", b"EXPIRE 0")),
        (Settings(pop_capability="TOP  EXPIRE 0"), (b"TOP", b"EXPIRE 0")),
        (Settings(pop_capability=""), ()),
        (Settings(protocol=Protocol.IMAP4), (b"IMAP4", b"IMAP4REV1")),
        (Settings(protocol=Protocol.IMAP4, imap_capability="IMAP4rev1  ID "), (b"IMAP4rev1", b"ID")),
        (
            Settings(protocol=Protocol.MANAGESIEVE, managesieve_capability='"SIEVE" "x y"  "SASL" "PLAIN"'),
            (b'"SIEVE" "x y"', b'"SASL" "PLAIN"'),
        ),
    ],
)
def test_capabilities_are_parted_as_ever(settings: Settings, capabilities: tuple[bytes, ...]) -> None:
    assert make_policy(settings).capabilities == capabilities


@pytest.mark.parametrize("protocol", [Protocol.POP3, Protocol.IMAP4])
def test_what_we_can_do_beside_is_added_unless_the_administrator_has_spoken(protocol: Protocol) -> None:
    told = Settings(protocol=protocol, pop_capability="USER", imap_capability="IMAP4rev1")

    assert make_policy(Settings(protocol=protocol)).added_capabilities
    assert not make_policy(told).added_capabilities


@pytest.mark.parametrize("text", ["SIEVE", '"SIEVE" {3}', '"unclosed', '"a" NIL'])
def test_a_managesieve_capability_that_is_no_line_of_strings(text: str) -> None:
    with pytest.raises(SetUpError) as caught:
        make_policy(Settings(protocol=Protocol.MANAGESIEVE, managesieve_capability=text))

    assert str(caught.value).startswith("option managesieve_capability: ")


OTHER: dict[str, Any] = {
    "protocol": Protocol.IMAP4,
    "bind_address": (HostPort("127.0.0.1"),),
    "outgoing_server": (HostPort("127.0.0.1"),),
    "ssl_mode": SslMode(SslTls.SSL),
}


def other(name: str) -> Settings:
    """Give settings that differ from the defaults in one option."""
    before = getattr(Settings(), name)
    value: Any  # each option has a type of its own
    match before:
        case bool():
            value = not before
        case int():
            value = before + 1
        case _:
            value = OTHER.get(name, 1 if name.endswith("port") else "other")
    return attrs.evolve(Settings(), **{name: value})


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_two_listeners_are_one_instance_if_and_only_if_their_options_are_equal(name: str) -> None:
    if name in ("map_library_opt", "further_map"):
        assert instance(other(name)) == instance(Settings())  # it may hold a password
    else:
        assert instance(other(name)) != instance(Settings())
        assert instance(other(name)) == instance(other(name))


def test_an_instance_is_eight_digits() -> None:
    assert len(instance(Settings())) == 8
    assert int(instance(Settings(ok_line="caf\udce9")), 16) >= 0


# --- services


async def test_contexts_and_map_are_there_where_they_are_needed(certificates: Certificates) -> None:
    plain = make_service(Settings(), silent_popmaps())
    secure = make_service(attrs.evolve(settings_for(certificates), protocol=Protocol.POP3S), silent_popmaps())

    assert plain.client_context is plain.server_context is None
    assert secure.client_context is not None
    assert secure.server_context is not None
    assert await plain.lookups(Query(b"joe")) == Absent()


def test_a_map_that_cannot_be_opened_is_named() -> None:
    with pytest.raises(SetUpError, match=r"option map_library_opt: .*/none/popmap"):
        make_service(Settings(map_library="posix_regex", map_library_opt="/none/popmap"), silent_popmaps())
    further = (FurtherMap("posix_regex", "/none/more"),)
    with pytest.raises(SetUpError, match=r"option further_map: .*/none/more"):
        make_service(Settings(further_map=further), silent_popmaps())


async def test_maps_are_asked_in_their_order_and_read_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("^joe$: one\n")
    second.write_text("^joe$: two\n^ann$: three\n")
    settings = Settings(
        map_library="posix_regex",
        map_library_opt=str(first),
        further_map=(FurtherMap("/usr/lib/libperditiondb_posix_regex.so.0.0.0", str(second)),),
    )
    popmaps = silent_popmaps()
    service = make_service(settings, popmaps)

    assert [await service.lookups(Query(key)) for key in (b"joe", b"ann")] == [Found(b"one"), Found(b"three")]

    first.write_text("^joe$: four\n")
    second.write_text("lone-word\n")

    assert await service.lookups.reload() == [
        f"Map posix_regex: {second}:1: expected a pattern and a substitution, found one word"
    ]
    assert [await service.lookups(Query(key)) for key in (b"joe", b"ann")] == [Found(b"four"), Found(b"three")]

    popmaps.close()


def test_listeners_share_maps_if_and_only_if_their_options_about_maps_are_equal() -> None:
    popmaps = silent_popmaps()
    first = make_service(Settings(protocol=Protocol.POP3), popmaps)
    second = make_service(Settings(protocol=Protocol.IMAP4), popmaps)
    third = make_service(Settings(map_timeout=1), popmaps)

    assert first.lookups is second.lookups
    assert first.lookups is not third.lookups


def test_a_certificate_that_is_missing_is_named() -> None:
    with pytest.raises(TlsFilesError, match="ssl_cert_file"):
        make_service(Settings(protocol=Protocol.IMAP4S, ssl_cert_file="/none"), silent_popmaps())


def test_the_limit_of_connections() -> None:
    service = make_service(Settings(connection_limit=2), silent_popmaps())
    full = []
    for _ in range(3):
        full.append(service.is_full)
        service.connections += 1
    endless = make_service(Settings(), silent_popmaps())
    endless.connections = 10**6

    assert full == [False, False, True]
    assert not endless.is_full


async def banner_host(service: Service, address: str) -> str:
    """Give the name in the greeting as a log-in gets it."""
    if service.lacks_name(address):
        await service.find_name(address)
    return service.banner_host(address)


async def local_name(service: Service, address: str) -> bytes | None:
    if service.lacks_name(address):
        await service.find_name(address)
    return service.local_name(address)


async def test_the_name_in_the_greeting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    async def name(address: tuple[str, int], flags: int) -> tuple[str, str]:
        asked.append(address)
        if address[0] == "127.0.0.1":
            return "mail.example.com", "0"
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(trio.socket, "getnameinfo", name)
    popmaps = silent_popmaps()
    by_name = make_service(Settings(), popmaps)
    by_node = make_service(Settings(no_bind_banner=True), popmaps)
    by_address = make_service(Settings(no_lookup=True), popmaps)

    assert await banner_host(by_node, "127.0.0.1") == os.uname().nodename
    assert await banner_host(by_address, "127.0.0.1") == "127.0.0.1"
    assert asked == []
    assert [await banner_host(by_name, "127.0.0.1") for _ in range(2)] == ["mail.example.com"] * 2
    assert await banner_host(by_name, "::1") == "::1"
    assert asked == [("127.0.0.1", 0), ("::1", 0)]  # each is asked for once

    all_states = frozenset(NameState)
    with_domain = make_service(Settings(add_domain=AddDomain(all_states, 1)), silent_popmaps())
    explicit = make_service(Settings(add_domain=AddDomain(all_states, 1), explicit_domain="x.org"), silent_popmaps())

    assert await local_name(with_domain, "127.0.0.1") == b"mail.example.com"
    assert await local_name(with_domain, "::1") is None
    assert await local_name(by_name, "127.0.0.1") is None  # nobody needs it
    assert await local_name(explicit, "127.0.0.1") is None


async def test_a_resolver_that_hangs_costs_the_name_only(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    async def hang(address: tuple[str, int], flags: int) -> tuple[str, str]:
        await trio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr(trio.socket, "getnameinfo", hang)
    before = trio.current_time()
    name = await banner_host(make_service(Settings(), silent_popmaps()), "127.0.0.1")

    assert name == "127.0.0.1"
    assert trio.current_time() - before == module.REVERSE_PATIENCE
