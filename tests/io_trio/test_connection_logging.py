"""connection_logging in the running daemon: what passes before and behind the log-in, and no password."""

import ast
import base64
import contextlib
import re
import select
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from perdition.io_trio.channel import CHUNK
from perdition.io_trio.flow import Flow
from perdition.io_trio.pipes import Pipes
from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import DIALECTS, PASSWORD, Account, Dialect
from tests.io_trio.proxy import Leg, Proxy, write_configuration
from tests.io_trio.reach import reach, real_server
from tests.io_trio.streams import loopback

LEGS = (("", ""), ("ssl", "tls_force"), ("tls", ""), ("", "ssl"))
CANARY = b"kAnArY9731"
"""No octet of it needs a backslash or a quote."""
BASE64 = [
    base64.b64encode(b"\0%b\0%b" % (name, word)).decode() for name, word in ((b"joe", PASSWORD), (b"jim", CANARY))
]
LARGE = 1 << 18  # its lines fit the pipe that the log is read from


@attrs.frozen
class Logging:
    """A daemon that logs all that passes, and the ports of its listeners by protocol and legs."""

    proxy: Proxy
    ports: dict[tuple[str, str, str], int]


@pytest.fixture(scope="module")
def logging(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Logging]:
    legs = tuple(Leg(dialect.name, client, server) for dialect in DIALECTS for client, server in LEGS)
    options = ("connection_logging = true", *certificates.options())
    file = write_configuration(tmp_path_factory.mktemp("daemon"), legs, *options)
    with Proxy(f"--config_file={file}") as proxy:
        ports = ((leg.protocol, leg.client, leg.server) for leg in legs)
        yield Logging(proxy, dict(zip(ports, proxy.ports, strict=True)))
    assert proxy.errors == ""
    assert not proxy.lines_with("Internal error")
    assert not [line for line in proxy.lines if PASSWORD.decode() in line]
    assert not [line for line in proxy.lines if CANARY.decode() in line]
    assert not [line for line in proxy.lines if any(form in line for form in BASE64)]


def octets(line: str) -> bytes:
    """Read what a line shows; C and Python write it alike."""
    found = re.search(r'(?:SELF:  |CLIENT:|REAL:  ) ("(?:[^"\\]|\\.)*") ', line)
    assert found is not None, line
    read = ast.literal_eval("b" + found[1])
    assert isinstance(read, bytes)
    return read


def said(proxy: Proxy, who: str, way: str) -> bytes:
    """Give all that somebody said in a session."""
    return b"".join(octets(line) for line in proxy.lines_with(f"{who}:", way) if f"{who}:" in line.split('"')[0])


@pytest.mark.parametrize(("client", "server"), LEGS)
def test_all_is_logged_but_the_password(
    logging: Logging, dialect: Dialect, certificates: Certificates, client: str, server: str
) -> None:
    account = Account(behind=b"BEHIND\r\n")
    with real_server(dialect, server, account, certificates) as real:
        with reach(logging.ports[dialect.name, client, server], dialect, client, certificates) as talk:
            way = talk.way
            answer = dialect.log_in(talk, b"joe-%d" % real.port)

            assert dialect.is_yes(answer)
            assert talk.line() == b"BEHIND\r\n"
            talk.say(b'quote " and \xe9\r\n')
            assert talk.line() == b'quote " and \xe9\r\n'
        logging.proxy.wait_for("Closing session:", way)

    assert account.seen == [(b"joe", PASSWORD)]
    mine, theirs = said(logging.proxy, "SELF", way), said(logging.proxy, "REAL", way)
    assert said(logging.proxy, "CLIENT", way).endswith(b'***\r\nquote " and \xe9\r\n')
    assert answer in mine
    assert mine.count(b"***") == 1
    assert theirs.endswith(b'BEHIND\r\nquote " and \xe9\r\n')
    assert PASSWORD not in mine + theirs


def test_a_refusal_shows_no_password(logging: Logging, dialect: Dialect, certificates: Certificates) -> None:
    account = Account()
    port = logging.ports[dialect.name, "", ""]
    with real_server(dialect, "", account, certificates) as real, reach(port, dialect, "", certificates) as talk:
        way = talk.way

        assert dialect.is_no(dialect.log_in(talk, b"jim-%d" % real.port, CANARY))

    assert account.seen == [(b"jim", CANARY)]
    assert "***" in logging.proxy.wait_for("CLIENT:", "***", way)


def test_what_would_be_spliced_goes_its_way(logging: Logging, dialect: Dialect, certificates: Certificates) -> None:
    large = b"0123456789abcde\n" * (LARGE // 16)
    account = Account(after=lambda talk: talk.say(large))
    with real_server(dialect, "", account, certificates) as real:
        with reach(logging.ports[dialect.name, "", ""], dialect, "", certificates) as talk:
            way = talk.way
            dialect.log_in(talk, b"joe-%d" % real.port)

            assert talk.exactly(LARGE) == large
        line = logging.proxy.wait_for("Closing session:", way)

    assert int(line.rpartition("=")[2]) >= LARGE


def test_without_debug_nothing_of_it_is_logged(tmp_path: Path, certificates: Certificates) -> None:
    dialect = DIALECTS[0]
    file = write_configuration(tmp_path, (Leg(dialect.name),), "connection_logging = true")
    with Proxy(f"--config_file={file}", debug=False) as proxy:
        with reach(proxy.ports[0], dialect, "", certificates) as talk:
            talk.say(b"QUIT\r\n")
            talk.rest()
        proxy.wait_for("Closing NULL session")

        assert len(proxy.lines) == 2  # that, and Connect


def test_a_tap_gets_all_that_is_read_and_nothing_is_spliced() -> None:
    source, peer = loopback()
    sink, other = loopback()
    flow, pipes, heard = Flow(source, sink), Pipes(), bytearray()
    flow.tap = heard.extend
    told = bytearray()
    data = bytes(range(256)) * (CHUNK // 64)  # four full reads
    with peer, other:
        sent = 0
        while len(told) < len(data):
            with contextlib.suppress(BlockingIOError):
                sent += peer.send(data[sent:])
            source.readable = select.EPOLLIN
            flow.pump(pipes)
            with contextlib.suppress(BlockingIOError):
                told += other.recv(CHUNK)

            assert flow.pipe is None
    source.close()
    sink.close()
    pipes.close()

    assert bytes(told) == bytes(heard) == data
