"""perdition.protocol.errors"""

import pytest

from perdition.protocol.errors import Fault, LocalProtocolError, ProtocolError, RemoteProtocolError


def test_both_kinds_have_one_base() -> None:
    assert issubclass(LocalProtocolError, ProtocolError)
    assert issubclass(RemoteProtocolError, ProtocolError)


def test_remote_error_has_a_fault() -> None:
    assert RemoteProtocolError("expected more").fault is Fault.SYNTAX
    assert RemoteProtocolError("expected less", Fault.TOO_LONG).fault is Fault.TOO_LONG
    assert str(RemoteProtocolError("expected more")) == "expected more"


@pytest.mark.parametrize("fault", Fault)
def test_fault_reads_as_words_of_ascii(fault: Fault) -> None:
    assert str(fault) == fault.value
    assert str(fault).isascii()


def test_words_of_faults() -> None:
    """Log watchers read them."""
    assert {fault.name: str(fault) for fault in Fault} == {
        "SYNTAX": "syntax",
        "TOO_LONG": "too long",
        "TOO_MANY": "too many",
        "INJECTED": "injected",
        "UNEXPECTED": "unexpected",
        "CLOSED": "closed",
    }
