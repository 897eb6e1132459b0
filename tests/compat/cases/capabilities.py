"""The capability options (reference 1.7), all to the letter."""

from typing import Final

from tests.compat.case import Case
from tests.compat.cases.tls import CERT

TLS: Final = ("--ssl_mode", "tls_listen", *CERT)
FORCE: Final = ("--ssl_mode", "tls_listen_force", *CERT)


def pop3(case_id: str, title: str, text: str, *options: str, name: str = "--pop_capability") -> Case:
    """Give a case with CAPA."""
    return Case(
        id=f"caps-pop3-{case_id}", title=title, options=(name, text, *options), client=("CAPA", "QUIT"), exact=True
    )


def imap4(case_id: str, title: str, text: str, *options: str, name: str = "--imap_capability") -> Case:
    """Give a case with CAPABILITY."""
    return Case(
        id=f"caps-imap4-{case_id}",
        title=title,
        protocol="IMAP4",
        options=(name, text, *options),
        client=("a CAPABILITY", "b LOGOUT"),
        exact=True,
    )


def sieve(case_id: str, title: str, text: str, *options: str, name: str = "--managesieve_capability") -> Case:
    """Give a case with the greeting of ManageSieve."""
    return Case(
        id=f"caps-sieve-{case_id}",
        title=title,
        protocol="MANAGESIEVE",
        options=(name, text, *options),
        client=("CAPABILITY", "LOGOUT"),
        exact=True,
    )


CASES: Final = (
    imap4("disabled-given", "LOGINDISABLED in the option, and log-ins are not refused", "IMAP4rev1 LOGINDISABLED"),
    imap4("starttls-lower", "starttls in lower case, without TLS", "IMAP4rev1 starttls"),
    imap4("two-blanks", "two blanks between", "IMAP4rev1  UIDPLUS"),
    pop3("dots", "dots between", "UIDL.SASL PLAIN.TOP"),
    pop3("blanks", "two blanks between, no dot", "UIDL  LOGIN-DELAY 5  TOP"),
    pop3("one", "neither dot nor two blanks: one element", "LOGIN-DELAY 5"),
    pop3("stls-added", "STLS is added at the end", "UIDL.TOP", *TLS),
    pop3("stls-there", "STLS that is there already stays where it is", "UIDL.STLS.TOP", *TLS),
    pop3("stls-removed", "STLS is removed where there is none", "UIDL.STLS.TOP"),
    pop3("stls-first", "STLS stands first, where there is none", "STLS.UIDL"),
    pop3("stls-first-tls", "STLS stands first", "STLS.UIDL", *TLS),
    pop3("deprecated", "the old name capability", "X.Y", name="--capability"),
    pop3("letter", "the letter -I", "X.Y", name="-I"),
    pop3("last", "the last of capability and pop_capability counts", "A.B", "--capability", "X.Y"),
    imap4("one-blank", "one blank between", "IMAP4rev1 UIDPLUS"),
    imap4("starttls-removed", "STARTTLS is removed where there is none", "IMAP4rev1 STARTTLS UIDPLUS"),
    imap4("starttls-added", "STARTTLS is added at the end", "IMAP4rev1 UIDPLUS", *TLS),
    imap4("starttls-there", "STARTTLS that is there already", "IMAP4rev1 STARTTLS UIDPLUS", *TLS),
    imap4("starttls-first", "STARTTLS stands first, where there is none", "STARTTLS IMAP4rev1"),
    imap4("force", "tls_listen_force: STARTTLS and LOGINDISABLED", "IMAP4 IMAP4REV1", *FORCE),
    imap4("disabled", "login_disabled: LOGINDISABLED", "IMAP4rev1 IDLE", "--login_disabled"),
    imap4("auth-force", "AUTH= with tls_listen_force", "IMAP4rev1 AUTH=PLAIN", *FORCE),
    imap4("deprecated", "the old name capability", "IMAP4 X", name="--capability"),
    sieve("blanks", "two blanks between", '"IMPLEMENTATION" "x"  "SIEVE" "fileinto"  "SASL" "PLAIN"  "VERSION" "1.0"'),
    sieve("starttls-added", "STARTTLS is added at the end",
          '"IMPLEMENTATION" "x"  "SIEVE" "fileinto"  "SASL" "PLAIN"', *TLS),
    sieve("starttls-removed", "STARTTLS is removed where there is none",
          '"IMPLEMENTATION" "x"  "STARTTLS"  "SIEVE" "fileinto"'),
    sieve("force", "tls_listen_force", '"IMPLEMENTATION" "x"  "SIEVE" "fileinto"  "SASL" "PLAIN"', *FORCE),
    Case(id="caps-sieve-default", title="the default, to the letter", protocol="MANAGESIEVE", client=("LOGOUT",),
         exact=True),
)  # fmt: skip
