"""What perdition 2.2 announces when the administrator says nothing (options *_capability)."""

from typing import Final

IMAP: Final = "IMAP4 IMAP4REV1"
POP: Final = "UIDL.USER"
# Elements are separated by two blanks.
MANAGESIEVE: Final = "  ".join(
    (
        '"IMPLEMENTATION" "perdition"',
        '"SIEVE" "comparator-i;octet comparator-i;ascii-casemap fileinto reject envelope encoded-character'
        " vacation subaddress comparator-i;ascii-numeric relational regex imap4flags copy include variables"
        ' body enotify environment mailbox date"',
        '"SASL" "PLAIN"',
        '"NOTIFY" "mailto"',
        '"VERSION" "1.0"',
    )
)
