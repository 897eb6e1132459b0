"""curl: imap, imaps, pop3, pop3s, and STARTTLS with --ssl-reqd."""

from pathlib import Path

import pytest

from tests.interop.certificates import Certificates
from tests.interop.dovecot import PASSWORD, READER, Dovecot
from tests.interop.machine import program, run
from tests.interop.messages import LARGE, fingerprint, large_message
from tests.interop.proxy import Proxy, to_port
from tests.interop.transports import Protocol, Tls, each_client_tls, name

SCHEMES = {Protocol.IMAP4: "imap", Protocol.POP3: "pop3"}
MECHANISMS = ["", "AUTH=PLAIN", "AUTH=LOGIN"]


class Curl:
    """curl with all that it needs to reach a listener."""

    def __init__(self, daemon: Proxy, certs: Certificates, protocol: Protocol, tls: Tls) -> None:
        self.port = daemon.ports[name(protocol, tls, Tls.STARTTLS)]
        self._ca = certs.ca
        self._url = f"{SCHEMES[protocol]}{'s' if tls is Tls.SSL else ''}://localhost:{self.port}/"
        self._starttls = ["--ssl-reqd"] if tls is Tls.STARTTLS else []

    def __call__(self, path: str, *options: str | Path, user: str = READER) -> bytes:
        common = ["-sS", "--user", f"{user}:{PASSWORD}", "--cacert", str(self._ca), *self._starttls]
        return run(program("curl", "curl"), *common, *options, self._url + path)


@each_client_tls
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_imap_fetch(daemon: Proxy, certs: Certificates, client_tls: Tls, mechanism: str) -> None:
    curl = Curl(daemon, certs, Protocol.IMAP4, client_tls)

    assert fingerprint(curl("INBOX;MAILINDEX=1", "--login-options", mechanism)) == fingerprint(LARGE)
    assert daemon.auth(to_port(curl.port)).startswith(f"client-secure={client_tls.value} ")


@each_client_tls
def test_imap_append(daemon: Proxy, real: Dovecot, certs: Certificates, tmp_path: Path, client_tls: Tls) -> None:
    user = f"curl-{client_tls.value}"
    upload = tmp_path / "message"
    upload.write_bytes(large_message(user, 2))

    Curl(daemon, certs, Protocol.IMAP4, client_tls)("INBOX", "--upload-file", upload, user=user)

    assert [fingerprint(octets) for octets in real.messages(user)] == [fingerprint(upload.read_bytes())]


@each_client_tls
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_pop3_retr(daemon: Proxy, certs: Certificates, client_tls: Tls, mechanism: str) -> None:
    curl = Curl(daemon, certs, Protocol.POP3, client_tls)

    assert curl("", "--login-options", mechanism) == b"1 %d\r\n" % len(LARGE)
    assert fingerprint(curl("1", "--login-options", mechanism)) == fingerprint(LARGE)
    assert daemon.auth(to_port(curl.port)).startswith(f"client-secure={client_tls.value} ")
