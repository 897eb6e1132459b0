"""What is done to a program beside talking to it once: its start, signals, log, and other ways to run it."""

import contextlib
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.compat.case import Observed, Play, log_in
from tests.compat.dialogue import Dialogue
from tests.compat.programs import LISTEN, PATIENCE, Running, holder, is_served, rows, wait_until
from tests.compat.shape import KINDS, log_places, shape_of
from tests.compat.stage import Stage
from tests.interop.machine import ROOT
from tests.io_trio.talk import Talk

NOBODY: Final = "nobody answers"
MARK: Final = "PERDITION_COMPAT"
SYSLOG_LINE: Final = re.compile(r"<(\d+)>(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8} )?(\S+)\[\d+\]: (.*)")
OWN_DEV: Final = """set -e
mkdir "$1"; mount --bind /dev "$1"; mount -t tmpfs none /dev; chmod 755 /dev
for device in null urandom random; do touch /dev/$device; mount --bind "$1"/$device /dev/$device; done
ln -s "$2" /dev/log
shift 2
exec "$@"
"""
"""In a mount name space of its own: /dev has another log, and next to nothing else."""


def exit_of(status: int | None) -> str:
    """Write an exit status as far as scripts can rely on it."""
    return "goes on" if status is None else "0" if status == 0 else "not 0"


@contextlib.contextmanager
def running_on(stage: Stage, started: Running | str) -> Iterator[Running]:
    """Take a program that must have started; nothing of it is left in the end."""
    assert isinstance(started, Running), started
    try:
        yield started
    finally:
        started.kill()


def client(stage: Stage, talk: Talk, *lines: str) -> list[str]:
    """Say lines behind the greeting; give what came, the greeting first."""
    dialogue = Dialogue(stage.protocol, talk)
    return [shape_of(dialogue.greeting()), *(shape_of(dialogue.take(line)) for line in lines)]


def whole_log(stage: Stage, running: Running) -> str:
    """Wait until nobody is served any more, and end the program; give everything that it said."""
    wait_until(lambda: not is_served(stage.listen))
    return running.stop()


# --- start-up


def starts_or_ends(stage: Stage) -> Observed:
    """Start it; tell whether it refuses to."""
    running = stage.program.start(*stage.options())
    try:
        if running.comes_up(stage.listen) and greets(stage):
            return {"started": "yes"}
        return {"started": "no", "exit": exit_of(running.ends())}
    finally:
        running.stop()


def greets(stage: Stage) -> bool:
    """Tell whether somebody is there behind the listening socket."""
    with contextlib.suppress(OSError), stage.call() as talk:
        return bool(talk.line())
    return False


def answers_and_ends(stage: Stage) -> Observed:
    """Start what ends by itself; tell how."""
    running = stage.program.start(*stage.case.options)
    try:
        status = running.ends()
    finally:
        said = running.stop()
    return {"exit": exit_of(status), "help": "has all options" if "--username_from_database" in said else "is cut"}


def by_name(name: str) -> Play:
    """Start it under a name that says its protocol."""

    def play(stage: Stage) -> Observed:
        def options() -> list[str]:
            return [*stage.where()[2:], *stage.common(), *stage.behind()]

        with running_on(stage, stage.start(options, name=name)) as running:
            with stage.call() as talk:
                seen = stage.talk(talk)
            return seen | log_places(whole_log(stage, running))

    return play


# --- the log


def says_at_start(stage: Stage) -> Observed:
    """Start it; give the lines before the first connection, as far as they tell what is started."""
    with running_on(stage, stage.start()) as running:
        greets(stage)
        lines = [line.partition("]: ")[2] for line in whole_log(stage, running).splitlines()]
    version = [re.sub(r"version=\S+", "version=V", line) for line in lines if line.startswith("Starting")]
    options = [line for line in lines if line.startswith(("add_domain=", "ssl_mode="))]
    return {"Starting": "\n".join(version), "options": f"{len(options)} lines"}


