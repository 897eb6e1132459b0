"""The proxy itself, sans-IO: what a log-in does, as effects for a driver to perform."""

from perdition.session.policy import Endpoints, Policy, Proto, Tls
from perdition.session.session import Session

__all__ = ["Endpoints", "Policy", "Proto", "Session", "Tls"]
