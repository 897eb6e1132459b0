"""What RFC 5804 and SASL demand, where a whole session of the proxy shows it."""

import pytest

from perdition.session import Proto, Tls
from perdition.session.effects import Close, Failed, Lookup, StartTls
from tests.session.helpers import (
    ABSENT,
    FOUND,
    MANAGESIEVE,
    OFFERS,
    PLAIN,
    PROTOS,
    SECURED,
    TLS,
    UP,
    WAY,
    WOKE,
    WORDS,
    Said,
    b64,
    new_session,
    play,
    sasl_begin,
    sasl_challenge,
    sasl_raw,
    sasl_response,
    to_log_in,
)

LOG_IN = WORDS[MANAGESIEVE].log_in
LISTED = b'"IMPLEMENTATION" "perdition"\r\n"SASL" "PLAIN"\r\n'
AGREED = b"OK\r\n"


@pytest.mark.requirement("rfc5804-1.2-4")
def test_our_texts_are_utf_8() -> None:
    text = "du bist drin, größter aller Nutzer".encode()
    said: list[Said] = [b"XYZZY\r\n", b"NOOP\r\n", LOG_IN, ABSENT, UP, WORDS[MANAGESIEVE].greeting]
    played = play(new_session(MANAGESIEVE, ok_text=text), *said).then(b"OK\r\n")

    assert played.relay.reply.decode("utf-8") == f'OK "{text.decode()}"\r\n'


@pytest.mark.requirement("rfc5804-1.1-2")
@pytest.mark.requirement("rfc5804-1.7-1")
def test_the_greeting_comes_before_the_client_has_said_anything() -> None:
    assert play(new_session(MANAGESIEVE)).to_client.startswith(LISTED + b"OK ")


@pytest.mark.requirement("rfc5804-2-3")
def test_commands_sent_together_are_answered_in_their_order() -> None:
    told = play(new_session(MANAGESIEVE)).then(b'NOOP "1"\r\nXYZZY\r\nCAPABILITY\r\nNOOP "2"\r\nLOGOUT\r\nNOOP "3"\r\n')

    assert told.to_client == (
        b'OK (TAG "1") "NOOP completed"\r\nNO "unknown command"\r\n'
        + LISTED
        + b'OK "CAPABILITY completed"\r\nOK (TAG "2") "NOOP completed"\r\nOK "LOGOUT completed"\r\n'
    )
    assert told.last == Close()


@pytest.mark.requirement("rfc5804-2-5")
@pytest.mark.requirement("rfc5804-2.1-9")
def test_what_is_sent_behind_the_log_in_goes_to_the_real_server() -> None:
    """A second AUTHENTICATE, too: the real server knows that somebody is logged in and refuses it."""
    behind = b'LISTSCRIPTS\r\nAUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN
    played = play(new_session(MANAGESIEVE), LOG_IN + behind, ABSENT, UP, WORDS[MANAGESIEVE].greeting)

    assert played.then(b"OK\r\n").relay.to_server == behind


@pytest.mark.requirement("rfc5804-2-5")
def test_what_is_sent_behind_a_log_in_that_fails_is_answered_after_it() -> None:
    played = play(new_session(MANAGESIEVE), LOG_IN + b'NOOP "x"\r\n', ABSENT, UP, WORDS[MANAGESIEVE].greeting)

    assert played.then(b"NO\r\n").to_client == b""
    assert played.then(WOKE).to_client == (
        b'NO "failed: Re-Authentication Failure"\r\nOK (TAG "x") "NOOP completed"\r\n'
    )


@pytest.mark.requirement("rfc5804-4-9")
@pytest.mark.parametrize("server_resp_line", [False, True])
def test_no_capabilities_stand_behind_the_answer_to_the_log_in(server_resp_line: bool) -> None:
    played = play(new_session(MANAGESIEVE, server_resp_line=server_resp_line), *to_log_in(MANAGESIEVE)).then(b"OK\r\n")

    assert played.to_client.count(b"\r\n") == 1


