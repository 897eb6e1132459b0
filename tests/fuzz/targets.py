"""All fuzz targets by name."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.fuzz.target import Target

FOLDER: Final = Path(__file__).resolve().parent
NAMES: Final = (
    "pop3_server",
    "pop3_client",
    "imap4_server",
    "imap4_client",
    "managesieve_server",
    "managesieve_client",
    "session",
    "sasl",
    "perdition_conf",
    "toml_config",
    "command_line",
    "popmap_result",
    "posix_regex",
)


def load(name: str) -> Target:
    """Import one target; only then is what it tests imported, so that it can be instrumented before."""
    target: Target = importlib.import_module(f"tests.fuzz.{name}").TARGET
    return target


def kept(name: str) -> Iterator[tuple[str, bytes]]:
    """Give the inputs of a target that are files: finds of old, and a small corpus."""
    for folder in ("regressions", "corpus"):
        for path in sorted((FOLDER / folder / name).glob("*")):
            yield f"{folder}/{name}/{path.name}", path.read_bytes()
