"""The command line of `perdition-conformance`: the options, and what is read and looked at before anybody is asked."""

import argparse
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from perdition.conformance import usage
from perdition.conformance.acts import Account, Tls
from perdition.conformance.connection import Server
from perdition.conformance.folder import PROTOCOLS
from perdition.conformance.usage import UsageError, option
from perdition.protocol.secret import Secret

PORTS: Final[Mapping[tuple[str, bool], int]] = {
    ("pop3", False): 110,
    ("pop3", True): 995,
    ("imap4", False): 143,
    ("imap4", True): 993,
    ("managesieve", False): 4190,
    ("managesieve", True): 4190,
}
PROGRAM: Final = "perdition-conformance"
DESCRIPTION: Final = "shows what a POP3, IMAP4 or ManageSieve server makes of the RFCs."
EPILOG: Final = """\
Each dialogue has a connection of its own, one after the other.  Some log in with wrong passwords: use an account of
its own, with an empty mailbox.  Exit status: 0 no MUST fails, 1 one does, 2 the server could not be tested.
"""


def arguments() -> argparse.ArgumentParser:
    """Give the parser of the command line."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("--host", type=option("host", usage.host), help="name or address of the server")
    parser.add_argument("--port", type=option("port", usage.port), help="default: the protocol's")
    parser.add_argument("--user", type=option("user", usage.octets), help="who logs in")
    parser.add_argument("--password-file", metavar="FILE", help="his password in its first line; - is standard input")
    parser.add_argument("--tls", choices=[tls.value for tls in Tls], default="starttls", help="default: %(default)s")
    parser.add_argument("--ca-file", metavar="FILE", help="authorities to trust instead of the system's, in PEM")
    parser.add_argument(
        "--tls-name",
        type=option("tls-name", usage.host),
        metavar="NAME",
        help="the certificate's name, if it is not --host",
    )
    parser.add_argument("--insecure", action="store_true", help="accept any certificate")
    parser.add_argument(
        "--timeout",
        type=option("timeout", usage.seconds),
        default=30,
        metavar="SECONDS",
        help="for an answer (%(default)g)",
    )
    parser.add_argument("--only", action="append", metavar="ID", help="a requirement or a transcript; may be repeated")
    parser.add_argument("--list", action="store_true", help="show what can be tested, and test nothing")
    parser.add_argument("--junit", metavar="FILE", help="write the results as JUnit's XML too")
    return parser


def password_from(file: str) -> Secret:
    """Read a password.

    Raises:
        UsageError: it cannot be read, or is empty.
    """
    try:
        data = sys.stdin.buffer.readline() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"--password-file {file}: {error.strerror}") from None
    password = data.split(b"\n")[0].removesuffix(b"\r")
    if not password:
        raise UsageError(f"--password-file {file}: expected a password in the first line")
    return Secret(password)


def context_for(options: argparse.Namespace) -> ssl.SSLContext | None:
    """Make the TLS context.

    Raises:
        UsageError: the authorities cannot be read.
    """
    if options.tls == Tls.NONE.value:
        return None
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca-file {options.ca_file}: {error}") from None
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_writable(file: str) -> None:
    """Find out before the run whether a file can be written.

    Raises:
        UsageError: it cannot.
    """
    path = Path(file)
    try:
        was_there = path.exists()
        with path.open("a", encoding="utf-8"):
            pass
        if not was_there:
            path.unlink()
    except OSError as error:
        raise UsageError(f"--junit {file}: {error.strerror}") from None


def server_and_account(options: argparse.Namespace) -> tuple[Server, Account]:
    """Give whom to ask, and as whom.

    Raises:
        UsageError: an option is missing, or a file of one cannot be read or written.
    """
    for name in ("host", "user", "password_file"):
        if not getattr(options, name):
            raise UsageError(f"expected --{name.replace('_', '-')}")
    if options.junit is not None:
        check_writable(options.junit)
    account = Account(options.user, password_from(options.password_file))
    port = options.port or PORTS[options.protocol, options.tls == Tls.IMPLICIT.value]
    context, name = context_for(options), options.tls_name or options.host
    return Server(options.host, port, context, name, options.timeout), account