@pytest.mark.requirement("rfc5804-1.3-4")
@pytest.mark.requirement("rfc5804-5-1")
@pytest.mark.requirement("rfc4422-6.1.2-2")
@pytest.mark.parametrize("said", [LOG_IN, b'AUTHENTICATE "PLAIN"\r\n', b'AUTHENTICATE "LOGIN"\r\n'])
def test_no_password_is_asked_for_or_used_in_clear(said: bytes) -> None:
    session = new_session(MANAGESIEVE, client_tls=Tls.REQUIRED)
    told = play(session, said, WOKE) if said == LOG_IN else play(session, said)

    assert told.to_client.splitlines()[-1].startswith(b"NO (ENCRYPT-NEEDED) ")
    assert not any(isinstance(effect, Lookup) for effect in told.effects)
    assert told.to_server == b""


@pytest.mark.requirement("rfc5804-1.3-11")
def test_what_will_pass_is_told_with_trylater() -> None:
    told = play(new_session(MANAGESIEVE), LOG_IN, ABSENT, Failed("connection refused"), WOKE).to_client

    assert told.splitlines()[-1] == b'NO (TRYLATER) "failed: Could not connect to server"'


@pytest.mark.requirement("rfc5804-1.3-9")
@pytest.mark.requirement("rfc5804-5-3")
def test_transition_needed_makes_us_send_nothing_more() -> None:
    played = play(new_session(MANAGESIEVE), *to_log_in(MANAGESIEVE)).then(b"NO (TRANSITION-NEEDED)\r\n", WOKE)

    assert played.to_server == b"LOGOUT\r\n"
    assert played.to_client == b'NO (TRANSITION-NEEDED) "failed: Re-Authentication Failure"\r\n'


@pytest.mark.requirement("rfc5804-1.3-5")
@pytest.mark.requirement("rfc5804-1.3-6")
def test_a_referral_goes_to_nobody() -> None:
    """Neither to us nor to the client: a password goes to no host that a peer names."""
    refused = b'BYE (REFERRAL "sieve://evil.example/joe/script") "there"\r\n'
    played = play(new_session(MANAGESIEVE), *to_log_in(MANAGESIEVE)).then(refused, WOKE)

    assert b"evil" not in played.to_client
    assert played.to_server == b""


@pytest.mark.requirement("rfc5804-2.1-17")
@pytest.mark.requirement("rfc4422-3.5-1")
@pytest.mark.parametrize("proto", PROTOS)
def test_another_exchange_may_follow_one_that_failed(proto: Proto) -> None:
    failures = (
        sasl_begin(proto, b"PLAIN", b"no message of PLAIN"),
        sasl_begin(proto, b"X-UNKNOWN"),
        sasl_begin(proto, b"PLAIN") + sasl_raw(proto, b"*"),
        sasl_begin(proto, b"PLAIN") + sasl_raw(proto, b"no base64"),
        sasl_begin(proto, b"LOGIN") + sasl_response(proto, b""),
    )
    played = play(new_session(proto), *failures).then(sasl_begin(proto, b"PLAIN", b"\0joe\0hunter2"))

    assert played.last == Lookup(b"joe")


@pytest.mark.requirement("rfc4422-3-1")
@pytest.mark.requirement("rfc4422-3-2")
@pytest.mark.requirement("rfc4422-5-1")
@pytest.mark.requirement("rfc4422-3.4-1")
@pytest.mark.parametrize("proto", PROTOS)
def test_plain_without_initial_response_is_asked_for_by_an_empty_challenge(proto: Proto) -> None:
    asked = play(new_session(proto)).then(sasl_begin(proto, b"PLAIN"))

    assert asked.to_client == sasl_challenge(proto, b"")
    assert asked.then(sasl_response(proto, b"\0joe\0hunter2")).last == Lookup(b"joe")


@pytest.mark.requirement("rfc4422-4-1")
@pytest.mark.requirement("rfc4422-3.6-1")
@pytest.mark.parametrize("proto", PROTOS)
def test_an_empty_initial_response_is_told_from_none(proto: Proto) -> None:
    told = play(new_session(proto)).then(sasl_begin(proto, b"PLAIN", b"")).to_client

    assert b"PLAIN: expected authzid NUL authcid NUL password" in told


@pytest.mark.requirement("rfc4422-3.6-2")
@pytest.mark.parametrize("proto", PROTOS)
def test_a_failure_carries_no_data_of_the_mechanism(proto: Proto) -> None:
    told = play(new_session(proto), *to_log_in(proto)).then(WORDS[proto].bad, WOKE).to_client

    assert told == WORDS[proto].refusal


