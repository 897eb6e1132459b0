"""Sans-IO machines for POP3, IMAP4 and ManageSieve, both sides, up to the log-in and a step beyond.

    from perdition.protocol import imap4

    server = imap4.Server()
    data = server.send(imap4.Greeting(b"ready"))

Nothing in this package does input or output, reads a clock or logs.
"""

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import Fault, LocalProtocolError, ProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.log_in import CannotLogIn
from perdition.protocol.machine import Closed
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED, Signal

__all__ = [
    "NEED_DATA",
    "PAUSED",
    "CannotLogIn",
    "Closed",
    "Credentials",
    "Fault",
    "Limits",
    "LocalProtocolError",
    "ProtocolError",
    "Reason",
    "RemoteProtocolError",
    "Secret",
    "Signal",
    "imap4",
    "managesieve",
    "pop3",
]
