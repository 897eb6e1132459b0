"""The capability options, as elements (perdition 1.7)."""

import pytest

from perdition.config import capabilities as defaults
from perdition.session import Proto
from perdition.session.capabilities import ADDED, BadCapability, capability_elements


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


@pytest.mark.requirement("rfc5804-1.7-7")
@pytest.mark.requirement("rfc5804-1.7-9")
@pytest.mark.requirement("rfc5804-1.7-16")
def test_default_of_managesieve() -> None:
    elements = capability_elements(Proto.MANAGESIEVE, defaults.MANAGESIEVE)

    assert [element.split()[0] for element in elements] == [
        b'"IMPLEMENTATION"',
        b'"SIEVE"',
        b'"SASL"',
        b'"NOTIFY"',
        b'"VERSION"',
    ]


NO_LINES = [
    ('"SIEVE', "expected a string, a number or an atom"),
    ('"SIEVE" fileinto', "expected strings in double quotes"),
    ('"SIEVE" "a" "b"', "expected one string or two"),
    ('"sasl" "LOGIN"', "expected each name once"),
    ('"Owner" "joe"', "expected no owner before the log-in"),
    ('"NOTIFY"', "expected a list that is not empty"),
    ('"notify" ""', "expected a list that is not empty"),
]


@pytest.mark.requirement("rfc5804-1.7-3")
@pytest.mark.requirement("rfc5804-1.7-6")
@pytest.mark.requirement("rfc5804-1.7-14")
@pytest.mark.requirement("rfc5804-4-10")
@pytest.mark.parametrize(("element", "why"), NO_LINES)
def test_an_element_of_managesieve_that_is_no_line(element: str, why: str) -> None:
    with pytest.raises(BadCapability) as raised:
        capability_elements(Proto.MANAGESIEVE, f'"SASL" "PLAIN"  {element}')

    assert str(raised.value) == f"{element}: {why}"


@pytest.mark.requirement("rfc2449-5-7")
def test_an_element_of_pop3_that_is_too_long_for_its_line() -> None:
    longest = "X" * 510

    assert capability_elements(Proto.POP3, f"{longest}.UIDL") == (longest.encode(), b"UIDL")
    with pytest.raises(BadCapability, match=r"^XXXXXXXXXXXXXXXXXXXX\.\.\.: expected at most 510 octets$"):
        capability_elements(Proto.POP3, f"UIDL.X{longest}")


@pytest.mark.requirement("rfc9051-7.1-5")
@pytest.mark.parametrize("element", ["X]Y", 'X"Y', "{X", "X*", "CAF\u00c9", "X\\Y"])
def test_an_element_of_imap4_that_is_no_atom(element: str) -> None:
    """It would end the response code of our greeting (RFC 9051 9)."""
    with pytest.raises(BadCapability, match=r": expected an atom\Z") as raised:
        capability_elements(Proto.IMAP4, f"IMAP4rev1 {element} ID")

    assert str(raised.value).startswith(element)


@pytest.mark.parametrize(
    ("proto", "text", "told"),
    [
        (Proto.POP3, "X\udce9" + "X" * 510, r"X\xe9XXXXXXXXXXXXXXXXXX...: expected at most 510 octets"),
        (Proto.IMAP4, "X\udce9", r"X\xe9: expected an atom"),
        (Proto.MANAGESIEVE, '"X\udce9', r'"X\xe9: expected a string, a number or an atom'),
    ],
)
def test_octets_that_are_no_utf_8_are_told_as_escapes(proto: Proto, text: str, told: str) -> None:
    with pytest.raises(BadCapability) as raised:
        capability_elements(proto, text)

    assert str(raised.value) == told


def test_what_is_announced_beside_the_elements_of_the_c_program() -> None:
    assert ADDED == {
        Proto.POP3: (b"SASL PLAIN LOGIN", b"RESP-CODES"),
        Proto.IMAP4: (b"LITERAL+", b"SASL-IR", b"ID", b"AUTH=PLAIN", b"AUTH=LOGIN"),
        Proto.MANAGESIEVE: (),
    }
