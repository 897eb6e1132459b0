"""What all three applications do alike."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.demo.application import ENOUGH, Answer, Application, Then, Tls
from perdition.demo.contents import new_store
from perdition.demo.imap4_server import Imap4Application
from perdition.demo.mailbox import Store
from perdition.demo.managesieve_server import ManageSieveApplication
from perdition.demo.pop3_server import Pop3Application
from tests.demo.helpers import say, talk

New = Callable[[Store], Application]

ALL: list[New] = [Pop3Application, Imap4Application, ManageSieveApplication]
STARTTLS: dict[New, bytes] = {
    Pop3Application: b"STLS\r\n",
    Imap4Application: b"a STARTTLS\r\n",
    ManageSieveApplication: b"STARTTLS\r\n",
}
LOG_IN: dict[New, bytes] = {
    Pop3Application: b"USER alice\r\nPASS wonderland\r\n",
    Imap4Application: b"a LOGIN alice wonderland\r\nb SELECT INBOX\r\n",
    ManageSieveApplication: b'AUTHENTICATE "PLAIN" "AGFsaWNlAHdvbmRlcmxhbmQ="\r\n',
}
WORDS = (
    b"USER|PASS|RETR|TOP|LIST|DELE|UIDL|STAT|QUIT|AUTH|CAPA|a|FETCH|UID|SEARCH|STORE|SELECT|EXAMINE|STATUS|APPEND|"
    b"COPY|EXPUNGE|CREATE|RENAME|DELETE|LIST|LSUB|CLOSE|NAMESPACE|LOGOUT|AUTHENTICATE|PUTSCRIPT|GETSCRIPT|SETACTIVE|"
    b"CHECKSCRIPT|RENAMESCRIPT|DELETESCRIPT|LISTSCRIPTS|NOOP|HAVESPACE|CAPABILITY|INBOX|Archive|alice|PLAIN|1|2|99|"
    b"1:*|0|*|ALL|FULL|(FLAGS UID)|BODY[]|BODY[1.MIME]|BODY.PEEK[HEADER.FIELDS (TO)]<1.2>|(|)|NOT|OR|HEADER|"
    b'SUBJECT|BEFORE|1-Jan-2026|+FLAGS|(\\Seen \\Deleted)|""|"x"|"%"|"filter"|{3+}|{3}|\\|\xff|\x01|(MESSAGES)|'
    b'"01-Jan-2026 00:00:00 +0000"|CHARSET|UTF-8|LARGER|=|AA=='
).split(b"|")


def wire() -> st.SearchStrategy[bytes]:
    """Lines of words that the protocols know, and some that they do not."""
    words = st.lists(st.sampled_from(WORDS), max_size=6).map(b" ".join)
    line = st.builds(lambda tag, rest: tag + rest, st.sampled_from([b"", b"a ", b"a UID "]), words)
    return st.lists(line, max_size=8).map(lambda lines: b"\r\n".join(lines) + b"\r\n")


@pytest.mark.parametrize("new", ALL)
class TestEachApplication:
    @given(data=wire())
    def test_any_octets_get_an_answer_and_no_exception(self, new: New, data: bytes) -> None:
        for log_in in (b"", LOG_IN[new]):
            application = new(new_store("A"))
            application.connected(Tls.NONE)
            application.received(log_in)
            answer = talk(application, data)
            ended = answer if answer.then is Then.CLOSE else talk(application, b"")

            assert answer.then in (Then.READ, Then.CLOSE)
            assert ended.then is Then.CLOSE

    def test_starttls_is_refused_where_it_is_not_offered(self, new: New) -> None:
        application = new(new_store("A"))
        application.connected(Tls.NONE)
        answer = application.received(STARTTLS[new])

        assert answer.then is Then.READ
        assert b"not offered" in answer.data

    def test_starttls_is_offered_once(self, new: New) -> None:
        application = new(new_store("A"))
        application.connected(Tls.OFFERED)

        assert application.received(STARTTLS[new]).then is Then.START_TLS
        application.tls_started()
        assert b"TLS is active already" in say(application, STARTTLS[new])
        assert talk(application, LOG_IN[new]).then is Then.READ

    def test_octets_behind_starttls_end_the_connection(self, new: New) -> None:
        application = new(new_store("A"))
        application.connected(Tls.OFFERED)
        answer = application.received(STARTTLS[new] + LOG_IN[new])

        assert answer.then is Then.CLOSE
        assert b"injected" in answer.data

    def test_under_tls_from_the_first_octet_there_is_no_starttls(self, new: New) -> None:
        application = new(new_store("A"))
        greeting = application.connected(Tls.ACTIVE)

        assert b"STARTTLS" not in greeting.data
        assert b"TLS is active already" in say(application, STARTTLS[new])

    def test_a_broken_line_ends_the_connection_with_a_farewell(self, new: New) -> None:
        application = new(new_store("A"))
        application.connected(Tls.NONE)
        answer = application.received(b"a NOOP\n")

        assert answer.then is Then.CLOSE
        assert b"closing: syntax" in answer.data

    def test_the_end_of_the_stream_ends_the_connection(self, new: New) -> None:
        application = new(new_store("A"))
        application.connected(Tls.NONE)

        assert application.received(b"") == Answer(b"", Then.CLOSE)


def test_a_client_that_does_not_read_is_not_served_on() -> None:
    store = new_store("A")
    store.accounts[b"alice"].inbox.messages[0].octets = b"x\r\n" * (ENOUGH // 3)
    application = Pop3Application(store)
    application.connected(Tls.NONE)
    answer = application.received(LOG_IN[Pop3Application] + b"RETR 1\r\n" * 5)
    sizes = [len(answer.data)]
    while answer.then is Then.GO_ON:
        answer = application.go_on()
        sizes.append(len(answer.data))

    assert len(sizes) >= 5
    assert max(sizes) < 2 * ENOUGH
