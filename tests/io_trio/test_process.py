"""Ways to run: in the background, with a pid file, as an ordinary user; what goes wrong is heard by who started it."""

import contextlib
import grp
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest
import trustme

from perdition.io_trio.pid_file import PidFile, PidFileError
from perdition.io_trio.privileges import Account, NoSuchAccount
from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import Account as MailAccount
from tests.io_trio.dialects import Pop3
from tests.io_trio.proxy import ROOT, eventually, listening
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import PATIENCE, call
from tests.ports import free_port

IS_ROOT: Final = os.geteuid() == 0
NOBODY: Final = pwd.getpwnam("nobody")
DEAD: Final = 4194303  # beyond what pids reach here


@attrs.frozen
class Background:
    """A daemon that may have been started in the background."""

    folder: Path
    started: subprocess.CompletedProcess[str]

    @property
    def pid_file(self) -> Path:
        return self.folder / "run" / "perdition.pid"

    @property
    def pid(self) -> int:
        pid = int(self.pid_file.read_text())
        assert pid > 1  # 0 and -1 would be everybody, where a signal is sent
        return pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def status(self, name: str) -> list[str]:
        """Give the words of a line of /proc/PID/status."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return line.split()[1:]
        raise AssertionError(name)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that other users may enter."""
    with tempfile.TemporaryDirectory(prefix="perdition-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextlib.contextmanager
def background(folder: Path, *options: str) -> Iterator[Background]:
    """Start it as an init script does, and see to it that it ends."""
    fixed = ["--config_file=", f"--log_facility={folder}/log", f"--pid_file={folder}/run/perdition.pid", "--no_lookup"]
    fixed += ["--map_library=", "--bind_address=127.0.0.1", "--listen_port=0", "--workers=1"]
    started = subprocess.run(
        [sys.executable, "-m", "perdition.io_trio", *fixed, *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    daemon = Background(folder, started)
    try:
        yield daemon
    finally:
        if started.returncode == 0:  # else the number in the file is anybody's
            end(daemon)


def end(daemon: Background) -> None:
    """Kill it, if its file still names it."""
    with contextlib.suppress(FileNotFoundError):
        pid = daemon.pid
        assert b"perdition.io_trio" in Path(f"/proc/{pid}/cmdline").read_bytes()
        os.kill(pid, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waits for yet has ended, too."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def test_a_daemon_serves_behind_the_back_of_who_started_it(folder: Path) -> None:
    with background(folder) as daemon:
        assert (daemon.started.returncode, daemon.started.stdout, daemon.started.stderr) == (0, "", "")
        pid = daemon.pid
        descriptors = {os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)}
        with call(listening(pid)[0]) as talk:
            greeting = talk.line()

        assert greeting.startswith(b"+OK POP3 ")
        assert os.getsid(pid) not in (os.getsid(0), pid)  # a session of its own, and no way to get a terminal
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        assert descriptors == {"/dev/null"}
        assert "Starting perdition version=" in daemon.log
        assert f"perdition-trio[{pid}]: Connect: " in daemon.log

        os.kill(pid, signal.SIGTERM)
        eventually(lambda: is_gone(pid), "the daemon to end")

        assert not daemon.pid_file.exists()
        assert "Exiting on signal 15" in daemon.log


def test_a_new_daemon_may_start_while_the_sessions_of_the_old_one_run_on(
    folder: Path, certificates: Certificates
) -> None:
    """The pid file goes with the listeners, and the end of the old one does not take that of the new one."""
    port, dialect = free_port(), Pop3()
    with real_server(dialect, "", MailAccount(), certificates) as real:
        options = (f"--bind_address=127.0.0.1:{port}", f"--outgoing_server=127.0.0.1:{real.port}", "--workers=1")
        with background(folder, *options) as daemon, reach(port, dialect, "", certificates) as session:
            old = daemon.pid
            dialect.log_in(session, b"joe")
            os.kill(old, signal.SIGTERM)
            eventually(lambda: not daemon.pid_file.exists(), "the pid file to go")

            assert listening(old) == []

            with background(folder, *options) as other:
                new = other.pid
                session.say(b"still here\r\n")

                assert session.line() == b"still here\r\n"
                assert listening(new) == [port]

                session.close()
                eventually(lambda: is_gone(old), "the old daemon to end")

                assert other.pid == new
                assert listening(new) == [port]
            daemon.pid_file.unlink()


def test_a_starter_that_waits_for_the_end_of_its_pipes_does_not_wait_for_ever(folder: Path) -> None:
    reader, writer = os.pipe()
    options = ["--config_file=", f"--log_facility={folder}/log", f"--pid_file={folder}/run/perdition.pid"]
    options += ["--map_library=", "--bind_address=127.0.0.1", "--listen_port=0"]
    command = [sys.executable, "-m", "perdition.io_trio", *options]
    subprocess.run(command, cwd=ROOT, pass_fds=[writer], timeout=PATIENCE, check=True)
    os.close(writer)
    daemon = Background(folder, subprocess.CompletedProcess([], 0))
    try:
        assert os.read(reader, 1) == b""  # nobody holds the other end
    finally:
        os.close(reader)
        end(daemon)


ERRORS: Final = {
    "port in use": (
        "--listen_port={port}",
        "options bind_address and listen_port: cannot listen on 127.0.0.1:{port}: ",
    ),
    "no such user": ("--username=nobody-at-all", 'option username: expected a user, not "nobody-at-all"'),
    "no such group": ("--group=no-such-group", 'option group: expected a group, not "no-such-group"'),
    "pid file in no folder": ("--pid_file=/no/such/folder/pid", "option pid_file: /no/such/folder/pid: "),
    "log": ("--log_facility=/no/such/folder/log", "option log_facility: /no/such/folder/log: "),
    "map": ("--map_library=posix_regex --map_library_opt=/no/such", "option map_library_opt: posix_regex: /no/such: "),
    "certificate": ("--ssl_mode=ssl_listen", "option ssl_cert_file: "),
}
NEEDS_ROOT: Final = {"no such user", "no such group"}


@pytest.mark.parametrize("name", [name for name in ERRORS if IS_ROOT or name not in NEEDS_ROOT])
def test_what_goes_wrong_is_told_to_who_started_it(folder: Path, name: str) -> None:
    option, complaint = ERRORS[name]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with background(folder, *option.format(port=port).split()) as daemon:
            started = daemon.started

            assert started.returncode == 1
            assert started.stdout == ""
            assert started.stderr.startswith(f"perdition-trio: {complaint.format(port=port)}"), started.stderr
            assert started.stderr.count("\n") == 1
            assert not daemon.pid_file.exists()


@pytest.mark.parametrize("content", ["{ours}", "", "joe", "0", "-1", "99999999999999999999"])
def test_a_pid_file_that_somebody_has_or_that_makes_no_sense_is_left_alone(folder: Path, content: str) -> None:
    (folder / "run").mkdir()
    content = content.format(ours=os.getpid())
    (folder / "run" / "perdition.pid").write_text(content)
    with background(folder) as daemon:
        assert daemon.started.returncode == 1
        assert str(daemon.pid_file) in daemon.started.stderr
        assert daemon.pid_file.read_text() == content


def test_the_pid_file_of_a_process_that_is_gone_is_replaced(folder: Path) -> None:
    (folder / "run").mkdir(mode=0o777)
    (folder / "run").chmod(0o777)
    (folder / "run" / "perdition.pid").write_text(f"{DEAD}\n")
    with background(folder) as daemon:
        assert daemon.started.returncode == 0
        assert daemon.pid != DEAD
        assert f"Removed stale pid-file [{daemon.pid_file}]" in daemon.log


def test_root_goes_on_as_an_ordinary_user_with_his_groups_and_no_other(folder: Path) -> None:
    with background(folder) as daemon:
        expected = NOBODY.pw_uid if IS_ROOT else os.getuid()
        run = daemon.pid_file.parent

        assert daemon.status("Uid") == [str(expected)] * 4
        if IS_ROOT:
            group = grp.getgrnam("nogroup").gr_gid
            assert daemon.status("Gid") == [str(group)] * 4
            assert daemon.status("Groups") == [str(number) for number in sorted(os.getgrouplist("nobody", group))]
            assert (run.stat().st_uid, run.stat().st_gid, run.stat().st_mode & 0o777) == (expected, group, 0o750)
        assert daemon.pid_file.stat().st_uid == expected
        assert (folder / "log").stat().st_uid == expected  # made by root; to be opened again by its name
        assert daemon.pid_file.stat().st_mode & 0o777 == 0o660


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
@pytest.mark.parametrize(
    ("options", "uid", "gid"), [(("-u", "12345", "-g", "12346"), 12345, 12346), (("-u", "0", "-g", "0"), 0, 0)]
)
def test_accounts_may_be_numbers(folder: Path, options: tuple[str, ...], uid: int, gid: int) -> None:
    with background(folder, *options) as daemon:
        assert daemon.status("Uid") == [str(uid)] * 4
        assert daemon.status("Gid") == [str(gid)] * 4
        if uid:
            assert daemon.status("Groups") == [str(gid)]


def test_the_keys_are_read_before_root_is_given_up(folder: Path) -> None:
    """Nobody may read the key, and nobody serves with it."""
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    (folder / "both.pem").chmod(0o600)
    both = folder / "both.pem"
    with background(folder, "--ssl_mode=ssl_listen", f"--ssl_cert_file={both}", f"--ssl_key_file={both}") as daemon:
        assert daemon.started.returncode == 0
        assert "Starting perdition" in daemon.log
        assert listening(daemon.pid)


def test_a_file_in_the_foreground_too(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "perdition.io_trio", "--config_file=", "--log_facility=-", "--map_library=", "--debug",
         "--bind_address=127.0.0.1", "--listen_port=0", f"--pid_file={folder}/run/perdition.pid"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert "Starting perdition" in process.stdout.readline()
        file = folder / "run" / "perdition.pid"
        eventually(lambda: file.exists() and file.read_text() == str(process.pid), "the pid file")
        process.terminate()

        assert process.wait(PATIENCE) == 0
        assert not file.exists()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


# --- the parts


def test_only_its_owner_removes_a_pid_file(folder: Path) -> None:
    path = folder / "pid"
    file, said = PidFile.write(str(path), None)

    assert said == ""
    assert path.read_text() == str(os.getpid())
    with pytest.raises(PidFileError, match="which appears to be running, exiting"):
        PidFile.write(str(path), None)

    child = os.fork()
    if not child:
        file.remove()
        os._exit(0)
    os.waitpid(child, 0)

    assert path.exists()

    path.write_text("1")  # somebody else's now
    file.remove()

    assert path.exists()

    path.write_text(str(os.getpid()))
    file.remove()
    file.remove()

    assert not path.exists()


def test_a_link_in_the_way_is_not_followed(folder: Path) -> None:
    target = folder / "target"
    target.write_text(str(DEAD))
    link = folder / "pid"
    link.symlink_to(target)
    PidFile.write(str(link), None)

    assert target.read_text() == str(DEAD)
    assert not link.is_symlink()


@pytest.mark.skipif(not IS_ROOT, reason="only root looks accounts up")
def test_accounts_are_found_by_name_and_number() -> None:
    group = grp.getgrnam("nogroup").gr_gid

    assert Account.find("nobody", "nogroup") == Account(NOBODY.pw_uid, group, "nobody")
    assert Account.find(str(NOBODY.pw_uid), str(group)) == Account(NOBODY.pw_uid, group, "nobody")
    assert Account.find("123456", "7") == Account(123456, 7)
    for user, others in (("nobody-at-all", "nogroup"), ("nobody", "no-such-group"), ("\u0663", "nogroup"), ("-1", "0")):
        with pytest.raises(NoSuchAccount):
            Account.find(user, others)
