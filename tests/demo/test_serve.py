"""The demo servers on real sockets, with Python's own clients and by hand."""

import imaplib
import poplib
import ssl
from collections.abc import Callable
from functools import partial

import pytest
import trio
import trustme

from perdition.demo.application import Application
from perdition.demo.contents import new_store
from perdition.demo.imap4_server import Imap4Application
from perdition.demo.mailbox import Store
from perdition.demo.managesieve_server import ManageSieveApplication
from perdition.demo.pop3_server import Pop3Application
from perdition.demo.serve import serve

HOST = "localhost"
CA = trustme.CA()


def server_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert(HOST, "127.0.0.1").configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


async def start(
    nursery: trio.Nursery,
    application: Callable[[Store], Application],
    *,
    context: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    idle: float = 30,
) -> int:
    """Start a server; give its port."""
    new = partial(application, new_store("A"))
    port: int = await nursery.start(partial(serve, new, context=context, implicit_tls=implicit_tls, idle=idle))
    return port


async def receive_until(stream: trio.abc.ReceiveStream, end: bytes) -> bytes:
    """Read until the octets end so."""
    received = b""
    with trio.fail_after(10):
        while not received.endswith(end):
            data = await stream.receive_some()

            assert data, received
            received += data
    return received


def use_imaplib(client: imaplib.IMAP4) -> None:
    client.login("alice", "wonderland")

    assert client.list()[1] == [b'(\\HasNoChildren) "/" "INBOX"', b'(\\HasNoChildren) "/" "Archive"']
    assert client.select() == ("OK", [b"3"])
    assert client.search(None, "UNSEEN", "SUBJECT", '"attachment"') == ("OK", [b"3"])
    answer = client.fetch("1", "(BODY.PEEK[])")[1][0]
    assert isinstance(answer, tuple)
    assert b"You are on demo server A" in answer[1]
    assert client.store("1", "+FLAGS", "\\Deleted") == ("OK", [b"1 (FLAGS (\\Deleted))"])
    assert client.expunge() == ("OK", [b"1"])
    assert client.append("Archive", "\\Seen", "", b"Subject: new\r\n\r\nx\r\n")[0] == "OK"
    assert client.status("Archive", "(MESSAGES UNSEEN)") == ("OK", [b'"Archive" (MESSAGES 1 UNSEEN 0)'])
    assert client.uid("FETCH", "1:*", "(FLAGS)")[1] == [b"1 (UID 2 FLAGS ())", b"2 (UID 3 FLAGS ())"]
    client.logout()


def use_poplib(client: poplib.POP3) -> None:
    client.user("alice")
    client.pass_("wonderland")
    count, octets = client.stat()

    assert count == 3
    assert sum(int(line.split()[1]) for line in client.list()[1]) == octets
    assert b"." in client.retr(1)[1]
    assert client.retr(2)[1][-1].decode().endswith("🥨")
    assert client.top(1, 1)[1][-1] == b"Hello alice,"
    client.dele(3)
    assert client.uidl()[1] == [b"1 1", b"2 2"]
    client.quit()


async def test_imaplib_in_clear(nursery: trio.Nursery) -> None:
    port = await start(nursery, Imap4Application)
    await trio.to_thread.run_sync(lambda: use_imaplib(imaplib.IMAP4(HOST, port, timeout=10)))


async def test_imaplib_with_starttls(nursery: trio.Nursery) -> None:
    port = await start(nursery, Imap4Application, context=server_context())

    def use() -> None:
        client = imaplib.IMAP4(HOST, port, timeout=10)
        client.starttls(client_context())
        use_imaplib(client)

    await trio.to_thread.run_sync(use)


async def test_imaplib_over_tls(nursery: trio.Nursery) -> None:
    port = await start(nursery, Imap4Application, context=server_context(), implicit_tls=True)
    await trio.to_thread.run_sync(
        lambda: use_imaplib(imaplib.IMAP4_SSL(HOST, port, ssl_context=client_context(), timeout=10))
    )


async def test_poplib_in_clear(nursery: trio.Nursery) -> None:
    port = await start(nursery, Pop3Application)
    await trio.to_thread.run_sync(lambda: use_poplib(poplib.POP3(HOST, port, timeout=10)))


async def test_poplib_with_stls(nursery: trio.Nursery) -> None:
    port = await start(nursery, Pop3Application, context=server_context())

    def use() -> None:
        client = poplib.POP3(HOST, port, timeout=10)
        client.stls(client_context())
        use_poplib(client)

    await trio.to_thread.run_sync(use)


async def test_poplib_over_tls(nursery: trio.Nursery) -> None:
    port = await start(nursery, Pop3Application, context=server_context(), implicit_tls=True)
    await trio.to_thread.run_sync(lambda: use_poplib(poplib.POP3_SSL(HOST, port, context=client_context(), timeout=10)))


async def test_sieve_by_hand_with_starttls(nursery: trio.Nursery) -> None:
    port = await start(nursery, ManageSieveApplication, context=server_context())
    clear = await trio.open_tcp_stream("127.0.0.1", port)
    greeting = await receive_until(clear, b' ready"\r\n')
    await clear.send_all(b"STARTTLS\r\n")
    await receive_until(clear, b'OK "STARTTLS completed"\r\n')
    async with trio.SSLStream(clear, client_context(), server_hostname=HOST, https_compatible=True) as stream:
        again = await receive_until(stream, b' ready"\r\n')
        await stream.send_all(b'AUTHENTICATE "PLAIN" "AGFsaWNlAHdvbmRlcmxhbmQ="\r\nPUTSCRIPT "x" "keep;"\r\n')
        await stream.send_all(b'SETACTIVE "x"\r\nLISTSCRIPTS\r\nLOGOUT\r\n')
        answer = await receive_until(stream, b'OK "LOGOUT completed"\r\n')

        assert await stream.receive_some() == b""
    assert again == greeting.replace(b'"STARTTLS"\r\n', b"")
    assert b'\r\n"filter"\r\n"x" ACTIVE\r\n' in answer


async def test_a_silent_client_is_told_and_left(nursery: trio.Nursery) -> None:
    port = await start(nursery, Pop3Application, idle=0.1)
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await receive_until(stream, b"-ERR closing: silent for too long\r\n")

        assert await stream.receive_some() == b""


async def test_garbage_instead_of_tls_harms_nobody_else(nursery: trio.Nursery) -> None:
    port = await start(nursery, Pop3Application, context=server_context(), implicit_tls=True)
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(b"USER alice\r\n" * 10)
        with trio.fail_after(10):
            while await stream.receive_some():
                pass
    await trio.to_thread.run_sync(lambda: use_poplib(poplib.POP3_SSL(HOST, port, context=client_context(), timeout=10)))


async def test_a_crash_in_one_connection_is_reported_and_touches_no_other(
    nursery: trio.Nursery, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = [new_store("A")]

    def new() -> Application:
        return Pop3Application(stores.pop())  # the second connection finds none

    port = await nursery.start(partial(serve, new))
    async with (
        await trio.open_tcp_stream("127.0.0.1", port) as one,
        await trio.open_tcp_stream("127.0.0.1", port) as other,
    ):
        await receive_until(one, b"ready\r\n")

        assert await other.receive_some() == b""
        assert "IndexError" in capsys.readouterr().err
        await one.send_all(b"QUIT\r\n")
        await receive_until(one, b"good-bye from demo server A\r\n")
