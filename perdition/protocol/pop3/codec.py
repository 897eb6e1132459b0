"""POP3 lines: octets to events and back (RFC 1939 3, RFC 2449 4, RFC 5034 4)."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.pop3.events import Argument, BadChallenge, Challenge, Reply
from perdition.protocol.sasl import EMPTY_INITIAL_RESPONSE, read_base64, write_base64
from perdition.protocol.secret import Secret

VERB: Final = re.compile(rb"[A-Za-z]{3,8}\Z")
MECHANISM: Final = re.compile(rb"[A-Za-z0-9_-]{1,20}\Z")
NUMBER: Final = re.compile(rb"[0-9]{1,10}\Z")
CODE: Final = re.compile(rb"\[([A-Za-z0-9/_.-]+(?: [^\]]*)?)\] ?")
NO_LINE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
STATUSES: Final[Mapping[bytes, Status]] = {b"+OK": Status.OK, b"-ERR": Status.NO}
WORDS: Final[Mapping[Status, bytes]] = {status: word for word, status in STATUSES.items()}
PLUS: Final = b"+"

COMMAND_LINE: Final = 255
"""The longest command that every server takes, CRLF included (RFC 2449 4)."""

REPLY_LINE: Final = 512
"""The longest first line of a response that every client takes, CRLF included (RFC 1939 3, RFC 2449 4)."""


class BadArgument(Exception):
    """An argument that cannot be; the text says what was expected and is safe to send."""


# --- arguments: each reader takes what is left of the line and gives the argument and the new rest.  None is
# "nothing is left": `PASS ` with a blank behind it has an empty password, `PASS` has none.


def read_word(rest: bytes | None) -> tuple[Argument, bytes | None]:
    """One or more octets without a blank (RFC 1939 3)."""
    if rest is None:
        raise BadArgument("an argument is missing")
    word, blank, left = rest.partition(b" ")
    if not word:
        raise BadArgument("expected one blank between arguments")
    return word, left if blank else None


def read_password(rest: bytes | None) -> tuple[Argument, bytes | None]:
    """Everything behind the first blank; blanks belong to the password (RFC 1939 7)."""
    if rest is None:
        raise BadArgument("a password is missing")
    return Secret(rest), None


def read_mechanism(rest: bytes | None) -> tuple[Argument, bytes | None]:
    """The name of a SASL mechanism (RFC 4422 3.1), in capitals."""
    word, rest = read_word(rest)
    assert isinstance(word, bytes)  # noqa: S101  # for the type checker
    if MECHANISM.match(word) is None:
        raise BadArgument("expected the name of a SASL mechanism")
    return word.upper(), rest


def read_initial(rest: bytes | None) -> tuple[Argument | None, bytes | None]:
    """An initial response in base64, `=` for one of no octets, or nothing (RFC 5034 4)."""
    if rest is None:
        return None, None
    if not rest:
        raise BadArgument("expected base64, or = for a response of no octets")
    return read_sasl(b"" if rest == EMPTY_INITIAL_RESPONSE else rest), None


def read_number(rest: bytes | None) -> tuple[Argument, bytes | None]:
    """A message number or a count of lines."""
    word, rest = read_word(rest)
    assert isinstance(word, bytes)  # noqa: S101  # for the type checker
    if NUMBER.match(word) is None:
        raise BadArgument("expected a number")
    return word, rest


def read_optional_number(rest: bytes | None) -> tuple[Argument | None, bytes | None]:
    """A message number, or nothing."""
    return (None, None) if rest is None else read_number(rest)


Reader: TypeAlias = Callable[[bytes | None], tuple[Argument | None, bytes | None]]

READERS: Final[Mapping[str, Reader]] = {
    "word": read_word,
    "password": read_password,
    "mechanism": read_mechanism,
    "initial": read_initial,
    "number": read_number,
    "optional_number": read_optional_number,
}


def read_sasl(data: bytes) -> Secret:
    """Read a SASL response (RFC 5034 4).

    Raises:
        BadArgument: it is not base64.
    """
    decoded = read_base64(data)
    if decoded is None:
        raise BadArgument("expected base64")
    return Secret(decoded)


def read_verb(line: bytes) -> tuple[str, bytes | None]:
    """Give a command's verb in capitals and what stands behind it.

    Raises:
        BadArgument: there is no verb.
    """
    verb, blank, rest = line.partition(b" ")
    if VERB.match(verb) is None:
        raise BadArgument("expected a command of three to eight letters")
    return verb.decode("ascii").upper(), rest if blank else None


def read_arguments(row: Row, rest: bytes | None) -> tuple[Argument, ...]:
    """Read the arguments that the row asks for.

    Raises:
        BadArgument: one is missing, cannot be, or is too many.
    """
    args: list[Argument] = []
    for form in row.args:
        argument, rest = READERS[form](rest)
        if argument is not None:
            args.append(argument)
    if rest is not None:
        raise BadArgument("too many arguments")
    return tuple(args)


def wants_block(row: Row, args: tuple[Argument, ...]) -> bool:
    """Tell whether a good answer goes on with a block of lines: to LIST, but not to LIST 1 (RFC 1939 5)."""
    return row.multiline and not (args and row.args == ("optional_number",))


def write_command(verb: str, row: Row, args: tuple[Argument, ...]) -> bytes:
    """Write a command line.

    Raises:
        LocalProtocolError: the arguments do not fit the row, or POP3 has no way to write one, or they are too long.
    """
    line = verb.encode("ascii")
    for form, argument in zip(row.args, args, strict=False):
        line += b" " + write_argument(form, argument)
    line += b"\r\n"
    try:
        read = read_arguments(row, read_verb(line[:-2])[1])
    except BadArgument as error:
        raise LocalProtocolError(f"{verb}: {error}") from None
    if read != args or b"\0" in line or b"\r" in line[:-2] or b"\n" in line[:-2]:
        raise LocalProtocolError(f"{verb} cannot carry such arguments")
    if len(line) > COMMAND_LINE:
        raise LocalProtocolError(f"{verb} cannot carry such long arguments")
    return line


def write_argument(form: str, argument: Argument) -> bytes:
    """Write one argument in its form."""
    octets = argument.reveal() if isinstance(argument, Secret) else argument
    return (write_base64(octets) or EMPTY_INITIAL_RESPONSE) if form == "initial" else octets


def read_reply(line: bytes) -> Reply:
    """Read a server's +OK or -ERR (in any case, as clients always did) with its response code.

    Raises:
        RemoteProtocolError: it is neither.
    """
    word, _, text = line.partition(b" ")
    status = STATUSES.get(word.upper())
    if status is None:
        raise RemoteProtocolError("expected +OK or -ERR")
    code = CODE.match(text)
    if code is None:
        return Reply(status, text)
    return Reply(status, text[code.end() :], code[1])


def write_reply(status: Status, text: bytes, code: bytes | None) -> bytes:
    """Write +OK or -ERR.

    The text is for people: it ends where the line must (RFC 2449 4), and without a code it loses the brackets at
    its beginning, which would make a code of it (RFC 2449 3).  A code that does not fit is left out.

    Raises:
        LocalProtocolError: a text that no line can hold, or a status that POP3 does not have.
    """
    if status not in WORDS:
        raise LocalProtocolError(f"POP3 has no status {status.name}")
    line, room = WORDS[status], REPLY_LINE - len(b"\r\n")
    if code is not None and len(line) + len(b" []") + len(code) <= room:
        line += b" [" + code + b"]"
    else:
        text = text.lstrip(b"[")
    if text:
        line = (line + b" " + text)[:room]
    if b"\r" in line or b"\n" in line or b"\0" in line:
        raise LocalProtocolError("expected a text without CR, LF and NUL")
    return line + b"\r\n"


def stuff(body: bytes) -> bytes:
    """Write a block of lines: a dot more before each dot that begins a line, and the final dot (RFC 1939 3).

    Raises:
        LocalProtocolError: the last line has no CRLF, or CR, LF or NUL stand inside a line.
    """
    if NO_LINE.search(body):
        raise LocalProtocolError("expected lines without CR, LF and NUL in them")
    if body and not body.endswith(b"\r\n"):
        raise LocalProtocolError("expected CRLF at the end of a block")
    if body.startswith(b"."):
        body = b"." + body
    return body.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def write_challenge(data: bytes) -> bytes:
    """Write a challenge; one of no octets is `+ ` (RFC 5034 4)."""
    return PLUS + b" " + write_base64(data) + b"\r\n"


def read_challenge(line: bytes) -> Challenge | BadChallenge | None:
    """Read a challenge; None: the line is none."""
    word, _, data = line.partition(b" ")
    if word != PLUS:
        return None
    decoded = read_base64(data)
    return BadChallenge() if decoded is None else Challenge(decoded)
