"""The IMAP4 client machine: a hostile server."""

from typing import Final

from tests.fuzz.clients import client_target, fuzz_client


def fuzz(data: bytes) -> None:
    """Take any octets; fail if the machine does."""
    fuzz_client("imap4", data)


TARGET: Final = client_target("imap4", "IMAP4 client machine", fuzz)
