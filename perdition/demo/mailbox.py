"""What a demo server holds: users, their mailboxes of messages, and their Sieve scripts; all in memory."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import attrs

from perdition.protocol import Credentials, Secret

INBOX: Final = b"INBOX"
FLAGS: Final = (b"\\Answered", b"\\Flagged", b"\\Deleted", b"\\Seen", b"\\Draft")
"""All flags that a message can have, as RFC 9051 2.3.2 writes them."""

# What a user can make a demo server hold.
LARGEST_ACCOUNT: Final = 256 * 1024 * 1024
MOST_MAILBOXES: Final = 100
MOST_MESSAGES: Final = 10_000
MOST_SCRIPTS: Final = 20
LARGEST_SCRIPT: Final = 65536


@attrs.define(eq=False)
class Message:
    """One message in one mailbox.  Two are equal only if they are the same."""

    uid: int
    octets: bytes = attrs.field(repr=False)
    arrived: datetime
    flags: frozenset[bytes] = frozenset()


@attrs.define(eq=False)
class Mailbox:
    """Messages in the order in which they came.

    Attributes:
        uid_validity: another one for each mailbox that ever had its name (RFC 9051 2.3.1.1).
        uid_next: what the next message gets.
        messages: what is there now.
    """

    uid_validity: int = 1
    uid_next: int = 1
    messages: list[Message] = attrs.field(factory=list)

    def add(self, octets: bytes, arrived: datetime, flags: Iterable[bytes] = ()) -> Message:
        """Put a message at the end."""
        message = Message(self.uid_next, octets, arrived, frozenset(flags))
        self.uid_next += 1
        self.messages.append(message)
        return message

    def remove(self, gone: Iterable[Message]) -> None:
        """Take messages away; those that are gone already do not matter."""
        uids = {message.uid for message in gone}
        self.messages = [message for message in self.messages if message.uid not in uids]


@attrs.define(eq=False)
class Scripts:
    """Sieve scripts by name, at most one of them active (RFC 5804 1.4)."""

    texts: dict[bytes, bytes] = attrs.field(factory=dict, repr=False)
    active: bytes = b""


@attrs.define(eq=False)
class Account:
    """One user."""

    name: bytes
    password: Secret
    mailboxes: dict[bytes, Mailbox] = attrs.field(factory=lambda: {INBOX: Mailbox()})
    subscribed: set[bytes] = attrs.field(factory=lambda: {INBOX})
    scripts: Scripts = attrs.field(factory=Scripts)
    created: int = 1  # mailboxes so far, for uid_validity

    @property
    def inbox(self) -> Mailbox:
        """The mailbox that POP3 shows."""
        return self.mailboxes[INBOX]

    def create(self, name: bytes) -> Mailbox:
        """Make a mailbox."""
        self.created += 1
        mailbox = self.mailboxes[name] = Mailbox(uid_validity=self.created)
        return mailbox

    def has_room(self, size: int) -> bool:
        """Tell whether one more message of so many octets may come in."""
        messages = [message for mailbox in self.mailboxes.values() for message in mailbox.messages]
        total = sum(len(message.octets) for message in messages)
        return total + size <= LARGEST_ACCOUNT and len(messages) < MOST_MESSAGES


@attrs.define(eq=False)
class Store:
    """One demo server's memory.

    Attributes:
        name: how the server calls itself.
        accounts: its users by name.
    """

    name: bytes
    accounts: dict[bytes, Account] = attrs.field(factory=dict)

    def log_in(self, credentials: Credentials) -> Account | None:
        """Find the account, if name and password fit.  Nobody acts as another here."""
        account = self.accounts.get(credentials.authcid)
        if account is None or not credentials.for_itself or credentials.password != account.password:
            return None
        return account
