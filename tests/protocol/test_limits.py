"""perdition.protocol.limits"""

import attrs

from perdition.protocol.limits import DEFAULT_LIMITS, Limits


def test_every_limit_is_a_number_above_zero() -> None:
    assert Limits() == DEFAULT_LIMITS
    assert all(value > 0 for value in attrs.astuple(DEFAULT_LIMITS))


def test_one_message_fits_the_backlog() -> None:
    assert DEFAULT_LIMITS.line <= DEFAULT_LIMITS.sasl <= DEFAULT_LIMITS.backlog
    assert DEFAULT_LIMITS.literal <= DEFAULT_LIMITS.command <= DEFAULT_LIMITS.backlog


def test_defaults() -> None:
    """Whoever raises one raises what a single peer may hold; whoever lowers one turns somebody away."""
    assert attrs.asdict(DEFAULT_LIMITS) == {
        "line": 8192,
        "sasl": 65536,
        "literal": 65536,
        "command": 262144,
        "block": 1048576,
        "lines": 1000,
        "backlog": 1048576,
        "bad_commands": 20,
    }
