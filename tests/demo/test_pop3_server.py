"""The POP3 demo server, octet by octet."""

import pytest

from perdition.demo.application import Then
from perdition.demo.contents import new_store
from perdition.demo.mailbox import Store
from perdition.demo.pop3_server import Pop3Application
from tests.demo.helpers import connect, say, talk


def logged_in(store: Store | None = None) -> Pop3Application:
    application = Pop3Application(store or new_store("A"))
    connect(application)

    assert say(application, b"USER alice\r\nPASS wonderland\r\n").endswith(b"+OK 3 messages on demo server A\r\n")
    return application


def small_store() -> Store:
    """Alice has messages of 10, 20 and 30 octets."""
    store = new_store("A")
    for count, message in enumerate(store.accounts[b"alice"].inbox.messages, 1):
        message.octets = b"A: b\r\n\r\n" + b"x" * (10 * count - 10) + b"\r\n"
    return store


def test_greeting_and_capabilities() -> None:
    application = Pop3Application(new_store("A"))

    assert connect(application) == b"+OK demo server A ready\r\n"
    assert b"\r\nSASL PLAIN LOGIN\r\n" in say(application, b"CAPA\r\n")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n", b"+OK 3 messages"),
        (b"AUTH PLAIN\r\nAGFsaWNlAHdvbmRlcmxhbmQ=\r\n", b"+ \r\n+OK 3 messages"),
        (b"AUTH LOGIN\r\nYWxpY2U=\r\nd29uZGVybGFuZA==\r\n", b"+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK 3 messages"),
        (b"AUTH LOGIN YWxpY2U=\r\nd29uZGVybGFuZA==\r\n", b"+ UGFzc3dvcmQ6\r\n+OK 3 messages"),
        (b"AUTH PLAIN\r\n*\r\n", b"+ \r\n-ERR AUTH was cancelled"),
        (b"AUTH CRAM-MD5\r\n", b"-ERR expected a mechanism"),
        (b"AUTH PLAIN Ym9iAGFsaWNlAHdvbmRlcmxhbmQ=\r\n", b"-ERR [AUTH] wrong name or password"),
        (b"USER alice\r\nPASS wrong\r\n", b"+OK and the password?\r\n-ERR [AUTH] wrong name or password"),
        (b"USER nobody\r\nPASS wonderland\r\n", b"+OK and the password?\r\n-ERR [AUTH] wrong name or password"),
        (b"USER carol\r\nPASS christmas\r\n", b"+OK and the password?\r\n-ERR [AUTH] wrong name or password"),
        (b"STAT\r\n", b"-ERR not now"),
    ],
)
def test_log_in(sent: bytes, answer: bytes) -> None:
    application = Pop3Application(new_store("A"))
    connect(application)

    assert say(application, sent).startswith(answer)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"STAT\r\n", b"+OK 3 60\r\n"),
        (b"LIST\r\n", b"+OK list follows\r\n1 10\r\n2 20\r\n3 30\r\n.\r\n"),
        (b"LIST 2\r\n", b"+OK 2 20\r\n"),
        (b"LIST 4\r\n", b"-ERR no such message\r\n"),
        (b"UIDL\r\n", b"+OK list follows\r\n1 1\r\n2 2\r\n3 3\r\n.\r\n"),
        (b"UIDL 3\r\n", b"+OK 3 3\r\n"),
        (b"TOP 1 0\r\n", b"+OK top of message follows\r\nA: b\r\n\r\n.\r\n"),
        (b"RETR 0\r\n", b"-ERR no such message\r\n"),
        (b"NOOP\r\n", b"+OK nothing done\r\n"),
        (b"DELE 1\r\nDELE 1\r\nSTAT\r\n", b"+OK message 1 is deleted\r\n-ERR no such message\r\n+OK 2 50\r\n"),
        (b"DELE 1\r\nRSET\r\nSTAT\r\n", b"+OK message 1 is deleted\r\n+OK nothing is deleted\r\n+OK 3 60\r\n"),
    ],
)
def test_transaction(sent: bytes, answer: bytes) -> None:
    assert say(logged_in(small_store()), sent) == answer


def test_retr_stuffs_dots_and_ends() -> None:
    answer = say(logged_in(), b"RETR 1\r\n")

    assert b"\r\n..\r\nThe dot above" in answer
    assert answer.endswith(b"come through.\r\n.\r\n")


def test_top_gives_so_many_lines() -> None:
    answer = say(logged_in(), b"TOP 1 1\r\n")

    assert answer.endswith(b"\r\n\r\nHello alice,\r\n.\r\n")


def test_messages_go_at_quit_and_not_before() -> None:
    store = new_store("A")
    application = logged_in(store)
    say(application, b"DELE 2\r\n")
    talk(application, b"")

    assert len(store.accounts[b"alice"].inbox.messages) == 3
    application = logged_in(store)
    answer = talk(application, b"DELE 2\r\nQUIT\r\n")
    assert answer.then is Then.CLOSE
    assert answer.data.endswith(b"+OK good-bye from demo server A\r\n")
    assert [message.uid for message in store.accounts[b"alice"].inbox.messages] == [1, 3]


def test_a_message_with_odd_line_ends_can_be_carried() -> None:
    store = new_store("A")
    store.accounts[b"alice"].inbox.messages[0].octets = b"Subject: x\n\rbare\r\n\n.end"

    assert b"\r\nSubject: x\r\n\r\nbare\r\n\r\n..end\r\n.\r\n" in say(logged_in(store), b"RETR 1\r\n")
