"""A mailbox as one IMAP4 connection sees it.

Other connections may change the mailbox at any time; message numbers change only when the client has been
told (RFC 9051 5.5, 7.5.1).  So a view has a list of its own, and `news` says what the client must hear.
"""

from collections.abc import Iterator

from perdition.demo.imap4_arguments import Argument, BadArgument, Numbers, numbers, octets, word, words
from perdition.demo.imap4_fetch import SEEN, Item, read_items, write_fetch, write_flags
from perdition.demo.imap4_search import SearchReader
from perdition.demo.mailbox import FLAGS, Mailbox, Message
from perdition.protocol.imap4 import Untagged

DELETED = b"\\Deleted"
STORE_ITEMS = {
    "FLAGS": (None, False),
    "+FLAGS": (True, False),
    "-FLAGS": (False, False),
    "FLAGS.SILENT": (None, True),
    "+FLAGS.SILENT": (True, True),
    "-FLAGS.SILENT": (False, True),
}
FLAG_NAMES = {flag.lower(): flag for flag in FLAGS}


class View:
    """A selected mailbox.

    Attributes:
        mailbox: which.
        read_only: whether it was opened by EXAMINE.
    """

    def __init__(self, mailbox: Mailbox, *, read_only: bool) -> None:
        self.mailbox = mailbox
        self.read_only = read_only
        self._messages = list(mailbox.messages)

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def first_unseen(self) -> int | None:
        """The number of the first message that has not been seen."""
        unseen = (number for number, message in enumerate(self._messages, 1) if SEEN not in message.flags)
        return next(unseen, None)

    def news(self, *, expunge: bool) -> Iterator[Untagged]:
        """Say what others have changed.

        Args:
            expunge: whether message numbers may change now.
        """
        there = {message.uid for message in self.mailbox.messages}
        if expunge:
            for number in range(len(self._messages), 0, -1):
                if self._messages[number - 1].uid not in there:
                    del self._messages[number - 1]
                    yield Untagged((b"%d EXPUNGE" % number,))
        last = self._messages[-1].uid if self._messages else 0
        new = [message for message in self.mailbox.messages if message.uid > last]
        if new:
            self._messages += new
            yield Untagged((b"%d EXISTS" % len(self._messages),))

    def chosen(self, token: Argument, *, uid: bool) -> list[tuple[int, Message]]:
        """Give the messages of a set, each with its number.

        Raises:
            BadArgument: it is no set, or names messages that are not there (by number: RFC 9051 9, seq-number).
        """
        largest = self._largest_uid() if uid else len(self._messages)
        chosen = numbers(token, largest)
        if uid:
            return [pair for pair in enumerate(self._messages, 1) if pair[1].uid in chosen]
        check_numbers(chosen, largest)
        return [pair for pair in enumerate(self._messages, 1) if pair[0] in chosen]

    def _largest_uid(self) -> int:
        return self._messages[-1].uid if self._messages else 0

    def fetch(self, tokens: tuple[Argument, ...], *, uid: bool) -> Iterator[Untagged]:
        """FETCH and UID FETCH; what reads a message marks it as seen."""
        if len(tokens) != 2:
            raise BadArgument("expected a set and what to fetch")
        chosen, items = self.chosen(tokens[0], uid=uid), read_items(tokens[1])
        if uid and Item("UID") not in items:
            items = [Item("UID"), *items]
        marks = any(item.marks for item in items) and not self.read_only
        for number, message in chosen:
            asked = items
            if marks and SEEN not in message.flags:
                message.flags |= {SEEN}
                if Item("FLAGS") not in items:
                    asked = [*items, Item("FLAGS")]
            yield Untagged(write_fetch(number, message, asked))

    def store(self, tokens: tuple[Argument, ...], *, uid: bool) -> Iterator[Untagged]:
        """STORE and UID STORE; flags that no message can have are passed over (RFC 9051 7.1, PERMANENTFLAGS)."""
        if len(tokens) < 3:
            raise BadArgument("expected a set, what to do, and flags")
        item = word(tokens[1])
        if item not in STORE_ITEMS:
            raise BadArgument("expected FLAGS, +FLAGS or -FLAGS")
        add, silent = STORE_ITEMS[item]
        flags = read_flags(tokens[2:] if len(tokens) > 3 else words(tokens[2]))
        for number, message in self.chosen(tokens[0], uid=uid):
            match add:
                case None:
                    message.flags = flags
                case True:
                    message.flags |= flags
                case False:
                    message.flags -= flags
            if not silent:
                with_uid = b"UID %d " % message.uid if uid else b""
                yield Untagged((b"%d FETCH (%sFLAGS %s)" % (number, with_uid, write_flags(message)),))

    def search(self, tokens: tuple[Argument, ...], *, uid: bool) -> Untagged:
        """SEARCH and UID SEARCH."""
        holds = SearchReader(tokens, len(self._messages), self._largest_uid()).read()
        found = [
            message.uid if uid else number for number, message in enumerate(self._messages, 1) if holds(number, message)
        ]
        return Untagged((b" ".join((b"SEARCH", *(b"%d" % number for number in found))),))

    def expunge(self, among: "Argument | None" = None) -> None:
        """Remove what is marked as deleted; `news` tells the client.

        Args:
            among: only these uids (RFC 4315 2.1); None: all.
        """
        chosen = self._messages if among is None else [one for _, one in self.chosen(among, uid=True)]
        self.mailbox.remove(message for message in chosen if DELETED in message.flags)


def check_numbers(chosen: Numbers, largest: int) -> None:
    """Refuse numbers that no message has."""
    if any(low < 1 or high > largest for low, high in chosen.ranges):
        raise BadArgument("expected numbers of messages that are there")


def read_flags(tokens: tuple[Argument, ...]) -> frozenset[bytes]:
    """Read flags; those that no message can have here are left out."""
    names = (octets(token).lower() for token in tokens)
    return frozenset(FLAG_NAMES[name] for name in names if name in FLAG_NAMES)
