"""The TLS handshakes of a log-in: real servers without it, and a daemon that stops in the middle of one."""

import pytest
import trio

from perdition.config.ssl_mode import SslMode
from perdition.config.ssl_mode import Tls as SslTls
from tests.io_trio.certificates import Certificates
from tests.io_trio.stage import LOG_IN, QUIET, MakeStage
from tests.io_trio.streams import read_all


@pytest.mark.parametrize(
    ("said", "words"), [(b"* OK in clear\r\n", "wrong version number"), (None, "timed out")], ids=["clear", "silence"]
)
async def test_a_real_server_without_its_tls_is_left_before_the_client_is_told(
    make_stage: MakeStage, autojump_clock: trio.testing.MockClock, said: bytes | None, words: str
) -> None:
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage(ssl_mode=SslMode(SslTls.NONE, SslTls.SSL), ssl_ca_path=None)
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN)
    server = await stage.accept()
    if said is not None:
        await server.send_all(said)
    await read_all(server)  # up to its end: a ClientHello

    assert stage.log_in.server is None
    assert b"a NO" in await stage.line()
    await server.aclose()

    assert any(words in line for line in stage.log)
    assert not any("secret" in line for line in stage.log)


@pytest.mark.parametrize("when", ["before", "in the middle"])
async def test_stopping_ends_a_handshake_with_the_client(
    make_stage: MakeStage, certificates: Certificates, when: str
) -> None:
    stage = make_stage(
        ssl_mode=SslMode(SslTls.SSL, SslTls.NONE),
        ssl_cert_file=str(certificates.cert_file),
        ssl_key_file=str(certificates.key_file),
    )
    stage.log_in.start()
    if when == "in the middle":
        await stage.client.send_all(b"\x16\x03")
    await trio.testing.wait_all_tasks_blocked()
    stage.log_in.stop()

    assert await stage.end() is None
    assert any("Closing NULL session" in line for line in stage.log)
