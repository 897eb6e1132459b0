"""Maps that send two users to two real servers."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from perdition.maps import sqlite
from tests.interop.clients import fetch, imap4, pop3, retrieve
from tests.interop.dovecot import PASSWORD, Dovecot
from tests.interop.managesieve import ManageSieve
from tests.interop.messages import message
from tests.interop.proxy import Options, Proxy, StartProxy, way
from tests.interop.transports import Protocol, Tls

MAPS: Final = ("sqlite", "posix_regex")
ALICE, BOB = "alice", "bob"
ON_REAL = {ALICE: message("alice on real"), BOB: message("bob on real")}
ON_OTHER = {ALICE: message("alice on other"), BOB: message("bob on other")}
EXPECTED = {ALICE: ON_REAL[ALICE], BOB: ON_OTHER[BOB]}


def write_map(file: Path, kind: str, places: dict[str, str]) -> Options:
    """Write a map; give the options that name it."""
    if kind == "sqlite":
        sqlite.create(str(file), places.items())
    else:
        file.write_text("".join(f"^{user}$: {place}\n" for user, place in places.items()))
    return {"map_library": kind, "map_library_opt": str(file)}


@pytest.fixture(scope="module")
def mapped(start_proxy: StartProxy, real: Dovecot, other: Dovecot, folder: Path) -> Iterator[Proxy]:
    """A daemon with both maps for all protocols: `alice` is on one server, `bob` on the other, others nowhere."""
    for user in (ALICE, BOB):
        real.deliver(user, ON_REAL[user])
        other.deliver(user, ON_OTHER[user])
    listeners: dict[str, Options] = {}
    for protocol in Protocol:
        places = {ALICE: real.address(protocol, Tls.PLAIN), BOB: other.address(protocol, Tls.PLAIN)}
        for kind in MAPS:
            listeners[f"{protocol.value} {kind}"] = {
                "protocol": protocol.value,
                **write_map(folder / f"{protocol.value}.{kind}", kind, places),
            }
    renamed = {"robert": f"{BOB}@{other.address(Protocol.IMAP4, Tls.PLAIN)}"}
    listeners["renamed"] = {
        "protocol": "IMAP4",
        "username_from_database": True,
        **write_map(folder / "renamed.sqlite", "sqlite", renamed),
    }
    with start_proxy(listeners) as proxy:
        yield proxy


@pytest.mark.parametrize("user", [ALICE, BOB])
@pytest.mark.parametrize("kind", MAPS)
def test_imap4(mapped: Proxy, context: ssl.SSLContext, kind: str, user: str) -> None:
    with imap4(mapped.ports[f"IMAP4 {kind}"], Tls.PLAIN, context) as imap:
        imap.login(user, PASSWORD)
        imap.select("INBOX", readonly=True)

        assert fetch(imap, 1) == EXPECTED[user]


@pytest.mark.parametrize("user", [ALICE, BOB])
@pytest.mark.parametrize("kind", MAPS)
def test_pop3(mapped: Proxy, context: ssl.SSLContext, kind: str, user: str) -> None:
    with pop3(mapped.ports[f"POP3 {kind}"], Tls.PLAIN, context) as pop:
        pop.user(user)
        pop.pass_(PASSWORD)

        assert retrieve(pop, 1) == EXPECTED[user]


@pytest.mark.parametrize("kind", MAPS)
def test_managesieve(mapped: Proxy, real: Dovecot, other: Dovecot, context: ssl.SSLContext, kind: str) -> None:
    for user, server in ((ALICE, real), (BOB, other)):
        with ManageSieve(mapped.ports[f"MANAGESIEVE {kind}"], Tls.PLAIN, context) as sieve:
            sieve.log_in(user, PASSWORD)
            sieve.put(kind, f"# {user}\r\n".encode())
        with ManageSieve(server.ports["sieve"], Tls.PLAIN, context) as direct:
            direct.log_in(user, PASSWORD)

            assert direct.get(kind) == f"# {user}\r\n".encode()


def test_the_name_on_the_real_server_comes_from_the_map(mapped: Proxy, context: ssl.SSLContext) -> None:
    with imap4(mapped.ports["renamed"], Tls.PLAIN, context) as imap:
        imap.login("robert", PASSWORD)
        imap.select("INBOX", readonly=True)

        assert fetch(imap, 1) == ON_OTHER[BOB]


@pytest.mark.parametrize("kind", MAPS)
def test_a_user_who_is_in_no_map(mapped: Proxy, context: ssl.SSLContext, kind: str) -> None:
    with imap4(mapped.ports[f"IMAP4 {kind}"], Tls.PLAIN, context) as imap:
        where = way(imap.sock)
        with pytest.raises(imap.error, match="Could not determine server"):
            imap.login("carol", PASSWORD)

    assert mapped.auth(where).endswith('status="failed: Could not determine server"')
