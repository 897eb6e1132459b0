"""What a map is told of the client's connection."""

from pathlib import Path

import pytest

from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import Imap4
from tests.io_trio.proxy import Leg, Proxy, write_configuration
from tests.io_trio.reach import reach
from tests.io_trio.talk import RealServer, Talk


@pytest.mark.parametrize("leg", ["", "ssl", "tls"])
def test_whether_it_has_tls(leg: str, tmp_path: Path, certificates: Certificates) -> None:
    """A hook that refuses passwords in clear, by nginx's Auth-SSL, refused everybody."""
    heard: list[list[bytes]] = []

    def answer(talk: Talk) -> None:
        heard.append(list(iter(talk.line, b"\r\n")))
        talk.say(b"HTTP/1.0 200 OK\r\nAuth-Status: Account disabled\r\n\r\n")

    pem = tmp_path / "both.pem"
    certificates.authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
    with RealServer(answer) as hook:
        options = (
            f"further_map = ['http:http://127.0.0.1:{hook.port}/auth']",
            "outgoing_server = '127.0.0.1:1'",
            *((f"ssl_cert_file = '{pem}'", f"ssl_key_file = '{pem}'") if leg else ()),
        )
        file = write_configuration(tmp_path, (Leg("IMAP4", leg),), *options)
        with Proxy(f"--config_file={file}") as proxy, reach(proxy.ports[0], Imap4(), leg, certificates) as talk:
            refusal = Imap4().log_in(talk, b"joe")

    assert refusal.startswith(b"a NO [CONTACTADMIN]")  # and nobody was sent to the default server
    assert [b"Auth-SSL: on\r\n" in lines for lines in heard] == [bool(leg)]
