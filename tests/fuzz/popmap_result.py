"""What a popmap's result means: `[user<delimiter>]server[:port]`.

The tape's head: octet 0 chooses the delimiter.
"""

from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

from perdition.session.route import BadRoute, Route, read_route
from tests.fuzz.target import Target
from tests.laws import CANARY

DELIMITERS: Final = (b"@", b"", b"%", b"::", b"\xc3\xbc", b":")
RESULTS: Final = (
    b"",
    b"server",
    b"server:143",
    b"joe@server",
    b"joe@[::1]:imaps",
    b"a@b@c:1",
    b"[",
    b"@",
    b"::1",
    b"[]:",
)


def fuzz(data: bytes) -> None:
    """Read octets as a result; write what was read, and read the same."""
    delimiter, value = DELIMITERS[(data[0] if data else 0) % len(DELIMITERS)], data[1:]
    try:
        route = read_route(value, delimiter)
    except BadRoute as error:
        assert str(error).isprintable()
        assert CANARY.decode() not in str(error)
        return
    for text in (route.host, route.port):
        assert text is None or (text.isascii() and text.isprintable() and text)
    assert route.user is None or (delimiter and route.user)
    assert ":" not in (route.port or "") or b"[" in value
    # A delimiter that may stand in an address or before a port is one that nobody can write back.
    server = written(route)
    if delimiter in (b"@", b"%") and delimiter not in server:
        assert read_route((b"" if route.user is None else route.user + delimiter) + server, delimiter) == route


def written(route: Route) -> bytes:
    """Write server and port."""
    host, port = route.host or "", route.port or ""
    return (f"[{host}]:{port}" if ":" in port or host.startswith("[") else f"{host}:{port}").encode()


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give results of all forms with all delimiters."""
    for at in range(len(DELIMITERS)):
        for result in RESULTS:
            yield f"{at}-{result.hex()}", bytes([at]) + result


def words() -> list[bytes]:
    """Give what a result is made of."""
    return [
        *DELIMITERS[0:1],
        *DELIMITERS[2:],
        b"[",
        b"]",
        b":",
        b"[::1]",
        b"143",
        b"imaps",
        b"server",
        b"\0",
        b"\n",
        b"\xff",
    ]


def grammar() -> st.SearchStrategy[bytes]:
    """Give results of pieces."""
    piece = st.sampled_from((*RESULTS, *DELIMITERS, b"]", b":", b"\0", b"\xff", b" "))
    choice = st.integers(0, len(DELIMITERS) - 1).map(lambda at: bytes([at]))
    return st.builds(bytes.__add__, choice, st.lists(piece, max_size=6).map(b"".join))


TARGET: Final = Target(title="popmap result", fuzz=fuzz, seeds=seeds, words=words, grammar=grammar, longest=512)
