"""The configuration in TOML."""

from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

from perdition.config import toml_file
from perdition.config.option import Takes
from tests.fuzz import options
from tests.fuzz.target import Target

EXAMPLE: Final = b"""\
map_library = "sqlite"
authenticate_timeout = 30
ssl_mode = ["tls_listen", "ssl_outgoing"]
[[listener]]
protocol = "IMAP4"
no_lookup = true
[[listener]]
protocol = 'POP3S'
listen_port = "pop3s"
"""


def fuzz(data: bytes) -> None:
    """Read octets as a file."""
    options.look_at(toml_file.read(data, "x.toml"))


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give every option at the top and in a table, and numbers and arrays that are none of ours."""
    yield "listeners", EXAMPLE
    yield "nested", b"ssl_mode = " + b"[" * 9 + b"]" * 9
    yield "large", b"authenticate_timeout = 0x" + b"f" * 20
    yield "date", b"ok_line = 1979-05-27T07:32:00Z\nlistener = 1\n"
    for at, (option, value) in enumerate(options.examples()):
        text = {Takes.FLAG: "true", Takes.NUMBER: value or "0", Takes.LIST: f"['''{value}''']"}.get(
            option.takes, f"'''{value}'''"
        )
        yield f"{at}-{option.name}", f"{option.name} = {text}\n[[listener]]\n{option.name} = {text}\n".encode()


def words() -> list[bytes]:
    """Give the names of options, and what TOML is made of."""
    toml = (
        b"[[listener]]\n",
        b" = ",
        b"true",
        b"false",
        b'"',
        b"'''",
        b'"""',
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b"0x",
        b"\\u",
    )
    return [*options.words(), *toml, b"1e9", b"inf", b"nan", b"1979-05-27", b"\n", b"#", b"."]


def grammar() -> st.SearchStrategy[bytes]:
    """Give tables of options with values of all kinds."""
    value = st.one_of(
        options.VALUE.map(repr),
        st.integers().map(str),
        st.sampled_from(("true", "false", "1.5", "[]", "{}", "1979-05-27", "[1]", "['a', 'b']", "[" * 50 + "]" * 50)),
    )
    row = st.builds(lambda name, value: f"{name} = {value}\n", options.NAME, value)
    table = st.sampled_from(("[[listener]]\n", "[listener]\n", "[[other]]\n", "listener = []\n"))
    return st.lists(st.one_of(row, row, table), max_size=8).map(
        lambda rows: "".join(rows).encode("utf-8", "surrogatepass")
    )


TARGET: Final = Target(title="TOML configuration", fuzz=fuzz, seeds=seeds, words=words, grammar=grammar)
