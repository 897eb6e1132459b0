"""What two programs must share: everything that clients, log watchers and scripts may depend on, and no more.

What is left out everywhere stands in `EVERYWHERE`, for the documentation; each entry is a difference on purpose.
"""

import re
from typing import Final

from perdition.session.capabilities import ADDED
from tests.compat.dialogue import Answer

EVERYWHERE: Final = {
    "words": "The words of replies are plainer, but for `ok_line`, the `failed:` texts and what the real server says.",
    "codes": "Replies have response codes (`[AUTH]`, `[UNAVAILABLE]`, `(TRYLATER)`, ...) that tell clients why.",
    "capabilities": "Where the capability option is not set, SASL, `ID` and `LITERAL+` are announced as well.",
    "pauses": "A failed log-in is answered after 3 s (2.2: some after 6 s, or when the real server has answered a "
    "good-bye); a wrong command at once, up to 200 in a connection.",
    "greeting": "The POP3 greeting says `perdition`, not `perditon`; the eight digits of a greeting are others.",
}

KINDS: Final = re.compile(r"Connect|Auth|Closing|Fatal|Timeout|Local authentication")
LOG_LINE: Final = re.compile(r"(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8} )?(?P<ident>\S+)\[\d+\]: (?P<text>.*)")
KEPT: Final = re.compile(r"failed: |Local|local|You are so in|echo |backend|ready on|ok_line")
OURS: Final = frozenset(word.decode() for words in ADDED.values() for word in words)
PAUSE: Final = 2.9
"""From so many seconds on it was a pause, however long: a busy machine makes it longer."""


def shape_of(answer: Answer, *, exact: bool = False) -> str:
    """Write an answer of the client's side."""
    lines = [shape_of_line(line, exact=exact) for line in answer.lines]
    if not exact:
        lines = [line for line in lines if line not in OURS]
    if answer.seconds >= PAUSE and (exact or any("failed: " in line for line in lines)):
        lines.append("(after a pause)")
    if answer.end:
        lines.append(f"({answer.end})")
    return "\n".join(lines)


def shape_of_line(line: str, *, exact: bool = False) -> str:
    """Write one line: its status, and words and codes where both programs owe the same."""
    line = re.sub(r"perditi?on ready on (\S+) [0-9a-f]{8}", r"perdition ready on \1", line)
    if line.startswith("* CAPABILITY "):
        return "* CAPABILITY " + words(line[13:], exact=exact)
    if greeted := re.match(r"\* OK \[CAPABILITY ([^]]*)\] ?(.*)", line):
        return f"* OK [CAPABILITY {words(greeted[1], exact=exact)}] {greeted[2]}"
    if line.startswith("+ "):
        return "+"
    if found := re.match(
        r"(\+OK|-ERR|\S+ (?:OK|NO|BAD|BYE|PREAUTH)|OK|NO|BYE)(?: (\[[^]]*\]|\([^)]*\)))?(?: (.*))?$", line
    ):
        code = f" {found[2]}" if exact and found[2] else ""
        text = f" {found[3]}" if found[3] and KEPT.search(found[3]) else ""
        return found[1] + code + text
    return line


def words(text: str, *, exact: bool) -> str:
    """Write IMAP4 capabilities."""
    return " ".join(word for word in text.split(" ") if exact or word not in OURS)


def log_places(text: str) -> dict[str, str]:
    """Part a log into the lines that log watchers read, by place: `Auth 1`, ..., and their order."""
    places: dict[str, str] = {}
    order: list[str] = []
    idents: set[str] = set()
    for line in text.splitlines():
        found = LOG_LINE.match(line)
        kind = KINDS.match(found["text"]) if found else None
        if found is None or kind is None:
            continue
        idents.add(found["ident"])
        order.append(kind[0])
        places[f"{kind[0]} {order.count(kind[0])}"] = found["text"]
    return places | {"log": ", ".join(order), "log ident": " ".join(sorted(idents))}
