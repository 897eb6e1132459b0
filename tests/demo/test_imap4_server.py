"""The IMAP4 demo server, octet by octet."""

import pytest

from perdition.demo.application import Then, Tls
from perdition.demo.contents import ARRIVED, new_store
from perdition.demo.imap4_server import LARGEST_MESSAGE, LOGGED_IN, Imap4Application
from perdition.demo.mailbox import MOST_MESSAGES, Store
from tests.demo.helpers import connect, say, talk

MESSAGE = b"From: a@b.c\r\nSubject: one\r\n\r\nHello\r\n"


def small_store() -> Store:
    """Alice has the same little message three times, the second one seen; INBOX and Archive."""
    store = new_store("A")
    inbox = store.accounts[b"alice"].inbox
    inbox.remove(inbox.messages)
    for flags in ((), (b"\\Seen",), ()):
        inbox.add(MESSAGE, ARRIVED, flags)  # uids 4 to 6
    return store


def logged_in(store: Store | None = None) -> Imap4Application:
    application = Imap4Application(store or small_store())
    connect(application)

    assert say(application, b"a LOGIN alice wonderland\r\n").startswith(b"a OK [CAPABILITY ")
    return application


def selected(store: Store | None = None, verb: bytes = b"SELECT") -> Imap4Application:
    application = logged_in(store)

    assert b"\r\nb OK [READ-" in say(application, b"b " + verb + b" inbox\r\n")
    return application


class TestLogIn:
    def test_capabilities_differ_before_and_behind(self) -> None:
        application = Imap4Application(small_store())
        greeting = connect(application, Tls.OFFERED)

        assert greeting.startswith(b"* OK [CAPABILITY IMAP4rev1 ")
        assert b" AUTH=PLAIN AUTH=LOGIN STARTTLS] demo server A ready\r\n" in greeting
        answer = say(application, b"a LOGIN alice wonderland\r\n")
        assert answer == b"a OK [CAPABILITY " + LOGGED_IN + b"] logged in to demo server A\r\n"
        assert say(application, b"b CAPABILITY\r\n") == b"* CAPABILITY " + LOGGED_IN + b"\r\nb OK done\r\n"

    @pytest.mark.parametrize(
        ("sent", "answer"),
        [
            (b'a LOGIN "alice" "wonderland"\r\n', b"a OK "),
            (b"a LOGIN {5}\r\nalice {10}\r\nwonderland\r\n", b"+ go on\r\n+ go on\r\na OK "),
            (b"a LOGIN {5+}\r\nalice {10+}\r\nwonderland\r\n", b"a OK "),
            (b"a LOGIN {5000}\r\nb NOOP\r\n", b"a BAD [TOOBIG] expected a shorter literal\r\nb OK done\r\n"),
            (b"a LOGIN alice wrong\r\n", b"a NO [AUTHENTICATIONFAILED] wrong name or password\r\n"),
            (b"a AUTHENTICATE PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n", b"a OK "),
            (b"a AUTHENTICATE PLAIN\r\nAGFsaWNlAHdvbmRlcmxhbmQ=\r\n", b"+ \r\na OK "),
            (
                b"a AUTHENTICATE LOGIN\r\nYWxpY2U=\r\nd29uZGVybGFuZA==\r\n",
                b"+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\na OK ",
            ),
            (b"a AUTHENTICATE PLAIN\r\n*\r\n", b"+ \r\na BAD AUTHENTICATE was cancelled\r\n"),
            (b"a AUTHENTICATE GSSAPI\r\n", b"a NO expected a mechanism that is offered\r\n"),
            (b"a ID NIL\r\n", b'* ID ("name" "perdition demo server")\r\na OK done\r\n'),
            (b"a SELECT INBOX\r\n", b"a BAD not now\r\n"),
            (b"a IDLE\r\n", b"a BAD unknown command\r\n"),
        ],
    )
    def test_log_in(self, sent: bytes, answer: bytes) -> None:
        application = Imap4Application(small_store())
        connect(application)

        assert say(application, sent).startswith(answer)

    def test_logout_ends(self) -> None:
        answer = talk(selected(), b"c LOGOUT\r\nd NOOP\r\n")

        assert answer.then is Then.CLOSE
        assert answer.data == b"* BYE good-bye from demo server A\r\nc OK done\r\n"


