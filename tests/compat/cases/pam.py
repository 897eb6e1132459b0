"""authenticate_in: passwords that PAM is asked about first (reference 7.7)."""

from typing import Final

import attrs

from tests.compat.case import Case, Play, log_in
from tests.compat.plays import asks_pam

YES: Final = asks_pam("auth required pam_permit.so\naccount required pam_permit.so\n")
NO: Final = asks_pam("auth required pam_deny.so\naccount required pam_permit.so\n")
EXPIRED: Final = asks_pam("auth required pam_permit.so\naccount required pam_deny.so\n")
MISSING: Final = asks_pam("auth required /nonexistent/pam_unix.so\naccount required /nonexistent/pam_unix.so\n")


def case(case_id: str, title: str, play: Play, protocol: str = "POP3", server: str = "127.0.0.1:{real}") -> Case:
    """Give a case with authenticate_in."""
    last = {"POP3": "QUIT", "IMAP4": "z LOGOUT", "MANAGESIEVE": "LOGOUT"}[protocol]
    client = (*log_in(protocol), last)
    base = Case(id=f"pam-{case_id}", title=title, protocol=protocol, options=("-a",), client=client, server=server)
    return attrs.evolve(base, play=play, mounts=True)


CASES: Final = (
    case("yes", "PAM says yes", YES),
    case("no", "PAM says no", NO),
    case("no-imap4", "PAM says no", NO, "IMAP4"),
    case("no-sieve", "PAM says no", NO, "MANAGESIEVE"),
    case("yes-sieve", "PAM says yes", YES, "MANAGESIEVE"),
    case("expired", "PAM says no to the account", EXPIRED),
    case("missing", "PAM has no such module", MISSING),
    case("no-server", "PAM is not asked where no server is known", NO, server=""),
)
