"""Run the tests against mutants.

What stands in functions is tried in forks of one pytest process that has collected all tests: the fork puts the
changed code into the function and runs the tests that run its line.  What runs at import is tried in forks of a
process that has imported nothing of ours yet: there the changed module is imported in the place of the real one.
No file is written; the source that is mutated is the one that the tests import.
"""

import enum
import functools
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import coverage
import hypothesis
import pytest

from tools.mutate.mutants import ROOT, Mutant

TESTS: Final = ("tests/protocol", "tests/session", "tests/test_user_names.py")
QUIET: Final = (
    *("-p", "no:terminal"),
    *("-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of Hypothesis, which is imported once for all forks
)
NOT_GREEN: Final = f"expected that all tests pass with unchanged code: ./dev test {' '.join(TESTS)}"
EXAMPLES: Final = 30  # of each Hypothesis test: a fork runs few tests often
MEMORY: Final = 3 << 30  # bytes; a mutant that never stops must not take the machine with it
TEST_SECONDS: Final = 8  # of CPU time that one test may take with a mutant, ten times what the longest needs
PATIENCE: Final = 900  # seconds until a fork that waits for something is killed


class Verdict(enum.Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMEOUT = "timeout"
    UNCOVERED = "uncovered"
    SAME = "same"  # compiles to the very same code


EXITS: Final = {0: Verdict.SURVIVED, 1: Verdict.KILLED, 3: Verdict.SAME}
"""What a fork's exit status means; one that died of a signal was killed by the mutant, anything else is our mistake."""

Report = Callable[[Mutant, Verdict], None]


def fork(child: Callable[[], int]) -> int:
    """Run a function in a fork that never comes back; what the function gives is the exit status."""
    pid = os.fork()
    if pid:
        return pid
    status = 4
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        status = child()
    finally:
        os._exit(status)


def wait(pid: int, seconds: float) -> Verdict:
    """Wait for a fork; one that takes too long is killed."""
    end = time.monotonic() + seconds
    pause = 0.001
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            if code == -signal.SIGVTALRM:
                return Verdict.TIMEOUT
            return Verdict.KILLED if code < 0 else EXITS[code]
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return Verdict.TIMEOUT
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def mirror(path: str) -> str:
    """Give the test file of a source file: perdition/session/names.py -> tests/session/test_names.py."""
    source = Path(path)
    return str(Path("tests", *source.parts[1:-1], f"test_{source.name}"))


class Frugal:
    """A pytest plugin that lets no test take long."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        # Which input shows a mutant does not matter, and to make it small takes long.
        profile = hypothesis.settings.get_profile("ci")
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile("mutation", profile, phases=phases, max_examples=EXAMPLES)
        hypothesis.settings.load_profile("mutation")

    def pytest_runtest_logstart(self) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, TEST_SECONDS)  # CPU time: how busy the machine is does not matter


# --- what stands in functions


@attrs.define
class Covered:
    """What each test runs, and how long it takes."""

    seconds: dict[str, float] = attrs.field(factory=dict)
    tests: dict[str, dict[int, list[str]]] = attrs.field(factory=dict)  # path -> line -> tests


@attrs.define
class InFunctions:
    """A pytest plugin that runs mutants instead of tests."""

    mutants: Sequence[Mutant]
    report: Report

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not self.mutants:
            return True
        items = {item.nodeid: item for item in session.items}
        covered = self._cover(session)
        functions = functions_of({mutant.path for mutant in self.mutants})
        for mutant in self.mutants:
            here = covered.tests.get(mutant.path, {})
            names = {name for line in mutant.lines for name in here.get(line, ())}
            if not names:
                self.report(mutant, Verdict.UNCOVERED)
                continue
            first = mirror(mutant.path)
            order = sorted(names, key=lambda name: (not name.startswith(first), covered.seconds[name]))
            chosen = [items[name] for name in order]
            pid = fork(lambda: self._try(session, mutant, functions, chosen))  # noqa: B023  # called at once
            self.report(mutant, wait(pid, PATIENCE))
        return True

    def _try(
        self,
        session: pytest.Session,
        mutant: Mutant,
        functions: Mapping[tuple[str, str], list[types.FunctionType]],
        items: Sequence[pytest.Item],
    ) -> int:
        changed = dict(codes_in(compile(mutant.source, str(ROOT / mutant.path), "exec")))
        found = functions[mutant.path, mutant.function]
        new = [changed[mutant.function, function.__code__.co_firstlineno] for function in found]
        if all(function.__code__ == code for function, code in zip(found, new, strict=True)):
            return 3
        for function, code in zip(found, new, strict=True):
            put(code, function)
        return run_items(session, items)

    def _cover(self, session: pytest.Session) -> Covered:
        """Run all tests once, in a fork, and learn what each one runs."""
        read_end, write_end = os.pipe()
        pid = fork(lambda: cover(session, write_end))
        os.close(write_end)
        with open(read_end) as pipe:
            text = pipe.read()
        if wait(pid, PATIENCE) is not Verdict.SURVIVED:
            pytest.exit(NOT_GREEN, 2)
        told = json.loads(text)
        tests = {path: {int(line): names for line, names in lines.items()} for path, lines in told["tests"].items()}
        return Covered(told["seconds"], tests)


def put(code: types.CodeType, function: types.FunctionType) -> None:
    """Put changed code into a function; where it refers to less of what is around (`super`), into its place."""
    free = function.__code__.co_freevars
    if code.co_freevars == free:
        function.__code__ = code
        return
    cells = dict(zip(free, function.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in code.co_freevars)
    changed = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    changed.__kwdefaults__ = function.__kwdefaults__
    *path, name = function.__qualname__.split(".")
    setattr(functools.reduce(getattr, path, sys.modules[function.__module__]), name, changed)


def run_items(session: pytest.Session, items: Sequence[pytest.Item]) -> int:
    """Run tests until one fails; give the exit status."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException:  # pytest itself may stumble over a mutant, as when memory is short
            return 1
        if session.testsfailed:
            return 1
    return 0


def cover(session: pytest.Session, pipe: int) -> int:
    """Run all tests under coverage; write what each one runs as JSON."""
    measured = coverage.Coverage(data_file=None, config_file=False, include=["*/perdition/*"])
    measured.start()
    seconds = {}
    for item, following in zip(session.items, [*session.items[1:], None], strict=True):
        measured.switch_context(item.nodeid)
        began = time.monotonic()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        seconds[item.nodeid] = time.monotonic() - began
    measured.stop()
    data = measured.get_data()
    files = {str(Path(file).relative_to(ROOT)): data.contexts_by_lineno(file) for file in data.measured_files()}
    with open(pipe, "w") as stream:
        json.dump({"seconds": seconds, "tests": files}, stream)
    return 1 if session.testsfailed else 0


def codes_in(code: types.CodeType) -> Iterator[tuple[tuple[str, int], types.CodeType]]:
    """Give all code objects in a module's, by qualified name and first line."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield (constant.co_qualname, constant.co_firstlineno), constant
            yield from codes_in(constant)


def functions_of(paths: set[str]) -> dict[tuple[str, str], list[types.FunctionType]]:
    """Give all functions that come from some files, by file and qualified name."""
    found: dict[tuple[str, str], list[types.FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType):
            file = Path(thing.__code__.co_filename)
            if file.is_relative_to(ROOT) and str(file.relative_to(ROOT)) in paths:
                found.setdefault((str(file.relative_to(ROOT)), thing.__code__.co_qualname), []).append(thing)
    return found


def run_in_functions(mutants: Sequence[Mutant], report: Report) -> None:
    """Try mutants of what stands in functions."""
    if mutants and pytest.main([*QUIET, *TESTS], plugins=[Frugal(), InFunctions(mutants, report)]) != 0:
        sys.exit(NOT_GREEN)


# --- what runs at import


@attrs.define
class Finder(importlib.abc.MetaPathFinder):
    """Finds one module in its changed form."""

    mutant: Mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        file = ROOT / self.mutant.path
        module = ".".join(Path(self.mutant.path).with_suffix("").parts).removesuffix(".__init__")
        if name != module:
            return None
        return importlib.util.spec_from_file_location(name, file, loader=Changed(name, str(file), self.mutant.source))


class Changed(importlib.machinery.SourceFileLoader):
    """Loads the changed text instead of the file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> types.CodeType:
        return compile(self._text, self.path, "exec")


@attrs.define
class Mirrored:
    """A pytest plugin: the tests of the mutant's own file come first."""

    first: str

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: not item.nodeid.startswith(self.first))


def run_at_import(mutants: Sequence[Mutant], report: Report) -> None:
    """Try mutants of what runs at import; nothing of ours may be imported yet."""
    if mutants:
        text = (ROOT / mutants[0].path).read_text("utf-8")
        unharmed = attrs.evolve(mutants[0], source=f"{text}\nNOTHING = None\n")
        if wait(fork(lambda: try_import(unharmed)), PATIENCE) is not Verdict.SURVIVED:
            sys.exit(NOT_GREEN)
    for mutant in mutants:
        report(mutant, wait(fork(lambda: try_import(mutant)), PATIENCE))  # noqa: B023  # called at once


def try_import(mutant: Mutant) -> int:
    """Run the tests with one module changed; first those of its own file, for most mutants end there."""
    assert not any(name.startswith("perdition") for name in sys.modules)  # noqa: S101
    if compile(mutant.source, "", "exec") == compile((ROOT / mutant.path).read_text(), "", "exec"):
        return 3
    sys.meta_path.insert(0, Finder(mutant))
    first = mirror(mutant.path)
    for tests in ([first] if (ROOT / first).exists() else [], TESTS):
        if tests and pytest.main([*QUIET, "-x", *tests], plugins=[Frugal(), Mirrored(first)]) not in (0, 5):
            return 1
    return 0
