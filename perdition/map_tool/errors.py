"""What ends a command."""

import contextlib
from collections.abc import Iterator


class ToolError(Exception):
    """The command cannot do what it was asked; each line says what was expected, and where."""


@contextlib.contextmanager
def naming(stream: str) -> Iterator[None]:
    """Give errors that name no file the name of a stream."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = stream
        raise
