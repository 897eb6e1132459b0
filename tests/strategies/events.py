"""Events that a client machine can send: every command of the tables, with arguments of all kinds."""

from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.secret import Secret
from tests.strategies.words import rows

NUL: Final = b"\0"
ANY: Final = st.binary(max_size=30)
NO_NUL: Final = ANY.map(lambda octets: octets.replace(NUL, b"x"))
TEXT: Final = NO_NUL.map(lambda octets: octets.replace(b"\r", b"").replace(b"\n", b""))
"""What a line can hold."""
PLAIN_TEXT: Final = TEXT.map(lambda text: b"x" + text)
"""The same, with no response code at its beginning."""
MECHANISMS: Final = st.from_regex(r"[A-Z0-9_-]{1,20}", fullmatch=True).map(str.encode)
NUMBERS: Final = st.from_regex(r"[0-9]{1,10}", fullmatch=True).map(str.encode)
SECRETS: Final = ANY.map(Secret)
CODES: Final = st.sampled_from((None, b"X", b"SYS/TEMP", b"X-Y 1 2"))

Arguments: TypeAlias = st.SearchStrategy[tuple[Any, ...]]


def one(argument: st.SearchStrategy[Any]) -> Arguments:
    """An argument that must be there."""
    return st.tuples(argument)


def maybe(argument: st.SearchStrategy[Any]) -> Arguments:
    """An argument that may be left out."""
    return st.just(()) | st.tuples(argument)


FORMS: Final[dict[str, dict[str, Arguments]]] = {
    "pop3": {
        "word": one(TEXT.map(lambda text: text.replace(b" ", b"") or b"u")),
        "password": one(TEXT.map(Secret)),
        "mechanism": one(MECHANISMS),
        "initial": maybe(SECRETS),
        "number": one(NUMBERS),
        "optional_number": maybe(NUMBERS),
    },
    "imap4": {
        "astring": one(NO_NUL),
        "password": one(NO_NUL.map(Secret)),
        "mechanism": one(MECHANISMS),
        "initial": maybe(SECRETS),
        "id": maybe(PLAIN_TEXT.filter(lambda text: not text.endswith(b"}")).map(imap4.Raw)),
        "parts": maybe(PLAIN_TEXT.filter(lambda text: not text.endswith(b"}")).map(imap4.Raw)),
    },
    "managesieve": {
        "string": one(ANY),
        "optional_string": maybe(ANY),
        "optional_initial": maybe(SECRETS),
        "number": one(st.integers(min_value=0, max_value=2**32 - 1)),
    },
}


def commands_by_verb(protocol: str) -> dict[str, tuple[dict[str, Any], st.SearchStrategy[Any]]]:
    """Give for each verb its row and its commands."""
    found: dict[str, tuple[dict[str, Any], st.SearchStrategy[Any]]] = {}
    for verb, row in rows(protocol):
        args = st.tuples(*(FORMS[protocol][form] for form in row.get("args", ()))).map(lambda groups: sum(groups, ()))
        command = {
            "pop3": lambda args, verb=verb: pop3.Command(verb, args),
            "imap4": lambda args, verb=verb: imap4.Command(b"t1", verb, args),
            "managesieve": lambda args, verb=verb: managesieve.Command(verb, args),
        }[protocol]
        found[verb] = row, args.map(command)
    return found


def commands(protocol: str) -> st.SearchStrategy[tuple[str, bool | None, Any]]:
    """Give a state, what TLS must be, and a command that the state allows."""
    drawn: list[st.SearchStrategy[tuple[str, bool | None, Any]]] = []
    for row, command in commands_by_verb(protocol).values():
        drawn += [st.tuples(st.just(state), st.just(row.get("tls")), command) for state in row["state"]]
    return st.one_of(drawn)


def as_heard(command: Any) -> Any:
    """A server hears the octets of `Raw` and cannot know that they were that."""
    if not isinstance(command, imap4.Command):
        return command
    args = tuple(arg.data if isinstance(arg, imap4.Raw) else arg for arg in command.args)
    return imap4.Command(command.tag, command.verb, args)
