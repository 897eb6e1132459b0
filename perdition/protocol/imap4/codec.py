"""IMAP4 messages: parts to events and back (RFC 9051 9)."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.imap4.events import Argument, Raw
from perdition.protocol.literals import ANNOUNCED
from perdition.protocol.sasl import EMPTY_INITIAL_RESPONSE, read_base64, write_base64
from perdition.protocol.secret import Secret

# RFC 9051 9: tag = 1*<any ASTRING-CHAR except "+">.  "+" passes: the C program took it and it harms nobody.
# "+" alone is no tag: its answer would be a continuation.
TAG: Final = re.compile(rb'(?!\+\Z)[^\x00-\x20\x7f-\xff(){%*"\\]+\Z')
VERB: Final = re.compile(rb"[A-Za-z0-9-]{1,32}\Z")
MECHANISM: Final = re.compile(rb"[A-Za-z0-9_-]{1,20}\Z")
QUOTED: Final = re.compile(rb'"((?:[^"\\\x00\r\n]|\\["\\])*)"')
# Log-in names and passwords come unquoted with octets that no atom has; old clients were always let in.
LOOSE_ATOM: Final = re.compile(rb'[^\x00-\x20\x7f"{][^\x00-\x20\x7f]*')
QUOTABLE: Final = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*\Z")
LONGEST_QUOTED: Final = 1024
"""What goes in quotes: more might pass the other side's limit for lines (RFC 7162 4)."""
ESCAPED: Final = re.compile(rb"\\(.)")
TO_ESCAPE: Final = re.compile(rb'["\\]')
CODE_DATA: Final = rb'(?:[^\]"]|"(?:[^"\\]|\\.)*")*'  # a bracket ends it, unless a quoted string holds it
CODE: Final = re.compile(rb"\[(" + CODE_DATA + rb")\] ?")
WHOLE_CODE: Final = re.compile(CODE_DATA + rb"\Z")
# RFC 9051 9: a capability is an atom.
ATOM: Final = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+\Z')
STATUSES: Final[Mapping[bytes, Status]] = {status.value.encode(): status for status in Status}


class BadArgument(Exception):
    """An argument that cannot be; the text says what was expected and is safe to send."""


