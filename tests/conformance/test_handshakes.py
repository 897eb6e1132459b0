"""Handshakes of other kinds, with servers that take them and servers that do not."""

import socket
import ssl
from pathlib import Path
from typing import Final

import pytest

from perdition.conformance.acts import Failed, NotOffered, NotTested, Passed, Tls, TlsFailed, TlsStarted, Verdict
from perdition.conformance.connection import Server
from perdition.conformance.folder import PROTOCOLS
from perdition.conformance.handshakes import ALPN, NEW, UNKNOWN, handshakes, judge, shake_hands
from perdition.conformance.places import why_not_with
from perdition.conformance.requirement import all_requirements
from perdition.conformance.run import is_played
from tests.conformance.test_patience import serving
from tests.io_trio import certificates

STLS: Final = b"+OK hi\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"+OK\r\n"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return make_context(tmp_path_factory.mktemp("handshakes"))


def make_context(folder: Path) -> ssl.SSLContext:
    """Give a server that takes every version of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.make(folder).authority.issue_cert("localhost").configure_cert(context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def verdict_on(name: str, context: ssl.SSLContext, tls: Tls = Tls.IMPLICIT) -> Verdict:
    """Play one handshake with a server of POP3."""

    def serve(client: socket.socket, _: int) -> None:
        if tls is Tls.STARTTLS:
            for answer in STLS:
                client.sendall(answer)
                if answer != STLS[-1]:
                    client.recv(100)
        with context.wrap_socket(client, server_side=True) as secure:
            secure.recv(100)

    transcript = next(one for one in handshakes() if (one.protocol, one.name) == ("pop3", name))
    with serving(serve) as port:
        return shake_hands(transcript, Server("127.0.0.1", port, None, "localhost", 10), tls)


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
def test_server_that_takes_all(context: ssl.SSLContext, tls: Tls) -> None:
    refused = Failed(0, "expected a handshake that is refused")

    assert [verdict_on(name, context, tls) for name in (NEW, "tls-1.0", "tls-1.1", ALPN)] == [
        Passed(),
        refused,
        refused,
        NotOffered("ALPN"),
    ]


def test_server_that_takes_what_it_must(tmp_path: Path) -> None:
    context = make_context(tmp_path)
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    assert [verdict_on(name, context) for name in (NEW, "tls-1.0", "tls-1.1")] == [Passed()] * 3


@pytest.mark.parametrize(
    ("name", "answer", "alpn", "verdict"),
    [
        (ALPN, TlsFailed("TLSV1_ALERT_NO_APPLICATION_PROTOCOL", ended=True), None, Passed()),
        (ALPN, TlsFailed("X", ended=True), None, Failed(0, "expected the alert no_application_protocol, not: X")),
        (ALPN, TlsStarted(), UNKNOWN, Failed(0, "expected that no unknown protocol is chosen")),
        (NEW, TlsFailed("X", ended=True), None, Failed(0, "expected a handshake with TLS 1.2 or newer: X")),
        (
            "tls-1.0",
            TlsFailed("NO_PROTOCOLS_AVAILABLE", ended=False),
            None,
            NotTested("the TLS of this machine is too new"),
        ),
        ("tls-1.0", TlsFailed("nothing came in time", ended=False), None, NotTested("nothing came in time")),
    ],
)
def test_verdicts(name: str, answer: TlsStarted | TlsFailed, alpn: str | None, verdict: Verdict) -> None:
    assert judge(name, answer, alpn) == verdict


def test_server_without_starttls() -> None:
    transcript = next(one for one in handshakes() if one.protocol == "pop3")
    with serving(lambda client, _: client.sendall(b"-ERR busy\r\n")) as port:
        verdict = shake_hands(transcript, Server("127.0.0.1", port, None, "localhost", 10), Tls.STARTTLS)

    assert isinstance(verdict, Failed)
    assert verdict.why.startswith("expected to come to the handshake: the server's greeting is no +OK")


def test_all_are_there_and_played() -> None:
    found = list(handshakes())

    assert {one.protocol for one in found} == set(PROTOCOLS)
    assert all(is_played(one) for one in found)
    assert all(one.protocol in all_requirements()[name].protocols for one in found for name in one.requires)
    assert {why_not_with(found[0], tls) for tls in Tls} == {"", "there is no TLS (--tls none)"}