class TestMailboxes:
    def test_select_says_all(self) -> None:
        assert say(logged_in(), b"b SELECT inbox\r\n") == (
            b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
            b"* 3 EXISTS\r\n"
            b"* 0 RECENT\r\n"
            b"* OK [UNSEEN 1] first unseen\r\n"
            b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)] flags that stay\r\n"
            b"* OK [UIDVALIDITY 1] uids are valid\r\n"
            b"* OK [UIDNEXT 7] next uid\r\n"
            b"b OK [READ-WRITE] selected\r\n"
        )

    @pytest.mark.parametrize(
        ("sent", "answer"),
        [
            (b'c LIST "" ""\r\n', b'* LIST (\\Noselect) "/" ""\r\nc OK done\r\n'),
            (
                b'c LIST "" *\r\n',
                b'* LIST (\\HasNoChildren) "/" "INBOX"\r\n* LIST (\\HasNoChildren) "/" "Archive"\r\nc OK done\r\n',
            ),
            (
                b'c CREATE x/y/\r\nd LIST "" x*\r\ne LIST x/ %\r\n',
                b'c OK done\r\n* LIST (\\HasChildren) "/" "x"\r\n* LIST (\\HasNoChildren) "/" "x/y"\r\nd OK done\r\n'
                b'* LIST (\\HasNoChildren) "/" "x/y"\r\ne OK done\r\n',
            ),
            (b'c LSUB "" A%e\r\n', b'* LSUB () "/" "Archive"\r\nc OK done\r\n'),
            (b'c UNSUBSCRIBE Archive\r\nd LSUB "" *\r\n', b'c OK done\r\n* LSUB () "/" "INBOX"\r\nd OK done\r\n'),
            (b"c SUBSCRIBE none\r\n", b"c NO [NONEXISTENT] there is no such mailbox\r\n"),
            (b"c SUBSCRIBE inbox\r\n", b"c OK done\r\n"),
            (
                b"c STATUS inbox (MESSAGES UNSEEN UIDNEXT UIDVALIDITY RECENT)\r\n",
                b'* STATUS "inbox" (MESSAGES 3 UNSEEN 2 UIDNEXT 7 UIDVALIDITY 1 RECENT 0)\r\nc OK done\r\n',
            ),
            (b"c STATUS inbox (SIZE)\r\n", b"c BAD expected MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or UNSEEN\r\n"),
            (b"c STATUS inbox MESSAGES\r\n", b"c BAD expected other arguments for STATUS\r\n"),
            (b"c NAMESPACE\r\n", b'* NAMESPACE (("" "/")) NIL NIL\r\nc OK done\r\n'),
            (b"c CREATE Archive\r\n", b"c NO [ALREADYEXISTS] there is one already\r\n"),
            (b"c CREATE a//b\r\n", b"c NO [CANNOT] expected a name of at most 255 octets without wildcards\r\n"),
            (b"c DELETE inbox\r\n", b"c NO [CANNOT] INBOX stays\r\n"),
            (
                b"c DELETE Archive\r\nd EXAMINE Archive\r\n",
                b"c OK done\r\nd NO [NONEXISTENT] there is no such mailbox\r\n",
            ),
            (
                b"c RENAME Archive Old\r\nd STATUS Old (MESSAGES)\r\n",
                b'c OK done\r\n* STATUS "Old" (MESSAGES 0)\r\nd OK done\r\n',
            ),
            (b"c RENAME inbox Old\r\n", b"c NO [CANNOT] that one keeps its name\r\n"),
            (b"c RENAME Archive inbox\r\n", b"c NO [ALREADYEXISTS] the new name is in use\r\n"),
            (b"c ENABLE CONDSTORE\r\n", b"c BAD expected other arguments for ENABLE\r\n"),
            (b"c SELECT\r\n", b"c BAD expected other arguments for SELECT\r\n"),
            (b"c SELECT (INBOX)\r\n", b"c BAD expected a word or a string, not a list\r\n"),
        ],
    )
    def test_commands(self, sent: bytes, answer: bytes) -> None:
        assert say(logged_in(), sent) == answer

    def test_a_select_that_fails_leaves_no_mailbox_selected(self) -> None:
        application = selected()
        say(application, b"c SELECT none\r\n")

        assert say(application, b"d FETCH 1 UID\r\n") == b"d BAD not now\r\n"

    @pytest.mark.parametrize("verb", [b"CLOSE", b"UNSELECT"])
    def test_close_leaves(self, verb: bytes) -> None:
        application = selected()

        assert say(application, b"c " + verb + b"\r\n") == b"c OK done\r\n"
        assert say(application, b"d FETCH 1 UID\r\n") == b"d BAD not now\r\n"

    def test_close_expunges_and_unselect_and_examine_do_not(self) -> None:
        store = small_store()
        messages = store.accounts[b"alice"].inbox
        say(selected(store), b"c STORE 1 +FLAGS \\Deleted\r\nd UNSELECT\r\n")
        say(selected(store, b"EXAMINE"), b"c CLOSE\r\n")

        assert len(messages.messages) == 3
        say(selected(store), b"c CLOSE\r\n")
        assert [message.uid for message in messages.messages] == [5, 6]


