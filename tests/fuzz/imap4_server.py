"""The IMAP4 server machine: a hostile client."""

from typing import Final

from tests.fuzz.servers import fuzz_server, server_target


def fuzz(data: bytes) -> None:
    """Take any octets; fail if the machine does."""
    fuzz_server("imap4", data)


TARGET: Final = server_target("imap4", "IMAP4 server machine", fuzz)
