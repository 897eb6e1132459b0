"""Over which connections a dialogue can be played, and by whom."""

import re
from typing import Final

from perdition.conformance.acts import Tls
from perdition.conformance.lines import Mark, Speaker
from perdition.conformance.transcript import Transcript

STARTTLS_LINE: Final = re.compile(rb"(?i)(?:[^\s{]+ )?(?:STLS|STARTTLS)\b")
NO_TLS: Final = "there is no TLS (--tls none)"
INJECTED: Final = re.compile(rb"(?i)(?:[^\s{]+ )?(?:STLS|STARTTLS)\r\n.", re.DOTALL)


def begins_in_clear(transcript: Transcript) -> bool:
    """Tell whether a dialogue begins in clear because STARTTLS, or being without it, is what it is about."""
    return "LOGINDISABLED" in transcript.needs or any(
        step.word == "tls" or (step.speaker is Speaker.CLIENT and STARTTLS_LINE.match(step.octets))
        for step in transcript.steps
    )


def why_not_live(transcript: Transcript) -> str:
    """Say why a dialogue cannot be played by a client, or nothing: it is about a hostile server."""
    last = transcript.steps[-1:]
    hostile = any(step.mark is Mark.FATAL and step.speaker is Speaker.SERVER for step in last)
    return "it shows what a client does" if hostile else ""


def why_not_with(transcript: Transcript, tls: Tls) -> str:
    """Say why a dialogue cannot be played over such a connection, or nothing."""
    if not transcript.steps:
        return NO_TLS if tls is Tls.NONE else ""
    if not begins_in_clear(transcript):
        return ""
    if tls is Tls.IMPLICIT:
        return "TLS is there from the first octet"
    if tls is Tls.NONE and any(step.word == "tls" or INJECTED.match(step.octets) for step in transcript.steps):
        return NO_TLS
    return ""