def logs_lines(stage: Stage) -> Observed:
    """Talk to it; give the lines of connection_logging."""
    with running_on(stage, stage.start()) as running:
        with stage.call() as talk:
            stage.talk(talk)
        lines = [line.partition("]: ")[2] for line in whole_log(stage, running).splitlines()]
    shown = [line for line in lines if line.startswith(("SELF:", "CLIENT:", "REAL:"))]
    texts = [re.sub(r"perditi?on ready on (\S+) [0-9a-f]{8}", r"perdition ready on \1", line) for line in shown]
    return {who: "\n".join(line for line in texts if line.startswith(who)) for who in ("SELF", "CLIENT", "REAL")}


def asks_pam(service: str) -> Play:
    """Talk to it while PAM has a service of our own."""

    def play(stage: Stage) -> Observed:
        path = stage.folder / "pam"
        path.write_text(service)
        mounted = f'mount --bind {path} /etc/pam.d/perdition && exec "$@"'
        within = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounted, "sh"]
        with running_on(stage, stage.start(within=within)) as running:
            with stage.call() as talk:
                seen = stage.talk(talk)
            return seen | stage.what_was_heard() | log_places(whole_log(stage, running))

    return play


def repeats_auth(stage: Stage) -> Observed:
    """Log in, and wait for the line to come three times."""
    with running_on(stage, stage.start()) as running:
        with stage.call() as talk:
            client(stage, talk, *log_in("POP3"))
            repeated = wait_until(lambda: running.said.count("Auth: ") >= 3)
        lines = whole_log(stage, running).splitlines()
    texts = {line.partition("]: ")[2] for line in lines if "Auth: " in line}
    return {"repeated": "yes" if repeated else "no", "Auth": "\n".join(sorted(texts))}


def logs_to_syslog(facility: str) -> Play:
    """Talk to it while it logs to a /dev/log of our own."""

    def play(stage: Stage) -> Observed:
        path = stage.folder / "log"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(str(path))
            path.chmod(0o666)
            sock.setblocking(False)
            shell = ["sh", "-c", OWN_DEV, "sh", str(stage.folder / "dev"), str(path)]
            within = ["unshare", "--mount", "--propagation", "private", *shell]

            def options() -> list[str]:
                return [*stage.where(), *stage.common(log=facility), *stage.behind()]

            with running_on(stage, stage.start(options, within=within)) as running:
                with stage.call() as talk:
                    stage.talk(talk)
                whole_log(stage, running)
            lines: list[str] = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    lines.append(sock.recv(65536).decode("latin-1").rstrip("\0\n"))
        found = [line for line in map(SYSLOG_LINE.match, lines) if line and KINDS.match(line[3])]
        return {f"syslog {number}": f"<{line[1]}>{line[2]}: {line[3]}" for number, line in enumerate(found, 1)}

    return play


def logs_to_standard_output(facility: str) -> Play:
    """Talk to it while it logs to its standard output."""

    def play(stage: Stage) -> Observed:
        def options() -> list[str]:
            common = [word for word in stage.common(log=facility) if word != "--no_daemon"]
            return [*stage.where(), *common, *stage.behind()]

        with running_on(stage, stage.start(options)) as running:
            with stage.call() as talk:
                stage.talk(talk)
            return log_places(whole_log(stage, running))

    return play


def logs_to_file(stage: Stage) -> Observed:
    """Talk to it while it logs to a file, in the foreground."""
    path = stage.folder / "the-log"

    def options() -> list[str]:
        return [*stage.where(), *stage.common(log=str(path)), *stage.behind()]

    with running_on(stage, stage.start(options)) as running:
        with stage.call() as talk:
            stage.talk(talk)
        whole_log(stage, running)
    return log_places(path.read_text())


# --- signals and limits


