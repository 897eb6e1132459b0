"""A hook that drives nginx's mail proxy drives the http map alike."""

import base64
import contextlib
import ssl
from collections.abc import Callable, Iterator
from typing import cast

import attrs
import pytest

from perdition.maps import Broken
from perdition.maps.contract import Map, NativeMap, Runs
from perdition.maps.outcome import Query
from perdition.maps.registry import open_map
from tests.io_trio.dialects import Account, Dialect, Imap4, Pop3
from tests.io_trio.proxy import Proxy, eventually
from tests.io_trio.talk import RealServer, Talk, call
from tests.maps.network.nginx import Nginx, nginx
from tests.maps.network.users import User

pytestmark = pytest.mark.interop


class Imap4WithLiterals(Imap4):
    """As a real server: nginx sends names and passwords as literals (RFC 3501 4.3)."""

    def obey(self, talk: Talk, account: Account, line: bytes) -> bool:
        words = [line.rstrip(b"\r\n")]
        while words[-1].endswith(b"}"):
            size = int(words[-1].rpartition(b"{")[2][:-1])
            talk.say(b"+ go on\r\n")
            words[-1] = words[-1].rpartition(b"{")[0] + b'"' + talk.exactly(size) + b'"'
            words.append(talk.line().rstrip(b"\r\n"))
        return super().obey(talk, account, b"".join(words) + b"\r\n")


POP3, IMAP4 = Pop3(), Imap4WithLiterals()
USERS = {"alice": "alice", "bob@example.com": "robert", "per%cent": "100%"}
"""What clients say, and the name at the real server."""


@attrs.frozen
class Site:
    """Two real servers a protocol, nginx with hook and mail proxy, and the daemon, which asks the same hook.

    Attributes:
        ports: by program and protocol.
        seen: what each real server was told, by protocol and number.
    """

    nginx: Nginx
    ports: dict[tuple[str, Dialect], int]
    seen: dict[tuple[Dialect, int], Account]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        accounts: dict[tuple[Dialect, int], Account] = {}
        ports: dict[str, int] = {}
        for name, dialect in (("pop3", POP3), ("imap", IMAP4)):
            for number, user in enumerate(USERS):
                accounts[dialect, number] = account = Account()
                real = stack.enter_context(RealServer(script(dialect, account)))
                ports[user + name] = real.port
        users = [User(key, user, "127.0.0.1") for key, user in USERS.items()]
        server = stack.enter_context(nginx(*users, more_ports=ports))
        file = tmp_path_factory.mktemp("daemon") / "perdition.toml"
        file.write_text(daemon(f"http://127.0.0.1:{server.port}/auth"))
        proxy = stack.enter_context(Proxy(f"--config_file={file}"))
        listen = {
            ("nginx", POP3): server.pop3_port,
            ("nginx", IMAP4): server.imap_port,
            ("perdition", POP3): proxy.ports[0],
            ("perdition", IMAP4): proxy.ports[1],
        }
        yield Site(server, listen, accounts)


def script(dialect: Dialect, account: Account) -> Callable[[Talk], None]:
    return lambda talk: dialect.serve(talk, account)


def daemon(hook: str) -> str:
    return f"""
bind_address = "127.0.0.1"
listen_port = 0
no_lookup = true
map_library = "http"
map_library_opt = "{hook}"
username_from_database = true
[[listener]]
protocol = "POP3"
[[listener]]
protocol = "IMAP4"
"""


@pytest.mark.parametrize("dialect", [POP3, IMAP4])
@pytest.mark.parametrize("number", range(len(USERS)))
def test_both_send_a_user_to_the_same_server_under_the_same_name(site: Site, dialect: Dialect, number: int) -> None:
    key = list(USERS)[number].encode()
    account = site.seen[dialect, number]
    account.seen.clear()
    before = len(site.nginx.heard())
    answers = {}
    for program in ("nginx", "perdition"):
        with call(site.ports[program, dialect]) as talk:
            dialect.hear_greeting(talk)
            answers[program] = dialect.log_in(talk, key)
    eventually(lambda: len(site.nginx.heard()) >= before + 2, "the hook's log, which is written behind its answers")
    told = site.nginx.heard()[-2:]

    assert [dialect.is_yes(answer) for answer in answers.values()] == [True, True]
    assert account.seen == [(USERS[key.decode()].encode(), b"correct horse")] * 2
    # The password came by nginx; otherwise the hook could not tell who asks.
    assert [line.replace("correct%20horse", "-") for line in told] == [told[1], told[1]]


