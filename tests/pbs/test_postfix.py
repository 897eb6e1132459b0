"""A real Postfix lets those relay who have logged in, and no others, by the lines of docs/pop-before-smtp.md."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.machine import ROOT
from tests.pbs.postfix import Postfix, postfix
from tests.pbs.running import Pbs, append, eventually, line, pbs, place
from tests.pbs.stores import sqlite_option

PAGE = (ROOT / "docs" / "pop-before-smtp.md").read_text()
KNOWN, STRANGER = "127.0.0.2", "127.0.0.3"
REFUSED = "Relay access denied"


def snippet() -> str:
    """Give the lines of the page for main.cf."""
    found = re.search(r"```\n# /etc/postfix/main.cf\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "mail.log"
    file.touch()
    return file


@pytest.fixture
def daemon(log: Path, tmp_path: Path) -> Iterator[Pbs]:
    listen = ("--socketmap", "127.0.0.1:0", "--tcp_table", "127.0.0.1:0")
    with pbs("-L", str(log), "--store", sqlite_option(tmp_path), *listen) as running:
        yield running


def becomes_accepted(server: Postfix) -> None:
    eventually(lambda: server.rcpt(KNOWN)[0] == 250, "still refused")


def test_the_lines_of_the_page(daemon: Pbs, log: Path) -> None:
    """Refused, then a log-in, then accepted; for others nothing changes; and refused when the hour is over."""
    lines = snippet()
    assert "socketmap:inet:127.0.0.1:10046:pbs" in lines
    with postfix(lines.replace("127.0.0.1:10046", place(daemon, "socketmap"))) as server:
        before = [server.rcpt(KNOWN), server.rcpt(KNOWN, "ann@example.org")]
        append(log, line(KNOWN, status="failed: Re-Authentication Failure"))
        append(log, line("192.0.2.7", name=f'x" {line(KNOWN).strip()}'))
        daemon.wait_for("Log-in from 192.0.2.7")
        forged = server.rcpt(KNOWN)
        append(log, line(KNOWN))
        becomes_accepted(server)
        stranger = server.rcpt(STRANGER)
        assert daemon.stop() == 0
        away = server.rcpt(KNOWN)

    assert before[0][0] == forged[0] == stranger[0] == 554
    assert REFUSED in before[0][1]
    assert before[1][0] == 250
    assert away[0] == 451


def test_tcp_table(daemon: Pbs, log: Path) -> None:
    table = f"tcp:{place(daemon, 'tcp_table')}"
    with postfix(snippet().replace("socketmap:inet:127.0.0.1:10046:pbs", table)) as server:
        before = server.rcpt(KNOWN)
        append(log, line(KNOWN))
        becomes_accepted(server)
        stranger = server.rcpt(STRANGER)

    assert before[0] == stranger[0] == 554


def test_a_berkeley_db_file(log: Path, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postfix(""))  # its folder is one that Postfix can reach
        path = server.folder / "popauth.db"
        listen = ("-D", str(path), "-p", "")
        daemon = stack.enter_context(pbs("-L", str(log), "--store", sqlite_option(tmp_path), *listen))
        eventually(path.exists, daemon.log)
        by_file = snippet().replace("socketmap:inet:127.0.0.1:10046:pbs", f"hash:{server.folder}/popauth")
        with postfix(by_file) as other:
            before = other.rcpt(KNOWN)
            append(log, line(KNOWN))
            becomes_accepted(other)
            stranger = other.rcpt(STRANGER)

    assert before[0] == stranger[0] == 554


def test_postmap_asks(daemon: Pbs, log: Path, tmp_path: Path) -> None:
    path = tmp_path / "s"
    tables = [f"socketmap:inet:{place(daemon, 'socketmap')}:pbs", f"tcp:{place(daemon, 'tcp_table')}"]
    with postfix("") as server, pbs("-L", "", "--store", sqlite_option(tmp_path), "--socketmap", str(path)):
        tables.append(f"socketmap:unix:{path}:any")
        append(log, line("192.0.2.7") + line("2001:db8::7"))
        eventually(lambda: bool(server.query(tables[0], "2001:db8::7")), daemon.log)
        keys = ("192.0.2.7", "192.0.2.8", "2001:db8::7", "192.0.2", "unknown", "a b%20c", "2001:db8")
        answers = [server.query(table, *keys) for table in tables]

    assert answers == [["192.0.2.7\tOK", "2001:db8::7\tOK"]] * 3
