"""The capability options, as elements (perdition 1.7)."""

import pytest

from perdition.config import capabilities as defaults
from perdition.session import Proto
from perdition.session.capabilities import BadCapability, capability_elements


@pytest.mark.parametrize(
    ("proto", "text", "elements"),
    [
        (Proto.IMAP4, defaults.IMAP, (b"IMAP4", b"IMAP4REV1")),
        (Proto.IMAP4, "IMAP4rev1  IDLE ", (b"IMAP4rev1", b"IDLE")),
        (Proto.POP3, defaults.POP, (b"UIDL", b"USER")),
        (Proto.POP3, "UIDL.SASL PLAIN.TOP", (b"UIDL", b"SASL PLAIN", b"TOP")),
        (Proto.POP3, "UIDL  LOGIN-DELAY 5  TOP", (b"UIDL", b"LOGIN-DELAY 5", b"TOP")),
        (Proto.POP3, "UIDL TOP", (b"UIDL TOP",)),
        (Proto.POP3, "X-CAF\udce9.TOP", (b"X-CAF\xe9", b"TOP")),  # octets of a command line that are no UTF-8
        (Proto.MANAGESIEVE, '"SIEVE" "fileinto"  "SASL" "PLAIN"', (b'"SIEVE" "fileinto"', b'"SASL" "PLAIN"')),
    ],
)
def test_elements(proto: Proto, text: str, elements: tuple[bytes, ...]) -> None:
    assert capability_elements(proto, text) == elements


def test_default_of_managesieve() -> None:
    elements = capability_elements(Proto.MANAGESIEVE, defaults.MANAGESIEVE)

    assert [element.split()[0] for element in elements] == [
        b'"IMPLEMENTATION"',
        b'"SIEVE"',
        b'"SASL"',
        b'"NOTIFY"',
        b'"VERSION"',
    ]


@pytest.mark.parametrize(("element", "why"), [('"SIEVE', "string"), ('"SIEVE" fileinto', "in double quotes")])
def test_an_element_of_managesieve_that_is_no_line(element: str, why: str) -> None:
    with pytest.raises(BadCapability, match=why) as raised:
        capability_elements(Proto.MANAGESIEVE, f'"SASL" "PLAIN"  {element}')

    assert str(raised.value).startswith(element)
