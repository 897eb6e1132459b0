"""The ManageSieve demo server, octet by octet."""

import pytest

from perdition.demo.application import Then, Tls
from perdition.demo.contents import new_store
from perdition.demo.mailbox import LARGEST_SCRIPT, MOST_SCRIPTS
from perdition.demo.managesieve_server import ManageSieveApplication
from tests.demo.helpers import connect, say, talk

LOG_IN = b'AUTHENTICATE "PLAIN" "AGFsaWNlAHdvbmRlcmxhbmQ="\r\n'


def logged_in() -> ManageSieveApplication:
    application = ManageSieveApplication(new_store("A"))
    connect(application)

    assert say(application, LOG_IN) == b'OK "logged in to demo server A"\r\n'
    return application


def test_greeting_shows_starttls_until_it_is_used() -> None:
    application = ManageSieveApplication(new_store("A"))
    greeting = connect(application, Tls.OFFERED)

    assert greeting.startswith(b'"IMPLEMENTATION" "perdition demo server A"\r\n')
    assert b'\r\n"STARTTLS"\r\n' in greeting
    assert greeting.endswith(b'OK "demo server A ready"\r\n')
    assert talk(application, b"STARTTLS\r\n").then is Then.START_TLS
    again = application.tls_started().data
    assert again == greeting.replace(b'"STARTTLS"\r\n', b"")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b'AUTHENTICATE "plain"\r\n"AGFsaWNlAHdvbmRlcmxhbmQ="\r\n', b'""\r\nOK "logged in'),
        (
            b'AUTHENTICATE "LOGIN"\r\n"YWxpY2U="\r\n{16+}\r\nd29uZGVybGFuZA==\r\n',
            b'"VXNlcm5hbWU6"\r\n"UGFzc3dvcmQ6"\r\nOK "logged in',
        ),
        (b'AUTHENTICATE "PLAIN" "AGFsaWNlAHdyb25n"\r\n', b'NO "wrong name or password"\r\n'),
        (b'AUTHENTICATE "X"\r\n', b'NO "expected a mechanism that is offered"\r\n'),
        (b"LISTSCRIPTS\r\n", b'NO "not now"\r\n'),
        (b'NOOP "x"\r\n', b'OK (TAG "x") "nothing done"\r\n'),
    ],
)
def test_log_in(sent: bytes, answer: bytes) -> None:
    application = ManageSieveApplication(new_store("A"))
    connect(application)

    assert say(application, sent).startswith(answer)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"LISTSCRIPTS\r\n", b'"filter" ACTIVE\r\nOK "LISTSCRIPTS completed"\r\n'),
        (b'GETSCRIPT "none"\r\n', b'NO (NONEXISTENT) "there is no such script"\r\n'),
        (b'HAVESPACE "new" 100\r\n', b'OK "HAVESPACE completed"\r\n'),
        (b'HAVESPACE "new" 100000\r\n', b'NO (QUOTA/MAXSIZE) "expected a script of at most 65536 octets"\r\n'),
        (b'PUTSCRIPT "" "keep;"\r\n', b'NO "expected a name in UTF-8 without control characters"\r\n'),
        (b'PUTSCRIPT "n" "if true {"\r\n', b'NO "expected as many closing braces as opening ones"\r\n'),
        (b'CHECKSCRIPT "} {"\r\n', b'NO "expected as many closing braces as opening ones"\r\n'),
        (b'CHECKSCRIPT "# {"\r\n', b'OK "CHECKSCRIPT completed"\r\n'),
        (b'CHECKSCRIPT "/* { */ if header \\"}\\" {}"\r\n', b'OK "CHECKSCRIPT completed"\r\n'),
        (b'DELETESCRIPT "filter"\r\n', b'NO (ACTIVE) "the active script is not deleted"\r\n'),
        (b'SETACTIVE "none"\r\n', b'NO (NONEXISTENT) "there is no such script"\r\n'),
        (
            b'SETACTIVE ""\r\nLISTSCRIPTS\r\nDELETESCRIPT "filter"\r\nLISTSCRIPTS\r\n',
            b'OK "SETACTIVE completed"\r\n"filter"\r\nOK "LISTSCRIPTS completed"\r\n'
            b'OK "DELETESCRIPT completed"\r\nOK "LISTSCRIPTS completed"\r\n',
        ),
        (
            b'RENAMESCRIPT "filter" "sorter"\r\nLISTSCRIPTS\r\n',
            b'OK "RENAMESCRIPT completed"\r\n"sorter" ACTIVE\r\nOK "LISTSCRIPTS completed"\r\n',
        ),
        (b'RENAMESCRIPT "filter" "filter"\r\n', b'NO (ALREADYEXISTS) "the new name is in use"\r\n'),
        (b"UNAUTHENTICATE\r\nLISTSCRIPTS\r\n", b'OK "UNAUTHENTICATE completed"\r\nNO "not now"\r\n'),
    ],
)
def test_scripts(sent: bytes, answer: bytes) -> None:
    assert say(logged_in(), sent) == answer


def test_a_script_comes_back_as_it_was_put() -> None:
    application = logged_in()
    script = b"# \xc3\xbc {\r\nkeep;\r\n"
    say(application, b'PUTSCRIPT "new" {%d+}\r\n%s\r\n' % (len(script), script))

    assert say(application, b'GETSCRIPT "new"\r\n') == b'{%d}\r\n%s\r\nOK "GETSCRIPT completed"\r\n' % (
        len(script),
        script,
    )


def test_there_is_an_end_to_scripts() -> None:
    application = logged_in()
    for number in range(MOST_SCRIPTS - 1):
        say(application, b'PUTSCRIPT "%d" ""\r\n' % number)

    assert say(application, b'PUTSCRIPT "more" ""\r\n').startswith(b"NO (QUOTA/MAXSCRIPTS)")
    assert say(application, b'PUTSCRIPT "filter" ""\r\n').startswith(b"OK")
    answer = talk(application, b'PUTSCRIPT "filter" {%d+}\r\n' % (LARGEST_SCRIPT + 1))
    assert answer.then is Then.CLOSE


def test_capabilities_after_log_in_name_the_owner() -> None:
    assert b'\r\n"OWNER" "alice"\r\n' in say(logged_in(), b"CAPABILITY\r\n")


def test_logout_ends() -> None:
    answer = talk(logged_in(), b"LOGOUT\r\nNOOP\r\n")

    assert answer.then is Then.CLOSE
    assert answer.data == b'OK "LOGOUT completed"\r\n'
