"""sieve-connect: list, upload, download, compare, over STARTTLS and in clear."""

from pathlib import Path

import pytest

from tests.interop.certificates import Certificates
from tests.interop.dovecot import PASSWORD, Dovecot
from tests.interop.machine import program, run
from tests.interop.messages import script
from tests.interop.proxy import Proxy, to_port
from tests.interop.transports import Protocol, Tls, name, tls_id


@pytest.mark.parametrize("server_tls", Tls, ids=tls_id)
@pytest.mark.parametrize("client_tls", [Tls.PLAIN, Tls.STARTTLS], ids=tls_id)
def test_sieve_connect(
    daemon: Proxy, real: Dovecot, certs: Certificates, tmp_path: Path, client_tls: Tls, server_tls: Tls
) -> None:
    user = f"sieve-connect-{client_tls.value}-{server_tls.value}"
    port = daemon.ports[name(Protocol.MANAGESIEVE, client_tls, server_tls)]
    here, back = tmp_path / "here.sieve", tmp_path / "back.sieve"
    here.write_bytes(script(user))

    def sieve_connect(*options: str | Path) -> list[str]:
        where = ["--server", "localhost", "--nosrv", "--port", str(port), "--user", user, "--passwordfd", "0"]
        secure = ["--clearchan"] if client_tls is Tls.PLAIN else ["--tlscafile", certs.ca, "--noclearchan"]
        command = program("sieve-connect", "sieve-connect")
        return run(command, *where, *secure, *options, given=f"{PASSWORD}\n".encode()).decode().splitlines()

    sieve_connect("--localsieve", here, "--remotesieve", "mine", "--upload")
    sieve_connect("--remotesieve", "mine", "--activate")

    assert sieve_connect("--list") == ['"mine" ACTIVE']

    sieve_connect("--remotesieve", "mine", "--localsieve", back, "--download")

    assert back.read_bytes() == here.read_bytes()

    sieve_connect("--deactivate")
    sieve_connect("--remotesieve", "mine", "--delete")

    assert sieve_connect("--list") == []
    assert daemon.auth(to_port(port)).startswith(f"client-secure={client_tls.value} ")
