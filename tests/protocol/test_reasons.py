"""perdition.protocol.reasons"""

import pytest

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.reasons import Reason


@pytest.mark.parametrize("codes", [pop3.CODES, imap4.CODES, managesieve.CODES])
def test_codes_of_a_protocol_are_words_for_reasons(codes: dict[Reason, bytes]) -> None:
    assert set(codes) <= set(Reason)
    assert all(code.isascii() and b" " not in code for code in codes.values())


def test_try_later_is_said_in_all_three() -> None:
    codes = [each[Reason.UNAVAILABLE] for each in (pop3.CODES, imap4.CODES, managesieve.CODES)]

    assert codes == [b"SYS/TEMP", b"UNAVAILABLE", b"TRYLATER"]  # RFC 3206 4, RFC 5530 3, RFC 5804 1.3
