"""What RFCs demand of an IMAP4 server before the log-in, where no dialogue with a machine shows it."""

import re
from typing import Final

import pytest

from perdition.config import capabilities as defaults
from perdition.config.settings import Settings
from perdition.protocol import imap4
from perdition.session import Proto
from perdition.session.capabilities import ADDED, capability_elements
from tests.session.helpers import IMAP4, READ_CLIENT, WOKE, Played, new_session, play, to_log_in

CAPABILITIES: Final = capability_elements(Proto.IMAP4, defaults.IMAP)

# Of the "IMAP Capabilities" registry of IANA: those that a proxy could name before the log-in.
REGISTERED: Final = frozenset(
    ("AUTH=", "ENABLE", "ID", "IDLE", "IMAP4", "IMAP4REV1", "IMAP4REV2", "LITERAL+", "LITERAL-", "LOGIN-REFERRALS")
) | {"LOGINDISABLED", "SASL-IR", "STARTTLS"}

# Of the "IMAP Response Codes" registry of IANA: RFC 5530 3.
REGISTERED_CODES: Final = frozenset(
    (b"AUTHENTICATIONFAILED", b"AUTHORIZATIONFAILED", b"CONTACTADMIN", b"EXPIRED", b"LIMIT", b"PRIVACYREQUIRED")
) | {b"SERVERBUG", b"UNAVAILABLE"}

TALK: Final = (
    b"a CAPABILITY\r\nb NOOP\r\nc ID NIL\r\nd XYZZY\r\ne SELECT INBOX\r\nf LOGIN joe\r\n\r\n"
    b"g AUTHENTICATE X-NONE\r\nh AUTHENTICATE PLAIN\r\n*\r\ni LOGIN {5}\r\nwrong {4}\r\nwrong\r\n"
)


def listed(played: Played) -> list[bytes]:
    """Give the capabilities of the greeting."""
    found = re.match(rb"\* OK \[CAPABILITY ([^]]*)\]", played.to_client)

    assert found is not None
    return found[1].split()


def by_default() -> Played:
    """Start a session that has the capabilities of the default."""
    return play(new_session(IMAP4, capabilities=CAPABILITIES, added_capabilities=ADDED[Proto.IMAP4]))


def said_to_id(said: bytes) -> tuple[bytes, list[str]]:
    """Tell what a client that says this is told, and what is logged of it."""
    played = by_default().then(b"a ID " + said + b"\r\n")

    assert played.last == READ_CLIENT
    return played.to_client, played.lines()


# --- capabilities


@pytest.mark.requirement("rfc3501-7.2.1-4")
@pytest.mark.requirement("rfc3501-7.2.1-5")
@pytest.mark.requirement("rfc9051-7.2.2-5")
def test_every_name_of_the_default_is_registered() -> None:
    names = {word.decode("ascii").upper() for word in listed(by_default())}

    assert {re.sub("=.*", "=", name) for name in names} <= REGISTERED


@pytest.mark.requirement("rfc3501-9-4")
@pytest.mark.requirement("rfc9051-9-4")
@pytest.mark.requirement("rfc9051-9-5")
@pytest.mark.requirement("rfc3501-7.2.1-1")
def test_older_versions_come_first() -> None:
    assert [word.upper() for word in listed(by_default())[:2]] == [b"IMAP4", b"IMAP4REV1"]


@pytest.mark.requirement("rfc7888-5-6")
def test_one_kind_of_literal_is_listed() -> None:
    assert (b"LITERAL+" in listed(by_default())) + (b"LITERAL-" in listed(by_default())) == 1


@pytest.mark.requirement("rfc9051-7.2.2-4")
def test_a_server_of_both_versions_speaks_as_one_of_the_older() -> None:
    older = play(new_session(IMAP4, capabilities=(b"IMAP4rev1",))).then(TALK)
    both = play(new_session(IMAP4, capabilities=(b"IMAP4rev1", b"IMAP4rev2"))).then(TALK)

    assert both.to_client.replace(b" IMAP4rev2", b"") == older.to_client


@pytest.mark.requirement("rfc6855-3-3")
def test_everything_that_is_said_before_the_log_in_is_ascii() -> None:
    played = by_default()

    assert (played.to_client + played.then(TALK).to_client).isascii()


# --- response codes


@pytest.mark.requirement("rfc3501-7.1-3")
def test_every_code_of_ours_is_registered() -> None:
    assert set(imap4.CODES.values()) <= REGISTERED_CODES


@pytest.mark.requirement("rfc3501-11.2-1")
@pytest.mark.requirement("rfc3501-11.2-3")
@pytest.mark.requirement("rfc9051-11.7-1")
@pytest.mark.requirement("rfc9051-11.7-3")
def test_a_refusal_does_not_tell_what_was_wrong() -> None:
    told = {
        play(new_session(IMAP4), *to_log_in(IMAP4)).then(b"p1 NO " + why + b"\r\n", WOKE).to_client
        for why in (b"no such user", b"wrong password", b"[NONEXISTENT] no such user", b"[NOPERM] wrong password")
    }

    assert told == {b"a NO [AUTHENTICATIONFAILED] failed: Re-Authentication Failure\r\n"}


# --- timers


@pytest.mark.requirement("rfc3501-5.4-1")
@pytest.mark.requirement("rfc9051-5.4-1")
def test_silence_may_last_half_an_hour() -> None:
    half_an_hour = 30 * 60

    assert Settings().timeout >= half_an_hour
    assert Settings().authenticate_timeout >= half_an_hour


# --- ID (RFC 2971)

IDS: Final = (
    b"NIL",
    b'("name" "mutt" "version" "1.2")',
    b'("name" "evil mailer" "support-url" "mailto:you@example.com")',
    b'("name" "perdition")',
    b'("x-originating-ip" "192.0.2.1" "x-proxy-ttl" "0")',
    b"(" + b" ".join(b'"field%d" "%s"' % (number, b"x" * 200) for number in range(30)) + b")",
)


@pytest.mark.requirement("rfc2971-3-1")
@pytest.mark.requirement("rfc2971-3-2")
@pytest.mark.requirement("rfc2971-3-3")
@pytest.mark.requirement("rfc2971-3-4")
def test_an_id_changes_nothing() -> None:
    told = {said_to_id(said)[0] for said in IDS}
    after = {by_default().then(b"a ID " + said + b"\r\n").then(TALK).to_client for said in (*IDS, b"NIL")}
    without = by_default().then(TALK).to_client

    assert len(told) == 1
    assert after == {without}


@pytest.mark.requirement("rfc2971-7-1")
def test_an_id_is_not_logged() -> None:
    assert [said_to_id(said)[1] for said in IDS] == [[]] * len(IDS)


@pytest.mark.requirement("rfc2971-3-5")
@pytest.mark.requirement("rfc2971-3.3-1")
@pytest.mark.requirement("rfc2971-3.3-2")
@pytest.mark.requirement("rfc2971-3.3-3")
@pytest.mark.requirement("rfc2971-3.3-4")
@pytest.mark.requirement("rfc2971-5-1")
def test_our_id_says_who_we_are_within_the_limits() -> None:
    told, _ = said_to_id(b"NIL")
    strings = re.findall(rb'"([^"]*)"', told)
    fields = dict(zip(strings[0::2], strings[1::2], strict=True))

    assert told.startswith(b"* ID (")
    assert fields[b"name"] == b"perdition"
    assert len(fields) == len(strings) / 2 <= 30
    assert all(len(name) <= 30 and len(value) <= 1024 for name, value in fields.items())
