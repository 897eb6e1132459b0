"""Runs a target under atheris for some time, and says what came of it."""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Final

import attrs

from tests.fuzz.target import Target
from tests.fuzz.targets import kept

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CACHE: Final = ROOT / ".cache" / "fuzz"
STATUS: Final = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+")
STATISTIC: Final = re.compile(r"stat::(\w+):\s+(\d+)")
EVERY: Final = 10
"""Seconds between two lines of progress."""
SLOW: Final = 10
"""Seconds that one input may take."""
MEMORY: Final = 2048
"""Megabytes that a process may take."""


class NoAtherisError(Exception):
    """atheris is not installed."""


@attrs.define
class Counts:
    """What libFuzzer has said last.

    Attributes:
        executions: inputs that were run.
        coverage: edges of the package that were reached.
        features: edges with how often, as libFuzzer counts them.
        corpus: inputs that reached something new.
    """

    executions: int = 0
    coverage: int = 0
    features: int = 0
    corpus: int = 0

    def read(self, line: str) -> None:
        """Take a line of libFuzzer's."""
        if (found := STATUS.match(line)) is not None:
            self.executions, self.coverage, self.features, self.corpus = map(int, found.groups())
        elif (found := STATISTIC.match(line)) is not None and found[1] == "number_of_executed_units":
            self.executions = int(found[2])


@attrs.frozen
class Result:
    """What came of a campaign.

    Attributes:
        executions: of all processes together.
        seconds: how long it took.
        coverage: the most edges of one process.
        features: the most features of one process.
        corpus: inputs in the corpus at the end, the seeds that were of use among them.
        finds: files to look at.
        died: processes that did not live until the end of the time.
    """

    executions: int
    seconds: float
    coverage: int
    features: int
    corpus: int
    finds: tuple[Path, ...]
    died: int = 0

    def line(self, name: str) -> str:
        """Say it in one line."""
        return (
            f"{name}: {self.executions} executions in {self.seconds:.0f} s ({self.executions / self.seconds:.0f}/s), "
            f"{self.coverage} edges, {self.features} features, corpus {self.corpus}, {len(self.finds)} found"
            + (f", {self.died} processes died" if self.died else "")
        )


def campaign(
    name: str,
    target: Target,
    *,
    seconds: int,
    jobs: int,
    grammar: bool,
    say: Callable[[str], None],
    cache: Path = CACHE,
) -> Result:
    """Fuzz one target.

    Args:
        name: of the target.
        target: it.
        seconds: how long.
        jobs: how many processes share the corpus.
        grammar: whether Hypothesis makes the inputs of what atheris says, by the target's grammar.
        say: prints a line.
        cache: where corpus and finds are kept.

    Raises:
        NoAtherisError: it is not installed for this Python.
    """
    if not has_atheris():
        raise NoAtherisError
    folder = cache / (f"{name}-grammar" if grammar else name)
    corpus, crashes, dictionary = folder / "corpus", folder / "crashes", folder / "words"
    for each in (corpus, crashes):
        each.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    if not grammar:
        write_files(corpus, [*target.seeds(), *kept(name)])
    dictionary.write_text("".join(f'"{escaped(word)}"\n' for word in dict.fromkeys(target.words()) if word))
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.engine",
        name,
        str(crashes),
        *(["--grammar"] if grammar else []),
        str(corpus),
    ]
    command += [f"-max_total_time={seconds}", f"-max_len={target.longest}", f"-artifact_prefix={crashes}/", "-reload=1"]
    command += [f"-timeout={SLOW}", f"-rss_limit_mb={MEMORY}", "-print_final_stats=1", "-len_control=20"]
    command += [] if grammar else [f"-dict={dictionary}"]
    started = time.monotonic()
    counts = [Counts() for _ in range(jobs)]
    processes = [start([*command, f"-seed={at + 1}"] if jobs > 1 else command) for at in range(jobs)]
    try:
        threads = [
            threading.Thread(target=listen, args=(process.stderr, count, say), daemon=True)
            for process, count in zip(processes, counts, strict=True)
        ]
        for thread in threads:
            thread.start()
        wait(processes, lambda: say(progress(name, counts, time.monotonic() - started)))
        for thread in threads:
            thread.join()
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
    return Result(
        executions=sum(count.executions for count in counts),
        seconds=time.monotonic() - started,
        coverage=max(count.coverage for count in counts),
        features=max(count.features for count in counts),
        corpus=sum(1 for _ in corpus.iterdir()),
        died=sum(1 for process in processes if process.returncode),
        finds=tuple(sorted(path for path in set(crashes.iterdir()) - before if path.suffix != ".txt")),
    )


def has_atheris() -> bool:
    """Tell whether this Python has atheris."""
    done = subprocess.run([sys.executable, "-c", "import atheris"], capture_output=True, check=False)
    return done.returncode == 0


def start(command: list[str]) -> "subprocess.Popen[str]":
    """Start one process; hurry is for others."""
    nice = shutil.which("nice")
    return subprocess.Popen(
        [*((nice,) if nice else ()), *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def listen(lines: IO[str] | None, counts: Counts, say: Callable[[str], None]) -> None:
    """Read what a process says; pass on what is no number."""
    for line in lines or ():
        counts.read(line)
        if not line.startswith(("#", "INFO:", "stat::", "Done ", "WARNING:", "Dictionary:", "###", '"')):
            say(line.rstrip("\n"))


def wait(processes: Iterable["subprocess.Popen[str]"], tick: Callable[[], None]) -> None:
    """Wait for the end of all, with a word from time to time."""
    for process in processes:
        while True:
            try:
                process.wait(EVERY)
                break
            except subprocess.TimeoutExpired:
                tick()


def progress(name: str, counts: list[Counts], seconds: float) -> str:
    """Say how far it is."""
    done = sum(count.executions for count in counts)
    features, corpus = max(count.features for count in counts), max(count.corpus for count in counts)
    return f"{name}: {seconds:.0f} s, {done} executions, {features} features, corpus {corpus}"


def write_files(folder: Path, inputs: Iterable[tuple[str, bytes]]) -> None:
    """Write inputs to begin with."""
    for name, data in inputs:
        (folder / name.replace("/", "-")).write_bytes(data)


def escaped(word: bytes) -> str:
    """Write a word as a dictionary of libFuzzer has it."""
    plain: Mapping[int, str] = {ord('"'): '\\"', ord("\\"): "\\\\"}
    return "".join(plain.get(octet) or (chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:02X}") for octet in word)
