"""The ldap map against a real OpenLDAP server."""

import contextlib
import ssl
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

from perdition.maps import Absent, Broken, Found, Outcome, Unavailable
from tests.maps.network.slapd import BASE, Directory, slapd
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest, ask, the_way_to
from tests.maps.network.users import STRANGERS, USERS
from tests.ports import free_port

pytestmark = pytest.mark.interop

BOUND = "BINDNAME=cn=admin%2Cdc=example%2Cdc=com"
CLOSED = "ou=closed,dc=example,dc=com?username,mailhost,port?one"


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    with slapd() as running:
        yield running


@pytest.fixture
def under_test(directory: Directory) -> MapUnderTest:
    here = f"ldap://127.0.0.1:{directory.port}"
    return MapUnderTest(
        library="/usr/lib/libperditiondb_ldap.so.0.0.0",
        option=f"3:{here}/{BASE}?username,mailhost,port?one?(uid=%s)",
        server=directory.server,
        # An entry with a username and nothing else has a result string there.
        stored=[user for user in USERS if user.server],
        # Blanks at the ends do not count where a directory compares (RFC 4518 2.6.1).
        strangers=[name for name in STRANGERS if name != "joe "],
        wrong=(
            (f"{here}/{CLOSED}?(uid=%s)?{BOUND},X-BINDPW=canaryx", "bind: INVALID_CREDENTIALS"),
            (f"{here}/ou=none,dc=example,dc=com??one", "search: NO_SUCH_OBJECT"),
            (f"{here}/nonsense??one", "search: INVALID_DN_SYNTAX"),
            (f"ldaps://127.0.0.1:{directory.tls_port}/{BASE}??one", "TLS"),
            (f"{here}/{BASE}??one??X-STARTTLS", "TLS"),
            (f"ldaps://127.0.0.1:{directory.port}/{BASE}??one?", "TLS"),
            (f"ldap://127.0.0.1:{directory.tls_port}/{BASE}??one?", "closed the connection"),
            (f"ldap://127.0.0.1:{free_port()}/{BASE}", "all attempts to connect to 127.0.0.1"),
            ("ldapi://%2Fno%2Fsuch/dc=x", "No such file"),
        ),
    )


async def outcome_of(under_test: MapUnderTest, option: str, key: str = "joe") -> Outcome:
    lookup = the_way_to(under_test, option)
    outcome = await ask(lookup, key)
    lookup.close()
    return outcome


async def test_tls_and_the_local_socket(under_test: MapUnderTest, directory: Directory) -> None:
    ca = f"X-CAFILE={directory.ca_file}"
    socket = str(directory.socket).replace("/", "%2F")
    for place, extensions in (
        (f"ldaps://127.0.0.1:{directory.tls_port}", ca),
        (f"ldap://127.0.0.1:{directory.port}", f"{ca},!X-STARTTLS"),
        (f"ldapi://{socket}", ""),
    ):
        option = f"{place}/{BASE}?username,mailhost,port?one??{extensions}"

        assert await outcome_of(under_test, option) == Found(b"joe@one.example.com"), option


async def test_a_certificate_for_another_name_is_refused(under_test: MapUnderTest, directory: Directory) -> None:
    """The server is the same, the name is not in its certificate."""
    option = f"ldaps://localhost:{directory.tls_port}/{BASE}??one??X-CAFILE={directory.ca_file}"
    outcome = await outcome_of(under_test, option)

    assert isinstance(outcome, Unavailable)
    assert "TLS" in outcome.why


async def test_who_binds_sees_more(under_test: MapUnderTest, directory: Directory) -> None:
    here = f"ldap://127.0.0.1:{directory.port}"
    heard = {
        "nobody": await outcome_of(under_test, f"{here}/{CLOSED}"),
        "admin": await outcome_of(under_test, f"{here}/{CLOSED}?(uid=%s)?{BOUND},X-BINDPW=canary"),
    }

    assert heard["admin"] == Found(b"closed.example.com")
    assert heard["nobody"] != heard["admin"]


