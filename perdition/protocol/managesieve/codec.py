"""ManageSieve messages: parts to events and back (RFC 5804 4)."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import DEFAULT_LIMITS
from perdition.protocol.literals import Assembler
from perdition.protocol.managesieve.events import Argument, Line, Response
from perdition.protocol.sasl import read_base64, write_base64
from perdition.protocol.secret import Secret

VERB: Final = re.compile(rb"[A-Za-z]{1,32}(?= |\Z)")
TOKEN: Final = re.compile(rb'( *)(?:"((?:[^"\\]|\\["\\])*)"|(\{[0-9]+\+?\})\Z|([()])|([^\x00-\x20"(){}\\\x7f-\xff]+))')
ATOM: Final = re.compile(r"[()]|[!#-'*-\[\]-z|~]+")
NUMBER: Final = re.compile(r"[0-9]{1,10}\Z")
LARGEST_NUMBER: Final = 4294967295
QUOTABLE: Final = re.compile(rb"[^\x00\r\n]*\Z")
ESCAPED: Final = re.compile(rb"\\(.)")
TO_ESCAPE: Final = re.compile(rb'["\\]')
LONGEST_QUOTED: Final = 1024
"""What every peer takes in quotes (RFC 5804 4)."""
STATUSES: Final[Mapping[str, Status]] = {status.name: status for status in (Status.OK, Status.NO, Status.BYE)}

Token: TypeAlias = bytes | str
"""A string as bytes; an atom, a number or a parenthesis as str."""


class BadArgument(Exception):
    """An argument that cannot be; the text says what was expected and is safe to send."""


def read_tokens(parts: tuple[bytes, ...], at: int = 0) -> list[Token]:
    """Read lines and literals in turn, from place `at` of the first line.

    Raises:
        BadArgument: they are not strings, atoms and parentheses with blanks between.
    """
    tokens: list[Token] = []
    for index in range(0, len(parts), 2):
        line = parts[index]
        while at < len(line):
            found = TOKEN.match(line, at)
            if found is None:
                raise BadArgument("expected a string, a number or an atom")
            blanks, quoted, announced, parenthesis, atom = found.groups()
            if not blanks and parenthesis is None and tokens and tokens[-1] != "(":
                raise BadArgument("expected a blank between arguments")
            at = found.end()
            if quoted is not None:
                tokens.append(ESCAPED.sub(rb"\1", quoted))
            elif announced is not None:
                if index + 1 >= len(parts):
                    raise BadArgument("expected a literal at the end of its line")
                tokens.append(parts[index + 1])
            else:
                tokens.append((parenthesis or atom).decode("ascii"))
        at = 0
    return tokens


# --- arguments: each reader takes the tokens that are left and gives its argument, or None for one left out.


def take_string(tokens: list[Token]) -> bytes:
    """One string, quoted or literal."""
    if not tokens:
        raise BadArgument("an argument is missing")
    token = tokens.pop(0)
    if isinstance(token, str):
        raise BadArgument("expected a string in quotes or a literal")
    return token


def take_optional_string(tokens: list[Token]) -> bytes | None:
    """One string, or nothing."""
    return take_string(tokens) if tokens else None


def take_optional_initial(tokens: list[Token]) -> Secret | None:
    """An initial response in base64, or nothing (RFC 5804 2.1)."""
    return read_sasl(take_string(tokens)) if tokens else None


def take_number(tokens: list[Token]) -> int:
    """One number (RFC 5804 4: up to 4,294,967,295)."""
    if not tokens:
        raise BadArgument("a number is missing")
    token = tokens.pop(0)
    if isinstance(token, bytes) or NUMBER.match(token) is None or int(token) > LARGEST_NUMBER:
        raise BadArgument("expected a number")
    return int(token)


TAKERS: Final[Mapping[str, Callable[[list[Token]], Argument | None]]] = {
    "string": take_string,
    "optional_string": take_optional_string,
    "optional_initial": take_optional_initial,
    "number": take_number,
}


def read_sasl(data: bytes) -> Secret:
    """Read a SASL message.

    Raises:
        BadArgument: it is not base64.
    """
    decoded = read_base64(data)
    if decoded is None:
        raise BadArgument("expected base64")
    return Secret(decoded)


def read_verb(line: bytes) -> tuple[str, int]:
    """Give a command's verb in capitals and the place behind it.

    Raises:
        BadArgument: there is no verb.
    """
    verb = VERB.match(line)
    if verb is None:
        raise BadArgument("expected a command")
    return verb[0].decode("ascii").upper(), verb.end()


def read_arguments(row: Row, parts: tuple[bytes, ...], at: int) -> tuple[Argument, ...]:
    """Read the arguments that the row asks for, from place `at` of the first line.

    Raises:
        BadArgument: one is missing, cannot be, or is too many.
    """
    tokens = read_tokens(parts, at)
    args = [TAKERS[form](tokens) for form in row.args]
    if tokens:
        raise BadArgument("too many arguments")
    return tuple(argument for argument in args if argument is not None)


def write_string(octets: bytes, *, plus: bytes) -> bytes:
    """Write octets in quotes, or as a literal where quotes cannot hold them.

    Args:
        octets: any.
        plus: b"+" for a client's literal, b"" for a server's (RFC 5804 4).
    """
    if len(octets) <= LONGEST_QUOTED and QUOTABLE.match(octets):
        return b'"' + TO_ESCAPE.sub(rb"\\\g<0>", octets) + b'"'
    return b"{%d%s}\r\n%s" % (len(octets), plus, octets)


def write_command(verb: str, row: Row, args: tuple[Argument, ...]) -> bytes:
    """Write a command.

    Raises:
        LocalProtocolError: the arguments do not fit the row.
    """
    required = sum(not form.startswith("optional") for form in row.args)
    if not required <= len(args) <= len(row.args):
        raise LocalProtocolError(f"{verb} has {required} to {len(row.args)} arguments")
    words = [write_argument(form, argument) for form, argument in zip(row.args, args, strict=False)]
    return b" ".join((verb.encode("ascii"), *words)) + b"\r\n"


def write_argument(form: str, argument: Argument) -> bytes:
    """Write one argument in its form.

    Raises:
        LocalProtocolError: it does not fit the form.
    """
    match form, argument:
        case "string" | "optional_string", bytes():
            return write_string(argument, plus=b"+")
        case "optional_initial", Secret():
            return write_string(write_base64(argument.reveal()), plus=b"+")
        case "number", int() if 0 <= argument <= LARGEST_NUMBER:
            return b"%d" % argument
    raise LocalProtocolError(f"expected an argument of the form {form}")


def write_sasl(data: bytes, *, plus: bytes) -> bytes:
    """Write a SASL challenge or response: one string on a line of its own."""
    return write_string(write_base64(data), plus=plus) + b"\r\n"


def write_line(words: tuple[Token, ...]) -> bytes:
    """Write a line of data from a server.

    Raises:
        LocalProtocolError: it does not begin with a string, or a str is no atom.
    """
    if not words or isinstance(words[0], str):
        raise LocalProtocolError("expected a string at the beginning of a line")
    if any(isinstance(word, str) and ATOM.fullmatch(word) is None for word in words):
        raise LocalProtocolError("expected an atom")
    return write_tokens(words) + b"\r\n"


def write_tokens(tokens: Iterable[Token]) -> bytes:
    """Write strings, atoms and parentheses as a server does: no blank stands inside of a parenthesis."""
    written, gap = [], b""
    for each in tokens:
        word = each.encode("ascii") if isinstance(each, str) else write_string(each, plus=b"")
        written.append(word if each == ")" else gap + word)
        gap = b"" if each == "(" else b" "
    return b"".join(written)


def read_line(text: bytes) -> Line:
    """Read a line of data as an administrator writes it, such as `"SIEVE" "fileinto"`.

    Raises:
        BadArgument: it is not a string, then strings and atoms with blanks between.
    """
    tokens = read_tokens((text,))
    if not tokens or isinstance(tokens[0], str):
        raise BadArgument("expected a string at the beginning of a line")
    return Line(tuple(tokens))


def write_response(response: Response) -> bytes:
    """Write OK, NO or BYE with its code and text (RFC 5804 1.2, 1.3).

    Raises:
        LocalProtocolError: ManageSieve does not have the status, or the code cannot be one.
    """
    if response.status.name not in STATUSES:
        raise LocalProtocolError(f"ManageSieve has no status {response.status.name}")
    words = [response.status.name.encode("ascii")]
    if response.code is not None:
        words.append(b"(" + response.code + b")")
    if response.text:
        words.append(write_string(response.text, plus=b""))
    data = b" ".join(words) + b"\r\n"
    if response.code is not None and not reads_as(response, data):
        raise LocalProtocolError("expected a response code of atoms and strings")
    return data


def reads_as(response: Response, data: bytes) -> bool:
    """Tell whether the octets are the response and nothing else.  A code may hold literals, so look for them."""
    buffer = ReceiveBuffer()
    buffer.feed(data)
    try:
        message = Assembler(buffer, DEFAULT_LIMITS, synchronising=False).next(len(data))
        return isinstance(message, tuple) and not len(buffer) and read_message(message) == response
    except RemoteProtocolError:
        return False


def read_message(parts: tuple[bytes, ...]) -> Response | Line:
    """Read a response or a line of data from a server.

    Raises:
        RemoteProtocolError: it is neither.
    """
    try:
        tokens = read_tokens(parts)
    except BadArgument as error:
        raise RemoteProtocolError(str(error)) from None
    if not tokens:
        raise RemoteProtocolError("expected OK, NO, BYE or a string")
    first = tokens[0]
    if isinstance(first, bytes):
        return Line(tuple(tokens))
    status = STATUSES.get(first.upper())
    if status is None:  # a word that is no status is no data: whoever waits for the response behind it waits for ever
        raise RemoteProtocolError("expected OK, NO, BYE or a string")
    code, rest = take_code(tokens[1:])
    if len(rest) > 1 or any(isinstance(token, str) for token in rest):
        raise RemoteProtocolError("expected one string as the text of a response")
    text = b"".join(token for token in rest if isinstance(token, bytes))
    return Response(status, text, code)


def take_code(tokens: list[Token]) -> tuple[bytes | None, list[Token]]:
    """Part a response code from what follows it; one that begins with a slash is none (RFC 5804 1.3).

    Raises:
        RemoteProtocolError: it does not end.
    """
    if not tokens or tokens[0] != "(":
        return None, tokens
    depth = 0  # what a code means may be told in lists of lists (RFC 5804 4, extension-data)
    for end, each in enumerate(tokens):
        depth += (each == "(") - (each == ")")
        if not depth:
            code = write_tokens(tokens[1:end])
            return None if code.startswith(b"/") else code, tokens[end + 1 :]
    raise RemoteProtocolError("expected ) behind a response code")


def tag_code(tag: bytes) -> bytes:
    """Write the response code that answers `NOOP` with an argument (RFC 5804 2.13)."""
    return b"TAG " + write_string(tag, plus=b"")
