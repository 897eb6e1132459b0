"""The cases of `spec/no_starttls.toml`, and the false real server that they describe."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import attrs

from perdition.conformance.folder import spec_folder
from perdition.protocol.sasl import write_base64
from perdition.session.outcomes import Outcome

NAME: Final = b"joe"
PASSWORD: Final = b"hunter2"
MARK: Final = b"mallory"
"""What stands in every text of a false server or of an attacked client."""
SECRETS: Final = (PASSWORD, write_base64(b"\0" + NAME + b"\0" + PASSWORD), write_base64(PASSWORD))
STARTTLS: Final = {"pop3": "STLS", "imap4": "STARTTLS", "managesieve": "STARTTLS"}
LOG_INS: Final = frozenset(("USER", "PASS", "AUTH", "LOGIN", "AUTHENTICATE"))
MODES: Final = {"forced": "tls_outgoing_force", "offered": "tls_outgoing"}
UNKNOWN: Final = {"pop3": "-ERR what\r\n", "imap4": "{tag} BAD what\r\n", "managesieve": 'NO "what"\r\n'}
CONSENT: Final = {"pop3": b"+OK", "imap4": b"OK", "managesieve": b"OK"}


@attrs.frozen
class ClientCase:
    """We are the client of a false server: one [[client]] table."""

    name: str
    protocol: str
    attack: str
    machine: str
    forced: str
    offered: str = attrs.field(default=attrs.Factory(lambda self: self.forced, takes_self=True))
    log: str = ""
    handshake: bool = True
    says: Mapping[str, str] = attrs.field(factory=dict)
    secured: Mapping[str, str] = attrs.field(factory=dict)

    def end(self, mode: str) -> str:
        """Give how a log-in ends in a mode."""
        return self.forced if mode == "forced" else self.offered


@attrs.frozen
class ServerCase:
    """We are the server of an attacked client: one [[server]] table; octets by protocol."""

    name: str
    paper: str
    attack: str
    expect: str
    before: Mapping[str, list[str]] = attrs.field(factory=dict)
    behind: Mapping[str, str] = attrs.field(factory=dict)
    later: Mapping[str, str] = attrs.field(factory=dict)
    then: Mapping[str, str] = attrs.field(factory=dict)

    def lines_before(self, protocol: str) -> list[bytes]:
        """Give what is said before STARTTLS."""
        return [line.encode("ascii") for line in self.before.get(protocol, [])]

    def octets(self, part: Mapping[str, str], protocol: str) -> bytes:
        """Give the octets of a part."""
        return part.get(protocol, "").encode("ascii")


SPEC: Final[dict[str, Any]] = tomllib.loads((spec_folder() / "no_starttls.toml").read_text())
CLIENT_CASES: Final = tuple(ClientCase(**table) for table in SPEC["client"])
SERVER_CASES: Final = tuple(ServerCase(**table) for table in SPEC["server"])


class FalseServer:
    """What a false real server says; it does no input or output.

    Args:
        protocol: that it speaks.
        case: how it is false; None: it is honest.

    Attributes:
        handshakes: whether it answers a ClientHello.
        in_clear: all that it heard before TLS.
        verbs_in_clear: the commands among it.
        secured: whether TLS has begun.
    """

    def __init__(self, protocol: str, case: ClientCase | None = None) -> None:
        honest = dict(SPEC["honest"][protocol])
        secured = dict(honest.pop("secured"))
        self._protocol = protocol
        self._says: dict[str, str] = honest | dict(case.says if case else {})
        self._secured = honest | secured | dict(case.secured if case else {})
        self._greets_again = "greeting" in secured
        self.handshakes = case is None or case.handshake
        self.in_clear = b""
        self.verbs_in_clear: list[str] = []
        self.secured = False

    def greet(self) -> bytes:
        """Give the first words."""
        return self._says["greeting"].encode("ascii")

    def start_tls(self) -> bytes:
        """Begin TLS; give the first words under it, which are due in ManageSieve."""
        self.secured = True
        return self._secured["greeting"].encode("ascii") if self._greets_again else b""

    def hear(self, line: bytes) -> bytes:
        """Give the answer to a line."""
        words = line.decode("latin-1").split()
        tag, verb = (words[0], words[1]) if self._protocol == "imap4" and len(words) > 1 else ("", words[0])
        if not self.secured:
            self.in_clear += line
            self.verbs_in_clear.append(verb)
        says = self._secured if self.secured else self._says
        answer = says.get(verb, UNKNOWN[self._protocol]).replace("{tag}", tag)
        if "{next}" in answer:
            answer = answer.replace("{next}", f"p{int(tag[1:]) + 1}")  # our client machine counts so
        return answer.encode("ascii")

    def is_starttls(self, line: bytes) -> bool:
        """Tell whether a line asks for TLS."""
        return STARTTLS[self._protocol].encode("ascii") in line.split()

    def agrees(self, line: bytes, answer: bytes) -> bool:
        """Tell whether an answer, or its first tagged line, agrees to TLS."""
        agreed = CONSENT[self._protocol]
        words = [words for words in map(bytes.split, answer.split(b"\r\n")) if words and words[0] != b"*"]
        return self.is_starttls(line) and any(agreed in said[:2] for said in words)


@attrs.frozen
class Result:
    """What came of a log-in through the proxy to a false server, and of one to an honest server behind it.

    Attributes:
        reply: the answer to the log-in.
        again: the answer to the second one; empty: there was none, as the first was good.
        heard: all that the client heard.
        server: the false server.
        log: the lines of this client.
    """

    reply: bytes
    again: bytes
    heard: bytes
    server: FalseServer
    log: list[str]


LOG_IN: Final = {
    "pop3": b"USER %b\r\nPASS %b\r\n",
    "imap4": b"a LOGIN %b %b\r\n",
}
ANSWER: Final = {
    "pop3": re.compile(rb"(?:\+OK USER set\r\n)?(\+OK|-ERR) .*\r\n"),
    "imap4": re.compile(rb"a (OK|NO) .*\r\n"),
    "managesieve": re.compile(rb"(OK|NO) .*\r\n"),
}
GOOD: Final = (b"OK", b"+OK")


def log_in(protocol: str, name: bytes = NAME) -> bytes:
    """Give what a client says to log in."""
    if protocol == "managesieve":
        return b'AUTHENTICATE "PLAIN" "%b"\r\n' % write_base64(b"\0" + name + b"\0" + PASSWORD)
    return LOG_IN[protocol] % (name, PASSWORD)


def check(case: ClientCase, mode: str, result: Result) -> None:
    """Assert that a log-in ended as it should, and that nothing of the false server's has been believed or shown."""
    end = case.end(mode)
    log = "\n".join(result.log)
    (auth, *later) = [line for line in result.log if "Auth: " in line]

    assert MARK not in result.heard.lower()
    assert MARK not in log.lower().encode()
    assert not any(secret.decode() in log for secret in SECRETS)
    if end == case.forced:
        assert case.log in log
    if end.startswith("CLEAR"):
        assert result.server.in_clear
        assert "server-secure=plaintext" in auth
    else:
        assert not any(secret in result.server.in_clear for secret in (NAME, *SECRETS))
        assert not LOG_INS.intersection(result.server.verbs_in_clear)
    answer = ANSWER[case.protocol].fullmatch(result.reply)
    assert answer is not None, result.reply
    if end in ("SECURE", "CLEAR"):
        assert answer[1] in GOOD
        assert 'status="ok"' in auth
        assert ("server-secure=starttls" in auth) == (end == "SECURE")
        return
    outcome = Outcome.REFUSED if end == "CLEAR refused" else Outcome[end]
    again = ANSWER[case.protocol].fullmatch(result.again)
    assert answer[1] not in GOOD
    assert outcome.status.encode() in result.reply
    assert f'status="{outcome.status}"' in auth
    assert again is not None, result.again
    assert again[1] in GOOD
    assert 'status="ok"' in later[0]
