"""TLS on either leg (reference 1.2, 1.3, 7.11, 7.12)."""

from typing import Final

from tests.compat.case import Case, Hear, Real, Step, Tls, log_in, plain

CERT: Final = ("--ssl_cert_file", "{cert}", "--ssl_key_file", "{key}")
UNVERIFIED: Final = ("--ssl_no_cert_verify", "--ssl_no_cn_verify")


def case(
    case_id: str,
    title: str,
    *client: Step,
    mode: str = "",
    real: Real = Real(),  # noqa: B008
    options: tuple[str, ...] = (),
    **more: object,
) -> Case:
    """Give a case with an ssl_mode, if it is not empty."""
    modes = ("--ssl_mode", mode) if mode else ()
    return Case(id=f"tls-{case_id}", title=title, client=client, real=real, options=(*modes, *options), **more)  # type: ignore[arg-type]


POP3: Final = log_in("POP3")
BAD: Final = log_in("POP3", "bad")
IMAP4: Final = log_in("IMAP4")
SIEVE: Final = log_in("MANAGESIEVE")

CASES: Final = (
    # towards the client
    case("pop3-listen", "tls_listen: CAPA before and behind STLS", "CAPA", "STLS", Tls(), "CAPA", "STLS", *POP3,
         "STAT", "QUIT",
         mode="tls_listen", options=CERT),
    case("pop3-listen-clear", "tls_listen: a log-in without TLS", *POP3, "QUIT", mode="tls_listen", options=CERT),
    case("pop3-listen-force", "tls_listen_force: no log-in before TLS", "CAPA", *POP3, "QUIT",
         mode="tls_listen_force", options=CERT),
    case("pop3-listen-force-retry", "tls_listen_force: a second log-in over TLS", "STLS", Tls(), *BAD, "CAPA", *POP3,
         "QUIT",
         mode="tls_listen_force", options=CERT),
    case("pop3-ssl-listen", "ssl_listen: TLS from the first octet", Tls(), "STLS", *POP3, "QUIT", mode="ssl_listen",
         options=CERT),
    case("pop3-ssl-listen-clear", "ssl_listen: a client without TLS", mode="ssl_listen",
         options=(*CERT, "--authenticate_timeout", "2")),
    case("imap4-listen", "tls_listen", "a CAPABILITY", "b STARTTLS", Tls(), "c CAPABILITY", "d STARTTLS", *IMAP4,
         "z LOGOUT",
         mode="tls_listen", options=CERT, protocol="IMAP4"),
    case("imap4-listen-force", "tls_listen_force: LOGINDISABLED up to TLS", "a CAPABILITY", "b LOGIN joe x",
         "c STARTTLS", Tls(),
         "d CAPABILITY", *IMAP4, "z LOGOUT", mode="tls_listen_force", options=CERT, protocol="IMAP4"),
    case("imap4-force-disabled", "tls_listen_force with login_disabled: LOGINDISABLED behind TLS", "c STARTTLS", Tls(),
         "d CAPABILITY", *IMAP4, "z LOGOUT", mode="tls_listen_force", options=(*CERT, "--login_disabled"),
         protocol="IMAP4"),
    case("sieve-listen", "tls_listen: capabilities again behind TLS", "STARTTLS", Tls(), Hear(), "STARTTLS", *SIEVE,
         "LOGOUT",
         mode="tls_listen", options=CERT, protocol="MANAGESIEVE"),
    case("sieve-listen-force", "tls_listen_force", "CAPABILITY", f'AUTHENTICATE "PLAIN" "{plain("", "joe", "x")}"',
         "LOGOUT",
         mode="tls_listen_force", options=CERT, protocol="MANAGESIEVE"),
    # no mode: the names with S mean TLS on both sides
    case("pop3s", "POP3S without ssl_mode: TLS on both sides", Tls(), *POP3, "STAT", "QUIT",
         options=(*CERT, *UNVERIFIED),
         real=Real(tls=True), protocol="POP3S"),
    case("imap4s", "IMAP4S without ssl_mode: TLS on both sides", Tls(), *IMAP4, "z LOGOUT",
         options=(*CERT, *UNVERIFIED),
         real=Real(tls=True), protocol="IMAP4S"),
    case("pop3s-none", "POP3S with ssl_mode none: no TLS at all", *POP3, "QUIT", mode="none", protocol="POP3S"),
    case("pop3s-listen", "POP3S with ssl_listen: no TLS towards the real server", Tls(), *POP3, "QUIT",
         mode="ssl_listen",
         options=CERT, protocol="POP3S"),
    case("mixed", "ssl_listen with tls_outgoing", Tls(), *POP3, "QUIT", mode="ssl_listen,tls_outgoing",
         options=(*CERT, *UNVERIFIED), real=Real(offers_tls=True)),
    case("modes-add-up", "several --ssl_mode add up", *POP3, "QUIT", mode="none",
         options=("--ssl_mode=tls_outgoing", *UNVERIFIED), real=Real(offers_tls=True)),
    # towards the real server
    case("pop3-outgoing", "tls_outgoing: STLS is used", *POP3, "STAT", "QUIT", mode="tls_outgoing", options=UNVERIFIED,
         real=Real(offers_tls=True)),
    case("pop3-outgoing-none", "tls_outgoing: the real server has no STLS", *POP3, "QUIT", mode="tls_outgoing",
         options=UNVERIFIED),
    case("pop3-outgoing-force-none", "tls_outgoing_force: the real server has no STLS", *POP3, "CAPA", "QUIT",
         mode="tls_outgoing_force", options=UNVERIFIED),
    case("pop3-outgoing-refused", "the real server offers STLS and refuses it", *POP3, "QUIT", mode="tls_outgoing",
         options=UNVERIFIED, real=Real(offers_tls=True, tls_answer="-ERR not now")),
    case("imap4-outgoing", "tls_outgoing: STARTTLS is used", *IMAP4, "z LOGOUT", mode="tls_outgoing",
         options=UNVERIFIED,
         real=Real(offers_tls=True), protocol="IMAP4"),
    case("imap4-outgoing-force-none", "tls_outgoing_force: the real server has no STARTTLS", *IMAP4, "z LOGOUT",
         mode="tls_outgoing_force", options=UNVERIFIED, protocol="IMAP4"),
    case("sieve-outgoing", "tls_outgoing: STARTTLS is used", *SIEVE, "LOGOUT", mode="tls_outgoing", options=UNVERIFIED,
         real=Real(offers_tls=True), protocol="MANAGESIEVE"),
    case("sieve-outgoing-force-none", "tls_outgoing_force: the real server has no STARTTLS", *SIEVE, "LOGOUT",
         mode="tls_outgoing_force", options=UNVERIFIED, protocol="MANAGESIEVE"),
    case("sieve-outgoing-refused", "the real server refuses STARTTLS", *SIEVE, "LOGOUT", mode="tls_outgoing",
         options=UNVERIFIED, real=Real(offers_tls=True, tls_answer='NO "not now"'), protocol="MANAGESIEVE"),
    # verification; the name is the one of the option
    case("untrusted", "no CA: the real server is not trusted", *POP3, "QUIT", mode="ssl_outgoing", real=Real(tls=True)),
    case("trusted", "ssl_ca_file: the chain and the name are right", *POP3, "QUIT", mode="ssl_outgoing",
         options=("--ssl_ca_file", "{ca}"), real=Real(tls=True), server="localhost:{real}"),
    case("other-ca", "ssl_ca_file of another authority", *POP3, "QUIT", mode="ssl_outgoing",
         options=("--ssl_ca_file", "{other_ca}"), real=Real(tls=True), server="localhost:{real}"),
    case("no-cert-verify", "ssl_no_cert_verify: the name is still checked", *POP3, "QUIT", mode="ssl_outgoing",
         options=("--ssl_no_cert_verify",), real=Real(tls=True, elsewhere=True), server="localhost:{real}"),
    case("other-name", "ssl_ca_file: the chain is right, the name is not", *POP3, "QUIT", mode="ssl_outgoing",
         options=("--ssl_ca_file", "{ca}"), real=Real(tls=True, elsewhere=True), server="localhost:{real}"),
    case("any-name", "ssl_ca_file with ssl_no_cn_verify: the name does not count", *POP3, "QUIT", mode="ssl_outgoing",
         options=("--ssl_ca_file", "{ca}", "--ssl_no_cn_verify"), real=Real(tls=True, elsewhere=True),
         server="localhost:{real}"),
    case("self-signed", "ssl_cert_accept_self_signed does not accept an unknown authority", *POP3, "QUIT",
         mode="ssl_outgoing", options=("--ssl_cert_accept_self_signed",), real=Real(tls=True),
         server="localhost:{real}"),
    case("real-down", "ssl_outgoing, and nobody listens", *POP3, "QUIT", mode="ssl_outgoing", server="127.0.0.1:1"),
    case("no-server", "ssl_outgoing, and no server is known", *POP3, "QUIT", mode="ssl_outgoing", server=""),
    case("tls-down", "tls_outgoing, and nobody listens", *POP3, "QUIT", mode="tls_outgoing", server="127.0.0.1:1"),
    case("address", "the certificate has the address as an IP name", *POP3, "QUIT", mode="ssl_outgoing",
         options=("--ssl_ca_file", "{ca}"), real=Real(tls=True)),
    case("upper-case", "the server's name in upper case", *POP3, "QUIT", mode="ssl_outgoing",
         options=("--ssl_ca_file", "{ca}"), real=Real(tls=True), server="LOCALHOST:{real}"),
    case("real-without-tls", "ssl_outgoing, and the real server speaks no TLS", *POP3, "QUIT", mode="ssl_outgoing",
         options=(*UNVERIFIED, "--authenticate_timeout", "3")),
)  # fmt: skip