@pytest.mark.parametrize("dialect", [POP3, IMAP4])
def test_both_refuse_whom_the_hook_does_not_know(site: Site, dialect: Dialect) -> None:
    for program in ("nginx", "perdition"):
        with call(site.ports[program, dialect]) as talk:
            dialect.hear_greeting(talk)

            assert dialect.is_no(dialect.log_in(talk, b"nobody"))


def test_the_daemon_says_try_again_when_the_hook_does(site: Site) -> None:
    """And nobody is sent to a default server."""
    with call(site.ports["perdition", IMAP4]) as talk:
        IMAP4.hear_greeting(talk)

        assert IMAP4.log_in(talk, b"busy").startswith(b"a NO [UNAVAILABLE]")


NAMES = (
    b"joe",
    b"joe@example.com",
    b"per%cent",
    b'say "hi"',
    b"back\\slash",
    b"tab\there",
    b"line\r\nAuth-User: ann",
    b"jos\xc3\xa9",
    b"jos\xe9",
    bytes(range(1, 256)),
)


NOT_TOLD = (b"auth-pass:", b"auth-ssl-protocol:", b"auth-ssl-cipher:", b"auth-ssl-verify:")
"""What a map does not know."""


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_our_request_is_that_of_nginx_but_for_the_password(tls: bool) -> None:
    requests: list[bytes] = []

    def record(talk: Talk) -> None:
        lines = list(iter(talk.line, b"\r\n"))
        requests.append(b"".join(lines))
        talk.say(b"HTTP/1.0 200 OK\r\nAuth-Status: Invalid login or password\r\n\r\n")

    with RealServer(record) as recorder, nginx(recorder_port=recorder.port) as server:
        for name in NAMES:
            with to_nginx(server, tls=tls) as talk:
                talk.line()
                talk.say(b"a AUTHENTICATE PLAIN\r\n")
                talk.line()
                talk.say(base64.b64encode(b"\0" + name + b"\0canary") + b"\r\n")
                talk.rest()
        theirs = [request.split(b"\r\n") for request in requests]
        requests.clear()
        popmap = open_map("http", f"http://127.0.0.1:{recorder.port}/auth")
        assert popmap is not None
        assert popmap.runs is Runs.NATIVE
        outcomes = [await ask_natively(popmap, name, tls=tls) for name in NAMES]
        popmap.close()
        ours = [request.split(b"\r\n") for request in requests]

    assert outcomes == [Broken("Auth-Status: Invalid login or password")] * len(NAMES)
    assert [b"Auth-SSL: on" in lines for lines in theirs] == [tls] * len(NAMES)
    assert [b"Auth-Pass: canary" in lines for lines in theirs] == [True] * len(NAMES)
    for lines, others in zip(ours, theirs, strict=True):
        assert fields(lines) == [line for line in fields(others) if not line.startswith(NOT_TOLD)]


def fields(lines: list[bytes]) -> list[bytes]:
    """Give the fields that are about the log-in, names in small letters, as they are the same in capitals."""
    pairs = [line.partition(b":") for line in lines[1:] if line]
    return [b"%b:%b" % (name.lower(), value) for name, _, value in pairs if name.lower() != b"host"]


@contextlib.contextmanager
def to_nginx(server: Nginx, *, tls: bool) -> Iterator[Talk]:
    if not tls:
        with call(server.other_port) as talk:
            yield talk
        return
    with call(server.other_tls_port) as talk:
        talk.connect_tls(ssl.create_default_context(cafile=str(server.ca_file)), "127.0.0.1")
        yield talk


async def ask_natively(popmap: Map | NativeMap, name: bytes, *, tls: bool) -> object:
    return await cast(NativeMap, popmap).lookup(Query(name, client=("127.0.0.1", 4711), protocol="imap4", tls=tls))
