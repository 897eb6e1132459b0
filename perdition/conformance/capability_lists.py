"""What must come before an answer, and what lists of capabilities must hold, whatever the transcript says."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import attrs

from perdition.conformance.judge import WORDS, status_of
from perdition.protocol import imap4, managesieve, pop3

REVISIONS: Final = (b"IMAP4REV1", b"IMAP4REV2")
ALWAYS: Final = {b"IMPLEMENTATION": "rfc5804-1.7-7", b"SIEVE": "rfc5804-1.7-9", b"VERSION": "rfc5804-1.7-16"}
"""What every ManageSieve server lists, and what demands it."""
Wrong: TypeAlias = tuple[str, tuple[str, ...]]
"""What is wrong with a list of capabilities, and the ids of what is not met; or nothing."""
NOTHING: Final[Wrong] = "", ()
LONGEST: Final = 510
"""How many octets a line of a POP3 server may have, without CRLF (RFC 2449 4 and 5)."""
LISTS: Final = re.compile(
    r"rfc(?:2449-5|2595-[234]|5804-(?:1\.7|2\.[24])|9051-(?:6\.1\.1|6\.2\.1|7\.2\.2)|3501-(?:6\.1\.1|6\.2\.1|7\.2\.1))-"
)
"""Requirements that are about lists of capabilities."""

UNTAGGED: Final = (b"CAPABILITY", b"ID")
"""Untagged data that a command asks for; all other may come or not."""


@attrs.frozen
class Circumstances:
    """What else counts.

    Attributes:
        about: whether the dialogue is about lists of capabilities.
        tls: whether TLS is active.
        codes: whether a response code of POP3 has been said.
    """

    about: bool
    tls: bool
    codes: bool


def wrong_around(wanted: Sequence[Any], came: Sequence[Any], got: Any, asked: Any, where: Circumstances) -> Wrong:
    """Say what is wrong with an answer and what came before it.

    Args:
        wanted: what the transcript has before it.
        came: what came before it.
        got: the answer.
        asked: what it answers.
        where: what else counts.
    """
    return next((wrong for wrong in all_wrong(wanted, came, got, asked, where) if wrong != NOTHING), NOTHING)


def all_wrong(
    wanted: Sequence[Any], came: Sequence[Any], got: Any, asked: Any, where: Circumstances
) -> Iterator[Wrong]:
    """Look at it all."""
    if wanted and isinstance(wanted[0], managesieve.Line) and isinstance(got, managesieve.Response):
        if where.about and lists_capabilities(wanted):
            yield wrong_lines(came, tls=where.tls)
        return
    words = [kind(event) for event in came]
    for event in wanted:
        required = kind(event) in UNTAGGED or kind(event) == b"BYE"
        if required and kind(event) not in words:
            yield f"expected * {kind(event).decode('ascii')} before the answer", ()
    for event in (*came, got) if where.about else ():
        yield wrong_list(event, tls=where.tls)
        if getattr(asked, "verb", "") == "CAPA":
            yield wrong_block(event, tls=where.tls, codes=where.codes)


def lists_capabilities(wanted: Sequence[managesieve.Line]) -> bool:
    """Tell whether lines of a transcript are capabilities, and not scripts."""
    names = [line.words[0].upper() for line in wanted if isinstance(line.words[0], bytes)]
    return b"SASL" in names or b"IMPLEMENTATION" in names


def kind(event: Any) -> bytes:
    """Give the first word of an untagged response, in capitals."""
    if isinstance(event, imap4.Notice):
        return event.status.name.encode("ascii")
    return event.parts[0].split(b" ")[0].upper() if isinstance(event, imap4.Untagged) else b""


def wrong_list(got: Any, *, tls: bool) -> Wrong:
    """Say what is wrong with a list of IMAP4's capabilities."""
    words = [] if not isinstance(got, imap4.Untagged) else got.parts[0].upper().split()
    if words[:1] != [b"CAPABILITY"]:
        return NOTHING
    if not any(revision in words for revision in REVISIONS):
        ids = ("rfc9051-7.2.2-1", "rfc3501-7.2.1-1")
        return "expected IMAP4rev1 or IMAP4rev2 among the capabilities (RFC 9051 7.2.2)", ids
    if {b"LITERAL+", b"LITERAL-"} <= set(words):
        return "expected LITERAL+ or LITERAL-, not both (RFC 7888 5)", ("rfc7888-5-6",)
    return under_tls(b"STARTTLS" in words, "RFC 9051 6.2.1", "rfc9051-6.2.1-7", tls=tls)


def too_long(got: Any) -> Wrong:
    """Say that a line of a POP3 server is too long."""
    if not isinstance(got, pop3.Greeting | pop3.Reply | pop3.Multiline):
        return NOTHING
    code = getattr(got, "code", None)
    size = len(WORDS["pop3"][status_of(got)]) + len(b" [] " if code else b" ") + len(code or b"") + len(got.text)
    if size > LONGEST:
        return f"expected a response of at most {LONGEST + 2} octets (RFC 2449 4)", ("rfc1939-3-8", "rfc2449-4-3")
    return NOTHING


def wrong_block(got: Any, *, tls: bool, codes: bool) -> Wrong:
    """Say what is wrong with the list of POP3's CAPA; `codes`: whether a response code has been said."""
    words = got.body.upper().split(b"\r\n") if isinstance(got, pop3.Multiline) else []
    if any(len(word) > LONGEST for word in words):
        return f"expected capabilities of at most {LONGEST + 2} octets (RFC 2449 5)", ("rfc2449-5-7",)
    if isinstance(got, pop3.Multiline) and codes and b"RESP-CODES" not in words:
        return "expected RESP-CODES of a server that says response codes (RFC 2449 8)", ("rfc2449-8-3",)
    return under_tls(b"STLS" in words, "RFC 2595 4", "rfc2595-4-2", tls=tls)


def wrong_lines(lines: Sequence[managesieve.Line], *, tls: bool) -> Wrong:
    """Say what is wrong with ManageSieve's capabilities."""
    names = [line.words[0].upper() for line in lines if isinstance(line.words[0], bytes)]
    missing = {name.decode("ascii"): source for name, source in ALWAYS.items() if name not in names}
    if missing:
        return f"expected {' and '.join(missing)} among the capabilities (RFC 5804 1.7)", tuple(missing.values())
    if len(set(names)) < len(names):
        return "expected no capability twice (RFC 5804 1.7)", ("rfc5804-1.7-6",)
    if any(line.words[1:] == (b"",) for line in lines if line.words[0] == b"SASL") and b"STARTTLS" not in names:
        return "expected SASL mechanisms where STARTTLS is not announced (RFC 5804 1.7)", ("rfc5804-1.7-8",)
    return under_tls(b"STARTTLS" in names, "RFC 5804 1.7", "rfc5804-1.7-11", "rfc5804-2.2-6", tls=tls)


def under_tls(listed: bool, source: str, *ids: str, tls: bool) -> Wrong:
    """Say that TLS is announced under TLS, if it is."""
    if not (listed and tls):
        return NOTHING
    return f"expected no word of STARTTLS where TLS is active already ({source})", ids
