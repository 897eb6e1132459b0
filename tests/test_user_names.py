"""User names from the options to the real server: each row of spec/user_names.toml."""

import base64
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from perdition.config.load import load
from perdition.io_trio.service import make_policy
from perdition.maps import Absent, Broken, Found, Outcome
from perdition.session import Endpoints, Session
from perdition.session import effects as fx

ROWS: Final[list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent.parent / "spec" / "user_names.toml").read_text()
)["row"]
SERVER: Final = ("127.0.0.1", "2110")

LOG_IN: Final = {
    "POP3": lambda typed: b"USER %s\r\nPASS pw\r\n" % typed,
    "IMAP4": lambda typed: b'a LOGIN "%s" pw\r\n' % typed,
    "MANAGESIEVE": lambda typed: b'AUTHENTICATE "PLAIN" "%s"\r\n' % base64.b64encode(typed),
}
GREETINGS: Final = {
    "POP3": b"+OK real\r\n",
    "IMAP4": b"* OK [CAPABILITY IMAP4rev1] real\r\n",
    "MANAGESIEVE": b'"SASL" "PLAIN"\r\nOK\r\n',
}
SENT: Final = {
    "POP3": re.compile(rb"USER (.*)\r\n"),
    "IMAP4": re.compile(rb'p1 LOGIN "(.*)" "pw"\r\n'),
    "MANAGESIEVE": re.compile(rb'AUTHENTICATE "PLAIN" "(.*)"\r\n'),
}


@attrs.define
class Seen:
    """What a session did with a log-in."""

    keys: list[bytes] = attrs.field(factory=list)
    connected: list[tuple[str, str]] = attrs.field(factory=list)
    sent: bytes = b""
    lines: list[str] = attrs.field(factory=list)


def play(row: dict[str, Any], protocol: str) -> Seen:
    """Log in by the row; the real server says yes to nothing but the name."""
    settings = load(["perdition", "-f", "", "-P", protocol, *row["options"]]).listeners[0]
    local_name = row.get("local_name")
    endpoints = Endpoints(
        ("127.0.0.1", 4242), ("127.0.0.1", 110), "here", None if local_name is None else local_name.encode()
    )
    session = Session(make_policy(settings), endpoints)
    seen = Seen()
    effects = session.start()
    said = [LOG_IN[protocol](row["typed"].encode())]
    while True:
        for effect in effects:
            if isinstance(effect, fx.Send) and effect.side is fx.Side.SERVER:
                seen.sent += effect.data
            if isinstance(effect, fx.Log):
                seen.lines.append(effect.line)
        answer = answer_to(effects[-1], row, protocol, seen, said)
        if answer is None:
            return seen
        effects = session.handle(answer)


def answer_to(effect: fx.Effect, row: dict[str, Any], protocol: str, seen: Seen, said: list[bytes]) -> fx.Answer | None:
    """Answer what a session waits for; None: the row is over."""
    match effect:
        case fx.Read(fx.Side.CLIENT):
            return fx.Received(said.pop(0)) if said else None
        case fx.Read(fx.Side.SERVER):
            return fx.Received(b"" if seen.sent else GREETINGS[protocol])
        case fx.Lookup(key):
            seen.keys.append(key)
            return outcome(row, seen)
        case fx.Connect(host, port):
            seen.connected.append((host, port))
            return fx.Connected()
        case fx.Delay():
            return fx.Woke()
    raise AssertionError(f"not in this play: {effect}")


def outcome(row: dict[str, Any], seen: Seen) -> Outcome:
    """What the map says: absent for all keys but the last of the row."""
    if "absent" in row or len(seen.keys) < len(row["keys"]):
        return Absent()
    return Broken("makes no sense") if "broken" in row else Found(row["map"].encode())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["id"]))
def test_row(row: dict[str, Any]) -> None:
    protocol = row.get("protocol", "POP3")
    seen = play(row, protocol)
    auth = next(line for line in seen.lines if line.startswith("Auth:"))
    ids = re.search(r'authorisation_id=(?:NONE|"(.*?)") authentication_id="(.*?)" ', auth)
    assert ids is not None

    assert seen.keys == [key.encode() for key in row["keys"]]
    assert [name for name in ids.groups() if name is not None] == row["ids"]
    sent = SENT[protocol].match(seen.sent)
    if "status" in row:
        assert f'status="{row["status"]}"' in auth
        assert sent is None
        return
    assert sent is not None
    name = base64.b64decode(sent[1]) if protocol == "MANAGESIEVE" else sent[1]

    assert name == row["sent"].encode()
    assert seen.connected == [SERVER]


def test_all_verified_rows_are_here() -> None:
    assert [row["id"] for row in ROWS] == list(range(1, 77))


def test_the_next_key_is_asked_for_only_when_the_map_does_not_know_the_first() -> None:
    row = ROWS[57] | {"keys": ["Joe", "@Ex.com"]}

    assert play(row, "POP3").keys == [b"Joe", b"@Ex.com"]

    broken = play(row | {"keys": ["Joe"], "broken": True}, "POP3")

    assert broken.keys == [b"Joe"]
    assert broken.sent == b""
