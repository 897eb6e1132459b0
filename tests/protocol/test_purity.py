"""The arrows between the packages: what is pure imports nothing that does input or output."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.protocol.helpers import PROTOCOLS, ROOT

FORBIDDEN: Final = frozenset(
    ("trio", "socket", "ssl", "select", "logging", "time", "random", "os", "asyncio", "OpenSSL", "threading", "io")
)
"""Modules that pure code does not name."""

NEVER_LOADED: Final = frozenset(("trio", "socket", "ssl", "select", "logging", "random", "asyncio", "OpenSSL"))
"""Modules that are not even there when pure code has been imported.  attrs and re load os, time and threading."""

PACKAGE: Final = ROOT / "perdition"


def files(*patterns: str) -> list[Path]:
    """Give the files of the package that match, as far as they exist."""
    return sorted(path for pattern in patterns for path in PACKAGE.glob(pattern))


def imports(path: Path) -> Iterator[str]:
    """Give every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(path: Path) -> str:
    """Give a file's name as a test's id."""
    return str(path.relative_to(PACKAGE))


PURE: Final = files("protocol/**/*.py", "session/**/*.py", "maps/outcome.py", "maps/contract.py")
PROTOCOL: Final = files("protocol/**/*.py")


def test_files_are_found() -> None:
    assert len(PROTOCOL) >= 30
    assert set(PROTOCOL) < set(PURE) or not (PACKAGE / "session").exists()


@pytest.mark.parametrize("path", PURE, ids=name)
def test_pure_code_imports_nothing_that_does_input_or_output(path: Path) -> None:
    assert FORBIDDEN.isdisjoint(module.partition(".")[0] for module in imports(path))


@pytest.mark.parametrize("path", PROTOCOL, ids=name)
def test_protocol_imports_nothing_else_of_ours(path: Path) -> None:
    ours = [module for module in imports(path) if module.partition(".")[0] in ("perdition", "tests")]

    assert all(module.startswith("perdition.protocol") for module in ours)


@pytest.mark.parametrize("path", files("session/**/*.py"), ids=name)
def test_session_does_not_know_its_driver(path: Path) -> None:
    assert not [module for module in imports(path) if module.startswith(("perdition.io_trio", "perdition.config"))]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocols_do_not_know_each_other(protocol: str) -> None:
    others = tuple(f"perdition.protocol.{other}" for other in PROTOCOLS if other != protocol)
    found = [module for path in files(f"protocol/{protocol}/*.py") for module in imports(path)]

    assert found
    assert not [module for module in found if module.startswith(others) or module == "perdition.protocol"]


@pytest.mark.parametrize("path", files("protocol/*.py"), ids=name)
def test_what_protocols_share_knows_none_of_them(path: Path) -> None:
    if path.name == "__init__.py":
        return
    names = tuple(f"perdition.protocol.{protocol}" for protocol in PROTOCOLS)

    assert not [module for module in imports(path) if module.startswith(names)]


@pytest.mark.parametrize("path", files("io_trio/**/*.py"), ids=name)
def test_input_and_output_knows_no_verb(path: Path) -> None:
    literals = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes)
    ]

    assert set(literals) <= {b""}


def loaded_by(*modules: str) -> set[str]:
    """Give the modules that are there when a fresh interpreter has imported some."""
    path = [*sys.path, str(ROOT)]
    code = f"import sys; sys.path = {path!r}; import json, {', '.join(modules)}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["perdition.protocol", *(f"perdition.protocol.{each}" for each in PROTOCOLS)])
def test_nothing_that_does_input_or_output_is_loaded(module: str) -> None:
    loaded = loaded_by(module)

    assert module in loaded
    assert NEVER_LOADED.isdisjoint(loaded)


def test_protocol_loads_no_forbidden_module_beyond_those_of_its_tools() -> None:
    tools = loaded_by("attrs", "enum", "re", "hmac", "binascii", "typing", "itertools", "collections.abc")

    assert FORBIDDEN.isdisjoint(loaded_by("perdition.protocol") - tools)
