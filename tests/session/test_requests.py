"""What a client wants: data that shows no password."""

from perdition.protocol.errors import Fault
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session.requests import Attempt, Gone, Leaves, Lost, WantsTls


def test_an_attempt_shows_who_but_not_the_password() -> None:
    attempt = Attempt(Credentials(b"joe", Secret(b"hunter2")))

    assert "joe" in repr(attempt)
    assert "hunter2" not in repr(attempt)


def test_requests_are_told_apart_by_what_they_say() -> None:
    assert len({WantsTls(), Leaves(), Gone(), Gone(), Lost(Fault.SYNTAX, "a"), Lost(Fault.SYNTAX, "b")}) == 5
