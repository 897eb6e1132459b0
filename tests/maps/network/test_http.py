"""The http map against a real nginx, which serves a hook for auth_http and answers in JSON."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from perdition.maps import Absent, Broken, Found, Outcome, Query, Unavailable
from perdition.maps.registry import open_map
from tests.io_trio.proxy import eventually
from tests.maps.network.nginx import REFUSED, TEMPORARY, Nginx, nginx
from tests.maps.network.server import Server
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest, ask, the_way_to
from tests.ports import free_port

pytestmark = pytest.mark.interop

NOWHERE = MapUnderTest("http", "", Server((), lambda: True, Path()))
"""For tests that give the option themselves."""
FORMS = {
    "hook": "auth#refusal=absent",
    "query": "json?name={key}",
    "path": "path/{key}/mailbox",
}


@pytest.fixture(scope="module", params=[1000, 1], ids=["keep-alive", "close"])
def server(request: pytest.FixtureRequest) -> Iterator[Nginx]:
    with nginx(keepalive=request.param) as running:
        yield running


@pytest.fixture(params=FORMS)
def under_test(server: Nginx, request: pytest.FixtureRequest) -> MapUnderTest:
    here = f"127.0.0.1:{server.port}"
    form = FORMS[request.param]
    return MapUnderTest(
        library="http",
        option=f"http://{here}/{form}",
        server=server.server,
        wrong=(
            (f"http://{here}/nothing", "HTTP status 404 without Auth-Status"),
            (f"http://{here}/closed/auth", "HTTP status 403 without Auth-Status"),
            (f"http://{here}/busy?{{key}}", "HTTP status 503"),
            (f"http://{here}/moved?name={{key}}", "HTTP status 302"),
            (f"http://me:canary@{here}/basic?{{key}}", "HTTP status 401"),
            (f"https://127.0.0.1:{server.tls_port}/{form}", "TLS: "),
            (f"https://{here}/{form}", "TLS: "),
            (f"http://127.0.0.1:{server.tls_port}/auth", "HTTP status 400"),
            (f"http://127.0.0.1:{free_port()}/{form}", "all attempts to connect to 127.0.0.1"),
            (f"http://no-such-host.invalid/{form}", "no-such-host.invalid"),
            (f"http+unix://%2Fno%2Fsuch/{form}", "No such file"),
        ),
    )


async def outcome_of(option: str, key: str | bytes = "joe") -> Outcome:
    lookup = the_way_to(NOWHERE, option)
    outcome = await ask(lookup, key)
    lookup.close()
    return outcome


OPTIONS: dict[str, Outcome] = {
    "https://TLS/json?name={key}#ca_file=CA": Found(b"joe@one.example.com"),
    "https://TLS/auth#ca_file=CA": Found(b"joe@one.example.com"),
    "http+unix://SOCKET/auth": Found(b"joe@one.example.com"),
    "http+unix://SOCKET/json?name={key}": Found(b"joe@one.example.com"),
    "http://127.0.0.2:NOBODY,HERE/json?name={key}": Found(b"joe@one.example.com"),
    "http://me:canary%40pa%2Fss@HERE/basic?{key}": Found(b"basic.example.com"),
    "http://me@HERE/basic?{key}#password_file=PASSWORD": Found(b"basic.example.com"),
    "http://HERE/bearer?{key}#token_file=TOKEN": Found(b"bearer.example.com"),
    "http://HERE/closed/auth#header_file=HEADER": Found(b"joe@one.example.com"),
    "http://HERE/auth?x=y": Found(b"joe@one.example.com"),
    "http://HERE/json?name={key}%40example.com": Found(b"joe@four.example.com:993"),
    "http://HERE/none/{key}": Absent(),
}


@pytest.mark.parametrize("option", OPTIONS)
async def test_what_the_url_asks_for(server: Nginx, tmp_path: Path, option: str) -> None:
    (tmp_path / "password").write_text("canary@pa/ss\nno part of it\n")
    (tmp_path / "token").write_text("canary\n")
    (tmp_path / "header").write_text("X-Other: x\n\nX-Auth-Key: canary key\n")
    names = {
        "HERE": f"127.0.0.1:{server.port}",
        "TLS": f"127.0.0.1:{server.tls_port}",
        "NOBODY": str(free_port()),
        "SOCKET": str(server.socket).replace("/", "%2F"),
        "CA": str(server.ca_file),
        "PASSWORD": str(tmp_path / "password"),
        "TOKEN": str(tmp_path / "token"),
        "HEADER": str(tmp_path / "header"),
    }
    expected = OPTIONS[option]
    for name, text in names.items():
        option = option.replace(name, text)

    assert await outcome_of(option) == expected


async def test_a_certificate_for_another_name_is_refused(server: Nginx) -> None:
    outcome = await outcome_of(f"https://localhost:{server.tls_port}/auth#ca_file={server.ca_file}")

    assert isinstance(outcome, Unavailable)
    assert "TLS: " in outcome.why


@pytest.mark.parametrize("name", TEMPORARY)
async def test_a_hook_that_says_later_is_unavailable(server: Nginx, name: str) -> None:
    outcome = await outcome_of(f"http://127.0.0.1:{server.port}/auth", name)

    assert isinstance(outcome, Unavailable)
    assert TEMPORARY[name][0] in outcome.why


@pytest.mark.parametrize("name", REFUSED)
async def test_a_hook_that_says_never_refuses_the_user(server: Nginx, name: str) -> None:
    """He was absent, and so went to the default server; nginx refuses him."""
    option = f"http://127.0.0.1:{server.port}/auth"

    assert await outcome_of(option, name) == Broken("Auth-Status: Unknown user")
    assert await outcome_of(f"{option}#refusal=refuse", name) == Broken("Auth-Status: Unknown user")
    assert await outcome_of(f"{option}#refusal=absent", name) == Absent()


CONNECTION = ("192.0.2.42", 4711), ("192.0.2.1", 143)
TOLD = {
    "": "plain|ann|-|{}|192.0.2.42|{tls}",
    "#client_ip=no": "plain|ann|-|{}|-|{tls}",
    "#auth_ssl=no": "plain|ann|-|{}|192.0.2.42|-",
    "#protocol=pop3": "plain|ann|-|pop3|192.0.2.42|{tls}",
    "#auth_method=external&client_ip=no&protocol=imap": "external|ann|-|imap|-|{tls}",
}


@pytest.mark.parametrize("settings", TOLD)
@pytest.mark.parametrize("protocol", ["pop3", "imap4", "managesieve"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_a_hook_hears_of_the_connection_but_no_password(
    server: Nginx, settings: str, protocol: str, tls: bool
) -> None:
    popmap = open_map("http", f"http://127.0.0.1:{server.port}/auth{settings}")
    assert popmap is not None
    before = len(server.heard())
    outcome = await popmap.lookup(Query(b"ann", b"@", *CONNECTION, protocol, tls))  # type: ignore[misc]  # it is native
    popmap.close()
    # nginx's hooks know no ManageSieve; the port is that of IMAP, and nobody's.
    port = b"" if protocol == "managesieve" and "protocol" not in settings else b":1143"

    told = TOLD[settings].format({"pop3": "pop3"}.get(protocol, "imap"), tls="on" if tls else "-")
    eventually(lambda: len(server.heard()) > before, "the hook's log, which is written behind its answer")
    assert server.heard()[-1] == told
    assert outcome == Found(b"ann@two.example.com" + port)


@pytest.mark.parametrize(
    ("option", "by_address"),
    [
        ("http://h/auth", True),
        ("http://h/auth#client_ip=no", True),  # the protocol is the connection's
        ("http://h/auth#protocol=imap", True),
        ("http://h/auth#client_ip=no&protocol=imap", True),  # with TLS or without
        ("http://h/auth#client_ip=no&auth_ssl=no&protocol=imap", False),
        ("http://h/json/{key}", False),
    ],
)
def test_whether_an_answer_is_good_for_others(option: str, by_address: bool) -> None:
    popmap = open_map("http", option)
    assert popmap is not None

    assert popmap.by_address is by_address


async def test_a_key_does_not_lead_out_of_the_path(server: Nginx) -> None:
    """Servers take `%2E%2E%2F` for `../`, whatever the client meant."""
    here = f"http://127.0.0.1:{server.port}"
    keys = ("..", ".", "../../json?name=joe", "..\\..", "/..", "x/../../json", "")
    before = (server.folder / "access").read_text()
    heard = [await outcome_of(f"{here}/path/{{key}}/mailbox", key) for key in keys]
    dotted = await outcome_of(f"{here}/path/.{{key}}", ".")

    assert [*heard, dotted] == [Absent()] * 8
    assert (server.folder / "access").read_text() == before  # not even asked


async def test_connections_are_kept_as_long_as_the_server_likes(server: Nginx, request: pytest.FixtureRequest) -> None:
    lookup = the_way_to(NOWHERE, f"http://127.0.0.1:{server.port}/auth")
    heard = [await ask(lookup, "joe") for _ in range(3)]
    lookup.close()
    kept = "keep-alive" in request.node.name

    assert heard == [Found(b"joe@one.example.com")] * 3
    assert (server.folder / "requests").read_text().split()[-3:] == (["1", "2", "3"] if kept else ["1", "1", "1"])


async def test_sighup_reads_the_token_again(server: Nginx, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("wrong")
    lookup = the_way_to(NOWHERE, f"http://127.0.0.1:{server.port}/bearer?{{key}}#token_file={token}")
    before = await ask(lookup, "joe")
    token.write_text("canary")
    complaints = await lookup.reload()
    after = await ask(lookup, "joe")
    lookup.close()

    assert before == Unavailable("HTTP status 401")
    assert complaints == []
    assert after == Found(b"bearer.example.com")


# --- Servers that say nonsense


@contextlib.asynccontextmanager
async def server_that(talks: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, talks, 0, host="127.0.0.1"))
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


def saying(octets: bytes) -> Callable[[trio.SocketStream], Awaitable[None]]:
    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(10000)
        await stream.send_all(octets)
        await stream.send_eof()

    return talk


def body(octets: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(octets), octets)


def hook(*fields: bytes) -> bytes:
    return b"HTTP/1.1 500 Whatever\r\nContent-Length: 0\r\n" + b"".join(b"%b\r\n" % field for field in fields) + b"\r\n"


CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{"server": "a"}\r\n0\r\n\r\n'
ANSWERS: dict[bytes, Outcome | type[Unavailable]] = {
    body(b'{"server": "a"}'): Found(b"a"),
    body(b'{"server": "a", "port": "143", "user": "u", "else": [1]}'): Found(b"u@a:143"),
    body(b'{"server": "::1", "port": 143, "user": null}'): Found(b"[::1]:143"),
    body('{"server": "a", "user": "jos\u00e9"}'.encode()): Found("jos\u00e9@a".encode()),
    body(b'{"server": ""}'): Absent(),
    body(b'{"server": null, "user": "x"}'): Absent(),
    body(b"{}"): Absent(),
    body(b'{"server": 5}'): Broken("server: expected a string that can be printed"),
    body(b'{"server": "a\\u0000b"}'): Broken("server: expected a string that can be printed"),
    body(b'{"server": "a", "user": "\\ud800"}'): Broken("user: expected a string that can be printed"),
    body(b'{"server": "a", "port": 0}'): Broken("port: expected 1 to 65535"),
    body(b'{"server": "a", "port": 65536}'): Broken("port: expected 1 to 65535"),
    body(b'{"server": "a", "port": true}'): Broken("port: expected 1 to 65535"),
    body(b'{"server": "a", "port": -1}'): Broken("port: expected 1 to 65535"),
    body(b'{"server": "a", "port": ' + b"9" * 5000 + b"}"): Broken("expected JSON"),
    body(b'["a"]'): Broken("expected an object of JSON"),
    body(b"null"): Broken("expected an object of JSON"),
    body(b""): Broken("expected JSON"),
    body(b"joe@a"): Broken("expected JSON"),
    body(b"\xff"): Broken("expected JSON"),
    body(b"[" * 60000): Broken("expected JSON"),
    body(b" " * 65537): Broken("expected a shorter answer"),
    b'HTTP/1.0 200 OK\r\n\r\n{"server": "a"}': Found(b"a"),  # up to the end of the connection
    b"HTTP/1.1 100 Go on\r\n\r\n" + CHUNKED: Found(b"a"),
    b"HTTP/1.1 204 No Content\r\n\r\n": Unavailable,
    b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n": Unavailable,
    b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n": Absent(),
    b"HTTP/1.1 410 No\r\nContent-Length: 0\r\n\r\n": Absent(),
    b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{": Unavailable,
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100000: Unavailable,
    b"HTTP/1.1 100 Go on\r\n\r\n" * 100000: Unavailable,
    b"* OK IMAP4rev1\r\n": Unavailable,
    b"": Unavailable,
}


@pytest.mark.parametrize("octets", ANSWERS, ids=range(len(ANSWERS)))
async def test_what_an_answer_in_json_means(octets: bytes) -> None:
    async with server_that(saying(octets)) as port:
        outcome = await outcome_of(f"http://127.0.0.1:{port}/{{key}}")

    expected = ANSWERS[octets]
    assert outcome == expected or (isinstance(expected, type) and isinstance(outcome, expected))


HOOKS: dict[bytes, Outcome | type[Unavailable]] = {
    # As with nginx, the status line does not count.
    hook(b"Auth-Status: OK", b"auth-SERVER: 192.0.2.1", b"Auth-Port: 143"): Found(b"192.0.2.1:143"),
    hook(b"Auth-Status: OK", b"Auth-Server: 192.0.2.1"): Found(b"192.0.2.1"),
    hook(b"Auth-Status: OK", b"Auth-Server: 192.0.2.1", b"Auth-User: u", b"Auth-Pass: p"): Found(b"u@192.0.2.1"),
    hook(b"Auth-Status: OK", b"Auth-Server: ::1", b"Auth-Port: 143"): Found(b"[::1]:143"),
    hook(b"Auth-Status: OK"): Broken("Auth-Status: OK, and no Auth-Server"),
    hook(b"Auth-Status: OK", b"Auth-Server: a", b"Auth-Port: 99999"): Broken("Auth-Port: expected 1 to 65535"),
    hook(b"Auth-Status: OK", b"Auth-Server: a", b"Auth-Port: x"): Broken("Auth-Port: expected 1 to 65535"),
    hook(b"Auth-Status: ok", b"Auth-Server: a"): Broken("Auth-Status: ok"),  # nginx knows it in capital letters only
    hook(b"Auth-Status: Invalid login or password, try again"): Broken(
        "Auth-Status: Invalid login or password, try again"
    ),
    hook(b"Auth-Status: Invalid", b"Auth-Error-Code: 535 5.7.8"): Broken("Auth-Status: Invalid"),
    hook(b"Auth-Status:"): Broken("Auth-Status: "),
    hook(b"Auth-Server: a"): Unavailable,
    hook(b"Auth-Status: OK", b"Auth-Server: a") + b"and more": Found(b"a"),
    b"HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: a\r\n\r\n" + b"<p>" * 50000: Found(b"a"),
}


@pytest.mark.parametrize("octets", HOOKS, ids=range(len(HOOKS)))
async def test_what_an_answer_of_a_hook_means(octets: bytes) -> None:
    async with server_that(saying(octets)) as port:
        outcome = await outcome_of(f"http://127.0.0.1:{port}/auth")

    expected = HOOKS[octets]
    assert outcome == expected or (isinstance(expected, type) and isinstance(outcome, expected))


async def test_an_answer_that_never_ends_is_not_listened_to_for_ever() -> None:
    async def talk(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                await stream.send_all(b"ffff\r\n" + bytes(65535) + b"\r\n")

    async with server_that(talk) as port:
        outcome = await outcome_of(f"http://127.0.0.1:{port}/{{key}}")

    assert outcome == Broken("expected a shorter answer")
