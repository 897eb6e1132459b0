"""fetchmail: POP3 and IMAP, with sslcertck."""

import os
from pathlib import Path

import pytest

from tests.interop.certificates import Certificates
from tests.interop.dovecot import PASSWORD, Dovecot
from tests.interop.machine import program, run
from tests.interop.messages import message
from tests.interop.proxy import Proxy
from tests.interop.transports import Protocol, Tls, each_client_tls, name

FETCHMAIL_NAMES = {Protocol.POP3: "POP3", Protocol.IMAP4: "IMAP"}
SECURE = {
    Tls.PLAIN: 'sslproto ""',
    Tls.SSL: 'ssl sslproto "TLS1.2+" sslcertck sslcertfile "{ca}"',
    Tls.STARTTLS: 'sslproto "TLS1.2+" sslcertck sslcertfile "{ca}"',
}
CONFIGURATION = """
set invisible
poll localhost protocol {protocol} port {port} auth password
  user "{user}" password "{password}" {secure}
  fetchall no rewrite pass8bits mda "cat >>{output}"
"""


@each_client_tls
@pytest.mark.parametrize("protocol", FETCHMAIL_NAMES)
def test_fetchmail(
    daemon: Proxy, real: Dovecot, certs: Certificates, tmp_path: Path, protocol: Protocol, client_tls: Tls
) -> None:
    user = f"fetchmail-{protocol.value}-{client_tls.value}".lower()
    messages = [
        message("one", "first"),
        message("two", *("second " * 8,) * 20_000),
        message("three", "Grüße", ".", ".."),
    ]
    real.deliver(user, *messages)
    output = tmp_path / "output"
    configuration = tmp_path / "fetchmailrc"
    configuration.write_text(
        CONFIGURATION.format(
            protocol=FETCHMAIL_NAMES[protocol],
            port=daemon.ports[name(protocol, client_tls, Tls.STARTTLS)],
            user=user,
            password=PASSWORD,
            secure=SECURE[client_tls].format(ca=certs.ca),
            output=output,
        )
    )
    configuration.chmod(0o600)  # fetchmail insists
    environment = {**os.environ, "HOME": str(tmp_path), "FETCHMAILHOME": str(tmp_path)}
    run(program("fetchmail", "fetchmail"), "-f", configuration, environment=environment)

    assert output.read_bytes() == b"".join(messages).replace(b"\r\n", b"\n")
    assert real.messages(user) == []
