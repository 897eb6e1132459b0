"""Sets one case up for one program: real server, map, configuration file, options; then plays it."""

import contextlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import attrs

from perdition.maps._daemon_packet import MOST, Answer, read_question, write_answer
from tests.compat.case import Case, Observed, Popmap, Say, Send, Step, Tls
from tests.compat.dialogue import Dialogue
from tests.compat.programs import Program, Running, account, is_served, wait_until
from tests.compat.real_server import Scripted
from tests.compat.shape import log_places, shape_of
from tests.interop.certificates import Certificates
from tests.io_trio.talk import Talk, call
from tests.ports import free_port

# The name of a library means the same to both programs.
LIBRARY: Final = "libperditiondb_{}.so.0"
BASE: Final = {"POP3S": "POP3", "IMAP4S": "IMAP4"}


class Stage:
    """One case for one program.

    Attributes:
        listen: the port that the program listens on.
        real: its real server.
        folder: for files; anybody may look into it.
    """

    def __init__(self, case: Case, program: Program, certificates: Certificates) -> None:
        self.case = case
        self.program = program
        self.listen = free_port()
        self.folder = Path()
        self.protocol = BASE.get(case.protocol, case.protocol)
        self._certificates = certificates
        self._stack = contextlib.ExitStack()
        self._keys: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if case.real.elsewhere:
            context.load_cert_chain(certificates.elsewhere, certificates.elsewhere_key)
        else:
            context.load_cert_chain(certificates.certificate, certificates.key)
        self.real = Scripted(case.protocol, case.real, context)

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="perdition-")))
        self.folder.chmod(0o755)
        self._stack.enter_context(self.real.server)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._stack.close()

    # --- options

    def fill(self, text: str) -> str:
        """Put ports and files into a text of the case."""
        values = {
            "{listen}": str(self.listen),
            "{real}": str(self.real.server.port),
            "{cert}": str(self._certificates.certificate),
            "{key}": str(self._certificates.key),
            "{ca}": str(self._certificates.ca),
            "{other_ca}": str(self._certificates.other_ca),
            "{elsewhere}": str(self._certificates.elsewhere),
            "{elsewhere_key}": str(self._certificates.elsewhere_key),
            "{folder}": str(self.folder),
        }
        return re.sub(r"\{\w+\}", lambda found: values.get(found[0], found[0]), text)

    def normal(self, text: str) -> str:
        """Write what differs from run to run always the same way."""
        text = re.sub(r"(127\.0\.0\.\d+|::1):\d+->", r"\1:CLIENT->", text)
        text = re.sub(r"inetd_pid=\d+", "inetd_pid=PID", text)
        for name, port in (("LISTEN", self.listen), ("REAL", self.real.server.port)):
            text = re.sub(rf"(?<!\d){port}(?!\d)", name, text)
        return text.replace(str(self.folder), "FOLDER")

    def where(self) -> list[str]:
        """Give the options that say where and what is listened for."""
        bind = ["--bind_address", "127.0.0.1"] if self.case.bind else []
        return ["--protocol", self.case.protocol, *bind, "--listen_port", str(self.listen)]

    def common(self, *, log: str = "+", pid_file: str = "", foreground: bool = True) -> list[str]:
        """Give the options about the process, its log and its configuration file."""
        conf = ""
        if self.case.conf is not None:
            path = self.folder / "perdition.conf"
            path.write_bytes(self.fill(self.case.conf).encode("latin-1"))
            conf = str(path)
        here = ["--no_daemon"] if foreground else []
        files = ["--log_facility", log, "--pid_file", pid_file, "--config_file", conf]
        return [*here, *files, *([] if self.case.lookup else ["--no_lookup"]), *account()]

    def behind(self) -> list[str]:
        """Give the options about the real server and the map, then the case's own."""
        server = self.fill(self.case.server)
        servers = ["--outgoing_server", server] if server else []
        return [*servers, *self._map_options(self.case.popmap), *map(self.fill, self.case.options)]

    def options(self) -> list[str]:
        """Give all options of a dialogue."""
        return [*self.where(), *self.common(), *self.behind()]

    def _map_options(self, popmap: Popmap | None) -> list[str]:
        if popmap is None:
            return ["--map_library", ""]
        path = self.folder / "popmap"
        text = None if popmap.text is None else self.fill(popmap.text)
        option = str(path)
        if popmap.kind == "daemon":
            if not path.exists():
                self._stack.enter_context(self._map_daemon(path, text or ""))
            option += ":5:2"
        elif text is not None and popmap.kind == "gdbm":
            subprocess.run(
                [*self.program.makegdbm, str(path)], input=text.encode("latin-1"), check=True, stderr=subprocess.DEVNULL
            )
        elif text is not None:
            path.write_bytes(text.encode("latin-1"))
        return ["--map_library", LIBRARY.format(popmap.kind), "--map_library_opt", option]

    @contextlib.contextmanager
    def _map_daemon(self, path: Path, user: str) -> Iterator[None]:
        """Answer every key of the daemon map, and keep it."""
        answer = write_answer(Answer(user.encode("latin-1"), b"127.0.0.1", b"%d" % self.real.server.port))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(str(path))
            path.chmod(0o666)

            def serve() -> None:
                while (asked := sock.recvfrom(MOST))[0] != b"end":
                    self._keys.append(read_question(asked[0]).key.decode("latin-1"))
                    sock.sendto(answer, asked[1])

            thread = threading.Thread(target=serve)
            thread.start()
            try:
                yield
            finally:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                    end.sendto(b"end", str(path))
                thread.join()

    # --- what is done

    def start(self, options: Callable[[], Sequence[str]] | None = None, **how: Any) -> Running | str:
        """Start the program; give it, or what it said before it ended.

        Args:
            options: gives all of them, if they are not those of a dialogue.
            how: as `Program.start` takes it.
        """
        running = self.program.start(*(options or self.options)(), **how)
        return running if running.comes_up(self.listen) else running.stop()

    def play(self) -> Observed:
        """Play the case; give what was seen."""
        seen = self.case.play(self) if self.case.play else dialogue(self)
        return {place: self.normal(text) for place, text in seen.items()}

    def call(self) -> Talk:
        """Connect to the program."""
        return call(self.listen, self.case.host)

    def talk(self, talk: Talk) -> Observed:
        """Have the client do its steps; give its answers."""
        seen: Observed = {}
        client = Dialogue(self.protocol, talk)
        steps = [self._filled(step) for step in self.case.client]
        if steps and isinstance(steps[0], Tls):  # before the first word
            seen["handshake"] = shape_of(client.take(steps.pop(0)))
        seen["greeting"] = shape_of(client.greeting(), exact=self.case.exact)
        for number, step in enumerate(steps, 1):
            seen[f"reply {number}"] = shape_of(client.take(step), exact=self.case.exact)
        return seen

    def _filled(self, step: Step) -> Step:
        if isinstance(step, Say | Send):
            return attrs.evolve(step, text=self.fill(step.text))
        return self.fill(step) if isinstance(step, str) else step

    def what_was_heard(self) -> Observed:
        """Give what the real server and the map heard."""
        seen = {f"real server {number}": "\n".join(heard) for number, heard in enumerate(self.real.heard, 1)}
        return seen | {f"key {number}": key for number, key in enumerate(self._keys, 1)}


def dialogue(stage: Stage) -> Observed:
    """Start the program, let one client talk to it, end it; give what was seen by everybody."""
    running = stage.start()
    if isinstance(running, str):
        return {"started": "no"}
    try:
        try:
            talk = stage.call()
        except OSError:
            return {"started": "and ended"}
        with talk:
            seen = stage.talk(talk)
        over = wait_until(lambda: not is_served(stage.listen))
        said = running.stop()
    finally:
        running.kill()
    if not over:
        seen["connection"] = "still held"
    return seen | stage.what_was_heard() | log_places(said)
