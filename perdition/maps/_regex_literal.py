"""What a key must hold for a POSIX extended pattern to match: a rule without it need not be tried.

To look for a few octets costs a twentieth of a call of the C library, and of the many rules of a popmap at most one
matches.  Nothing is decided here: where a pattern is not plain, nothing is known of it, and the C library is asked.
"""

import re
from typing import Final

# What a pattern is made of.  The order matters: a bracket or a count that is malformed is taken for unclear.
TOKEN: Final = re.compile(
    rb"""
      (?P<bracket> \[ \^? \]? (?: \[([:.=]) .*? \2\] | [^]] )* \] )
    | (?P<count>   [*?+] | \{ [0-9]* ,? [0-9]* \} )     # perhaps none of what stands before: `a+?` is `(a+)?`
    | (?P<break>   [.^$] | \\[A-Za-z0-9<>`'] )          # the letters: extensions of the C library
    | (?P<group>   \( )
    | (?P<end>     \) )
    | (?P<unclear> [|{[] | \\\Z )
    | \\? (?P<literal> . )
    """,
    re.DOTALL | re.VERBOSE,
)


def literal_of(pattern: bytes) -> bytes:
    """Give the longest run of octets that stands in everything the pattern matches; empty: none is known.

    Args:
        pattern: as regcomp takes it (POSIX extended, octets, case-sensitive).
    """
    runs = [bytearray()]
    depth = 0
    for token in TOKEN.finditer(pattern):
        match token.lastgroup:
            case "group":
                depth += 1
                runs.append(bytearray())
            case "end":
                depth -= 1
                if depth < 0:
                    return b""
            case "unclear" if depth == 0 or token[0] != b"|":
                return b""
            case "literal" if depth == 0:
                runs[-1] += token["literal"]
            case "count" if depth == 0:
                runs[-1] = runs[-1][:-1]
                runs.append(bytearray())
            case _:
                runs.append(bytearray())
    return bytes(max(runs, key=len)) if depth == 0 else b""
