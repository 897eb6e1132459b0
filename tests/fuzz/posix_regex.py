"""The file of the posix_regex map: the key in the first line, then the rules.

Patterns are the administrator's, and the C library compiles them: long and nested intervals take time there, and so do
back-references.  Such files are left out, for they would be all that is done.
"""

import os
import re
from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

from perdition.maps.contract import MapError
from perdition.maps.outcome import Absent, Found, Query
from perdition.maps.posix_regex import PosixRegex
from tests.fuzz.target import Target

HEAVY: Final = re.compile(rb"\{.*\{|\\[1-9]|\{[^}]{3}|[*+?{][*+?{]", re.DOTALL)
LONGEST_KEY: Final = 64
EXAMPLE: Final = b"""\
joe@example.org
# who goes where
^[a-k]:       localhost
^(.*)@(.*):    "$1_$2@localhost:110"
[[:alpha:]]+  $0$9
"""


def fuzz(data: bytes) -> None:
    """Read octets as a file and look a key up."""
    key, _, rules = data.partition(b"\n")
    if HEAVY.search(rules):
        return
    file = os.memfd_create("popmap.re")
    path = f"/proc/self/fd/{file}"
    try:
        os.write(file, rules)
        regex = PosixRegex(path)
        for each in (key[:LONGEST_KEY], b"", key[:LONGEST_KEY].upper()):
            outcome = regex.lookup(Query(each))

            assert isinstance(outcome, Found | Absent)
            assert not isinstance(outcome, Found) or outcome.value
            assert regex.lookup(Query(each)) == outcome
        regex.reload()
        regex.close()
    except MapError as error:
        text = str(error)

        assert text.startswith(path)
        assert text.count("\n") == 0
    finally:
        os.close(file)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give files of all forms."""
    yield "example", EXAMPLE
    for at, rule in enumerate(
        ("a b", "a: b", "(a)|b $1", "'a b' c", "[ x", "( x", "* x", "a\\\n b", '"a', "^$ x", "a")
    ):
        yield f"rule-{at}", b"ab\n" + rule.encode() + b"\n"


def words() -> list[bytes]:
    """Give what patterns and substitutions are made of."""
    pattern = (
        b"^",
        b"$",
        b"(",
        b")",
        b"|",
        b"*",
        b"+",
        b"?",
        b".",
        b"[a-z]",
        b"[^",
        b"]",
        b"[[:alpha:]]",
        b"{1,2}",
        b"[[.",
        b"[=a=]",
    )
    return [*pattern, b"$0", b"$1", b"$9", b":", b" ", b"\n", b"\\\n", b'"', b"'", b"#", b"\0", b"\xff"]


def grammar() -> st.SearchStrategy[bytes]:
    """Give rules of pieces."""
    piece = st.sampled_from((*words(), b"joe", b"localhost", b"@"))
    rule = st.lists(piece, max_size=8).map(b"".join)
    return st.builds(
        lambda key, rules: key + b"\n" + b"\n".join(rules),
        st.sampled_from((b"joe@x", b"", b"\0")),
        st.lists(rule, max_size=4),
    )


TARGET: Final = Target(title="posix_regex file", fuzz=fuzz, seeds=seeds, words=words, grammar=grammar, longest=512)
