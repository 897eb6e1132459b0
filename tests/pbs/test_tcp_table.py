"""The protocol of tcp_table(5), octet by octet."""

import pytest

from perdition.pbs.answers import BadQuestion, Verdict
from perdition.pbs.tcp_table import LONGEST, TcpTable


def test_questions_and_answers() -> None:
    table = TcpTable()

    assert table.feed(b"get 192.0.2.7\n") == ["192.0.2.7"]
    assert table.write(Verdict.KNOWN, "OK") == b"200 OK\n"
    assert table.write(Verdict.KNOWN, "100% OK, all is well!") == b"200 100%25%20OK,%20all%20is%20well!\n"
    assert table.write(Verdict.UNKNOWN, "OK") == b"500 not%20known\n"
    assert table.write(Verdict.UNAVAILABLE, "not now") == b"400 not%20now\n"


def test_encoded_questions_several_at_once_and_one_in_pieces() -> None:
    table = TcpTable()

    assert table.feed(b"get 2001%3Adb8%3a%3A7\r\nGET a%20b%0A\nge") == ["2001:db8::7", "a b\n"]
    assert [table.feed(bytes([octet])) for octet in b"t x\n"] == [[], [], [], ["x"]]


@pytest.mark.parametrize("octets", [b"put a b\n", b"get\n", b"get \n", b"get a b\n", b"\n", b"get " + b"x" * LONGEST])
def test_what_is_no_question(octets: bytes) -> None:
    table = TcpTable()

    with pytest.raises(BadQuestion):
        table.feed(octets)
