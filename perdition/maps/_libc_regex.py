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
SIZE_OF_MESSAGE: Final = 256


class Match(ctypes.Structure):
    """regmatch_t: where a group begins and ends, -1 when it took no part."""

    _fields_ = (("start", ctypes.c_int), ("end", ctypes.c_int))


LIBC: Final = ctypes.CDLL(None)
LIBC.regcomp.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
LIBC.regexec.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.POINTER(Match),
    ctypes.c_int,
]
LIBC.regerror.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
LIBC.regfree.argtypes = [ctypes.c_void_p]
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
        weakref.finalize(self, LIBC.regfree, self._compiled)

    def search(self, subject: bytes) -> tuple[tuple[int, int], ...] | None:
        """Find the leftmost longest match; start and end of group 0 to 9, (-1, -1) for an idle one.

        The subject must not have NUL octets: the C library would stop there.  glibc says "no match" when
        memory runs out as well; with subjects of the length of a user name it does not.
        """
        groups = (Match * GROUPS)()
        if LIBC.regexec(self._compiled, subject, GROUPS, groups, 0):
            return None
        return tuple((group.start, group.end) for group in groups)

    def _message(self, code: int) -> str:
        text = ctypes.create_string_buffer(SIZE_OF_MESSAGE)
        LIBC.regerror(code, self._compiled, text, SIZE_OF_MESSAGE)
        return text.value.decode("ascii", "replace")
