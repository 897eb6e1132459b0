"""A user's mailboxes as IMAP4 shows them: names, lists, STATUS, APPEND and COPY (RFC 9051 6.3)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from perdition.demo.imap4_arguments import Argument, BadArgument, moment, words
from perdition.demo.imap4_structure import Writer
from perdition.demo.imap4_view import read_flags
from perdition.demo.mailbox import INBOX, MOST_MAILBOXES, Account, Mailbox, Message
from perdition.protocol.imap4 import Untagged

SLASH: Final = b"/"
LONGEST_NAME: Final = 255
WILDCARDS: Final = b"*%"
SEEN: Final = b"\\Seen"


class Refused(Exception):
    """A command cannot be done: NO.

    Args:
        text: why.
        code: the response code.
    """

    def __init__(self, text: bytes, code: bytes | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Mailboxes:
    """One user's."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def find(self, name: bytes) -> Mailbox:
        """Give the mailbox of that name.

        Raises:
            Refused: there is none.
        """
        mailbox = self._account.mailboxes.get(canonical(name))
        if mailbox is None:
            raise Refused(b"there is no such mailbox", b"NONEXISTENT")
        return mailbox

    def names(self, verb: str, reference: bytes, pattern: bytes) -> Iterator[Untagged]:
        """LIST and LSUB."""
        if verb == "LIST" and not pattern:  # RFC 9051 6.3.9: the client asks for the delimiter
            yield Untagged((b'LIST (\\Noselect) "/" ""',))
            return
        listed = self._account.mailboxes.keys() if verb == "LIST" else self._account.subscribed
        for name in sorted(listed, key=lambda name: (name != INBOX, name)):
            if not matches(reference + pattern, name):
                continue
            inner = any(other.startswith(name + SLASH) for other in self._account.mailboxes)
            children = b"\\HasChildren" if inner else b"\\HasNoChildren"
            writer = Writer()
            writer.raw(verb.encode("ascii") + b" (" + (children if verb == "LIST" else b"") + b') "/" ')
            writer.string(name)
            yield Untagged(writer.parts())

    def status(self, name: bytes, items: tuple[str, ...]) -> Untagged:
        """STATUS."""
        mailbox = self.find(name)
        values = {
            "MESSAGES": len(mailbox.messages),
            "RECENT": 0,
            "UIDNEXT": mailbox.uid_next,
            "UIDVALIDITY": mailbox.uid_validity,
            "UNSEEN": sum(SEEN not in message.flags for message in mailbox.messages),
        }
        if not items or any(item not in values for item in items):
            raise BadArgument("expected MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or UNSEEN")
        writer = Writer()
        writer.raw(b"STATUS ")
        writer.string(name)
        writer.raw(b" (" + b" ".join(b"%s %d" % (item.encode("ascii"), values[item]) for item in items) + b")")
        return Untagged(writer.parts())

    def create(self, name: bytes) -> None:
        """CREATE."""
        name = canonical(name).rstrip(SLASH)  # RFC 9051 6.3.4: a slash at the end says that children will come
        if name in self._account.mailboxes:
            raise Refused(b"there is one already", b"ALREADYEXISTS")
        check_name(name)
        for missing in sorted((parents(name) | {name}) - self._account.mailboxes.keys()):
            if len(self._account.mailboxes) >= MOST_MAILBOXES:
                raise Refused(b"expected at most %d mailboxes" % MOST_MAILBOXES, b"LIMIT")
            self._account.create(missing)

    def delete(self, name: bytes) -> None:
        """DELETE."""
        self.find(name)
        if canonical(name) == INBOX:
            raise Refused(b"INBOX stays", b"CANNOT")
        del self._account.mailboxes[canonical(name)]

    def rename(self, old: bytes, new: bytes) -> None:
        """RENAME, of a mailbox without any in it."""
        mailbox, new = self.find(old), canonical(new)
        check_name(new)
        inner = any(name.startswith(canonical(old) + SLASH) for name in self._account.mailboxes)
        if canonical(old) == INBOX or inner:
            raise Refused(b"that one keeps its name", b"CANNOT")
        if new in self._account.mailboxes:
            raise Refused(b"the new name is in use", b"ALREADYEXISTS")
        del self._account.mailboxes[canonical(old)]
        self._account.mailboxes[new] = mailbox

    def subscribe(self, name: bytes) -> None:
        """SUBSCRIBE."""
        self.find(name)
        self._account.subscribed.add(canonical(name))

    def unsubscribe(self, name: bytes) -> None:
        """UNSUBSCRIBE."""
        self._account.subscribed.discard(canonical(name))

    def append(self, name: bytes, tokens: tuple[Argument, ...]) -> bytes:
        """APPEND; give the response code (RFC 4315 3)."""
        rest = list(tokens)
        flags = read_flags(words(rest.pop(0))) if rest and isinstance(rest[0], tuple) else frozenset()
        arrived = moment(rest.pop(0)) if len(rest) > 1 else datetime.now(UTC).replace(microsecond=0)
        if len(rest) != 1 or not isinstance(rest[0], bytes):
            raise BadArgument("expected a mailbox, flags, a date and a literal")
        message = rest[0]
        if b"\0" in message:
            raise BadArgument("expected a message without NUL")
        mailbox = self._account.mailboxes.get(canonical(name))
        if mailbox is None:
            raise Refused(b"there is no such mailbox", b"TRYCREATE")
        if not self._account.has_room(len(message)):
            raise Refused(b"there is no room left", b"OVERQUOTA")
        uid = mailbox.add(message, arrived, flags).uid
        return b"APPENDUID %d %d" % (mailbox.uid_validity, uid)

    def copy(self, messages: list[Message], name: bytes) -> bytes | None:
        """COPY; give the response code (RFC 4315 3)."""
        mailbox = self._account.mailboxes.get(canonical(name))
        if mailbox is None:
            raise Refused(b"there is no such mailbox", b"TRYCREATE")
        if not messages:
            return None
        if not self._account.has_room(sum(len(message.octets) for message in messages)):
            raise Refused(b"there is no room left", b"OVERQUOTA")
        copies = [mailbox.add(message.octets, message.arrived, message.flags) for message in messages]
        return b"COPYUID %d %s %s" % (mailbox.uid_validity, uids(messages), uids(copies))