class TestAppend:
    def test_append_shows_at_once_in_the_selected_mailbox(self) -> None:
        application = selected()
        sent = b'c APPEND inbox (\\Seen \\Odd) " 1-Feb-2026 10:00:00 +0130" {%d}\r\n%s\r\n' % (len(MESSAGE), MESSAGE)

        assert say(application, sent) == b"+ go on\r\n* 4 EXISTS\r\nc OK [APPENDUID 1 7] done\r\n"
        assert say(application, b"d FETCH 4 FAST\r\n") == (
            b'* 4 FETCH (FLAGS (\\Seen) INTERNALDATE " 1-Feb-2026 08:30:00 +0000" RFC822.SIZE %d)\r\nd OK done\r\n'
            % len(MESSAGE)
        )

    @pytest.mark.parametrize(
        ("sent", "answer"),
        [
            (b"c APPEND none {1+}\r\nx\r\n", b"c NO [TRYCREATE] there is no such mailbox\r\n"),
            (b"c APPEND inbox {1+}\r\n\0\r\n", b"c BAD expected a message without NUL\r\n"),
            (b"c APPEND inbox x\r\n", b"c BAD expected a mailbox, flags, a date and a literal\r\n"),
            (
                b'c APPEND inbox "1-Xxx-2026 10:00:00 +0000" {1+}\r\nx\r\n',
                b"c BAD expected a date such as 1-Feb-2026\r\n",
            ),
            (b'c APPEND inbox "now" {1+}\r\nx\r\n', b"c BAD expected a date, a time and a zone\r\n"),
            (
                b"c APPEND inbox {%d}\r\nd NOOP\r\n" % (LARGEST_MESSAGE + 1),
                b"c BAD [TOOBIG] expected a shorter literal, or none\r\nd OK done\r\n",
            ),
        ],
    )
    def test_refusals(self, sent: bytes, answer: bytes) -> None:
        assert say(logged_in(), sent) == answer

    def test_a_large_message_comes_back(self) -> None:
        application = selected()
        message = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 100_000
        say(application, b"c APPEND inbox {%d+}\r\n" % len(message))
        for start in range(0, len(message), 65536):
            assert say(application, message[start : start + 65536]) == b""

        assert b"[APPENDUID 1 7]" in say(application, b"\r\n")
        assert message in say(application, b"d UID FETCH 7 BODY[]\r\n")

    def test_an_account_that_is_full_takes_no_more(self) -> None:
        store = small_store()
        inbox = store.accounts[b"alice"].inbox
        for _ in range(MOST_MESSAGES - 3):
            inbox.add(b"", ARRIVED)

        assert say(logged_in(store), b"c APPEND inbox {1+}\r\nx\r\n") == b"c NO [OVERQUOTA] there is no room left\r\n"
        assert say(selected(store), b"c COPY 1 inbox\r\n") == b"c NO [OVERQUOTA] there is no room left\r\n"


