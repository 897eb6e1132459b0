"""The command line, read as popt reads it for perdition 2.2.

`--name value`, `--name=value`, `-x value`, `-xvalue`, `-x=value`, grouped flags `-nd`.  A value may begin
with `-` (Python's argparse refuses that), names are not abbreviated, and a left-over word is an error.
"""

from collections.abc import Sequence

from perdition.config.names import BY_LETTER, Known, OptionError, find, give
from perdition.config.option import Takes
from perdition.config.origin import COMMAND_LINE, Given, Reading, printable, shown


def read(words: Sequence[str]) -> Reading:
    """Read the words behind the program's name; all errors are kept, none is raised."""
    reader = _Reader(words)
    while reader.words:
        reader.read_word(reader.words.pop())
    return Reading(tuple(reader.given), tuple(reader.errors))


class _Reader:
    """What is left of the command line, and what was found so far."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(reversed(words))  # a stack: the next word is the last
        self.given: list[Given] = []
        self.errors: list[str] = []

    def read_word(self, word: str) -> None:
        try:
            if word.startswith("--") and word != "--":
                self._read_long(word[2:])
            elif word.startswith("-") and word not in ("-", "--"):
                self._read_letters(word[1:])
            elif word != "--":  # ends the options; a word behind it is left over just the same
                self.errors.append(f"left-over word {shown(word)} on the command line")
        except OptionError as error:
            self.errors.append(str(error))

    def _read_long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        try:
            known = find(name, COMMAND_LINE)
        except OptionError:
            # What follows is most likely its value; a second error about that would not help.
            if not equals and self.words and not self.words[-1].startswith("-"):
                self.words.pop()
            raise
        self._give(known, value if equals else None)

    def _read_letters(self, letters: str) -> None:
        for place, letter in enumerate(letters, 1):
            known = BY_LETTER.get(letter)
            if known is None:
                raise OptionError(f"unknown option -{printable(letter)}")
            rest = letters[place:]
            if known.takes is not Takes.FLAG:
                return self._give(known, rest.removeprefix("=") if rest else None)
            if rest.startswith("="):
                return self._give(known, rest[1:])
            self._give(known, None)
        return None

    def _give(self, known: Known, value: str | None) -> None:
        if value is None and self.words and self._wants_next(known):
            value = self.words.pop()
        self.given += give(known, value, COMMAND_LINE)

    def _wants_next(self, known: Known) -> bool:
        # A left-over word is an error, so one behind an option that may have a value is that value.
        return known.takes is not Takes.FLAG and (
            known.takes is not Takes.OPTIONAL or not self.words[-1].startswith("-")
        )
