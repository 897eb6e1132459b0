"""A fast real server in a process of its own: three protocols, clear with STARTTLS and under TLS, then an echo.

Run with a certificate and a key; it prints its ports, `PROTOCOL clear ssl` a line, and ends when its input does.
"""

import asyncio
import base64
import contextlib
import re
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable

Serve = Callable[[StreamReader, StreamWriter, ssl.SSLContext | None], Awaitable[bool]]

PASSWORD = b"correct"


async def pop3(reader: StreamReader, writer: StreamWriter, context: ssl.SSLContext | None) -> bool:
    writer.write(b"+OK hello\r\n")
    while line := await reader.readline():
        verb, _, rest = line.rstrip().partition(b" ")
        match verb:
            case b"CAPA":
                writer.write(b"+OK\r\nUSER\r\n" + (b"STLS\r\n" if context else b"") + b".\r\n")
            case b"STLS" if context:
                writer.write(b"+OK\r\n")
                await writer.start_tls(context)
                context = None
            case b"USER" | b"QUIT":
                writer.write(b"+OK\r\n")
            case b"PASS" if rest == PASSWORD:
                writer.write(b"+OK welcome\r\n")
                return True
            case _:
                writer.write(b"-ERR no\r\n")
    return False


async def imap4(reader: StreamReader, writer: StreamWriter, context: ssl.SSLContext | None) -> bool:
    def capabilities() -> bytes:
        return b"CAPABILITY IMAP4rev1" + (b" STARTTLS" if context else b"")

    writer.write(b"* OK [" + capabilities() + b"] hello\r\n")
    while line := await reader.readline():
        tag, verb, *rest = line.rstrip().split(b" ", 2)
        match verb:
            case b"CAPABILITY":
                writer.write(b"* " + capabilities() + b"\r\n" + tag + b" OK done\r\n")
            case b"STARTTLS" if context:
                writer.write(tag + b" OK go ahead\r\n")
                await writer.start_tls(context)
                context = None
            case b"LOGIN" if re.fullmatch(rb'"?[^" ]+"? "?' + PASSWORD + b'"?', rest[0]):
                writer.write(tag + b" OK welcome\r\n")
                return True
            case b"LOGOUT":
                writer.write(tag + b" OK bye\r\n")
            case _:
                writer.write(tag + b" NO wrong\r\n")
    return False


async def managesieve(reader: StreamReader, writer: StreamWriter, context: ssl.SSLContext | None) -> bool:
    def greet() -> None:
        writer.write(b'"SASL" "PLAIN"\r\n' + (b'"STARTTLS"\r\n' if context else b"") + b"OK\r\n")

    greet()
    while line := await reader.readline():
        words = line.split()
        match words[0]:
            case b"STARTTLS" if context:
                writer.write(b"OK\r\n")
                await writer.start_tls(context)
                context = None
                greet()
            case b"AUTHENTICATE" if base64.b64decode(words[2].strip(b'"')).endswith(b"\0" + PASSWORD):
                writer.write(b"OK\r\n")
                return True
            case b"LOGOUT":
                writer.write(b"OK\r\n")
            case _:
                writer.write(b"NO\r\n")
    return False


PROTOCOLS: dict[str, Serve] = {"POP3": pop3, "IMAP4": imap4, "MANAGESIEVE": managesieve}


def handler(serve: Serve, context: ssl.SSLContext | None) -> Callable[[StreamReader, StreamWriter], Awaitable[None]]:
    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):  # the proxy left; ValueError: in a long line
            if await serve(reader, writer, context):
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
        writer.close()

    return handle


async def main(certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asyncio.get_running_loop().set_exception_handler(lambda loop, trouble: None)  # peers that leave in a handshake
    for name, serve in PROTOCOLS.items():
        clear = await asyncio.start_server(handler(serve, context), "127.0.0.1", 0, backlog=512)
        secure = await asyncio.start_server(handler(serve, None), "127.0.0.1", 0, ssl=context, backlog=512)
        print(name, clear.sockets[0].getsockname()[1], secure.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
