"""Find the client's address in a log line that tells of a successful log-in, of perdition 2.2, 1.17 or ours.

Whoever logs in chooses a part of the line, his name, and perdition 2.2 writes it as it stands.  So:

- the text must begin right behind the program's name and process id, for a name may have "Auth: " in it;
- it must end with `status="ok"`, for what a name pretends stands before the real status;
- it must be whole: a log that cuts long lines could be made to end where the name says `status="ok"`.  The least that
  a log keeps is 1,024 octets (RFC 3164 4.1), and a line of more than LONGEST octets does not count;
- it has no control characters: a line in which the journal or a datagram has a second one does not count.

One forgery is left: where perdition 2.2 writes its log to a file of its own, an IMAP literal may put a newline into it,
and what follows cannot be told from a line of the program.  Syslog and the journal do not let that happen.
"""

import re
from typing import Final

import attrs

from perdition.pbs.addresses import canonical, without_port

LONGEST: Final = 900
"""How many octets a line has at the most that counts: less than any log cuts off, header and all."""
HINT: Final = b"Auth: "
"""What all lines have that count: most lines of a mail log are passed over quickly."""
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

HOST: Final = r"[\w.:/@-]*[\w.-]"
PROGRAM: Final = r"perdition(?:[.-][\w.-]+)?"
PROCESS: Final = rf"{PROGRAM}(?:\[\d{{1,10}}\])?: "
TIME: Final = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]{5,20}(?:Z|[+-]\d\d:?\d\d)) "
PRIORITY: Final = r"(?:<\d{1,3}>)"
# RFC 5424 6: version, time, host, program, process id, message id, structured data, then perhaps a byte order mark.
NEW_SYSLOG: Final = (
    rf'{PRIORITY}?1 \S+ \S+ {PROGRAM} \S+ \S+ (?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+) (?:\xef\xbb\xbf)?'
)
IN_FILE: Final = re.compile(rf"(?:{PRIORITY}?{TIME}(?:{HOST} )?{PROCESS}|{NEW_SYSLOG})", re.ASCII)
# RFC 3164 4.1.3, as syslog(3) sends it: the time may be missing, there is no host.
IN_DATAGRAM: Final = re.compile(rf"(?:{PRIORITY}(?:{TIME})?(?:{HOST} )?{PROCESS}|{NEW_SYSLOG})", re.ASCII)
IDENTIFIER: Final = re.compile(PROGRAM, re.ASCII)

# perdition 2.2 and ours.  What lies between the ids and the last field is not looked at: a name may be there, or more.
AUTH: Final = re.compile(
    r"Auth: (?P<address>[\dA-Fa-f.:]+):\d{1,5}->[\dA-Fa-f.:]+:\d{1,5} client-secure=[a-z]+ "
    r'authorisation_id=(?:NONE|").* authentication_id=".*" '
    r'server="[^"]*" protocol=[A-Z\d]+ server-secure=[a-z]+ status="ok"',
    re.ASCII,
)
# perdition 1.17.
OLD_AUTH: Final = re.compile(
    r'Auth: (?P<address>[\dA-Fa-f.:]+)(?:->[\dA-Fa-f.:]+)? user=".*" server="[^"]*" port="[^"]*" status="?ok"?',
    re.ASCII,
)


@attrs.frozen
class LogReader:
    """Finds addresses in lines of a log.

    Args:
        expression: if there is one, the address is its first group, with a port or without, wherever in a line it
            matches, and nothing else counts (option regex).
    """

    expression: re.Pattern[str] | None = None

    def in_file(self, line: bytes) -> str | None:
        """Look at a line of a file or of a pipe, without its end."""
        return self._read(line, IN_FILE)

    def in_datagram(self, datagram: bytes) -> str | None:
        """Look at what syslog(3) or a syslog daemon sends."""
        return self._read(datagram.rstrip(b"\0\n"), IN_DATAGRAM)

    def in_journal(self, identifier: str, message: bytes) -> str | None:
        """Look at an entry of the journal: the message alone, or a line with its header from standard error."""
        if self.expression is None and IDENTIFIER.fullmatch(identifier) is None:
            return None
        return self._read(message, None) or self._read(message, IN_FILE)

    def _read(self, octets: bytes, header: re.Pattern[str] | None) -> str | None:
        if len(octets) > LONGEST or (self.expression is None and HINT not in octets):
            return None
        line = octets.decode("latin-1")  # to match an octet is to match a letter
        if CONTROL.search(line):
            return None
        if self.expression is not None:
            found = self.expression.search(line)
            return without_port(found[1] or "") if found else None
        start = 0
        if header is not None:
            head = header.match(line)
            if head is None:
                return None
            start = head.end()
        found = AUTH.fullmatch(line, start) or OLD_AUTH.fullmatch(line, start)
        return canonical(found["address"]) if found else None


def expression(text: str) -> re.Pattern[str]:
    """Read option regex.

    Raises:
        ValueError: with the expectation.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression of Python ({error})") from None
    if not pattern.groups:
        raise ValueError("a regular expression with the address as its first group")
    return pattern
