"""SEARCH criteria on three messages."""

from datetime import UTC, datetime

import pytest

from perdition.demo.imap4_arguments import BadArgument, read_tokens
from perdition.demo.imap4_search import SearchReader, UnknownCharset
from perdition.demo.mailbox import Message

MESSAGES = [
    Message(
        10,
        b"From: Anna <anna@example.org>\r\nSubject: a long\r\n story\r\n"
        b"Date: Mon, 05 Jan 2026 09:30:00 +0000\r\n\r\nOnce\r\n",
        datetime(2026, 2, 1, tzinfo=UTC),
    ),
    Message(
        20,
        b"From: Bert\r\nTo: anna@example.org\r\nCc: x@y\r\nDate: never\r\n\r\nanna was here, too\r\n",
        datetime(2026, 2, 2, tzinfo=UTC),
        frozenset((b"\\Seen", b"\\Answered")),
    ),
    Message(30, b"x", datetime(2026, 2, 3, tzinfo=UTC), frozenset((b"\\Deleted",))),
]


def search(line: bytes) -> list[int]:
    holds = SearchReader(read_tokens((line,)), 3, 30).read()
    return [number for number, message in enumerate(MESSAGES, 1) if holds(number, message)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"ALL", [1, 2, 3]),
        (b"SEEN", [2]),
        (b"unseen", [1, 3]),
        (b"ANSWERED SEEN", [2]),
        (b"UNANSWERED UNDELETED", [1]),
        (b"NEW", []),
        (b"OLD", [1, 2, 3]),
        (b"RECENT", []),
        (b"KEYWORD x", []),
        (b"UNKEYWORD x", [1, 2, 3]),
        (b"2:*", [2, 3]),
        (b"UID 15:25,30", [2, 3]),
        (b"FROM anna", [1]),
        (b"TO ANNA", [2]),
        (b'SUBJECT "long story"', [1]),
        (b"CC y", [2]),
        (b"HEADER Date never", [2]),
        (b"TEXT anna", [1, 2]),
        (b"BODY anna", [2]),
        (b"NOT SEEN", [1, 3]),
        (b"OR SEEN DELETED", [2, 3]),
        (b"(OR FROM anna DELETED) UNDELETED", [1]),
        (b"LARGER 5", [1, 2]),
        (b"SMALLER 2", [3]),
        (b"SINCE 2-Feb-2026", [2, 3]),
        (b"BEFORE 2-Feb-2026", [1]),
        (b'ON "2-Feb-2026"', [2]),
        (b"SENTON 5-Jan-2026", [1]),
        (b"SENTSINCE 2-Feb-2026", [2, 3]),
        (b'CHARSET utf-8 SUBJECT "\xc3\xbc"', []),
    ],
)
def test_search(line: bytes, found: list[int]) -> None:
    assert search(line) == found


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"NOT",
        b"SUBJECT",
        b"FUZZY x",
        b'"ALL"',
        b"LARGER x",
        b"LARGER 1:2",
        b"BEFORE now",
        b"()",
        b"NOT " * 200 + b"ALL",
    ],
)
def test_what_cannot_be_searched(line: bytes) -> None:
    with pytest.raises(BadArgument):
        search(line)


def test_an_unknown_charset() -> None:
    with pytest.raises(UnknownCharset):
        search(b"CHARSET EBCDIC ALL")
