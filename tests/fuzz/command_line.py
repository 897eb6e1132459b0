"""The command line: words parted by NUL, as the system passes them."""

import os
from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

from perdition.config import command_line
from perdition.config.program import program
from tests.fuzz import options
from tests.fuzz.target import Target


def fuzz(data: bytes) -> None:
    """Read octets as the program's name and its words."""
    name, *words = [os.fsdecode(word) for word in data.split(b"\0")]
    for file in program(name).config_files("/etc"):
        assert file.startswith("/etc/")
    options.look_at(command_line.read(words))


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give every option in each of its forms."""
    for at, (option, value) in enumerate(options.examples()):
        short = f"-{option.short}" if option.short else "-n"
        words = [
            "perdition.imap4s",
            f"--{option.name}",
            value,
            f"--{option.name}={value}",
            short,
            value,
            f"{short}{value}",
        ]
        yield f"{at}-{option.name}", "\0".join(words).encode()


def words() -> list[bytes]:
    """Give the names of options, and what words begin with."""
    return [
        *options.words(),
        *(b"\0--" + name for name in options.words()),
        b"\0",
        b"\0-",
        b"\0--",
        b"=",
        b"\xff",
        b"perdition.pop3",
    ]


def grammar() -> st.SearchStrategy[bytes]:
    """Give options in all forms."""
    word = st.one_of(
        options.NAME.map(lambda name: f"--{name}"),
        st.builds(lambda name, value: f"--{name}={value}", options.NAME, options.VALUE),
        st.text(max_size=4).map(lambda letters: f"-{letters}"),
        options.VALUE,
    )
    line = st.lists(word, max_size=8).map(lambda words: "\0".join(words).encode("utf-8", "surrogatepass"))
    return st.builds(
        lambda name, line: name + b"\0" + line, st.sampled_from((b"perdition", b"perdition.imaps", b"", b"/")), line
    )


TARGET: Final = Target(title="command line", fuzz=fuzz, seeds=seeds, words=words, grammar=grammar)
