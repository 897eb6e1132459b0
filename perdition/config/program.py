"""What the program's own name says (argv[0]): the protocol, the configuration file, the pid file."""

import os.path
from collections.abc import Iterator
from typing import Final

import attrs

from perdition.config.values import Protocol

PERDITION: Final = "perdition"
PROTOCOLS: Final = {
    "perdition.pop3": Protocol.POP3,
    "perdition.pop3s": Protocol.POP3S,
    "perdition.imap4": Protocol.IMAP4,
    "perdition.imap4s": Protocol.IMAP4S,
    "perdition.imaps": Protocol.IMAP4S,  # fits the 15 characters of a process name
    "perdition.managesieve": Protocol.MANAGESIEVE,
}
# `python -m perdition` has this name; it is no more than the package's own.
MODULE: Final = "__main__.py"


@attrs.frozen
class Program:
    """The program under the name it was started by."""

    base: str

    @property
    def protocol(self) -> Protocol | None:
        """The protocol that the name stands for, if any."""
        return PROTOCOLS.get(self.base)

    @property
    def pid_file(self) -> str:
        """The default of perdition option pid_file."""
        return f"/var/run/{self.base}/{self.base}.pid"

    def config_files(self, folder: str) -> Iterator[str]:
        """Give the files to look for without perdition option config_file; the first that exists counts.

        The protocol is the one of the name: perdition option protocol may stand in the file.
        """
        protocol = self.protocol or Protocol.POP3
        if self.base != PERDITION:
            yield os.path.join(folder, f"{self.base}.conf")
        yield os.path.join(folder, f"{PERDITION}.{protocol.value.lower()}.conf")
        yield os.path.join(folder, f"{PERDITION}.conf")


def program(name: str) -> Program:
    """Take the last component of argv[0]."""
    base = os.path.basename(name)
    return Program(PERDITION if base in ("", MODULE) else base)
