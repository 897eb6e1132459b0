"""One way to write each address."""

import pytest

from perdition.pbs.addresses import canonical, networks, within, without_port


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::FFFF:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("::", "::"),
        ("192.0.2", None),
        ("192", None),
        ("192.0.2.7 ", None),
        ("192.0.2.7/32", None),
        ("2001:db8", None),
        ("2001:db8:0:0:0:0:0", None),
        ("fe80::1%eth0", None),
        ("unknown", None),
        ("localhost", None),
        ("", None),
        ("1" * 5000, None),
        ("\u0661.0.0.1", None),
    ],
)
def test_canonical(text: str, address: str | None) -> None:
    assert canonical(text) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7:25", "192.0.2.7"),
        ("[2001:db8::7]:25", "2001:db8::7"),
        ("[2001:db8::7]", None),
        ("2001:db8::7", "2001:db8::7"),
        (":25", None),
        ("x:25", None),
    ],
)
def test_without_port(text: str, address: str | None) -> None:
    assert without_port(text) == address


def test_within() -> None:
    nets = networks("192.0.2.0/28, 2001:db8::/32,198.51.100.1")

    assert within("192.0.2.7", nets)
    assert within("2001:db8::7", nets)
    assert within("198.51.100.1", nets)
    assert not within("192.0.2.16", nets)
    assert not within("2001:db9::7", nets)
    assert not within("192.0.2.7", networks(""))


@pytest.mark.parametrize("text", ["192.0.2.1/28", "x", "192.0.2.0/33"])
def test_networks_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="networks such as"):
        networks(text)
