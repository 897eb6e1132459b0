"""The POP3 server machine: a hostile client."""

from typing import Final

from tests.fuzz.servers import fuzz_server, server_target


def fuzz(data: bytes) -> None:
    """Take any octets; fail if the machine does."""
    fuzz_server("pop3", data)


TARGET: Final = server_target("pop3", "POP3 server machine", fuzz)
