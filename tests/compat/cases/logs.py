"""The log: which lines, and where they go (reference 1.5, 6)."""

from typing import Final

from tests.compat.case import Case, Real, log_in
from tests.compat.plays import (
    logs_lines,
    logs_to_file,
    logs_to_standard_output,
    logs_to_syslog,
    repeats_auth,
    says_at_start,
)

POP3: Final = log_in("POP3")
BAD: Final = log_in("POP3", "bad")
END: Final = {"POP3": "QUIT", "POP3S": "QUIT", "IMAP4": "z LOGOUT", "IMAP4S": "z LOGOUT", "MANAGESIEVE": "LOGOUT"}
MODES: Final = ("never", "fail", "ok", "always", "ALWAYS")

CASES: Final = (
    Case(id="log-quiet", title="quiet: errors only", options=("-q",), client=(*POP3, "QUIT")),
    Case(id="log-quiet-error", title="quiet: the errors", options=("--quiet",), client=("USER joe",)),
    Case(id="log-quiet-debug", title="debug counts before quiet", options=("-q", "-d"), client=(*POP3, "QUIT")),
    Case(id="log-passwd-no-debug", title="log_passwd without debug", options=("--log_passwd", "always"),
         client=(*BAD, *POP3, "QUIT")),
    *(Case(id=f"log-passwd-{mode}", title=f"log_passwd {mode} with debug", options=("--log_passwd", mode, "-d"),
           client=(*BAD, *POP3, "QUIT")) for mode in MODES),
    Case(id="log-names", title="names with quotes, backslashes and blanks", protocol="IMAP4",
         client=(r'a LOGIN "jo\"e \\x server=" secret', "z LOGOUT")),
    Case(id="log-null-after-user", title="QUIT behind USER: no id is shown", client=("USER joe", "QUIT")),
    Case(id="log-counts", title="received and sent", client=(*POP3, "X" * 3000, "STAT", "QUIT")),
    Case(id="log-relog", title="connect_relog: the same line again", options=("--connect_relog", "1"),
         play=repeats_auth),
    Case(id="log-syslog", title="syslog: facility, priorities, ident", client=(*POP3, "QUIT"),
         play=logs_to_syslog("mail"), mounts=True),
    Case(id="log-syslog-local3", title="syslog: another facility", client=("USER joe",),
         play=logs_to_syslog("local3"), mounts=True),
    Case(id="log-syslog-security", title="syslog: another name of a facility", client=("USER joe",),
         play=logs_to_syslog("security"), mounts=True),
    Case(id="log-syslog-debug", title="syslog with debug", options=("-d",), client=(*BAD, "QUIT"),
         play=logs_to_syslog("mail"), mounts=True),
    Case(id="log-stdout", title="a log on standard output", client=(*POP3, "QUIT"), play=logs_to_standard_output("-")),
    Case(id="log-stdout-rest", title="only the first character counts", client=(*POP3, "QUIT"),
         play=logs_to_standard_output("-x")),
    Case(id="log-file", title="a log in a file", client=(*POP3, "QUIT"), play=logs_to_file),
    Case(id="log-ipv6", title="IPv6 addresses have no brackets", options=("--bind_address", "[::1]"), bind=False,
         host="::1",
         client=(*POP3, "QUIT")),
    Case(id="log-ipv4-on-ipv6", title="a client of IPv4 on all of IPv6", options=("--bind_address", "[::]"), bind=False,
         client=(*POP3, "QUIT")),
    *(Case(id=f"log-port-{protocol.lower()}", title="the name of a standard port", protocol=protocol, server="",
           options=("--ssl_mode", "none"), lookup=True, client=(*log_in(protocol), END[protocol]))
      for protocol in END),
    Case(id="log-port-number", title="a number stays a number", server="", options=("-p", "143"), lookup=True,
         client=(*POP3, "QUIT")),
    Case(id="log-port-alias", title="another name of a service stays", server="", options=("-p", "imap2"), lookup=True,
         client=(*POP3, "QUIT")),
    Case(id="log-port-name", title="a name stays a name, with no_lookup, too", server="", options=("-p", "imap2"),
         client=(*POP3, "QUIT")),
    Case(id="log-port-real", title="a server with its port", lookup=True, client=(*POP3, "QUIT")),
    Case(id="log-lines", title="connection_logging", options=("-C", "-d"), client=(*POP3, "STAT", "QUIT"),
         play=logs_lines),
    Case(id="log-lines-no-debug", title="connection_logging without debug", options=("-C",), client=(*POP3, "QUIT"),
         play=logs_lines),
    Case(id="log-starting", title="the first lines with debug", options=("-d",), play=says_at_start),
    Case(id="log-user-refused", title="the real server refuses USER", real=Real(user="-ERR no"),
         client=(*POP3, "QUIT")),
)  # fmt: skip