def canonical(name: bytes) -> bytes:
    """INBOX is INBOX in any case of letters (RFC 9051 5.1)."""
    first, slash, rest = name.partition(SLASH)
    return (INBOX if first.upper() == INBOX else first) + slash + rest


def parents(name: bytes) -> set[bytes]:
    """Give the mailboxes that a mailbox is in."""
    levels = name.split(SLASH)
    return {SLASH.join(levels[:count]) for count in range(1, len(levels))}


def check_name(name: bytes) -> None:
    """Refuse a name that no mailbox can have."""
    odd = any(octet < 0x20 or octet == 0x7F or octet in WILDCARDS for octet in name)
    if not name or len(name) > LONGEST_NAME or odd or b"" in name.split(SLASH):
        raise Refused(b"expected a name of at most %d octets without wildcards" % LONGEST_NAME, b"CANNOT")


def matches(pattern: bytes, name: bytes) -> bool:
    """Tell whether a name fits a pattern: * is anything, % anything without a slash (RFC 9051 6.3.9).

    All places in the pattern are followed at once, so no pattern takes long.
    """
    pattern = canonical(pattern)
    places = pass_wildcards(pattern, {0})
    for octet in name:
        reached = set()
        for place in places:
            if place == len(pattern):
                continue
            here = pattern[place]
            if here == octet and here not in WILDCARDS:
                reached.add(place + 1)
            elif here == WILDCARDS[0] or (here == WILDCARDS[1] and octet != SLASH[0]):
                reached.add(place)
        places = pass_wildcards(pattern, reached)
    return len(pattern) in places


def pass_wildcards(pattern: bytes, places: set[int]) -> set[int]:
    """Add the places behind wildcards, which may stand for nothing."""
    for place in sorted(places):
        at = place
        while at < len(pattern) and pattern[at] in WILDCARDS:
            at += 1
            places.add(at)
    return places


def uids(messages: list[Message]) -> bytes:
    """Write a set of uids."""
    return b",".join(b"%d" % message.uid for message in messages)
