"""The places of the performance page that a run writes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """Two comments in a page, with what a command measured between them.

    Attributes:
        command: behind `./dev bench`; empty for that itself.
    """

    command: str = ""

    @property
    def begin(self) -> str:
        """The comment before."""
        return f"<!-- the tables of `./dev bench {self.command}{' ' if self.command else ''}--write` begin here -->"

    @property
    def end(self) -> str:
        """The comment behind."""
        return f"<!-- the tables of `./dev bench {self.command}{' ' if self.command else ''}--write` end here -->"

    def put(self, page: str, text: str) -> str:
        """Put a text between them.

        Raises:
            ValueError: the page has no such place.
        """
        before, begins, rest = page.partition(self.begin)
        _, ends, after = rest.partition(self.end)
        if not begins or not ends:
            raise ValueError(f"expected {self.begin} and {self.end} in the page")
        return f"{before}{self.begin}\n\n{text.strip()}\n\n{self.end}{after}"
