"""The socketmap protocol of sendmail and Postfix (socketmap_table(5)): a netstring a question, one an answer.

A question is `name key`; all names mean the same here.
"""

from typing import Final

from perdition.pbs.answers import BadQuestion, Verdict

MOST_DIGITS: Final = 4
LONGEST: Final = 4096
"""How many octets a question has at the most: Postfix's are an address or a host's name."""
WORDS: Final = {Verdict.KNOWN: "OK", Verdict.UNKNOWN: "NOTFOUND", Verdict.UNAVAILABLE: "TEMP"}


class Socketmap:
    """One connection."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> list[str]:
        """Take what comes next; give the keys of the questions that are whole now.

        Raises:
            BadQuestion: expected a netstring, with a name, a blank and a key in it.
        """
        self._rest += octets
        keys: list[str] = []
        while (question := self._take()) is not None:
            _, blank, key = question.partition(b" ")
            if not blank:
                raise BadQuestion("expected a name, a blank and a key")
            keys.append(key.decode("utf-8", "replace"))
        return keys

    def write(self, verdict: Verdict, text: str) -> bytes:
        """Write an answer."""
        answer = f"{WORDS[verdict]} {'' if verdict is Verdict.UNKNOWN else text}".encode()
        return b"%d:%b," % (len(answer), answer)

    def _take(self) -> bytes | None:
        """Take a netstring off the beginning; None: it is not whole yet."""
        digits, colon, _ = self._rest[: MOST_DIGITS + 1].partition(b":")
        if not (digits.isdigit() or (not digits and not colon)) or (not colon and len(digits) > MOST_DIGITS):
            raise BadQuestion("expected a netstring")
        if not colon:
            return None
        length = int(digits)
        if length > LONGEST:
            raise BadQuestion(f"expected at most {LONGEST} octets")
        start = len(digits) + 1
        end = start + length
        if len(self._rest) <= end:
            return None
        if self._rest[end : end + 1] != b",":
            raise BadQuestion("expected a comma behind a netstring")
        question, self._rest = self._rest[start:end], self._rest[end + 1 :]
        return question
