"""Ways to run, signals, limits (reference 7)."""

import signal
from typing import Final

from tests.compat.case import Case, Popmap, Real, Tls, log_in
from tests.compat.cases.tls import CERT, UNVERIFIED
from tests.compat.plays import (
    by_name,
    ends_with_a_session,
    fails_in_background,
    finds,
    has_pid_file,
    hears,
    is_full,
    keeps_alive,
    logs_in_background,
    makes_gdbm,
    rereads_its_map,
    runs_in_background,
    serves_one,
)

POP3: Final = log_in("POP3")
A_AND_B: Final = Popmap("posix_regex", "^a: 127.0.0.1:{real}\n")
# argv[0], and what is in /etc/perdition; the protocol is said by an option.
FILES: Final = (
    ("general", "perdition", ("perdition.conf", "perdition.imap4.conf")),
    ("default-protocol", "perdition", ("perdition.conf", "perdition.pop3.conf")),
    ("own-name", "perdition.imaps", ("perdition.conf", "perdition.imaps.conf", "perdition.imap4s.conf")),
    ("own-protocol", "perdition.imaps", ("perdition.conf", "perdition.imap4s.conf")),
    ("other-name", "mail-proxy", ("perdition.conf", "mail-proxy.conf", "perdition.pop3.conf")),
    ("other-protocol", "mail-proxy", ("perdition.conf", "perdition.pop3.conf")),
    ("none", "perdition", ("perdition.imap4.conf",)),
)

CASES: Final = (
    Case(id="name-pop3", title="started as perdition.pop3", client=("QUIT",), play=by_name("perdition.pop3")),
    Case(id="name-imap4", title="started as perdition.imap4", protocol="IMAP4", client=("a LOGOUT",),
         play=by_name("perdition.imap4")),
    Case(id="name-managesieve", title="started as perdition.managesieve", protocol="MANAGESIEVE", client=("LOGOUT",),
         play=by_name("perdition.managesieve")),
    Case(id="name-imaps", title="started as perdition.imaps: TLS on both sides", protocol="IMAP4S",
         options=(*CERT, *UNVERIFIED), real=Real(tls=True), client=(Tls(), *log_in("IMAP4"), "z LOGOUT"),
         play=by_name("perdition.imaps")),
    Case(id="name-other", title="started under any other name", client=("QUIT",), play=by_name("mail-proxy")),
    Case(id="run-daemon", title="a daemon: launcher, pid file, SIGTERM", play=runs_in_background),
    Case(id="run-daemon-file", title="a daemon that logs to a file", play=logs_in_background),
    Case(id="run-daemon-user", title="a daemon with an unknown user", options=("-u", "no-such-user"),
         play=fails_in_background),
    Case(id="run-inetd", title="inetd_mode", client=(*POP3, "STAT", "QUIT"), play=serves_one),
    Case(id="run-term", title="SIGTERM with a session", play=ends_with_a_session),
    Case(id="run-hup", title="SIGHUP: the map is read again", server="", popmap=A_AND_B,
         play=rereads_its_map("^b: 127.0.0.1:{real}\n")),
    Case(id="run-hup-broken", title="SIGHUP: the map is broken", server="", popmap=A_AND_B,
         play=rereads_its_map("^[b: 127.0.0.1:{real}\n")),
    Case(id="run-limit", title="connection_limit is reached", options=("-L", "1"), play=is_full),
    Case(id="run-keepalive", title="tcp_keepalive", options=("--tcp_keepalive",), play=keeps_alive),
    Case(id="run-no-keepalive", title="no tcp_keepalive", play=keeps_alive),
    *(Case(id=f"run-{number.name.lower()}", title=f"{number.name} while nobody is there", play=hears(number))
      for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE)),
    Case(id="pid-none", title="the pid file in the foreground", play=has_pid_file(None)),
    Case(id="pid-dead", title="a pid file of a process that is dead", play=has_pid_file("{dead}")),
    Case(id="pid-alive", title="a pid file of a process that lives", play=has_pid_file("{me}")),
    Case(id="pid-empty", title="an empty pid file", play=has_pid_file("")),
    Case(id="pid-words", title="a pid file without a number", play=has_pid_file("abc")),
    *(Case(id=f"file-{case_id}", title=f"the file that {name} reads", client=(*POP3, "QUIT"),
           play=finds(name, *files), mounts=True)
      for case_id, name, files in FILES),
    Case(id="run-makegdbm", title="makegdbm: double and bad lines, --undo", play=makes_gdbm),
)  # fmt: skip