class Cursor:
    """A place in a command's parts."""

    __slots__ = ("_at", "_line", "_parts")

    def __init__(self, parts: tuple[bytes, ...], at: int) -> None:
        self._parts, self._line, self._at = parts, 0, at

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._line == len(self._parts) - 1 and self._at == len(self._parts[self._line])

    def blank(self) -> None:
        """Pass one blank.

        Raises:
            BadArgument: there is none.
        """
        if self._parts[self._line][self._at : self._at + 1] != b" ":
            raise BadArgument("an argument is missing" if self.at_end else "expected one blank between arguments")
        self._at += 1

    def match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Pass what the pattern matches here."""
        found = pattern.match(self._parts[self._line], self._at)
        if found is not None:
            self._at = found.end()
        return found

    def literal(self) -> bytes | None:
        """Pass a literal whose announcement stands here."""
        if self._line + 1 >= len(self._parts) or ANNOUNCED.fullmatch(self._parts[self._line], self._at) is None:
            return None
        self._line, self._at = self._line + 2, 0
        return self._parts[self._line - 1]

    def rest(self) -> tuple[bytes, ...]:
        """Take all that is left: lines and literals in turn."""
        rest = (self._parts[self._line][self._at :], *self._parts[self._line + 1 :])
        self._line, self._at = len(self._parts) - 1, len(self._parts[-1])
        return rest


# --- arguments: each reader passes the blank before its argument and gives all that it read.


def read_string(cursor: Cursor) -> bytes:
    """An astring: an atom (loosely), a quoted string or a literal (RFC 9051 4.3)."""
    cursor.blank()
    literal = cursor.literal()
    if literal is not None:
        if b"\0" in literal:
            raise BadArgument("expected a literal without NUL")
        return literal
    quoted = cursor.match(QUOTED)
    if quoted is not None:
        return ESCAPED.sub(rb"\1", quoted[1])
    atom = cursor.match(LOOSE_ATOM)
    if atom is None:
        raise BadArgument("expected an atom, a quoted string or a literal")
    return atom[0]


def read_astring(cursor: Cursor) -> tuple[Argument, ...]:
    """One astring."""
    return (read_string(cursor),)


def read_password(cursor: Cursor) -> tuple[Argument, ...]:
    """One astring that shows nowhere."""
    return (Secret(read_string(cursor)),)


def read_mechanism(cursor: Cursor) -> tuple[Argument, ...]:
    """The name of a SASL mechanism (RFC 4422 3.1), in capitals."""
    cursor.blank()
    word = cursor.match(LOOSE_ATOM)
    if word is None or MECHANISM.match(word[0]) is None:
        raise BadArgument("expected the name of a SASL mechanism")
    return (word[0].upper(),)


def read_initial(cursor: Cursor) -> tuple[Argument, ...]:
    """An initial response in base64, `=` for one of no octets, or nothing (RFC 4959 3)."""
    if cursor.at_end:
        return ()
    cursor.blank()
    word = cursor.match(LOOSE_ATOM)
    if word is None:
        raise BadArgument("expected an initial response in base64")
    return (read_sasl(b"" if word[0] == EMPTY_INITIAL_RESPONSE else word[0]),)


def read_parts(cursor: Cursor) -> tuple[Argument, ...]:
    """Whatever there is, as it came."""
    if cursor.at_end:
        return ()
    cursor.blank()
    return cursor.rest()


READERS: Final[Mapping[str, Callable[[Cursor], tuple[Argument, ...]]]] = {
    "astring": read_astring,
    "password": read_password,
    "mechanism": read_mechanism,
    "initial": read_initial,
    "id": read_parts,  # a proxy has no use for what a client says of itself (RFC 2971 3)
    "parts": read_parts,
}


def read_sasl(data: bytes) -> Secret:
    """Read a SASL response (RFC 9051 6.2.2).

    Raises:
        BadArgument: it is not base64.
    """
    decoded = read_base64(data)
    if decoded is None:
        raise BadArgument("expected base64")
    return Secret(decoded)


def read_tag(line: bytes) -> bytes | None:
    """Give the tag of a command's first line, or None if it has none that can be answered."""
    tag = line.partition(b" ")[0]
    return tag if TAG.match(tag) else None


def read_verb(line: bytes) -> tuple[str, int]:
    """Give a command's verb in capitals and the place behind it.

    Raises:
        BadArgument: there is no verb.
    """
    tag, _, rest = line.partition(b" ")
    verb = rest.partition(b" ")[0]
    if VERB.match(verb) is None:
        raise BadArgument("expected a command behind the tag")
    return verb.decode("ascii").upper(), len(tag) + 1 + len(verb)


def read_arguments(row: Row, parts: tuple[bytes, ...], at: int) -> tuple[Argument, ...]:
    """Read the arguments that the row asks for, from place `at` of the first line.

    Raises:
        BadArgument: one is missing, cannot be, or is too many.
    """
    cursor = Cursor(parts, at)
    args: tuple[Argument, ...] = ()
    for form in row.args:
        args += READERS[form](cursor)
    if not cursor.at_end:
        raise BadArgument("too many arguments")
    return args


def write_string(octets: bytes, literal_plus: int) -> list[bytes]:
    """Write octets as a quoted string or a literal, in fragments: before each but the first, `+` must come.

    Args:
        octets: without NUL.
        literal_plus: literals of up to this size need no word from the server (RFC 7888).

    Raises:
        LocalProtocolError: there is a NUL.
    """
    if b"\0" in octets:
        raise LocalProtocolError("no string of IMAP4 can hold NUL")
    if len(octets) <= LONGEST_QUOTED and QUOTABLE.match(octets):
        return [b'"' + TO_ESCAPE.sub(rb"\\\g<0>", octets) + b'"']
    if len(octets) <= literal_plus:
        return [b"{%d+}\r\n%s" % (len(octets), octets)]
    return [b"{%d}\r\n" % len(octets), octets]


