"""Puts a server's own user and password in the place of those of a dialogue.

The client's lines of one command are looked at together (a literal's size and its octets may be two lines).  Only the
user's and the password's octets change, and the size of a literal: what the dialogue tests, its spelling and its way
of writing strings, stays.  A name that does not fit an unquoted word is put in quotes.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from perdition.conformance.transcript import Login

HIDDEN: Final = b"****"
"""What stands in the place of a password where people read."""

# POP3 has no quotes: a name ends at a blank, a password at the end of the line.
POP3_LINE: Final = re.compile(rb"(?im)^(?:(USER|PASS) ([^\r\n]*)|AUTH \S+ (\S+))\r\n")
STRINGS_VERB: Final = re.compile(rb"(?i)(?:\S+ (LOGIN|AUTHENTICATE)|(AUTHENTICATE))(?= |\r\n)")
TOKEN: Final = re.compile(rb' +(?:"((?:[^"\\]|\\.)*)"|(\{[0-9]+\+?\}\r\n)|([^\s"{]\S*))')
FIRST_TOKEN: Final = re.compile(rb' *(?:"((?:[^"\\]|\\.)*)"|(\{[0-9]+\+?\}\r\n)|([^\s"{]\S*))')
ATOM: Final = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\]+\Z')
LOOSE_ATOM: Final = re.compile(rb'[^\x00-\x20\x7f"{][^\x00-\x20\x7f]*\Z')
QUOTABLE: Final = re.compile(rb"[^\x00\r\n]*\Z")
ESCAPED: Final = re.compile(rb"\\(.)")
TO_ESCAPE: Final = re.compile(rb'["\\]')


class CannotSay(Exception):
    """The place in the dialogue cannot hold these credentials; the text says why."""


@attrs.frozen
class Token:
    """A string of a command, and where it stands.

    Attributes:
        value: its octets.
        begin: where its octets begin, with the quotes or the literal's size.
        end: where they end.
        data: where a literal's octets begin; None: it is no literal.
        quoted: whether it stands in quotes.
    """

    value: bytes
    begin: int
    end: int
    data: int | None = None
    quoted: bool = False


@attrs.frozen
class Change:
    """What is put in the place of some octets."""

    begin: int
    end: int
    octets: bytes


class StandIn:
    """Changes the client's lines of one dialogue.

    Args:
        protocol: of the dialogue.
        login: who logs in there, or None.
        user: who logs in here.
        password: his.
    """

    def __init__(self, protocol: str, login: Login | None, user: bytes, password: bytes) -> None:
        self._protocol, self._login = protocol, login
        self._user, self._password = user, password

    def command(self, lines: Sequence[bytes]) -> list[bytes]:
        """Change the lines of one command.

        Raises:
            CannotSay: a changed name or password cannot stand there.
        """
        changes: list[Change] = []
        if self._login is not None:
            whole = b"".join(lines)
            changes = self._in_pop3(whole) if self._protocol == "pop3" else self._in_strings(whole)
        return apply(lines, changes)

    def response(self, lines: Sequence[bytes], turn: int) -> list[bytes]:
        """Change the lines of a SASL response; `turn` counts from 0 in its exchange.

        Raises:
            CannotSay: as above.
        """
        changes: list[Change] = []
        if self._login is not None:
            whole = b"".join(lines)
            if self._protocol == "managesieve":
                tokens = list(read_tokens(whole, 0, FIRST_TOKEN))[:1]
            else:
                tokens = [Token(whole[:-2], 0, len(whole) - 2)] if whole.endswith(b"\r\n") else []
            for token in tokens:
                changes += self._in_base64(token, turn)
        return apply(lines, changes)

    def _in_pop3(self, whole: bytes) -> list[Change]:
        changes: list[Change] = []
        for found in POP3_LINE.finditer(whole):
            if found[3] is not None:
                changes += self._in_base64(Token(found[3], *found.span(3)), 0)
                continue
            user = found[1].upper() == b"USER"
            new = self._new(found[2], user=user)
            if new is not None and (not QUOTABLE.match(new) or (user and b" " in new)):
                raise CannotSay("POP3 cannot say this name or password by USER and PASS")
            if new is not None:
                changes.append(Change(*found.span(2), new))
        return changes

    def _in_strings(self, whole: bytes) -> list[Change]:
        """IMAP4's LOGIN and AUTHENTICATE, and ManageSieve's AUTHENTICATE, at the beginning of lines."""
        changes: list[Change] = []
        at = 0
        while at < len(whole):
            verb = STRINGS_VERB.match(whole, at)
            tokens = [] if verb is None else list(read_tokens(whole, verb.end(), TOKEN))
            if verb is not None and (verb[1] or b"").upper() == b"LOGIN":
                for index, token in enumerate(tokens[:2]):
                    changes += self._in_string(token, user=index == 0)
            elif len(tokens) > 1:
                changes += self._in_base64(tokens[1], 0)
            end = whole.find(b"\r\n", tokens[-1].end if tokens else at)
            at = end + 2 if end >= 0 else len(whole)
        return changes

    def _in_string(self, token: Token, *, user: bool) -> list[Change]:
        new = self._new(token.value, user=user)
        return [] if new is None else put(token, new)

    def _in_base64(self, token: Token, turn: int) -> list[Change]:
        try:
            message = base64.b64decode(token.value, validate=True)
        except ValueError:
            return []
        parts = message.split(b"\0")
        if len(parts) == 3:
            authzid, user, password = parts
            new = [self._new(authzid, user=True), self._new(user, user=True), self._new(password, user=False)]
            if new == [None, None, None]:
                return []
            changed = b"\0".join(old if part is None else part for old, part in zip(parts, new, strict=True))
        else:
            part = self._new(message, user=turn == 0)
            if part is None:
                return []
            changed = part
        # What people read shows no base64 of anything secret.
        hidden = self._password == HIDDEN
        return put(token, HIDDEN if hidden else base64.b64encode(changed))

    def _new(self, octets: bytes, *, user: bool) -> bytes | None:
        """Give what stands in the place of a name or a password; None: it is not that of the dialogue."""
        assert self._login is not None  # noqa: S101  # the callers have looked
        if user:
            return self._user if octets == self._login.user else None
        return self._password if octets == self._login.password else None


def read_tokens(whole: bytes, at: int, pattern: re.Pattern[bytes]) -> Iterator[Token]:
    """Give the strings and words of a command from a place on."""
    while (found := pattern.match(whole, at)) is not None:
        quoted, announced, atom = found.groups()
        begin = found.start() + len(found[0]) - len(found[0].lstrip(b" "))
        at = found.end()
        if announced is not None:
            size = int(announced.strip(b"{+}\r\n"))
            yield Token(whole[at : at + size], begin, at + size, data=at)
            at += size
        elif quoted is not None:
            yield Token(ESCAPED.sub(rb"\1", quoted), begin, at, quoted=True)
        else:
            yield Token(atom, begin, at)


def put(token: Token, new: bytes) -> list[Change]:
    """Put octets in the place of a string's.

    Raises:
        CannotSay: quotes cannot hold them.
    """
    if token.data is not None:
        size = Change(token.begin, token.data, b"")
        plus = b"+" if token.data - token.begin > len(b"{%d}\r\n" % len(token.value)) else b""
        return [attrs.evolve(size, octets=b"{%d%b}\r\n" % (len(new), plus)), Change(token.data, token.end, new)]
    # What a dialogue dares to write without quotes, or in 8 bits in quotes, it does so to see what comes of it.
    pattern = ATOM if ATOM.match(token.value) else LOOSE_ATOM
    if not token.quoted and (new == HIDDEN or pattern.match(new)):
        return [Change(token.begin, token.end, new)]
    if not QUOTABLE.match(new) or (token.value.isascii() and not new.isascii()):
        raise CannotSay("this name or password fits no quoted string")
    return [Change(token.begin, token.end, b'"' + TO_ESCAPE.sub(rb"\\\g<0>", new) + b'"')]


def apply(lines: Sequence[bytes], changes: Sequence[Change]) -> list[bytes]:
    """Change lines; a change belongs to the line in which it begins."""
    changed = list[bytes]()
    at = done = 0
    for line in lines:
        octets = b""
        for change in changes:
            if at <= change.begin < at + len(line):
                octets += line[max(done - at, 0) : change.begin - at] + change.octets
                done = change.end
        octets += line[max(done - at, 0) :]
        changed.append(octets)
        at += len(line)
    return changed
