"""What a mail server is answered, whichever protocol it asks by."""

import enum
from typing import Protocol


class Verdict(enum.Enum):
    """What is known of a key."""

    KNOWN = enum.auto()
    UNKNOWN = enum.auto()
    UNAVAILABLE = enum.auto()  # the store is: the mail server may ask again


class BadQuestion(Exception):
    """What came cannot be a question of the protocol; the message says what was expected."""


class Dialect(Protocol):
    """A protocol of mail servers: questions in, answers out.  One object a connection."""

    def feed(self, octets: bytes) -> list[str]:
        """Take what comes next; give the keys of the questions that are whole now.

        Raises:
            BadQuestion: the connection is of no more use.
        """

    def write(self, verdict: Verdict, text: str) -> bytes:
        """Write an answer; the text is what a key that is known has, or why there is no answer."""