def write_command(tag: bytes, verb: str, args: tuple[Argument, ...], row: Row, literal_plus: int) -> list[bytes]:
    """Write a command in fragments: before each but the first, the server's `+` must come.

    Raises:
        LocalProtocolError: the arguments do not fit the row, or IMAP4 has no way to write one.
    """
    forms = row.args if row.args not in (("parts",), ("id",)) else ("parts",) * len(args)
    required = sum(form != "initial" for form in forms)
    if not required <= len(args) <= len(forms):
        raise LocalProtocolError(f"{verb} has {required} to {len(forms)} arguments")
    fragments = [tag + b" " + verb.encode("ascii")]
    for form, argument in zip(forms, args, strict=False):
        written = write_argument(form, argument, literal_plus)
        fragments[-1] += b" " + written[0]
        fragments += written[1:]
    fragments[-1] += b"\r\n"
    return fragments


def write_argument(form: str, argument: Argument, literal_plus: int) -> list[bytes]:
    """Write one argument in its form, in fragments.

    Raises:
        LocalProtocolError: it does not fit the form, or would end or lengthen the line that it stands in.
    """
    match form, argument:
        case "astring" | "parts", bytes():
            return write_string(argument, literal_plus)
        case "password", Secret():
            return write_string(argument.reveal(), literal_plus)
        case "mechanism", bytes() if MECHANISM.match(argument):
            return [argument]
        case "initial", Secret():
            return [write_base64(argument.reveal()) or EMPTY_INITIAL_RESPONSE]
        case "parts", Raw(data) if ANNOUNCED.search(data) is None:
            return [one_line(data)[:-2]]
    raise LocalProtocolError(f"expected an argument of the form {form}")


def split_code(text: bytes) -> tuple[bytes | None, bytes]:
    """Part a status text into its response code and what follows (RFC 9051 7.1)."""
    code = CODE.match(text)
    return (None, text) if code is None else (code[1], text[code.end() :])


def read_status(line: bytes) -> tuple[Status, bytes | None, bytes] | None:
    """Read `OK [code] text`, or give None if the line does not begin with a status."""
    word, _, text = line.partition(b" ")
    status = STATUSES.get(word.upper())
    return None if status is None else (status, *split_code(text))


def write_status(label: bytes, status: Status, text: bytes, code: bytes | None) -> bytes:
    """Write a status response.

    Raises:
        LocalProtocolError: a text that no line can hold, or a code that would be read otherwise.
    """
    words = [label, status.value.encode("ascii")]
    if code is not None:
        if WHOLE_CODE.match(code) is None:
            raise LocalProtocolError("expected what reads as a response code")
        words.append(b"[" + code + b"]")
    words.append(text or b"done")  # RFC 9051 9: resp-text has at least one octet
    return one_line(b" ".join(words))


def one_line(line: bytes) -> bytes:
    """Add CRLF.

    Raises:
        LocalProtocolError: there is a CR, LF or NUL inside.
    """
    if b"\r" in line or b"\n" in line or b"\0" in line:
        raise LocalProtocolError("expected a text without CR, LF and NUL")
    return line + b"\r\n"


def write_parts(parts: tuple[bytes, ...]) -> bytes:
    """Write untagged data: lines and literals in turn.

    Raises:
        LocalProtocolError: a line does not announce the literal behind it, or cannot be a line.
    """
    data = b"* "
    for line, literal in zip(parts[0::2], parts[1::2], strict=False):
        if not line.endswith(b"{%d}" % len(literal)):
            raise LocalProtocolError("expected the size of the literal at the end of the line before it")
        data += one_line(line) + literal
    if len(parts) % 2 == 0 or ANNOUNCED.search(parts[-1]):
        raise LocalProtocolError("expected a line behind the last literal")
    if read_status(parts[0]) is not None:
        raise LocalProtocolError("expected data: an untagged status is a notice")
    return data + one_line(parts[-1])


def write_challenge(data: bytes) -> bytes:
    """Write a challenge; one of no octets is `+ ` (RFC 9051 6.2.2)."""
    return b"+ " + write_base64(data) + b"\r\n"


def read_continuation(line: bytes) -> bytes | None:
    """Give what follows `+ `, or None if the line is no continuation (RFC 9051 7.6)."""
    return line[2:] if line.startswith(b"+ ") else b"" if line == b"+" else None


def read_challenge(data: bytes) -> bytes:
    """Read a challenge's base64.

    Raises:
        RemoteProtocolError: it is not base64.
    """
    decoded = read_base64(data)
    if decoded is None:
        raise RemoteProtocolError("expected a challenge in base64")
    return decoded
