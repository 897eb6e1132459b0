"""The protocol of Postfix's tcp_table(5): a line a question, a line an answer, `%XX` for what has no place there."""

import re
from typing import Final
from urllib.parse import quote, unquote

from perdition.pbs.answers import BadQuestion, Verdict

LONGEST: Final = 4096
NEWLINE: Final = b"\n"
GET: Final = re.compile(rb"get ([^ \r]+)\r?", re.IGNORECASE)
CODES: Final = {Verdict.KNOWN: 200, Verdict.UNKNOWN: 500, Verdict.UNAVAILABLE: 400}
NOT_THERE: Final = "not known"
PLAIN: Final = "!\"#$&'()*+,/:;<=>?@[\\]^`{|}"
"""Stand for themselves, like letters, digits and -._~: all that prints, but % and blanks."""


class TcpTable:
    """One connection."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> list[str]:
        """Take what comes next; give the keys of the questions that are whole now.

        Raises:
            BadQuestion: expected `get` and a key on a line.
        """
        *lines, self._rest = (self._rest + octets).split(NEWLINE)
        if max(map(len, [*lines, self._rest])) >= LONGEST:
            raise BadQuestion(f"expected lines of at most {LONGEST} octets")
        keys: list[str] = []
        for line in lines:
            question = GET.fullmatch(line)
            if question is None:
                raise BadQuestion("expected get and a key")
            keys.append(unquote(question[1].decode("latin-1"), "utf-8", "replace"))
        return keys

    def write(self, verdict: Verdict, text: str) -> bytes:
        """Write an answer."""
        text = NOT_THERE if verdict is Verdict.UNKNOWN else text
        return b"%d %b\n" % (CODES[verdict], quote(text, PLAIN).encode("ascii"))
