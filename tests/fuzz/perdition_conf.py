"""perdition.conf: its words and its options."""

from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

from perdition.config import perdition_conf
from perdition.config.words import WordsError, read_lines
from tests.fuzz import options
from tests.fuzz.target import Target

EXAMPLE: Final = b"""\
# a comment \\
that goes on
protocol IMAP4
P "IMAP4S" # and another
ok_line='You are "in"'
ok_line You\\ are  so in
ssl_mode tls_all
listen_port="14\\
3"
B
"""


def fuzz(data: bytes) -> None:
    """Read octets as a file; write its words again, quoted, and read the same."""
    options.look_at(perdition_conf.read(data, "x.conf"))
    try:
        lines = list(read_lines(data))
    except WordsError as error:
        assert 1 <= error.line <= 1 + data.count(b"\n")
        return
    again = list(read_lines(b"\n".join(b" ".join(map(quoted, line.words)) for line in lines)))

    assert [line.words for line in again] == [line.words for line in lines]
    assert [line.number for line in lines] == sorted({line.number for line in lines})


def quoted(word: bytes) -> bytes:
    """Write a word in double quotes."""
    return b'"' + word.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give every option in a line of its own, and all forms of lines."""
    yield "all-forms", EXAMPLE
    for at, (option, value) in enumerate(options.examples()):
        yield f"{at}-{option.name}", f"{option.name} {value}\n{option.short}={value}\n".encode()


def words() -> list[bytes]:
    """Give the names of options, and what parts words."""
    return [*options.words(), b'"', b"'", b"\\\n", b"\\", b"#", b"\r\n", b"\n", b"\t", b" ", b"=", b"\0"]


def grammar() -> st.SearchStrategy[bytes]:
    """Give lines of options, quoted in any way."""
    piece = st.sampled_from((b" ", b" ", b"=", b'"', b"'", b"\\", b"\n", b"\\\n", b"#", b"\r\n", b"\t"))
    text = st.one_of(options.NAME, options.VALUE).map(lambda text: text.encode("utf-8", "surrogatepass"))
    line = st.builds(
        lambda name, value: f"{name} {value}\n".encode("utf-8", "surrogatepass"), options.NAME, options.VALUE
    )
    return st.lists(st.one_of(line, piece, text), max_size=12).map(b"".join)


TARGET: Final = Target(title="perdition.conf", fuzz=fuzz, seeds=seeds, words=words, grammar=grammar)
