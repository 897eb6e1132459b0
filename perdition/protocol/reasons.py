"""Why a log-in fails, in no protocol's words; each protocol has a table from these to its response codes."""

import enum


class Reason(enum.Enum):
    """Why a server says no before log-in."""

    AUTHENTICATION_FAILED = enum.auto()  # name and password do not fit: another password may
    UNAVAILABLE = enum.auto()  # a map, a real server or its log-in cannot be had now: try later
    PRIVACY_REQUIRED = enum.auto()  # no password in clear: use TLS first
    LOGIN_DISABLED = enum.auto()  # the administrator lets nobody in
    LIMIT = enum.auto()  # too many connections or attempts
    MISCONFIGURED = enum.auto()  # only the administrator can mend it
    PROTOCOL = enum.auto()  # what the client sent cannot be read
