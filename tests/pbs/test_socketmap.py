"""The socketmap protocol, octet by octet."""

import pytest

from perdition.pbs.answers import BadQuestion, Verdict
from perdition.pbs.socketmap import LONGEST, Socketmap


def test_questions_and_answers() -> None:
    socketmap = Socketmap()

    assert socketmap.feed(b"13:pbs 192.0.2.7,") == ["192.0.2.7"]
    assert socketmap.write(Verdict.KNOWN, "OK") == b"5:OK OK,"
    assert socketmap.write(Verdict.UNKNOWN, "OK") == b"9:NOTFOUND ,"
    assert socketmap.write(Verdict.UNAVAILABLE, "not now") == b"12:TEMP not now,"


def test_several_questions_at_once_and_one_in_pieces() -> None:
    socketmap = Socketmap()

    assert socketmap.feed(b"5:a b c,4:a  c,2:a ,1") == ["b c", " c", ""]
    assert [socketmap.feed(bytes([octet])) for octet in b"0:pbs x.test,"] == [[]] * 12 + [["x.test"]]


@pytest.mark.parametrize(
    "octets", [b"x", b"5x", b":", b"12345", b"3:a b;", b"1:a,", b"0:,", b"-1:a,", b"%d:" % (LONGEST + 1)]
)
def test_what_is_no_question(octets: bytes) -> None:
    socketmap = Socketmap()

    with pytest.raises(BadQuestion):
        socketmap.feed(octets)


def test_the_longest_question() -> None:
    socketmap = Socketmap()
    key = "k" * (LONGEST - 2)

    assert socketmap.feed(f"{LONGEST}:n {key},".encode()) == [key]
