"""The public names: to change them is to change this file."""

from types import ModuleType
from typing import Final

import pytest

import perdition.protocol
from perdition.protocol import imap4, managesieve, pop3

PROTOCOL: Final = """
    NEED_DATA PAUSED CannotLogIn Closed Credentials Fault Limits LocalProtocolError ProtocolError Reason
    RemoteProtocolError Secret Signal imap4 managesieve pop3
"""
POP3: Final = """
    CODES BadChallenge BadCommand Challenge Client Closed Command Greeting Multiline Reply SaslCancel SaslResponse
    Server State Status
"""
IMAP4: Final = """
    CODES BadCommand Challenge Client Closed Command Continuation Greeting LiteralOffered Notice Raw SaslCancel
    SaslResponse Server State Status Tagged Untagged
"""
MANAGESIEVE: Final = """
    CODES BadArgument BadCommand Challenge Client Closed Command Line Response SaslCancel SaslResponse Server State
    Status read_line tag_code
"""
MACHINE: Final = "knows limits next_event receive_data send start_tls state take_trailing_data tls unread"
CLIENT: Final = MACHINE + " capabilities log_in require_tls"


@pytest.mark.parametrize(
    ("package", "names"),
    [(perdition.protocol, PROTOCOL), (pop3, POP3), (imap4, IMAP4), (managesieve, MANAGESIEVE)],
    ids=["protocol", "pop3", "imap4", "managesieve"],
)
def test_names_of_a_package(package: ModuleType, names: str) -> None:
    assert sorted(package.__all__) == sorted(names.split())
    assert all(hasattr(package, name) for name in package.__all__)


@pytest.mark.parametrize(
    ("machine", "names"),
    [
        (pop3.Server(), MACHINE + " farewell"),
        (imap4.Server(), MACHINE + " farewell"),
        (managesieve.Server(), MACHINE + " farewell"),
        (pop3.Client(), CLIENT + " mechanisms offers_tls"),
        (imap4.Client(), CLIENT + " capability_data new_tag send_literal"),
        (managesieve.Client(), CLIENT + " mechanisms"),
    ],
    ids=lambda machine: type(machine).__module__ if not isinstance(machine, str) else "",
)
def test_names_of_a_machine(machine: object, names: str) -> None:
    assert {name for name in dir(machine) if not name.startswith("_")} == set(names.split())


@pytest.mark.parametrize("module", [pop3, imap4, managesieve])
def test_all_protocols_share_the_words_that_mean_the_same(module: ModuleType) -> None:
    assert module.Status is perdition.protocol.pop3.Status
    assert module.Closed is perdition.protocol.Closed
