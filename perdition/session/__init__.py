"""The proxy itself, sans-IO: what a log-in does, as effects for a driver to perform."""

from perdition.session.endpoints import Endpoints
from perdition.session.names import Names, State
from perdition.session.policy import LogPasswd, Policy, Proto, Tls
from perdition.session.session import Session

__all__ = ["Endpoints", "LogPasswd", "Names", "Policy", "Proto", "Session", "State", "Tls"]
