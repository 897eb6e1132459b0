"""How many copies the C library makes of the parts of a POSIX extended pattern.

It writes counts out: `a{3}` is `aaa`, `a{1,3}` is `aa?a?`, and `a+` is `aa*`.  What is within is multiplied, so that
`(.{0,200}){0,50}` has ten thousand parts.  What it takes to compile a pattern grows with their number, at times with
the cube of it, and so does what a search takes, in time and memory.
"""

from typing import Final

from perdition.maps._regex_literal import TOKEN

ONCE: Final = {b"*": 1, b"?": 1, b"+": 2}


def copies_of(pattern: bytes) -> int:
    """Count the parts of a pattern that are not written, and that the C library adds.

    Args:
        pattern: as regcomp takes it (POSIX extended, octets).
    """
    written = 0
    sizes, lasts = [0], [0]  # of each group that is open: all of it, and the part that a count would repeat
    for token in TOKEN.finditer(pattern):
        size = 1
        match token.lastgroup:
            case "group":
                written += 1
                sizes.append(0)
                lasts.append(0)
                continue
            case "end" if len(sizes) > 1:
                lasts.pop()
                size += sizes.pop()
            case "count":
                repeated = lasts[-1] * _times(token[0])
                sizes[-1] += repeated - lasts[-1]
                lasts[-1] = repeated
                continue
            case _:
                written += 1
        sizes[-1] += size
        lasts[-1] = size
    return max(0, sum(sizes) + len(sizes) - 1 - written)


def _times(count: bytes) -> int:
    """Tell how often what stands before a count is written out, at the least once."""
    if count in ONCE:
        return ONCE[count]
    first, comma, last = count[1:-1].partition(b",")
    if comma and not last:
        return int(first or b"0") + 1
    return max(1, int(last or first or b"1"))