@pytest.mark.requirement("rfc4422-3.6-3")
@pytest.mark.parametrize("proto", PROTOS)
def test_a_user_whom_no_map_knows_is_refused_in_the_words_of_a_wrong_password(proto: Proto) -> None:
    """With a default server, where the real server refuses both."""
    known, unknown = (
        play(new_session(proto), *to_log_in(proto, user=user)).then(WORDS[proto].bad, WOKE).to_client
        for user in (FOUND, ABSENT)
    )

    assert known == unknown == WORDS[proto].refusal


@pytest.mark.requirement("rfc4422-3.6-4")
def test_tls_stays_when_a_log_in_fails() -> None:
    session = new_session(MANAGESIEVE, client_tls=Tls.OFFERED)
    played = play(session, b"STARTTLS\r\n", TLS, *to_log_in(MANAGESIEVE), b"NO\r\n", WOKE)

    assert played.then(b"STARTTLS\r\n").to_client == b'NO "TLS is active already"\r\n'


@pytest.mark.requirement("rfc4616-2-4")
@pytest.mark.parametrize("proto", PROTOS)
def test_plain_with_255_octets_each_goes_through(proto: Proto) -> None:
    message = b"\0".join((b"z" * 255, b"u" * 255, b"p" * 255))
    asked = play(new_session(proto), sasl_begin(proto, b"PLAIN")).then(sasl_response(proto, message))

    assert asked.last == Lookup(b"z" * 255)


@pytest.mark.requirement("rfc4616-2-9")
def test_the_real_server_decides_who_may_act_as_whom() -> None:
    """It gets both names, with the password of the one that authenticates."""
    message = b"Ursel\0Kurt\0xipj3plmq"
    played = play(new_session(MANAGESIEVE), b'AUTHENTICATE "PLAIN" "%s"\r\n' % b64(message), ABSENT, UP)

    assert played.then(b'"SASL" "PLAIN"\r\nOK\r\n').to_server == b'AUTHENTICATE "PLAIN" "%s"\r\n' % b64(message)


# --- the real server's leg


@pytest.mark.requirement("rfc5804-2.2-2")
@pytest.mark.requirement("rfc5804-2.2-7")
@pytest.mark.requirement("rfc5804-2.2-8")
@pytest.mark.requirement("rfc5804-2.1-19")
def test_the_log_in_waits_for_tls_and_for_what_is_listed_under_it() -> None:
    session = new_session(MANAGESIEVE, server_tls=Tls.REQUIRED)
    played = play(session, LOG_IN, ABSENT, UP, b'"SASL" "LOGIN PLAIN"\r\n"STARTTLS"\r\nOK\r\n')
    assert played.to_server == b"STARTTLS\r\n"

    secured = played.then(AGREED)
    assert isinstance(secured.last, StartTls)
    assert secured.then(TLS).to_server == b""
    assert secured.then(*SECURED[MANAGESIEVE]).to_server == LOG_IN


@pytest.mark.requirement("rfc5804-2.2-7")
def test_mechanisms_that_were_listed_in_clear_are_forgotten() -> None:
    session = new_session(MANAGESIEVE, server_tls=Tls.REQUIRED)
    greeting = b'"SASL" "PLAIN"\r\n"STARTTLS"\r\nOK\r\n'
    played = play(session, LOG_IN, ABSENT, UP, greeting, AGREED, TLS).then(b'"SASL" "GSSAPI"\r\nOK\r\n')

    assert b"AUTHENTICATE" not in played.to_server


@pytest.mark.requirement("rfc5804-2.1.1-2")
@pytest.mark.requirement("rfc5804-2.2.1-4")
def test_no_password_is_sent_where_the_certificate_is_suspect() -> None:
    session = new_session(MANAGESIEVE, server_tls=Tls.REQUIRED)
    secured = play(session, LOG_IN, ABSENT, UP, *OFFERS[MANAGESIEVE], AGREED)
    played = secured.then(Failed("certificate verify failed", tls=True))

    assert played.to_server == b""
    assert played.hangs_up
    assert b"AUTHENTICATE" not in secured.to_server

    told = played.then(WOKE)

    assert told.errors == [f"Real server real.example:1110 for {WAY}: certificate verify failed"]
    assert told.to_client == b'NO (TRYLATER) "failed: TLS negotiation failure"\r\n'
