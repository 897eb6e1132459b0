"""What a listener offers: defaults that a session can live with."""

import attrs
import pytest

from perdition.config import values
from perdition.config.ssl_mode import WORDS
from perdition.protocol.limits import DEFAULT_LIMITS
from perdition.session import LogPasswd, Names, Policy, Proto, Tls

BARE = Policy(proto=Proto.POP3, label="POP3S", capabilities=())


def test_defaults() -> None:
    assert (BARE.client_tls, BARE.server_tls) == (Tls.NONE, Tls.NONE)
    assert BARE.ok_text == b"You are so in"
    assert BARE.failure_delay == 3  # reference 9.2: against guessing
    assert BARE.limits is DEFAULT_LIMITS
    assert BARE.log_passwd is LogPasswd.NEVER
    assert (BARE.authenticate_timeout, BARE.connect_timeout) == (1800, 30)
    assert (BARE.commands, BARE.failures) == (200, 10)
    assert (BARE.added_capabilities, BARE.instance, BARE.names) == ((), "00000000", Names())
    assert (BARE.outgoing_servers, BARE.outgoing_port) == ((), "")
    assert not any((BARE.server_resp_line, BARE.login_disabled, BARE.username_from_database, BARE.authenticate_in))


def test_a_policy_does_not_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        BARE.login_disabled = True  # type: ignore[misc]  # that is the point


def test_every_way_to_tls_is_a_word_of_ssl_mode() -> None:
    assert {f"{tls.value}_outgoing" for tls in Tls if tls in (Tls.IMPLICIT, Tls.OFFERED)} < set(WORDS)
    assert Tls.REQUIRED.value == "tls_force"


def test_protocols_and_ways_to_tls_are_found_by_their_words() -> None:
    assert [Proto(word) for word in ("pop3", "imap4", "managesieve")] == [Proto.POP3, Proto.IMAP4, Proto.MANAGESIEVE]
    assert [Tls(word) for word in ("none", "ssl", "tls", "tls_force")] == list(Tls)


@pytest.mark.parametrize(
    ("when", "good", "bad"),
    [
        (LogPasswd.NEVER, False, False),
        (LogPasswd.FAIL, False, True),
        (LogPasswd.OK, True, False),
        (LogPasswd.ALWAYS, True, True),
    ],
)
def test_whose_password_is_logged(when: LogPasswd, good: bool, bad: bool) -> None:
    assert (when.covers(good=True), when.covers(good=False)) == (good, bad)


def test_the_words_are_those_of_the_option() -> None:
    assert [when.value for when in LogPasswd] == [when.value for when in values.LogPasswd]