OPTIONS: dict[str, tuple[str, Outcome]] = {
    f"{BASE}?username?one": ("whole", Found(b"joe@one.example.com:1143")),  # one attribute: a result string
    f"{BASE}?username,mailhost,port?one": ("serverless", Found(b"joe@")),  # at the default server
    f"{BASE}?USERNAME,MAILHOST,PORT?sub": ("ann", Found(b"ann@two.example.com:1143")),
    f"{BASE}?none,mailhost?one": ("ann", Found(b"two.example.com")),
    f"{BASE}?username,none?one": ("ann", Found(b"ann")),
    f"uid=u0,{BASE}?username,mailhost?base?(uid=%s)": ("joe", Found(b"joe@one.example.com")),
    f"uid=%s,{BASE}?username,mailhost?base?(objectClass=*)": ("u1", Found(b"ann@two.example.com")),
    f"uid=%s,{BASE}?username,mailhost?base?": ("u99,dc=x", Absent()),
    f"{BASE}?username,mailhost?one?(|(uid=%s)(mailhost=one.example.com))": (
        "ann",
        Broken("expected one entry, found several"),
    ),
    f"{BASE}?port,port?one": ("joe", Absent()),
    f"{BASE}?username,mailhost,port?one?(uid=%4s)": ("oe", Absent()),
}


@pytest.mark.parametrize("option", OPTIONS)
async def test_what_the_url_asks_for(under_test: MapUnderTest, directory: Directory, option: str) -> None:
    key, outcome = OPTIONS[option]

    assert await outcome_of(under_test, f"ldap://127.0.0.1:{directory.port}/{option}", key) == outcome


async def test_hosts_are_tried_in_order(under_test: MapUnderTest, directory: Directory) -> None:
    option = f"ldap://127.0.0.1:{free_port()} 127.0.0.1:{directory.port}/{BASE}?username,mailhost?one"

    assert await outcome_of(under_test, option) == Found(b"joe@one.example.com")


@pytest.mark.parametrize(
    "nonsense", [b"\x30\x84\xff\xff\xff\xff", b"HTTP/1.0 400 Bad\r\n\r\n", b"0\x05\x02\x01\x01x\0"]
)
async def test_a_server_that_is_no_directory(under_test: MapUnderTest, nonsense: bytes) -> None:
    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.send_all(nonsense)
        await stream.send_eof()
        await stream.receive_some(1000)

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, talk, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        outcome = await outcome_of(under_test, f"ldap://127.0.0.1:{port}/{BASE}")
        nursery.cancel_scope.cancel()

    assert isinstance(outcome, Unavailable)


async def test_a_server_that_never_ends_is_not_listened_to_for_ever(under_test: MapUnderTest) -> None:
    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(b"\x30\x84\x7f\xff\xff\xff")
            while True:
                await stream.send_all(bytes(65536))

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, talk, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        outcome = await outcome_of(under_test, f"ldap://127.0.0.1:{port}/{BASE}")
        nursery.cancel_scope.cancel()

    assert isinstance(outcome, Unavailable)


STARTED = bytes.fromhex("300c02010178070a010004000400")
"""The answer to StartTLS: success."""
INJECTED = bytes.fromhex("302a020102642504057569643d78301c301a04086d61696c686f7374310e040c")
"""The beginning of an entry, which octets under TLS would complete."""


@pytest.mark.parametrize("behind", [b"", INJECTED, b"\x30", STARTED], ids=["nothing", "entry", "octet", "message"])
async def test_what_stands_in_clear_behind_the_answer_to_starttls_is_not_heard(
    under_test: MapUnderTest, behind: bytes, tmp_path: Path
) -> None:
    """sansldap keeps the beginning of a message in its buffer, and what came under TLS completed it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.send_all(STARTED + behind)
        under_tls = trio.SSLStream(stream, context, server_side=True)
        with contextlib.suppress(trio.BrokenResourceError):
            question = await under_tls.receive_some(1000)
            # The number of the first question of a client that has said nothing before.
            number = question[4:5]
            if question:
                await under_tls.send_all(bytes.fromhex("300c0201") + number + bytes.fromhex("65070a010004000400"))
                await under_tls.receive_some(1000)

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, talk, 0, host="127.0.0.1"))
        place = f"127.0.0.1:{listener.socket.getsockname()[1]}"
        option = f"ldap://{place}/dc=x?none,mailhost???X-STARTTLS,X-CAFILE={tmp_path}/ca.pem"
        outcome = await outcome_of(under_test, option)
        nursery.cancel_scope.cancel()

    trouble = Unavailable(f"{place}: StartTLS: expected nothing in clear behind the answer")
    assert outcome == (trouble if behind else Absent())
