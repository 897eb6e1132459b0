"""What a server makes of handshakes that are not like other people's: old versions of TLS, and an unknown protocol."""

import ssl
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

from perdition.conformance.acts import Failed, NotOffered, NotTested, Passed, Tls, TlsFailed, TlsStarted, Verdict
from perdition.conformance.connection import Connection, Server
from perdition.conformance.folder import PROTOCOLS
from perdition.conformance.probe import Probe, Unusable
from perdition.conformance.transcript import Transcript

NEW: Final = "tls-1.2-or-newer"
OLD: Final[Mapping[str, ssl.TLSVersion]] = {"tls-1.0": ssl.TLSVersion.TLSv1, "tls-1.1": ssl.TLSVersion.TLSv1_1}
ALPN: Final = "alpn-unknown-protocol"
UNKNOWN: Final = "x-perdition-conformance"
"""A protocol that no server speaks (RFC 7301)."""
REQUIRES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    NEW: ("8314 4", ("rfc8314-4-3", "rfc9051-11.1-2")),
    "tls-1.0": ("8996 4", ("rfc8996-4-1",)),
    "tls-1.1": ("8996 5", ("rfc8996-5-1",)),
    ALPN: ("7301 3.2", ("rfc7301-3.2-2",)),
}
BOUND: Final[Mapping[str, tuple[str, ...]]] = {"rfc8314-4-3": ("pop3", "imap4"), "rfc9051-11.1-2": ("imap4",)}
"""What is not for all protocols."""


def handshakes() -> Iterator[Transcript]:
    """Give the handshakes of each protocol: transcripts in which nothing is said."""
    for protocol in PROTOCOLS:
        for name, (rfc, requires) in REQUIRES.items():
            mine = tuple(one for one in requires if protocol in BOUND.get(one, PROTOCOLS))
            if mine:
                yield Transcript(Path(protocol, f"{name}.txt"), protocol, rfc, (), mine)


def shake_hands(transcript: Transcript, server: Server, tls: Tls) -> Verdict:
    """Do one handshake, and judge it.

    Raises:
        NoConnection: nobody is there.
    """
    special = attrs.evolve(server, context=context_for(transcript.name))
    with Connection(special) as connection:
        try:
            Probe(transcript.protocol, connection).go_to_handshake(tls)
        except Unusable as error:
            return Failed(0, f"expected to come to the handshake: {error}")
        answer = connection.start_tls()
        assert isinstance(answer, TlsStarted | TlsFailed)  # noqa: S101  # for the type checker
        return judge(transcript.name, answer, connection.alpn)


def context_for(name: str) -> ssl.SSLContext:
    """Give the context of a handshake; whose certificate it is does not matter here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if name in OLD:
        context.set_ciphers("ALL:@SECLEVEL=0")  # else this side would not even offer it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = OLD[name]
            context.maximum_version = OLD[name]
    if name == ALPN:
        context.set_alpn_protocols([UNKNOWN])
    return context


def judge(name: str, answer: TlsStarted | TlsFailed, alpn: str | None) -> Verdict:
    """Give the verdict on how a handshake ended."""
    match answer:
        case TlsFailed(why) if name in OLD and "in time" in why:
            return NotTested(why)
        case TlsFailed(why) if name in OLD:
            return NotTested("the TLS of this machine is too new") if "NO_PROTOCOLS" in why else Passed()
        case TlsStarted() if name in OLD:
            return Failed(0, "expected a handshake that is refused")
        case TlsFailed(why) if name == ALPN:
            known = "NO_APPLICATION_PROTOCOL" in why.upper().replace(" ", "_")
            return Passed() if known else Failed(0, f"expected the alert no_application_protocol, not: {why}")
        case TlsStarted() if name == ALPN:
            return NotOffered("ALPN") if alpn is None else Failed(0, "expected that no unknown protocol is chosen")
        case TlsFailed(why):
            return Failed(0, f"expected a handshake with TLS 1.2 or newer: {why}")
        case TlsStarted():
            return Passed()
