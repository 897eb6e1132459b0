"""NIS through the C library's own client, libnsl: ypbind has found the server for it, as for perdition 2.2."""

import ctypes
from typing import Final

SONAME: Final = "libnsl.so.2"

# yp_prot.h and ypclnt.h
NO_SUCH_KEY: Final = 5
LONGEST_KEY: Final = 1024


class NisError(Exception):
    """NIS cannot answer; the text is libnsl's."""


class LibNsl:
    """The library.

    Raises:
        OSError: it is not installed.
    """

    def __init__(self) -> None:
        nsl = ctypes.CDLL(SONAME)
        nsl.yp_match.argtypes = (
            ctypes.c_char_p,  # domain
            ctypes.c_char_p,  # map
            ctypes.c_char_p,  # key
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_void_p),  # value: ours to free
            ctypes.POINTER(ctypes.c_int),
        )
        nsl.yp_get_default_domain.argtypes = (ctypes.POINTER(ctypes.c_char_p),)
        nsl.yperr_string.argtypes = (ctypes.c_int,)
        nsl.yperr_string.restype = ctypes.c_char_p
        libc = ctypes.CDLL(None)
        libc.free.argtypes = (ctypes.c_void_p,)
        libc.free.restype = None
        self._nsl = nsl
        self._free = libc.free

    def default_domain(self) -> bytes:
        """Give the machine's NIS domain.

        Raises:
            NisError: it has none.
        """
        domain = ctypes.c_char_p()  # the library's own
        self._check(self._nsl.yp_get_default_domain(ctypes.byref(domain)))
        if not domain.value:
            raise NisError("the machine is in no NIS domain")
        return domain.value

    def match(self, domain: bytes, name: bytes, key: bytes) -> bytes | None:
        """Look a key up in a map; None: the map is there and does not have it.

        Raises:
            NisError: there is no answer.
        """
        if not 0 < len(key) <= LONGEST_KEY:
            return None  # no map can have it, and the library takes it for our mistake
        value, length = ctypes.c_void_p(), ctypes.c_int()
        status = self._nsl.yp_match(domain, name, key, len(key), ctypes.byref(value), ctypes.byref(length))
        if status == NO_SUCH_KEY:
            return None
        self._check(status)
        try:
            return ctypes.string_at(value.value or 0, length.value)
        finally:
            self._free(value)

    def _check(self, status: int) -> None:
        if status:
            raise NisError(" ".join((self._nsl.yperr_string(status) or b"").decode(errors="replace").split()))
