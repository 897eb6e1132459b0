"""What a fuzz target is."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import attrs
from hypothesis import strategies as st

Fuzz: TypeAlias = Callable[[bytes], None]


@attrs.frozen(kw_only=True)
class Target:
    """One thing that any octets are thrown at.

    Attributes:
        title: what it is, in a few words.
        fuzz: takes octets; raises only if something is wrong with the code under test.
        seeds: gives the inputs to begin with, by name.
        words: what a mutation may put in: the dictionary.
        grammar: inputs that are mostly near what is right, for Hypothesis.
        longest: octets that one input has at most.
    """

    title: str
    fuzz: Fuzz
    seeds: Callable[[], Iterable[tuple[str, bytes]]]
    words: Callable[[], Iterable[bytes]]
    grammar: Callable[[], st.SearchStrategy[bytes]]
    longest: int = 4096
