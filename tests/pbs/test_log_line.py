"""Which lines count, and which only look as if they did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.pbs.log_line import LONGEST, LogReader, expression
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session.endpoints import Endpoints
from perdition.session.log_lines import auth, way

READER = LogReader()
HEAD = "Nov 21 06:29:56 perdition[11036]: "
WAY = "192.0.2.7:41320->127.0.0.1:21102"
IDS = 'authorisation_id=NONE authentication_id="joe"'
TAIL = 'server="127.0.0.1:21101" protocol=POP3 server-secure=plaintext status="ok"'
AUTH = f"Auth: {WAY} client-secure=plaintext {IDS} {TAIL}"
FAILED = 'server="(null):110" protocol=POP3 server-secure=plaintext status="failed: Could not determine server"'
OLD = 'Auth: 192.0.2.7->192.0.2.1 user="joe" server="real.example.org" port="110" status="ok"'

GOOD = {
    "the C program's own file": (HEAD + AUTH, "192.0.2.7"),
    "a day of one digit": (f"Nov  1 06:29:56 perdition[1]: {AUTH}", "192.0.2.7"),
    "syslog's file": (f"Nov 21 06:29:56 mail perdition[11036]: {AUTH}", "192.0.2.7"),
    "a host with dots": (f"Nov 21 06:29:56 mail.example.org perdition.imaps[11036]: {AUTH}", "192.0.2.7"),
    "a host by its address": (f"Nov 21 06:29:56 2001:db8::9 perdition[11036]: {AUTH}", "192.0.2.7"),
    "ours": (f"Nov 21 06:29:56 mail perdition-trio[11036]: {AUTH}", "192.0.2.7"),
    "the time of RFC 3339": (f"2026-11-21T06:29:56.123456+01:00 mail perdition[11036]: {AUTH}", "192.0.2.7"),
    "the time of RFC 3339 in UTC": (f"2026-11-21T06:29:56Z mail perdition[11036]: {AUTH}", "192.0.2.7"),
    "RFC 5424": (f"<21>1 2026-11-21T06:29:56.1Z mail perdition 11036 - - {AUTH}", "192.0.2.7"),
    "RFC 5424 with data": (f'1 2026-11-21T06:29:56Z mail perdition 1 - [a@1 b="]"][c@2] {AUTH}', "192.0.2.7"),
    "IPv6": (HEAD + AUTH.replace(WAY, "::1:41320->::1:21102"), "::1"),
    "IPv6 in full": (HEAD + AUTH.replace(WAY, "2001:DB8:0:0:0:0:0:1:41320->2001:db8::2:143"), "2001:db8::1"),
    "IPv4 written as IPv6": (HEAD + AUTH.replace(WAY, "::ffff:192.0.2.7:41320->::ffff:192.0.2.1:143"), "192.0.2.7"),
    "an authorisation id": (HEAD + AUTH.replace("=NONE", '="other"'), "192.0.2.7"),
    "TLS": (HEAD + AUTH.replace("client-secure=plaintext", "client-secure=ssl").replace("POP3", "IMAP4S"), "192.0.2.7"),
    "a password": (HEAD + AUTH.replace(" server=", ' passwd="secret" server=', 1), "192.0.2.7"),
    "a password with quotes": (HEAD + AUTH.replace(" server=", ' passwd="a" server="b" ' + "server=", 1), "192.0.2.7"),
    "an escaped name": (HEAD + AUTH.replace('"joe"', r'"jo\"e\\ \012\303\251"'), "192.0.2.7"),
    "a name with a quote, of the C program": (HEAD + AUTH.replace('"joe"', '"jo"e"'), "192.0.2.7"),
    "a name that is not ASCII, of the C program": (HEAD + AUTH.replace("joe", "jo\u00e9"), "192.0.2.7"),
    "a name that speaks of failure": (HEAD + AUTH.replace("joe", f'x" {FAILED}'.replace('"', r"\"")), "192.0.2.7"),
    "a name that is a line": (HEAD + AUTH.replace("joe", HEAD + AUTH.replace("192.0.2.7", "6.6.6.6")), "192.0.2.7"),
    "1.17": (HEAD + OLD, "192.0.2.7"),
    "1.17 in its manual": (HEAD + OLD.replace("->192.0.2.1", "").replace('"ok"', "ok"), "192.0.2.7"),
}
BAD = {
    "another status": HEAD + AUTH.replace('"ok"', '"failed: Re-Authentication Failure"'),
    "1.17 and another status": HEAD + OLD.replace('"ok"', '"failed"'),
    "a name that says ok": f'{HEAD}Auth: {WAY} client-secure=plaintext authorisation_id=NONE authentication_id="x" '
    f'{TAIL} {FAILED}',
    "an authorisation id that says ok": f'{HEAD}Auth: {WAY} client-secure=plaintext authorisation_id="x" '
    f'authentication_id="y" {TAIL}" authentication_id="z" {FAILED}',
    "a failed name that is a line": HEAD + AUTH.replace(TAIL, FAILED).replace("joe", HEAD + AUTH),
    "1.17 and a name that says ok": HEAD + OLD.replace('"ok"', '"failed"').replace('"joe"', f'"x" {TAIL}'),
    "a user of another program": f"Nov 21 06:29:56 mail sshd[7]: Invalid user {AUTH}",
    "a user who is a program": f"Nov 21 06:29:56 mail sshd[7]: perdition[1]: {AUTH}",
    "a user who is a program, in a file of its own": f"Nov 21 06:29:56 sshd[7]: perdition[1]: {AUTH}",
    "a program without process id": f"Nov 21 06:29:56 sshd: perdition[1]: {AUTH}",
    "a program's whole line": f"Nov 21 06:29:56 mail sshd[7]: {HEAD}{AUTH}",
    "another program": f"Nov 21 06:29:56 mail dovecot[7]: {AUTH}",
    "a program with such a beginning": f"Nov 21 06:29:56 mail perditions[7]: {AUTH}",
    "a program with such an end": f"Nov 21 06:29:56 mail my.perdition[7]: {AUTH}",
    "no header": AUTH,
    "no time": f"perdition[11036]: {AUTH}",
    "a reason with it": f"{HEAD}Fatal error: {AUTH}",
    "cut off before the status": (HEAD + AUTH)[: -len(' status="ok"')],
    "cut off in the status": (HEAD + AUTH)[:-1],
    "something behind the status": HEAD + AUTH + " ",
    "too long, and perhaps cut": HEAD + AUTH.replace('"joe"', f'"{"x" * LONGEST}" {TAIL}'),
    "a connection": f"{HEAD}Connect:  {WAY}",
    "an end": f"{HEAD}Closing session: {WAY} {IDS} received=12 sent=24",
    "no client": HEAD + AUTH.replace(WAY, "->"),
    "a name for an address": HEAD + AUTH.replace("192.0.2.7", "pc.example.org"),
    "no address": HEAD + AUTH.replace("192.0.2.7", "192.0.2.777"),
    "an address with leading zeros": HEAD + AUTH.replace("192.0.2.7", "192.0.2.07"),
    "an address of one link": HEAD + AUTH.replace("192.0.2.7", "fe80::1%eth0"),
    "a second line": f"{HEAD}{AUTH}".replace("joe", "joe\n" + HEAD),
    "a tab": HEAD + AUTH.replace("joe", "jo\te"),
    "nothing": "",
}  # fmt: skip


@pytest.mark.parametrize(("line", "address"), GOOD.values(), ids=GOOD)
def test_a_log_in_is_found(line: str, address: str) -> None:
    assert READER.in_file(line.encode("latin-1")) == address


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_what_is_no_log_in_is_passed_over(line: str) -> None:
    assert READER.in_file(line.encode("latin-1")) is None


@given(name=st.binary(max_size=80), authzid=st.binary(max_size=80), status=st.sampled_from(["ok", "failed: no"]))
def test_no_name_changes_what_our_line_says(name: bytes, authzid: bytes, status: str) -> None:
    endpoints = Endpoints(client=("2001:db8::7", 4000), local=("2001:db8::1", 143), banner_host="x")
    credentials = Credentials(authzid=authzid, authcid=name, password=Secret(b"x"))
    line = auth(way(endpoints), "ssl", credentials, "s:143", "IMAP4S", "ssl", status)

    assert READER.in_file(f"{HEAD}{line}".encode()) == ("2001:db8::7" if status == "ok" else None)


@given(name=st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=100), cut=st.integers(1, 400))
def test_no_name_of_the_c_program_makes_a_success_of_a_failure(name: str, cut: int) -> None:
    forged = name[: cut % 50] + f'" {TAIL}' + name
    line = HEAD + AUTH.replace(TAIL, FAILED).replace("joe", forged)

    assert READER.in_file(line.encode()[:LONGEST]) is None


@pytest.mark.parametrize(
    ("datagram", "address"),
    [
        (f"<21>perdition-trio[7]: {AUTH}", "192.0.2.7"),
        (f"<21>Nov 21 06:29:56 perdition[7]: {AUTH}\n", "192.0.2.7"),
        (f"<21>Nov 21 06:29:56 perdition[7]: {AUTH}\0", "192.0.2.7"),
        (f"<21>Nov 21 06:29:56 mail perdition[7]: {AUTH}", "192.0.2.7"),
        (f"<21>1 2026-11-21T06:29:56Z mail perdition 7 - - \xef\xbb\xbf{AUTH}", "192.0.2.7"),
        (f"<21>sshd[7]: perdition[7]: {AUTH}", None),
        (f"<21>sshd: perdition[7]: {AUTH}", None),
        (f"<21>perdition[7]: x\nperdition[7]: {AUTH}", None),
        (f"perdition[7]: {AUTH}", None),
        (f"<21>perdition[7]: {AUTH}".ljust(LONGEST + 1), None),
    ],
)
def test_datagrams_have_other_headers(datagram: str, address: str | None) -> None:
    assert READER.in_datagram(datagram.encode("latin-1")) == address


@pytest.mark.parametrize(
    ("identifier", "message", "address"),
    [
        ("perdition", AUTH, "192.0.2.7"),
        ("perdition.imap4s", AUTH, "192.0.2.7"),
        ("perdition-trio", HEAD + AUTH, "192.0.2.7"),  # standard error
        ("sshd", AUTH, None),
        ("sshd", HEAD + AUTH, None),
        ("perdition", f"x\n{AUTH}", None),
        ("perdition", f"{AUTH}\nx", None),
        ("perdition", "Connect:  " + AUTH, None),
    ],
)
def test_the_journal_says_who_has_said_it(identifier: str, message: str, address: str | None) -> None:
    assert READER.in_journal(identifier, message.encode()) == address


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("Nov 21 06:29:56 mail dovecot: imap-login: Login: user=<joe>, rip=192.0.2.7, lip=192.0.2.1", "192.0.2.7"),
        ("Nov 21 06:29:56 mail dovecot: imap-login: Login: user=<joe>, rip=192.0.2.7:25, lip=192.0.2.1", "192.0.2.7"),
        ("Nov 21 06:29:56 mail dovecot: imap-login: Login: user=<joe>, rip=2001:db8::7, x", "2001:db8::7"),
        ("Nov 21 06:29:56 mail dovecot: imap-login: Login: user=<joe>, rip=[2001:db8::7]:25, x", "2001:db8::7"),
        ("Nov 21 06:29:56 mail dovecot: imap-login: Login: user=<joe>, rip=, lip=192.0.2.1", None),
        ("Nov 21 06:29:56 mail dovecot: imap-login: Aborted", None),
        (HEAD + AUTH, None),
    ],
)
def test_an_expression_takes_the_place_of_all_that(line: str, address: str | None) -> None:
    reader = LogReader(expression(r"imap-login: Login: .*, rip=([^,]*),"))

    assert reader.in_file(line.encode()) == address
    assert reader.in_journal("dovecot", line.encode()) == address


def test_the_expression_of_the_c_program_matches_what_it_matched_there() -> None:
    reader = LogReader(expression('perdition.*Auth: ([^-]+)->[^-]+ user="([^"]+)" '))

    assert reader.in_file((HEAD + OLD).encode()) == "192.0.2.7"
    assert reader.in_file((HEAD + AUTH).encode()) is None


@pytest.mark.parametrize(
    ("text", "message"), [("Auth: .*", "first group"), ("(", "a regular expression of Python .missing")]
)
def test_an_expression_that_makes_no_sense(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expression(text)