def ends_with_a_session(stage: Stage) -> Observed:
    """Send SIGTERM while somebody is logged in."""
    with running_on(stage, stage.start()) as running:
        with stage.call() as talk:
            dialogue = Dialogue(stage.protocol, talk)
            dialogue.greeting()
            for line in log_in("POP3"):
                dialogue.take(line)
            running.process.terminate()
            closed = wait_until(lambda: not any(row[3] == LISTEN for row in rows(stage.listen)))
            seen = {"behind SIGTERM": shape_of(dialogue.take("NOOP")), "QUIT": shape_of(dialogue.take("QUIT"))}
        status = running.ends()
        seen |= {"exit": exit_of(status), "listens": "no" if closed else "yes"}
        return seen | log_places(whole_log(stage, running))


def hears(number: signal.Signals) -> Play:
    """Send a signal while nobody is there."""

    def play(stage: Stage) -> Observed:
        with running_on(stage, stage.start()) as running:
            greets(stage)
            wait_until(lambda: not is_served(stage.listen))
            running.process.send_signal(number)
            wait_until(lambda: running.process.poll() is not None, seconds=3)
            seen = {"exit": exit_of(running.process.poll())}
            if running.process.poll() is None:
                seen["answers"] = "yes" if greets(stage) else "no"
            ended = re.findall(r"Exiting on signal \d+", running.stop())
        return seen | {"line": ended[0] if seen["exit"] != "goes on" else ""}

    return play


def dead_pid() -> int:
    """Give the id of a process that has just ended."""
    with subprocess.Popen(["true"]) as process:
        return process.pid


def has_pid_file(content: str | None) -> Play:
    """Start it in the foreground with a pid file, where there may be one: {me} is a process that lives, {dead} none."""

    def play(stage: Stage) -> Observed:
        folder = stage.folder / "run"
        folder.mkdir()
        folder.chmod(0o777)
        file = folder / "perdition.pid"
        if content is not None:
            file.write_text(content.replace("{me}", str(os.getpid())).replace("{dead}", str(dead_pid())))

        def options() -> list[str]:
            return [*stage.where(), *stage.common(pid_file=str(file)), *stage.behind()]

        started = stage.start(options)
        if isinstance(started, str):
            return {"started": "no"}
        with running_on(stage, started) as running:
            if not greets(stage):  # it listened, then looked at the file
                return {"started": "no"}
            right = file.exists() and file.read_text().strip() == str(running.process.pid)
            said = running.stop()
        stale = re.findall(r"Removed stale pid-file \[.*\]", said)
        left = "is there" if file.exists() else "is removed"
        return {"pid file": "is right" if right else "is wrong", "said": "".join(stale), "behind the end": left}

    return play


def finds(name: str, *files: str) -> Play:
    """Start it by a name, with these files in /etc/perdition; which one it reads is seen by its ok_line."""

    def play(stage: Stage) -> Observed:
        folder = stage.folder / "etc"
        folder.mkdir()
        for file in files:
            (folder / file).write_text(f"ok_line ok_line {file}\n")
        link = stage.folder / name
        mounted = f'mount --bind {folder} /etc/perdition && exec "$@"'
        within = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounted, "sh"]
        if stage.program.executable is not None:
            os.symlink(stage.program.executable, link)

        def options() -> list[str]:
            common = stage.common()
            place = common.index("--config_file")
            return [*stage.where(), *common[:place], *common[place + 2 :], *stage.behind()]

        with running_on(stage, stage.start(options, name=str(link), within=within)) as running:
            with stage.call() as talk:
                seen = stage.talk(talk)
            running.stop()
        return seen

    return play


