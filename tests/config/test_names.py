"""Finding options by name, and what may stand behind them."""

import pytest

from perdition.config.names import OptionError, find, find_in_file, give
from perdition.config.origin import COMMAND_LINE, Given, Origin, Source

FILE = Origin(Source.FILE, "/p.conf", 3)


@pytest.mark.parametrize("name", ["listen_port", "listen-port", "capability", "add-domain"])
def test_find(name: str) -> None:
    assert find(name, COMMAND_LINE).name == name.replace("-", "_")


UNKNOWN = [
    ("outgoing_sever", COMMAND_LINE, r"unknown option --outgoing_sever \(did you mean --outgoing_server\?\)"),
    ("listenport", FILE, r'/p.conf:3: unknown option "listenport" \(did you mean listen_port\?\)'),
    ("strip-domian", COMMAND_LINE, r"unknown option --strip-domian \(did you mean --strip_domain\?\)"),
    ("zzz", COMMAND_LINE, "unknown option --zzz"),
    ("Z", FILE, '/p.conf:3: unknown option "Z"'),
    ("P", COMMAND_LINE, "unknown option --P"),
    ("", FILE, '/p.conf:3: unknown option ""'),
]


@pytest.mark.parametrize(("name", "origin", "message"), UNKNOWN)
def test_unknown(name: str, origin: Origin, message: str) -> None:
    with pytest.raises(OptionError, match=f"^{message}$"):
        find(name, origin)


def test_one_letter_in_a_file() -> None:
    assert find_in_file("P", FILE).name == "protocol"
    assert find_in_file("protocol", FILE).name == "protocol"


def test_give() -> None:
    assert give(find("timeout", FILE), "5", FILE) == (Given("timeout", "5", FILE),)
    assert give(find("quiet", FILE), None, FILE) == (Given("quiet", True, FILE),)
    assert give(find("quiet", FILE), False, FILE) == (Given("quiet", False, FILE),)
    assert give(find("server_ok_line", FILE), None, FILE) == (Given("server_resp_line", True, FILE),)
    assert [given.name for given in give(find_in_file("I", FILE), "X", FILE)] == [
        "imap_capability",
        "pop_capability",
        "managesieve_capability",
    ]


REFUSED = [
    ("quiet", "yes", FILE, '/p.conf:3: option quiet takes no value, not "yes"'),
    ("quiet", "", COMMAND_LINE, 'option --quiet takes no value, not ""'),
    ("timeout", None, FILE, "/p.conf:3: option timeout needs a value: a number"),
    ("protocol", None, COMMAND_LINE, "option --protocol needs a value: a text"),
]


@pytest.mark.parametrize(("name", "value", "origin", "message"), REFUSED)
def test_refused(name: str, value: str | None, origin: Origin, message: str) -> None:
    with pytest.raises(OptionError, match=f"^{message}$"):
        give(find(name, origin), value, origin)
