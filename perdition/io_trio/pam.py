"""perdition option authenticate_in: the system's PAM says whether a name and a password fit (pam(3)).

libpam is called through ctypes and in threads: its modules read files, ask directories, start programs and sleep.
What it asks of us, the password, is given by the conversation; everything else stays unanswered.  The values of its
constants are those of Linux-PAM (security/_pam_types.h).
"""

import ctypes as c
from collections.abc import Callable
from typing import Final

import trio

from perdition.protocol.secret import Secret
from perdition.session import effects as fx

LIBRARY: Final = "libpam.so.0"
SERVICE: Final = "perdition"
"""The name of the file in /etc/pam.d."""
CONCURRENCY: Final = 20
"""How many passwords are checked at once; the others wait.  A module that hangs holds one of these places."""

SUCCESS, BUF_ERR, CONV_ERR = 0, 5, 19
REFUSALS: Final = frozenset(
    (
        6,  # PAM_PERM_DENIED
        7,  # PAM_AUTH_ERR
        8,  # PAM_CRED_INSUFFICIENT
        10,  # PAM_USER_UNKNOWN
        11,  # PAM_MAXTRIES
        12,  # PAM_NEW_AUTHTOK_REQD: the password has expired, and we cannot ask for a new one
        13,  # PAM_ACCT_EXPIRED
        27,  # PAM_AUTHTOK_EXPIRED
    )
)
"""What says that the user may not come in; whatever else is no success says that PAM cannot tell."""

PROMPT_ECHO_OFF, ERROR_MSG, TEXT_INFO = 1, 3, 4  # styles of messages
RHOST, RUSER, FAIL_DELAY = 4, 8, 10  # items


class Message(c.Structure):
    """struct pam_message."""

    _fields_ = (("style", c.c_int), ("text", c.c_char_p))


class Response(c.Structure):
    """struct pam_response; libpam's modules free it and its text."""

    _fields_ = (("text", c.c_void_p), ("unused", c.c_int))


Converse: Final = c.CFUNCTYPE(
    c.c_int, c.c_int, c.POINTER(c.POINTER(Message)), c.POINTER(c.POINTER(Response)), c.c_void_p
)
FailDelay: Final = c.CFUNCTYPE(None, c.c_int, c.c_uint, c.c_void_p)


class Conversation(c.Structure):
    """struct pam_conv."""

    _fields_ = (("converse", Converse), ("data", c.c_void_p))


class NoPam(Exception):
    """There is no libpam that can be used; the text names the option."""


class Pam:
    """The way to PAM.

    Args:
        folder: where the file of the service is, instead of /etc/pam.d and its kin; needs no root.

    Raises:
        NoPam: there is no libpam here.
    """

    def __init__(self, folder: str | None = None) -> None:
        try:
            self._pam = c.CDLL(LIBRARY)
            self._declare()
        except (OSError, AttributeError) as error:
            raise NoPam(f"option authenticate_in: expected {LIBRARY} of Linux-PAM: {error}") from None
        self._folder = None if folder is None else folder.encode()
        self._limiter = trio.CapacityLimiter(CONCURRENCY)

    def _declare(self) -> None:
        self._libc = c.CDLL(None)
        self._libc.calloc.restype = self._libc.strdup.restype = c.c_void_p
        self._libc.calloc.argtypes = [c.c_size_t, c.c_size_t]
        self._libc.strdup.argtypes = [c.c_char_p]
        # With no folder this is pam_start.
        self._pam.pam_start_confdir.argtypes = [
            c.c_char_p,
            c.c_char_p,
            c.POINTER(Conversation),
            c.c_char_p,
            c.POINTER(c.c_void_p),
        ]
        for name in ("pam_authenticate", "pam_acct_mgmt", "pam_end"):
            getattr(self._pam, name).argtypes = [c.c_void_p, c.c_int]
        self._pam.pam_set_item.argtypes = [c.c_void_p, c.c_int, c.c_void_p]
        self._pam.pam_strerror.argtypes = [c.c_void_p, c.c_int]
        self._pam.pam_strerror.restype = c.c_char_p

    async def authenticate(self, name: bytes, password: Secret, host: str) -> fx.Answer:
        """Ask PAM: `Authenticated`, `NotAuthenticated`, or `Failed` if it cannot tell.

        Cancelled, it leaves its thread to itself: a module that hangs hangs alone.

        Args:
            name: of the account.
            password: of it.
            host: the client's address; empty: it is not known.
        """
        if chr(0).encode() in name + password.reveal():
            return fx.NotAuthenticated("expected a name and a password without NUL")  # to C they would end there
        status, why, delay = await trio.to_thread.run_sync(
            self._check, name, password, host.encode(), limiter=self._limiter, abandon_on_cancel=True
        )
        if status == SUCCESS:
            return fx.Authenticated()
        await trio.sleep(delay)
        return fx.NotAuthenticated(why) if status in REFUSALS else fx.Failed(why)

    def _check(self, name: bytes, password: Secret, host: bytes) -> tuple[int, str, float]:
        """Ask PAM; give its status, what that means, and how many seconds it wants a refusal to take.

        Here libpam would sleep, two seconds for a wrong password; a thread is too dear for that.
        """
        delays = [0]

        def note(status: int, microseconds: int, _data: int) -> None:
            delays.append(0 if status == SUCCESS else microseconds)

        # Whatever libpam keeps a pointer to is kept here until pam_end.
        converse, fail_delay = Converse(self._answering(password)), FailDelay(note)
        conversation = Conversation(converse, None)
        handle = c.c_void_p()
        status = self._pam.pam_start_confdir(
            SERVICE.encode(), name, c.byref(conversation), self._folder, c.byref(handle)
        )
        if status != SUCCESS:
            return status, self._words(handle, status), 0
        try:
            for item, value in ((RHOST, host or None), (RUSER, name), (FAIL_DELAY, c.cast(fail_delay, c.c_void_p))):
                status = status or self._pam.pam_set_item(handle, item, value)
            status = status or self._pam.pam_authenticate(handle, 0) or self._pam.pam_acct_mgmt(handle, 0)
            return status, self._words(handle, status), max(delays) / 1e6
        finally:
            self._pam.pam_end(handle, status)

    def _words(self, handle: c.c_void_p, status: int) -> str:
        words = self._pam.pam_strerror(handle, status)
        return (words or b"").decode(errors="replace") or f"error {status}"

    def _answering(self, password: Secret) -> Callable[..., int]:
        """Make the function that PAM's modules ask: the password for what is not echoed, nothing for messages."""

        def converse(count: int, messages: "c._Pointer[c._Pointer[Message]]", answer: object, _data: int) -> int:
            styles = [messages[number].contents.style for number in range(count)]
            if not styles or not {*styles} <= {PROMPT_ECHO_OFF, ERROR_MSG, TEXT_INFO}:
                return CONV_ERR  # it asks for something that we do not have
            address = self._libc.calloc(count, c.sizeof(Response))
            if not address:
                return BUF_ERR
            responses = c.cast(address, c.POINTER(Response))
            for number, style in enumerate(styles):
                if style == PROMPT_ECHO_OFF:
                    responses[number].text = self._libc.strdup(password.reveal())
            answer[0] = responses  # type: ignore[index]
            return SUCCESS

        return converse
