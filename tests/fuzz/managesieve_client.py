"""The ManageSieve client machine: a hostile server."""

from typing import Final

from tests.fuzz.clients import client_target, fuzz_client


def fuzz(data: bytes) -> None:
    """Take any octets; fail if the machine does."""
    fuzz_client("managesieve", data)


TARGET: Final = client_target("managesieve", "ManageSieve client machine", fuzz)