def rereads_its_map(text: str) -> Play:
    """Change its map, send SIGHUP; ask for two users before and behind that."""

    def play(stage: Stage) -> Observed:
        def users() -> str:
            with contextlib.suppress(OSError):
                return ", ".join(one_user(user) for user in ("a", "b"))
            return NOBODY

        def one_user(user: str) -> str:
            with stage.call() as talk:
                return client(stage, talk, *log_in("POP3", user=user))[-1].replace("\n", " ")

        with running_on(stage, stage.start()) as running:
            seen = {"before": users()}
            (stage.folder / "popmap").write_text(stage.fill(text))
            running.process.send_signal(signal.SIGHUP)
            wait_until(lambda: running.process.poll() is not None or re.search("[Rr]eload", running.said) is not None)
            seen["behind SIGHUP"] = users()
            gone = seen["behind SIGHUP"] == NOBODY
            seen["exit"] = exit_of(running.ends() if gone else running.process.poll())
            running.stop()
        return seen

    return play


def is_full(stage: Stage) -> Observed:
    """Open one connection more than connection_limit allows, then one when there is room again."""
    with running_on(stage, stage.start()) as running:
        with stage.call() as first:
            seen = {"first": client(stage, first)[0]}
            with stage.call() as second:
                seen["second"] = client(stage, second)[0]
            wait_until(lambda: running.process.poll() is not None or len(held(stage)) == 1)
        wait_until(lambda: not is_served(stage.listen))
        try:
            with stage.call() as third:
                seen["third"] = client(stage, third)[0]
        except OSError:
            seen["third"] = NOBODY
        running.stop()
    return seen


def held(stage: Stage) -> list[list[str]]:
    """Give the connections to the program that it holds."""
    return [row for row in rows(stage.listen) if row[3] != LISTEN]


def keeps_alive(stage: Stage) -> Observed:
    """Log in; tell whether the kernel has a keep-alive timer for either leg."""
    with running_on(stage, stage.start()) as running:
        with stage.call() as talk:
            client(stage, talk, *log_in("POP3"))
            wait_until(lambda: all(row[5].startswith(("00", "02")) for row in held(stage)))
            timers = {row[5][:2] for row in held(stage)}
            outgoing = {row[5][:2] for row in rows_to(stage.real.server.port)}
        running.stop()
    return {"client": said(timers), "real server": said(outgoing)}


def rows_to(port: int) -> list[list[str]]:
    """Give the columns of the connections to a port, at the end of whoever connected."""
    with open("/proc/net/tcp") as table:
        columns = [row.split() for row in table.read().splitlines()[1:]]
    return [row for row in columns if row[2].endswith(f":{port:04X}") and row[9] != "0"]


def said(timers: set[str]) -> str:
    """Write whether there is a timer of kind 2, as /proc/net/tcp has it."""
    return "kept alive" if timers == {"02"} else "not kept alive" if timers == {"00"} else repr(timers)


# --- other ways to run


def serves_one(stage: Stage) -> Observed:
    """Run it as inetd does: one connection on its standard input and output."""
    with socket.create_server(("127.0.0.1", stage.listen)) as listener:
        outer = socket.create_connection(("127.0.0.1", stage.listen))
        inner, _ = listener.accept()
    options = ["--protocol", stage.case.protocol, "--inetd_mode", *stage.common()[1:], *stage.behind()]
    with inner:
        running = stage.program.start(*options, stdin=inner.fileno(), stdout=inner.fileno())
    try:
        with Talk(outer) as talk:
            seen = stage.talk(talk)
        status = running.ends()
    finally:
        said = running.stop()
    return seen | {"exit": exit_of(status)} | log_places(said)


