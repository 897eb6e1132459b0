"""SIGHUP: log, configuration, maps and certificates are read again; what cannot be read leaves all as it was."""

import os
import pwd
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import trustme

from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import Account, Imap4
from tests.io_trio.proxy import COMMAND, ROOT, Leg, Proxy, eventually, listening, write_configuration
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import PATIENCE, RealServer, call
from tests.ports import free_port

DONE = "Reloaded the configuration, maps and certificates"
STAYS = "everything stays as it was"
IS_ROOT = os.geteuid() == 0


def hang_up(proxy: Proxy, *words: str) -> str:
    """Send SIGHUP, and wait for a new line with these words."""
    before = len(proxy.lines_with(*words))
    proxy.process.send_signal(signal.SIGHUP)
    eventually(lambda: len(proxy.lines_with(*words)) > before, f"a line with {words}")
    return proxy.lines_with(*words)[-1]


@pytest.fixture
def real(certificates: Certificates) -> Iterator[RealServer]:
    with real_server(Imap4(), "", Account(), certificates) as server:
        yield server


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that other users may enter."""
    with tempfile.TemporaryDirectory(prefix="perdition-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


# --- maps


def test_a_map_is_read_again_and_a_broken_one_is_not(
    tmp_path: Path, certificates: Certificates, real: RealServer
) -> None:
    dialect = Imap4()
    popmap = tmp_path / "popmap.re"
    file = write_configuration(tmp_path, (Leg("IMAP4"),))
    with (
        Proxy(f"--config_file={file}") as proxy,
        reach(proxy.ports[0], dialect, "", certificates) as talk,
    ):
        refused = dialect.log_in(talk, b"moved")
        popmap.write_text(f"^moved$: joe@127.0.0.1:{real.port}\n")
        hang_up(proxy, DONE)
        popmap.write_text("lone-word\n")
        complaint = hang_up(proxy, STAYS)
        accepted = dialect.log_in(talk, b"moved")

        assert not dialect.is_yes(refused)
        assert complaint.endswith(
            f"option map_library_opt: posix_regex: {popmap}:1: expected a pattern and a substitution, found one word; "
            + STAYS
        )
        assert dialect.is_yes(accepted)
        assert proxy.lines_with(f'Reloading map library "posix_regex" with options "{popmap}"')


def test_the_options_of_a_map_that_may_hold_a_password_are_not_logged(tmp_path: Path) -> None:
    file = write_configuration(tmp_path, (Leg("IMAP4"),))
    text = file.read_text().replace("posix_regex", "redis")
    lines = [line for line in text.splitlines() if not line.startswith("map_library_opt")]
    file.write_text('map_library_opt = "redis://:s3cret-7@127.0.0.1:1/0?key=popmap:{key}"\n' + "\n".join(lines))
    with Proxy(f"--config_file={file}") as proxy:
        hang_up(proxy, DONE)

        assert proxy.lines_with('Reloading map library "redis" with options "***"')
        assert not proxy.lines_with("s3cret-7")


# --- certificates


def shown_by(port: int, certificates: Certificates) -> bytes:
    """Give the certificate that a listener shows."""
    with call(port) as talk:
        talk.connect_tls(certificates.client)
        assert isinstance(talk.sock, ssl.SSLSocket)
        return talk.sock.getpeercert(binary_form=True) or b""


@attrs.frozen
class Pem:
    """A certificate with its key in one file."""

    file: Path

    def renew(self, certificates: Certificates, mode: int = 0o644) -> None:
        issued = certificates.authority.issue_cert("localhost", "127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(self.file)
        self.file.chmod(mode)

    @property
    def options(self) -> tuple[str, ...]:
        return (f'ssl_cert_file = "{self.file}"', f'ssl_key_file = "{self.file}"')


def test_a_new_certificate_is_shown_and_sessions_keep_the_old_one(
    tmp_path: Path, certificates: Certificates, real: RealServer
) -> None:
    dialect, pem = Imap4(), Pem(tmp_path / "both.pem")
    pem.renew(certificates)
    file = write_configuration(tmp_path, (Leg("IMAP4", "ssl"),), *pem.options)
    with Proxy(f"--config_file={file}") as proxy, reach(proxy.ports[0], dialect, "ssl", certificates) as session:
        dialect.log_in(session, b"joe-%d" % real.port)
        first = shown_by(proxy.ports[0], certificates)
        pem.renew(certificates)

        assert shown_by(proxy.ports[0], certificates) == first

        hang_up(proxy, DONE)
        second = shown_by(proxy.ports[0], certificates)
        session.say(b"still here\r\n")

        assert session.line() == b"still here\r\n"
        assert second != first

        pem.file.write_text("garbage")
        complaint = hang_up(proxy, STAYS)

        assert f"option ssl_cert_file: {pem.file}" in complaint
        assert shown_by(proxy.ports[0], certificates) == second


def test_trust_in_real_servers_is_read_again(tmp_path: Path, certificates: Certificates) -> None:
    dialect, authority = Imap4(), tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    file = write_configuration(tmp_path, (Leg("IMAP4", "", "ssl"),), f'ssl_ca_file = "{authority}"')
    with (
        real_server(dialect, "ssl", Account(), certificates) as real,
        Proxy(f"--config_file={file}") as proxy,
    ):
        with reach(proxy.ports[0], dialect, "", certificates) as talk:
            refused = dialect.log_in(talk, b"joe-%d" % real.port)
        certificates.authority.cert_pem.write_to_path(authority)
        hang_up(proxy, DONE)
        with reach(proxy.ports[0], dialect, "", certificates) as talk:
            accepted = dialect.log_in(talk, b"joe-%d" % real.port)

        assert not dialect.is_yes(refused)
        assert dialect.is_yes(accepted)


# --- options and listeners


def test_options_change_for_those_who_come_then(tmp_path: Path, certificates: Certificates, real: RealServer) -> None:
    file = write_configuration(tmp_path, (Leg("IMAP4"),))
    with Proxy(f"--config_file={file}") as proxy, reach(proxy.ports[0], Imap4(), "", certificates) as session:
        Imap4().log_in(session, b"joe-%d" % real.port)
        file.write_text('ok_line = "Come in"\nconnection_limit = 2\n' + file.read_text())
        hang_up(proxy, DONE)
        with reach(proxy.ports[0], Imap4(), "", certificates) as talk:
            answer = Imap4().log_in(talk, b"joe-%d" % real.port)
            with call(proxy.ports[0]) as third:  # who was there before counts, too
                refusal = third.rest()

        assert b"Come in" in answer
        assert Imap4().is_bye(refusal)
        assert listening(proxy.pid) == proxy.ports


def test_listeners_come_and_go_and_sessions_stay(tmp_path: Path, certificates: Certificates, real: RealServer) -> None:
    kept, gone, new = free_port(), free_port(), free_port()

    def write(*listeners: tuple[str, int]) -> Path:
        legs = [Leg(protocol, options=(f"listen_port = {port}",)) for protocol, port in listeners]
        return write_configuration(tmp_path, tuple(legs))

    file = write(("IMAP4", kept), ("IMAP4", gone))
    with Proxy(f"--config_file={file}") as proxy, reach(gone, Imap4(), "", certificates) as session:
        Imap4().log_in(session, b"joe-%d" % real.port)
        write(("POP3", new), ("IMAP4", kept))
        hang_up(proxy, DONE)
        eventually(lambda: sorted(listening(proxy.pid)) == sorted((kept, new)), "other listeners")
        session.say(b"still here\r\n")

        assert session.line() == b"still here\r\n"

        with call(new) as talk:
            assert talk.line().startswith(b"+OK POP3 ")
        with reach(kept, Imap4(), "", certificates) as talk:
            assert Imap4().is_yes(Imap4().log_in(talk, b"joe-%d" % real.port))


def test_one_who_has_yet_to_log_in_at_a_listener_that_is_gone_is_refused(
    tmp_path: Path, certificates: Certificates, real: RealServer
) -> None:
    kept, gone = free_port(), free_port()
    legs = tuple(Leg("IMAP4", options=(f"listen_port = {port}",)) for port in (kept, gone))
    file = write_configuration(tmp_path, legs)
    with Proxy(f"--config_file={file}") as proxy, reach(gone, Imap4(), "", certificates) as talk:
        write_configuration(tmp_path, legs[:1])
        hang_up(proxy, DONE)
        answer = Imap4().log_in(talk, b"joe-%d" % real.port)

    assert b"[UNAVAILABLE]" in answer


def test_nothing_changes_if_anything_is_wrong_and_each_error_has_its_line(
    tmp_path: Path, certificates: Certificates
) -> None:
    free, gone = free_port(), free_port()
    with socket.create_server(("127.0.0.1", 0)) as other:
        used = other.getsockname()[1]
        file = write_configuration(tmp_path, (Leg("POP3", options=(f"listen_port = {gone}",)),))
        before = file.read_text()
        with Proxy(f"--config_file={file}") as proxy:
            descriptors = proxy.descriptors_at_rest()
            legs = (
                Leg("POP3", options=(f"listen_port = {free}", 'ok_line = "Come in"')),
                Leg("IMAP4", options=(f"listen_port = {used}", 'further_map = ["posix_regex:/none"]')),
                Leg("MANAGESIEVE", "ssl", options=('ssl_cert_file = "/none.pem"',)),
            )
            write_configuration(tmp_path, legs)
            hang_up(proxy, "ssl_cert_file", STAYS)
            eventually(lambda: len(proxy.lines_with(STAYS)) == 3, "three lines")

            assert proxy.lines_with("option further_map: posix_regex: /none: ")
            assert proxy.lines_with("option ssl_cert_file: cannot read /none.pem: ")
            assert proxy.lines_with(f"cannot listen on 127.0.0.1:{used}: address already in use")
            assert listening(proxy.pid) == [gone]
            assert proxy.descriptors_at_rest() == descriptors

            file.write_text('timeout = "soon"\n' + before)
            complaint = hang_up(proxy, "timeout")

            assert complaint.endswith(STAYS)
            assert str(file) in complaint

            file.write_text(before)
            hang_up(proxy, DONE)

            assert listening(proxy.pid) == [gone]
            assert proxy.descriptors_at_rest() == descriptors


def test_what_counts_at_the_start_only_is_named(tmp_path: Path) -> None:
    file = write_configuration(tmp_path, (Leg("POP3"),))
    with Proxy(f"--config_file={file}") as proxy:
        file.write_text("no_daemon = true\n" + file.read_text())
        line = hang_up(proxy, "from the next start on")
        hang_up(proxy, "from the next start on")

        assert line.endswith("changed, and in force from the next start on: no_daemon")


# --- the log


def started_with_log(folder: Path, file: Path, *options: str) -> subprocess.Popen[bytes]:
    log = folder / "log"
    process = subprocess.Popen(
        [
            *COMMAND,
            f"--config_file={file}",
            "--no_daemon",
            f"--log_facility={log}",
            "--pid_file=",
            "--workers=1",
            *options,
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    eventually(lambda: bool(listening(process.pid)), "the daemon to listen")
    eventually(lambda: log.exists(), "the log")
    return process


def test_the_log_is_opened_by_its_name_again_for_logrotate(tmp_path: Path) -> None:
    file = write_configuration(tmp_path, (Leg("POP3"),))
    log, rotated = tmp_path / "log", tmp_path / "log.1"
    process = started_with_log(tmp_path, file, "--username=root", "--group=root")
    try:
        log.rename(rotated)
        with call(listening(process.pid)[0]) as talk:
            talk.line()
        eventually(lambda: "Connect: " in rotated.read_text(), "the line in the old file")
        process.send_signal(signal.SIGHUP)
        eventually(lambda: log.exists() and DONE in log.read_text(), "the new file")
        with call(listening(process.pid)[0]) as talk:
            talk.line()
        eventually(lambda: "Connect: " in log.read_text(), "the line in the new file")
        file.write_text("quiet = true\n" + file.read_text())
        process.send_signal(signal.SIGHUP)
        eventually(lambda: log.read_text().count("Reopened logger") == 2, "a second time")
        with call(listening(process.pid)[0]) as talk:
            talk.line()
        process.terminate()

        assert process.wait(PATIENCE) == 0
        assert log.read_text().count("Connect: ") == 1
        assert "Reopened logger" in log.read_text()
        assert DONE not in rotated.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_what_nobody_may_read_stays_and_the_rest_is_read_again(open_folder: Path, certificates: Certificates) -> None:
    """Key, log and configuration are root's; the map is not, and is what an administrator reloads for."""
    tmp_path = open_folder
    pem, log, popmap = Pem(tmp_path / "both.pem"), tmp_path / "log", tmp_path / "popmap.re"
    log.write_text("")
    log.chmod(0o600)
    pem.renew(certificates, 0o600)
    file = write_configuration(tmp_path, (Leg("IMAP4", "ssl"),), *pem.options)
    file.chmod(0o600)
    process = started_with_log(tmp_path, file)
    try:
        eventually(lambda: f"Uid:\t{pwd.getpwnam('nobody').pw_uid}" in status_of(process.pid), "nobody")
        port = listening(process.pid)[0]
        first = shown_by(port, certificates)
        pem.renew(certificates, 0o600)
        with real_server(Imap4(), "", Account(), certificates) as real:
            popmap.write_text(f"^moved$: joe@127.0.0.1:{real.port}\n")
            process.send_signal(signal.SIGHUP)
            eventually(lambda: "Reloaded maps\n" in log.read_text(), "the end of it, which claims no more")
            with reach(port, Imap4(), "ssl", certificates) as talk:
                answer = Imap4().log_in(talk, b"moved")

        assert Imap4().is_yes(answer)
        assert shown_by(port, certificates) == first
        assert f"option config_file: cannot read {file}: Permission denied; what was" in log.read_text()
        assert f"cannot read {pem.file}: Permission denied; what was read before stays in force" in log.read_text()
        assert "Reopened logger" in log.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_the_password_of_a_map_that_nobody_may_read_stays_and_the_rest_is_read_again(
    open_folder: Path, certificates: Certificates
) -> None:
    """It was an error, and nothing at all was read again."""
    log, popmap, password = (open_folder / name for name in ("log", "popmap.re", "password"))
    log.write_text("")
    password.write_text("canary\n")
    password.chmod(0o600)
    # The database is asked for nobody whom the file knows.
    database = f"redis:redis+unix:///no/such?password_file={password}"
    file = write_configuration(open_folder, (Leg("IMAP4"),), f"further_map = ['{database}']")
    process = started_with_log(open_folder, file)
    try:
        eventually(lambda: f"Uid:\t{pwd.getpwnam('nobody').pw_uid}" in status_of(process.pid), "nobody")
        port = listening(process.pid)[0]
        with real_server(Imap4(), "", Account(), certificates) as real:
            popmap.write_text(f"^moved$: joe@127.0.0.1:{real.port}\n")
            process.send_signal(signal.SIGHUP)
            eventually(lambda: DONE in log.read_text(), "the end of it")
            with reach(port, Imap4(), "", certificates) as talk:
                answer = Imap4().log_in(talk, b"moved")

        assert Imap4().is_yes(answer)
        line = f"password_file {password}: cannot be read: Permission denied; what was read before stays in force"
        assert log.read_text().count(line) == 1
        assert "canary" not in log.read_text()
    finally:
        process.kill()
        process.wait()


def status_of(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


def test_while_sessions_run_on_only_the_log_is_opened_again(
    tmp_path: Path, certificates: Certificates, real: RealServer
) -> None:
    file = write_configuration(tmp_path, (Leg("IMAP4"),))
    with Proxy(f"--config_file={file}") as proxy, reach(proxy.ports[0], Imap4(), "", certificates) as session:
        Imap4().log_in(session, b"joe-%d" % real.port)
        proxy.process.send_signal(signal.SIGTERM)
        eventually(lambda: not listening(proxy.pid), "the listeners to be closed")
        hang_up(proxy, "Reopened logger")
        session.close()

        assert proxy.wait() == 0
        assert not proxy.lines_with(DONE)
