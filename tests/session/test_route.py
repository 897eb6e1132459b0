"""What a popmap's result means (perditiondb(5), reference 5.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.session.route import BadRoute, Route, read_route, split_port

ROUTES = [
    (b"", Route(None, None, None)),
    (b"mail", Route(None, "mail", None)),
    (b"mail:110", Route(None, "mail", "110")),
    (b"mail:pop3", Route(None, "mail", "pop3")),
    (b"mail:", Route(None, "mail", None)),
    (b":110", Route(None, None, "110")),
    (b"joe@mail", Route(b"joe", "mail", None)),
    (b"joe@mail:110", Route(b"joe", "mail", "110")),
    (b"joe@", Route(b"joe", None, None)),
    (b"@mail", Route(None, "mail", None)),
    (b"@", Route(None, None, None)),
    # the user stands before the last delimiter
    (b"joe@example.org@mail:110", Route(b"joe@example.org", "mail", "110")),
    (b"j\xfcrgen:x@mail", Route(b"j\xfcrgen:x", "mail", None)),
    # addresses
    (b"192.0.2.1:110", Route(None, "192.0.2.1", "110")),
    (b"[192.0.2.1]:110", Route(None, "192.0.2.1", "110")),
    (b"[::1]:143", Route(None, "::1", "143")),
    (b"[::1]", Route(None, "::1", None)),
    (b"[::1]:", Route(None, "::1", None)),
    (b"joe@[::1]:143", Route(b"joe", "::1", "143")),
    (b"::1:143", Route(None, "::1", "143")),
    # white space counts
    (b" mail ", Route(None, " mail ", None)),
    (b"mail :110", Route(None, "mail ", "110")),
]


@pytest.mark.parametrize(("value", "route"), ROUTES, ids=[repr(value) for value, _ in ROUTES])
def test_a_result(value: bytes, route: Route) -> None:
    assert read_route(value, b"@") == route


DELIMITERS = [
    (b"%", b"joe@example.org%mail", Route(b"joe@example.org", "mail", None)),
    (b"%%", b"joe%x%%mail:1", Route(b"joe%x", "mail", "1")),
    (b"", b"joe@mail", Route(None, "joe@mail", None)),
]


@pytest.mark.parametrize(("delimiter", "value", "route"), DELIMITERS)
def test_a_delimiter(delimiter: bytes, value: bytes, route: Route) -> None:
    assert read_route(value, delimiter) == route


BAD = [
    (b"m\xfcll", "expected a server and a port in ASCII"),
    (b"mail\n", "expected a server and a port without control characters"),
    (b"mail:1\x0010", "expected a server and a port without control characters"),
    (b"[::1", "expected [address] or [address]:port"),
    (b"[::1]143", "expected [address] or [address]:port"),
    (b"[::1]]", "expected [address] or [address]:port"),
]


@pytest.mark.parametrize(("value", "why"), BAD)
def test_a_result_that_makes_no_sense(value: bytes, why: str) -> None:
    with pytest.raises(BadRoute) as caught:
        read_route(value, b"@")

    assert str(caught.value) == why


@given(st.binary(), st.sampled_from([b"@", b"%%", b""]))
def test_any_octets_are_a_route_or_bad(value: bytes, delimiter: bytes) -> None:
    try:
        route = read_route(value, delimiter)
    except BadRoute:
        return

    assert route.user is None or value.startswith(route.user)
    assert all(part is None or (part.isascii() and part.isprintable() and part) for part in (route.host, route.port))


@given(st.from_regex(r"[a-z0-9.-]+", fullmatch=True), st.integers(0, 65535))
def test_host_and_port(host: str, port: int) -> None:
    assert split_port(f"{host}:{port}") == (host, str(port))
    assert split_port(host) == (host, "")
