"""POSIX extended regular expressions by the C library: regcomp and regexec through ctypes.

Python's `re` is another language: it takes the first alternative that fits where POSIX takes the longest,
does not know `[[:alpha:]]`, and some patterns make it run for seconds.  The rules in popmap.re files were
written for the C library, so the C library reads them.
"""

import ctypes
import weakref
from typing import Final

# <regex.h> and <locale.h>, the same numbers in glibc and musl.
EXTENDED: Final = 1
NEWLINE: Final = 4
LC_CTYPE_MASK: Final = 1

# sizeof(regex_t) is 64 in glibc on 64-bit machines; room to spare for others.
SIZE_OF_REGEX: Final = 256
GROUPS: Final = 10  # $0 to $9
SPANS: Final = [ctypes.c_int * (2 * groups) for groups in range(GROUPS + 1)]
"""For so many groups: regmatch_t is two numbers, where a group begins and ends, -1 when it took no part."""
SIZE_OF_MESSAGE: Final = 256


LIBC: Final = ctypes.CDLL(None)
LIBC.regcomp.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
LIBC.regerror.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
LIBC.regfree.argtypes = [ctypes.c_void_p]
FAILS: Final = LIBC["regexec"]
"""Without argtypes: its arguments are C's already, which costs half as much."""
COUNTS: Final = [ctypes.c_size_t(groups) for groups in range(GROUPS + 1)]
LIBC.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
LIBC.newlocale.restype = ctypes.c_void_p
LIBC.uselocale.argtypes = [ctypes.c_void_p]
LIBC.uselocale.restype = ctypes.c_void_p
C_LOCALE: Final = LIBC.newlocale(LC_CTYPE_MASK, b"C", None)


class RegexError(Exception):
    """The C library refuses the pattern."""


class Regex:
    """One compiled expression: extended, case-sensitive, newline-sensitive."""

    def __init__(self, pattern: bytes) -> None:
        """Compile a pattern without NUL octets.

        Raises:
            RegexError: with the C library's words, e.g. "Unmatched [".
        """
        self._compiled = ctypes.create_string_buffer(SIZE_OF_REGEX)
        # In the C locale an octet is a character.  In the user's locale "." would not match octets that
        # are not UTF-8, and one map would answer differently from one environment to the next.
        # The pattern keeps the locale it was compiled in.
        ours = LIBC.uselocale(C_LOCALE)
        code = LIBC.regcomp(self._compiled, pattern, EXTENDED | NEWLINE)
        LIBC.uselocale(ours)
        if code:
            raise RegexError(self._message(code))
        self._address = ctypes.c_void_p(ctypes.addressof(self._compiled))
        weakref.finalize(self, LIBC.regfree, self._compiled)

    def search(self, subject: bytes, groups: int = GROUPS) -> tuple[tuple[int, int], ...] | None:
        """Find the leftmost longest match; start and end of the first groups, (-1, -1) for an idle one.

        Args:
            subject: what to look in.
            groups: how many of the groups 0 (all of the match) to 9 are wanted; one takes half the time of ten.

        The subject must not have NUL octets: the C library would stop there.  glibc says "no match" when
        memory runs out as well; with subjects of the length of a user name it does not.
        """
        # Most rules do not match, and without groups the C library tells that in a third of the time.
        if FAILS(self._address, subject, COUNTS[0], None, 0):
            return None
        spans = SPANS[groups]()
        if FAILS(self._address, subject, COUNTS[groups], spans, 0):
            return None
        ends = spans[:]
        return tuple(zip(ends[::2], ends[1::2], strict=True))

    def _message(self, code: int) -> str:
        text = ctypes.create_string_buffer(SIZE_OF_MESSAGE)
        LIBC.regerror(code, self._compiled, text, SIZE_OF_MESSAGE)
        return text.value.decode("ascii", "replace")
