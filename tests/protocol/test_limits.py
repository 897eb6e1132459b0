"""perdition.protocol.limits"""

import attrs

from perdition.protocol.limits import DEFAULT_LIMITS, Limits


def test_every_limit_is_a_number_above_zero() -> None:
    assert Limits() == DEFAULT_LIMITS
    assert all(value > 0 for value in attrs.astuple(DEFAULT_LIMITS))


def test_one_message_fits_the_backlog() -> None:
    assert DEFAULT_LIMITS.line <= DEFAULT_LIMITS.sasl <= DEFAULT_LIMITS.backlog
    assert DEFAULT_LIMITS.literal <= DEFAULT_LIMITS.command <= DEFAULT_LIMITS.backlog
