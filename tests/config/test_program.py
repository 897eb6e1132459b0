"""What the program's name says."""

import pytest

from perdition.config.program import program
from perdition.config.values import Protocol

NAMES = {
    "perdition": None,
    "/usr/sbin/perdition": None,
    "/usr/sbin/perdition.pop3": Protocol.POP3,
    "perdition.pop3s": Protocol.POP3S,
    "perdition.imap4": Protocol.IMAP4,
    "perdition.imap4s": Protocol.IMAP4S,
    "perdition.imaps": Protocol.IMAP4S,
    "perdition.managesieve": Protocol.MANAGESIEVE,
    "perdition.imap": None,
    "": None,
}


@pytest.mark.parametrize(("name", "protocol"), NAMES.items())
def test_protocol(name: str, protocol: Protocol | None) -> None:
    assert program(name).protocol is protocol


PID_FILES = {
    "/usr/sbin/perdition.imaps": "/var/run/perdition.imaps/perdition.imaps.pid",
    "/lib/perdition/__main__.py": "/var/run/perdition/perdition.pid",
    "": "/var/run/perdition/perdition.pid",
}


@pytest.mark.parametrize(("name", "file"), PID_FILES.items())
def test_pid_file(name: str, file: str) -> None:
    assert program(name).pid_file == file


FILES = {
    "perdition": ["perdition.pop3.conf", "perdition.conf"],
    "perdition.imaps": ["perdition.imaps.conf", "perdition.imap4s.conf", "perdition.conf"],
    "perdition.pop3": ["perdition.pop3.conf", "perdition.pop3.conf", "perdition.conf"],
    "mailproxy": ["mailproxy.conf", "perdition.pop3.conf", "perdition.conf"],
}


@pytest.mark.parametrize(("name", "files"), FILES.items())
def test_config_files(name: str, files: list[str]) -> None:
    assert list(program(name).config_files("/etc/perdition")) == [f"/etc/perdition/{file}" for file in files]
