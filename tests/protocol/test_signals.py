"""perdition.protocol.signals"""

from perdition.protocol.signals import NEED_DATA, PAUSED, Signal


def test_signals_have_short_names() -> None:
    assert list(Signal) == [NEED_DATA, PAUSED]
