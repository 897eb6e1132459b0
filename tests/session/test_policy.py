"""What a listener offers: defaults that a session can live with."""

import attrs
import pytest

from perdition.config.ssl_mode import WORDS
from perdition.protocol.limits import DEFAULT_LIMITS
from perdition.session import Policy, Proto, Tls

BARE = Policy(proto=Proto.POP3, label="POP3S", capabilities=())


def test_defaults() -> None:
    assert (BARE.client_tls, BARE.server_tls) == (Tls.NONE, Tls.NONE)
    assert BARE.ok_text == b"You are so in"
    assert BARE.failure_delay == 3  # reference 9.2: against guessing
    assert BARE.limits is DEFAULT_LIMITS
    assert min(BARE.commands, BARE.failures, BARE.authenticate_timeout, BARE.connect_timeout) > 0


def test_a_policy_does_not_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        BARE.login_disabled = True  # type: ignore[misc]  # that is the point


def test_every_way_to_tls_is_a_word_of_ssl_mode() -> None:
    assert {f"{tls.value}_outgoing" for tls in Tls if tls in (Tls.IMPLICIT, Tls.OFFERED)} < set(WORDS)
    assert Tls.REQUIRED.value == "tls_force"