class TestMessages:
    @pytest.mark.parametrize(
        ("sent", "answer"),
        [
            (b"c FETCH 2 (UID FLAGS)\r\n", b"* 2 FETCH (UID 5 FLAGS (\\Seen))\r\nc OK done\r\n"),
            (
                b"c UID FETCH 5:* FLAGS\r\n",
                b"* 2 FETCH (UID 5 FLAGS (\\Seen))\r\n* 3 FETCH (UID 6 FLAGS ())\r\nc OK done\r\n",
            ),
            (b"c UID FETCH 99 FLAGS\r\n", b"c OK done\r\n"),
            (b"c FETCH 4 UID\r\n", b"c BAD expected numbers of messages that are there\r\n"),
            (b"c FETCH 1 BODY[TEXT]\r\n", b"* 1 FETCH (BODY[TEXT] {7}\r\nHello\r\n FLAGS (\\Seen))\r\nc OK done\r\n"),
            (b"c FETCH 1 RFC822.TEXT\r\n", b"* 1 FETCH (RFC822.TEXT {7}\r\nHello\r\n FLAGS (\\Seen))\r\nc OK done\r\n"),
            (b"c FETCH 1 BODY.PEEK[]<2.4>\r\n", b"* 1 FETCH (BODY[]<2> {4}\r\nom: )\r\nc OK done\r\n"),
            (b"c STORE 1 +FLAGS (\\Seen \\Odd)\r\n", b"* 1 FETCH (FLAGS (\\Seen))\r\nc OK done\r\n"),
            (b"c STORE 1:2 -FLAGS \\Seen\r\n", b"* 1 FETCH (FLAGS ())\r\n* 2 FETCH (FLAGS ())\r\nc OK done\r\n"),
            (b"c UID STORE 5 FLAGS ()\r\n", b"* 2 FETCH (UID 5 FLAGS ())\r\nc OK done\r\n"),
            (b"c STORE 1 FLAGS \\Draft \\Flagged\r\n", b"* 1 FETCH (FLAGS (\\Flagged \\Draft))\r\nc OK done\r\n"),
            (b"c STORE 1 +FLAGS.SILENT \\Seen\r\n", b"c OK done\r\n"),
            (b"c STORE 1 FLAG \\Seen\r\n", b"c BAD expected FLAGS, +FLAGS or -FLAGS\r\n"),
            (b"c STORE 1 FLAGS\r\n", b"c BAD expected a set, what to do, and flags\r\n"),
            (b"c SEARCH UNSEEN\r\n", b"* SEARCH 1 3\r\nc OK done\r\n"),
            (b"c UID SEARCH SEEN\r\n", b"* SEARCH 5\r\nc OK done\r\n"),
            (b"c SEARCH SUBJECT none\r\n", b"* SEARCH\r\nc OK done\r\n"),
            (b"c SEARCH CHARSET KOI8-R ALL\r\n", b"c NO [BADCHARSET (US-ASCII UTF-8)] expected US-ASCII or UTF-8\r\n"),
            (b"c COPY 1,3 Archive\r\n", b"c OK [COPYUID 2 4,6 1,2] done\r\n"),
            (b"c UID COPY 99 Archive\r\n", b"c OK done\r\n"),
            (b"c COPY 1 none\r\n", b"c NO [TRYCREATE] there is no such mailbox\r\n"),
            (b"c UID MOVE 5 Archive\r\n", b"c BAD expected another command or other arguments than UID with these\r\n"),
            (
                b"c UID UID FETCH 1 UID\r\n",
                b"c BAD expected another command or other arguments than UID with these\r\n",
            ),
            (b"c CHECK\r\n", b"c OK done\r\n"),
            (
                b"c STORE 1:* +FLAGS.SILENT \\Deleted\r\nd EXPUNGE\r\n",
                b"c OK done\r\n* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n* 1 EXPUNGE\r\nd OK done\r\n",
            ),
            (
                b"c STORE 1:* +FLAGS.SILENT \\Deleted\r\nd UID EXPUNGE 5\r\n",
                b"c OK done\r\n* 2 EXPUNGE\r\nd OK done\r\n",
            ),
        ],
    )
    def test_commands(self, sent: bytes, answer: bytes) -> None:
        assert say(selected(), sent) == answer

    @pytest.mark.parametrize("sent", [b"STORE 1 FLAGS ()", b"EXPUNGE", b"UID STORE 4 FLAGS ()", b"UID EXPUNGE 4"])
    def test_examine_changes_nothing(self, sent: bytes) -> None:
        application = selected(verb=b"EXAMINE")

        assert say(application, b"c " + sent + b"\r\n") == b"c NO the mailbox is open for reading only\r\n"
        assert b"FLAGS" not in say(application, b"d FETCH 1 BODY[TEXT]\r\n")

    def test_what_others_expunge_is_told_when_numbers_may_change(self) -> None:
        store = small_store()
        one, other = selected(store), selected(store)
        say(other, b"c STORE 1 +FLAGS \\Deleted\r\nd EXPUNGE\r\ne COPY 2 INBOX\r\n")

        assert say(one, b"c FETCH 1 UID\r\n") == b"* 1 FETCH (UID 4)\r\n* 4 EXISTS\r\nc OK done\r\n"
        assert say(one, b"d NOOP\r\n") == b"* 1 EXPUNGE\r\nd OK done\r\n"
        assert say(one, b"e FETCH 1:* UID\r\n") == (
            b"* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 6)\r\n* 3 FETCH (UID 7)\r\ne OK done\r\n"
        )
