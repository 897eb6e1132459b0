"""Every number that a peer can push against, each with its source."""

import attrs


@attrs.frozen
class Limits:
    """Sizes in octets.  Passing one is a `RemoteProtocolError`, however the octets were cut into segments.

    Attributes:
        line: one line without its CRLF.  RFC 7162 4 recommends that servers take 8,192; RFC 2449 4 asks POP3
            for 255, RFC 5804 1.2 ManageSieve for strings of 1,024.
        sasl: one line or string that holds a SASL message.  RFC 4959 6 asks for the largest initial response
            of the mechanisms at hand; tokens (RFC 7628) have 2 to 16 KiB, Kerberos tickets up to 64.
        literal: one counted string (RFC 9051 4.3, RFC 5804 4).
        command: all lines and literals of one command or response together.
        block: one dot-terminated POP3 block (RFC 1939 3), or all capabilities of a ManageSieve server (RFC 5804 1.7).
        lines: lines of data in front of one ManageSieve response, such as capabilities (RFC 5804 1.7).
        backlog: what a caller may feed on top without pulling events: more is the caller's mistake.
        bad_commands: commands that were refused for their form; then the conversation ends.
    """

    line: int = 8192
    sasl: int = 65536
    literal: int = 65536
    command: int = 262144
    block: int = 1048576
    lines: int = 1000
    backlog: int = 1048576
    bad_commands: int = 20


DEFAULT_LIMITS = Limits()
