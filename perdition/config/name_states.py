"""perdition options strip_domain, add_domain and lower_case: when a user's name is changed."""

import enum
import re
from typing import Final

import attrs

# perdition 2.2 takes no sign; three digits are more labels than any name has.
DEPTH: Final = re.compile(r"[0-9]{1,3}\Z")


class NameState(enum.Enum):
    """What a name is for."""

    SERVERNAME_LOOKUP = "servername_lookup"
    LOCAL_AUTHENTICATION = "local_authentication"
    REMOTE_LOGIN = "remote_login"


ALL: Final = frozenset(NameState)
WORDS: Final = {
    "servername_lookup": frozenset({NameState.SERVERNAME_LOOKUP}),
    "server_lookup": frozenset({NameState.SERVERNAME_LOOKUP}),
    "local_authentication": frozenset({NameState.LOCAL_AUTHENTICATION}),
    "local_auth": frozenset({NameState.LOCAL_AUTHENTICATION}),
    "remote_login": frozenset({NameState.REMOTE_LOGIN}),
    "all": ALL,
}


@attrs.frozen
class AddDomain:
    """When a name gets a domain, and how many leading labels of our address's name are left out of it."""

    states: frozenset[NameState] = frozenset()
    depth: int = 1


def name_states(value: str) -> frozenset[NameState]:
    """Read a comma list of states, in any case; nothing is none.

    Raises:
        ValueError: an unknown word; the message is the expectation.
    """
    states: frozenset[NameState] = frozenset()
    for word in value.split(",") if value else ():
        more = WORDS.get(word.strip(" \t").lower())
        if more is None:
            raise ValueError(f"a list of {', '.join(WORDS)}")
        states |= more
    return states


def add_domain(value: str) -> AddDomain:
    """Read perdition option add_domain: states, and among them perhaps a number, the depth.

    Raises:
        ValueError: an unknown word; the message is the expectation.
    """
    words = [word.strip(" \t") for word in value.split(",")] if value else []
    depths = [int(word) for word in words if DEPTH.match(word)]
    try:
        states = name_states(",".join(word for word in words if not DEPTH.match(word)))
    except ValueError as error:
        raise ValueError(f"{error}, and perhaps a number of labels") from None
    return AddDomain(states, depths[-1] if depths else 1)


def query_key(value: str) -> tuple[str, ...]:
    """Read perdition option query_key: formats with commas between; an empty one is an empty key."""
    return tuple(value.split(",")) if value else ()
