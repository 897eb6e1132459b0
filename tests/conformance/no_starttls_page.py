"""Writes the tables of `docs/no-starttls.md` from `spec/no_starttls.toml`.

Run `python -m tests.conformance.no_starttls_page` when the cases have changed.
"""

import re
from collections.abc import Mapping
from typing import Final

from perdition.session.outcomes import Outcome
from tests.conformance.no_starttls import CLIENT_CASES, SERVER_CASES
from tests.protocol.helpers import ROOT

PAGE: Final = ROOT / "docs" / "no-starttls.md"
BLOCK: Final = re.compile(r"<!-- (\w+) cases: begin -->\n.*?<!-- \1 cases: end -->\n", re.DOTALL)

MACHINE: Final[Mapping[str, str]] = {
    "secure": "goes on under TLS",
    "privacy": "has no way to log in",
    "closed": "is at its end",
    "injected": "raises, *injected*",
    "syntax": "raises, *syntax*",
    "unexpected": "raises, *unexpected*",
}
EXPECT: Final[Mapping[str, str]] = {
    "tls": "TLS starts; one command, one answer",
    "refused": "TLS starts; what is said under it is refused",
    "injected": "closed before the handshake, *injected* in the log",
    "failed": "the handshake fails, closed",
    "closed": "closed at the first line",
    "passed on": "the real server hears it and answers",
}
ENDS: Final[Mapping[str, str]] = {
    "SECURE": "logged in under TLS",
    "CLEAR": "logged in in clear",
    "CLEAR refused": f"password sent in clear, then `{Outcome.REFUSED.status}`",
}


def end(word: str) -> str:
    """Write how a log-in ends."""
    return ENDS[word] if word in ENDS else f"`{Outcome[word].status}`"


def client_table() -> str:
    """Write the table of the false servers."""
    rows = ["| case | the false server | our client machine | TLS demanded | TLS offered |", "|---|---|---|---|---|"]
    for case in CLIENT_CASES:
        offered = "the same" if case.offered == case.forced else end(case.offered)
        words = (f"`{case.name}`", case.attack, MACHINE[case.machine], end(case.forced), offered)
        rows.append("| " + " | ".join(words) + " |")
    return "\n".join(rows) + "\n"


def server_table() -> str:
    """Write the table of the attacked clients."""
    rows = ["| case | in the paper | the attacker | we |", "|---|---|---|---|"]
    rows += [f"| {case.name} | {case.paper} | {case.attack} | {EXPECT[case.expect]} |" for case in SERVER_CASES]
    return "\n".join(rows) + "\n"


def written(page: str) -> str:
    """Put the tables into a page."""
    tables = {"client": client_table(), "server": server_table()}

    def block(found: re.Match[str]) -> str:
        name = found[1]
        return f"<!-- {name} cases: begin -->\n{tables[name]}<!-- {name} cases: end -->\n"

    return BLOCK.sub(block, page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
