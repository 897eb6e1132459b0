"""What is done to both programs, the C program perdition 2.2 and ours: one `Case`, told in data."""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

if TYPE_CHECKING:
    from tests.compat.stage import Stage

CLOSE: Final = "CLOSE"
"""A scripted real server closes instead of answering."""
SILENT: Final = "SILENT"
"""It never answers."""


@attrs.frozen
class Say:
    """The client sends something and hears what comes.

    Args:
        text: with its line ends, as it goes on the wire (Latin-1).
        until: the answer ends with a line that has this; empty: where the protocol says; None: with the connection.
    """

    text: str
    until: str | None = ""


@attrs.frozen
class Send:
    """The client sends something that does not wait for an answer, and lets it arrive alone.

    Args:
        text: with its line ends, as it goes on the wire (Latin-1).
    """

    text: str


@attrs.frozen
class Tls:
    """The client does a TLS handshake."""


@attrs.frozen
class Hear:
    """The client waits for what the server says unasked.

    Args:
        until: as in `Say`.
    """

    until: str | None = ""


@attrs.frozen
class Close:
    """The client closes its sending half, and hears everything up to the end."""


Step: TypeAlias = str | Say | Send | Tls | Hear | Close
"""A text is a line: it is sent with CRLF behind it."""


@attrs.frozen(kw_only=True)
class Real:
    """How a scripted real server answers; texts are whole lines without CRLF, or CLOSE or SILENT.

    Attributes:
        greeting: its first words; None: what the protocol's server says by default.
        capabilities: CAPA's lines, IMAP4's words, ManageSieve's SASL value.
        offers_tls: whether it has STLS or STARTTLS.
        tls_answer: what it says to that.
        tls: whether it speaks TLS from the first octet.
        elsewhere: whether its certificate is another host's.
        user: the answer to POP3's USER.
        log_in: the answer to a good password; None: yes.
        refusal: the answer to a password that is "bad".
        before: IMAP4: lines before the answer to the log-in.
        behind: lines that go out in one packet with a good answer.
        at_once: IMAP4: the answer to LOGIN before its literals are asked for.
        asked: IMAP4: lines before the answer to CAPABILITY.
        quit: whether it answers QUIT and LOGOUT.
    """

    greeting: str | None = None
    capabilities: str | None = None
    offers_tls: bool = False
    tls_answer: str | None = None
    tls: bool = False
    elsewhere: bool = False
    user: str = "+OK"
    log_in: str | None = None
    refusal: str | None = None
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    at_once: str | None = None
    asked: tuple[str, ...] = ()
    quit: bool = True


@attrs.frozen
class Popmap:
    """A map that both programs have.

    Attributes:
        kind: posix_regex, gdbm or daemon.
        text: the file's content, or the user that the daemon answers with; None: no file.
    """

    kind: str
    text: str | None = None


Observed: TypeAlias = dict[str, str]
"""What was seen, by place: `greeting`, `reply 2`, `Auth 1`, `real server 1`, `key 1`, `started`, ..."""
Play: TypeAlias = Callable[["Stage"], Observed]


@attrs.frozen(kw_only=True)
class Case:
    """One thing that is done to both programs.  In texts {listen}, {real}, {cert}, {key}, {ca}, {folder} are filled in.

    Attributes:
        id: its name, for people and for `./dev compat`.
        title: what it is about.
        protocol: the option.
        options: further options.
        client: what the client does.
        real: the real server, if there is one.
        server: the option outgoing_server; empty: none.
        popmap: the map, if there is one.
        conf: the configuration file, if there is one.
        lookup: whether the option no_lookup is left out.
        bind: whether the option bind_address is on the command line.
        host: where the client connects.
        play: what is done; None: the client's dialogue.
        exact: whether pauses and words of ours that are never the same are compared as well.
        mounts: whether it needs a mount name space of its own (CAP_SYS_ADMIN).
    """

    id: str
    title: str
    protocol: str = "POP3"
    options: tuple[str, ...] = ()
    client: tuple[Step, ...] = ()
    real: Real = Real()
    server: str = "127.0.0.1:{real}"
    popmap: Popmap | None = None
    conf: str | None = None
    lookup: bool = False
    bind: bool = True
    host: str = "127.0.0.1"
    play: Play | None = None
    exact: bool = False
    mounts: bool = False


def plain(*parts: str) -> str:
    """Write a message of SASL PLAIN, or one that is none."""
    return base64.b64encode("\0".join(parts).encode("latin-1")).decode()


def log_in(protocol: str, password: str = "secret", user: str = "joe") -> tuple[str, ...]:  # noqa: S107  # a test user
    """Give the lines of a log-in."""
    match protocol:
        case "POP3" | "POP3S":
            return f"USER {user}", f"PASS {password}"
        case "IMAP4" | "IMAP4S":
            return (f"a1 LOGIN {user} {password}",)
        case _:
            return (f'AUTHENTICATE "PLAIN" "{plain("", user, password)}"',)