def runs_in_background(stage: Stage) -> Observed:
    """Start it as a daemon, and once more; look at its pid file; end it."""
    run = stage.folder / "run"
    run.mkdir()
    run.chmod(0o777)
    file = run / "p" / "p.pid"

    def options() -> list[str]:
        return [*stage.where(), *stage.common(log="mail", pid_file=str(file), foreground=False), *stage.behind()]

    with in_background(stage, options) as (seen, pid):
        if not pid:
            return seen
        wait_until(file.exists)
        seen["pid file"] = "is right" if file.read_text().strip() == str(pid) else "is wrong"
        seen["modes"] = f"{file.stat().st_mode & 0o777:o} {file.parent.stat().st_mode & 0o777:o}"
        seen["folder"] = os.readlink(f"/proc/{pid}/cwd")
        with stage.call() as talk:
            seen["client"] = " ".join(client(stage, talk, *log_in("POP3"), "QUIT"))
        seen["second launcher"] = exit_of(launch(stage, options()))
        wait_until(lambda: marked(stage) == [pid])  # the C program's launcher has not waited for it
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_running(pid))
        seen["behind SIGTERM"] = "pid file is there" if file.exists() else "pid file is removed"
    return seen


def logs_in_background(stage: Stage) -> Observed:
    """Start it as a daemon that logs to a file."""
    path = stage.folder / "the-log"
    path.touch()
    path.chmod(0o666)

    def options() -> list[str]:
        return [*stage.where(), *stage.common(log=str(path), foreground=False), *stage.behind()]

    with in_background(stage, options) as (seen, pid):
        if pid:
            with stage.call() as talk:
                seen["client"] = " ".join(client(stage, talk, "QUIT"))
    return seen


def fails_in_background(stage: Stage) -> Observed:
    """Start as a daemon what cannot start; tell what its launcher hears."""
    options = [*stage.where(), *stage.common(log="mail", foreground=False), *stage.behind()]
    with in_background(stage, lambda: options) as (seen, _):
        gone = wait_until(lambda: not marked(stage))  # the C program listens for a moment before it fails
        return {"launcher": seen["launcher"], "daemon": "has ended" if gone else "goes on"}


@contextlib.contextmanager
def in_background(stage: Stage, options: Callable[[], list[str]]) -> Iterator[tuple[Observed, int]]:
    """Launch it; give what is seen so far, and the id of the daemon, 0 if there is none."""
    seen: Observed = {"launcher": exit_of(launch(stage, options()))}
    up = wait_until(lambda: bool(rows(stage.listen)), seconds=5)
    seen["listens"] = "yes" if up else "no"
    pid = (holder(stage.listen) or 0) if up else 0
    try:
        yield seen, pid
    finally:
        for daemon in marked(stage):
            with contextlib.suppress(ProcessLookupError):
                os.kill(daemon, signal.SIGKILL)


def marked(stage: Stage) -> list[int]:
    """Give the processes that `launch` has left behind, by what stands in their environment; never 1."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) > 1:
            with contextlib.suppress(OSError):
                if f"{MARK}={stage.folder}\0".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def launch(stage: Stage, options: list[str]) -> int | None:
    """Start what goes to the background; give the launcher's exit status."""
    command, executable = stage.program.command("perdition", options)
    null, marked = subprocess.DEVNULL, {**os.environ, MARK: str(stage.folder)}
    launcher = subprocess.Popen(
        command, executable=executable, cwd=ROOT, stdin=null, stdout=null, stderr=null, env=marked
    )
    try:
        return launcher.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        launcher.kill()
        launcher.wait()
        return None


def is_running(pid: int) -> bool:
    """Tell whether a process still does something."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def makes_gdbm(stage: Stage) -> Observed:
    """Make a GDBM file of good and bad lines, and write it out again."""
    file = str(stage.folder / "made")
    lines = b"joe:127.0.0.1:110\ndup:a\ndup:b\nnocolon\n\nempty:\n sp : v \n# c:v\n"
    tool = stage.program.makegdbm
    made = subprocess.run([*tool, file], input=lines, capture_output=True, timeout=20)
    undone = subprocess.run([*tool, "-u", file], capture_output=True, timeout=20)
    content = sorted(undone.stdout.replace(b"\0", b"").decode().splitlines())
    return {"exit": exit_of(made.returncode), "content": "\n".join(content)}
