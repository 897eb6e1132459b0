"""Names of mailboxes and patterns."""

import pytest

from perdition.demo.contents import new_store
from perdition.demo.imap4_mailboxes import Mailboxes, Refused, matches
from perdition.demo.mailbox import MOST_MAILBOXES


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        (b"*", b"a/b", True),
        (b"%", b"a/b", False),
        (b"%", b"a", True),
        (b"%/%", b"a/b", True),
        (b"a*b", b"ab", True),
        (b"a%b", b"a/b", False),
        (b"a", b"ab", False),
        (b"inbox", b"INBOX", True),
        (b"inbox/%", b"INBOX/x", True),
        (b"*x*y*", b"axby", True),
        (b"*x*y*", b"aybx", False),
        (b"", b"", True),
        (b"*a" * 100, b"a" * 255, True),
        (b"*a" * 100 + b"b", b"a" * 255, False),
    ],
)
def test_patterns(pattern: bytes, name: bytes, fits: bool) -> None:
    assert matches(pattern, name) is fits


def test_there_is_an_end_to_mailboxes() -> None:
    account = new_store("A").accounts[b"alice"]
    mailboxes = Mailboxes(account)
    for number in range(MOST_MAILBOXES - len(account.mailboxes)):
        mailboxes.create(b"%d" % number)

    with pytest.raises(Refused, match="at most"):
        mailboxes.create(b"more")
