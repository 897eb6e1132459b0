"""What a listener offers and demands: the part of its options that decides a log-in."""

import enum

import attrs

from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.session.names import Names


class Proto(enum.Enum):
    """Which protocol a listener speaks, whatever its transport."""

    POP3 = "pop3"
    IMAP4 = "imap4"
    MANAGESIEVE = "managesieve"


class Tls(enum.Enum):
    """How one leg of a session gets TLS (perdition option ssl_mode)."""

    NONE = "none"
    IMPLICIT = "ssl"  # from the first octet
    OFFERED = "tls"  # by STARTTLS or STLS, if the other side cares
    REQUIRED = "tls_force"  # by STARTTLS or STLS, and no log-in without


class LogPasswd(enum.Enum):
    """Of which log-ins the log shows the password (perdition option log_passwd, as it is documented)."""

    NEVER = "never"
    FAIL = "fail"
    OK = "ok"
    ALWAYS = "always"

    def covers(self, *, good: bool) -> bool:
        """Tell whether the password of a log-in is shown."""
        return self is LogPasswd.ALWAYS or self is (LogPasswd.OK if good else LogPasswd.FAIL)


@attrs.frozen(kw_only=True)
class Policy:
    """What a session needs to know of its listener.  Times are in seconds, 0 means for ever.

    Attributes:
        proto: the protocol of both legs.
        label: its name in the log, the option `protocol`: POP3S, say.
        client_tls: how the client's leg gets TLS.
        server_tls: how the real server's leg gets TLS.
        capabilities: the elements of the capability option in force, as on the wire.
        added_capabilities: what the machines can do beside, where the administrator did not set the option.
        instance: what tells this configuration from others, for the greeting and the loop detection.
        ok_text: the text of a good log-in (ok_line).
        server_resp_line: whether the real server's own answer to the log-in is passed on.
        login_disabled: whether every log-in is refused.
        authenticate_in: whether the system itself checks a password, before the real server is reached.
        names: what becomes of a user's name, and the delimiter of a map's result.
        username_from_database: whether the user of a map's result logs in.
        outgoing_servers: default servers (host, port or None), asked in turn.
        outgoing_port: the port where none is named: a number, or the name of a service.
        authenticate_timeout: for each command of the client and each answer of the real server.
        connect_timeout: to look up, reach and greet the real server, TLS included.
        failure_delay: before a log-in is refused.
        log_passwd: of which log-ins the log shows the password.
        connection_logging: whether the log shows all that is said, but for passwords.
        commands: how many commands a client may give before it is logged in.
        failures: how many log-ins may fail on one connection.
        limits: of the machines.
        inetd_pid: the process that accepted the connection and started us for it (inetd_mode); 0: nobody did.
    """

    proto: Proto
    label: str
    client_tls: Tls = Tls.NONE
    server_tls: Tls = Tls.NONE
    capabilities: tuple[bytes, ...]
    added_capabilities: tuple[bytes, ...] = ()
    instance: str = "00000000"
    ok_text: bytes = b"You are so in"
    server_resp_line: bool = False
    login_disabled: bool = False
    authenticate_in: bool = False
    names: Names = attrs.field(factory=Names)
    username_from_database: bool = False
    outgoing_servers: tuple[tuple[str, str | None], ...] = ()
    outgoing_port: str = ""
    authenticate_timeout: float = 1800
    connect_timeout: float = 30
    failure_delay: float = 3
    log_passwd: LogPasswd = LogPasswd.NEVER
    connection_logging: bool = False
    commands: int = 200
    failures: int = 10
    limits: Limits = DEFAULT_LIMITS
    inetd_pid: int = 0
