"""The command `perdition-demo`: two small real servers, the real proxy before them, and what to try."""

import argparse
import contextlib
import errno
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Final

import trio

from perdition.demo.application import Application
from perdition.demo.contents import USERS, new_store
from perdition.demo.imap4_server import Imap4Application
from perdition.demo.mailbox import Store
from perdition.demo.managesieve_server import ManageSieveApplication
from perdition.demo.pop3_server import Pop3Application
from perdition.demo.serve import serve

try:
    from perdition.demo.files import BASE_PORT, ENTRIES, HOST, LARGEST_BASE_PORT, Folder, ports
    from perdition.demo.lines import Line, lines_to_try
except ModuleNotFoundError as error:
    if error.name != "trustme":
        raise
    sys.exit("perdition-demo: the Python package trustme is missing: pip install 'perdition[demo]'")

APPLICATIONS: Final[dict[str, Callable[[Store], Application]]] = {
    "pop3": Pop3Application,
    "imap4": Imap4Application,
    "managesieve": ManageSieveApplication,
}
WITH_TLS: Final = "A"
"""The demo server that offers STARTTLS; the other one does not, and the proxy copes with both."""
SECONDS_TO_START: Final = 15.0
SECONDS_TO_END: Final = 10.0
SECONDS_TO_TRY: Final = 30.0


class DemoError(Exception):
    """The demo cannot go on; the text is for the person who started it."""


def main() -> None:
    """Run the demo until Ctrl-C."""
    parser = argparse.ArgumentParser("perdition-demo", description=__doc__)
    offsets = ", ".join(f"N+{entry.offset}" for entry in ENTRIES)
    parser.add_argument(
        "--base-port",
        type=int,
        default=BASE_PORT,
        metavar="N",
        help=f"let the proxy listen on the ports {offsets}; default: {BASE_PORT}",
    )
    parser.add_argument("--check", action="store_true", help="run the printed lines, say which work, and end")
    options = parser.parse_args()
    status = 0
    message = None
    try:
        status = trio.run(run, options.base_port, options.check)
    except* DemoError as group:
        message = str(first_of(group))
    except* KeyboardInterrupt:
        pass  # before our own handling of signals had begun
    if message is not None:
        sys.exit(f"perdition-demo: {message}")
    sys.exit(status)


def first_of(group: BaseExceptionGroup[DemoError]) -> BaseException:
    """Give the first error in a group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def run(base_port: int, check: bool) -> int:
    """Run the demo until a signal ends it, or until all lines have been checked; give the exit status."""
    status = int(check)  # of a check that a signal cut short
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel_on_signal, signals, nursery.cancel_scope)
            status = await demonstrate(base_port, check=check)
            nursery.cancel_scope.cancel()
    return status


async def cancel_on_signal(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    """End everything at the first signal."""
    async for _ in signals:
        scope.cancel()


async def demonstrate(base_port: int, *, check: bool) -> int:
    """Set everything up, say what to try, and wait."""
    check_ports(base_port)
    with tempfile.TemporaryDirectory(prefix="perdition-demo-") as path:
        folder = Folder(Path(path))
        async with trio.open_nursery() as nursery:
            await start_servers(nursery, folder)
            folder.write_configuration(base_port)
            folder.write_muttrc(base_port)
            async with daemon(folder) as process:
                await wait_for_ports(process, base_port)
                lines = lines_to_try(folder, base_port)
                say(folder, base_port, lines)
                status = await check_lines(lines) if check else await wait_for_end(process)
            nursery.cancel_scope.cancel()
    return status


async def start_servers(nursery: trio.Nursery, folder: Folder) -> None:
    """Start both demo servers with all protocols, and write the popmaps."""
    context = folder.write_certificates()
    stores = {server: new_store(server) for server in USERS}
    for backend, application in APPLICATIONS.items():
        servers = {}
        for server, store in stores.items():
            start = partial(
                serve, partial(application, store), host=HOST, context=context if server == WITH_TLS else None
            )
            servers[server] = await nursery.start(start)
        folder.write_popmap(backend, servers)


@contextlib.asynccontextmanager
async def daemon(folder: Folder) -> AsyncIterator[trio.Process]:
    """Run the proxy; at the end tell it to end, and wait until it has."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "perdition.io_trio", "--config_file", str(folder.configuration)],
        stdin=subprocess.DEVNULL,
        process_group=0,  # Ctrl-C is for us, we tell it
    )
    try:
        yield process
    finally:
        with trio.CancelScope(shield=True):
            with trio.move_on_after(SECONDS_TO_END):
                if process.poll() is None:
                    process.terminate()
                await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()


def is_listening(port: int) -> bool:
    """Tell whether somebody listens on a port.

    Binding finds it out without a connection, which would stand in the proxy's log.  A socket that is bound
    and does not listen is in nobody's way, as long as both say SO_REUSEADDR.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise DemoError(f"port {port}: {error.strerror}; choose others by --base-port N") from None
            return True
    return False


def check_ports(base_port: int) -> None:
    """Refuse ports that cannot be had."""
    if not 0 <= base_port <= LARGEST_BASE_PORT:
        raise DemoError(f"option --base-port {base_port}: expected 0 to {LARGEST_BASE_PORT}")
    for protocol, port in ports(base_port).items():
        if is_listening(port):
            raise DemoError(f"port {port} for {protocol} is in use; choose others by --base-port N")


async def wait_for_ports(process: trio.Process, base_port: int) -> None:
    """Wait until the proxy listens on all its ports."""
    with trio.move_on_after(SECONDS_TO_START):
        for port in ports(base_port).values():
            while not is_listening(port):
                if process.poll() is not None:
                    raise DemoError(f"the proxy has ended with status {process.returncode}; what it said is above")
                await trio.sleep(0.05)
        return
    raise DemoError(f"the proxy does not listen after {SECONDS_TO_START:.0f} seconds")


async def wait_for_end(process: trio.Process) -> int:
    """Wait for a signal, which cancels this.  The proxy does not end before us."""
    status = await process.wait()
    raise DemoError(f"the proxy has ended with status {status}; what it said is above")


def say(folder: Folder, base_port: int, lines: list[Line]) -> None:
    """Print what there is and what to try."""
    listening = ", ".join(f"{protocol} on {port}" for protocol, port in ports(base_port).items())
    print(f"\nperdition-trio listens on {HOST}: {listening}.")
    for server, users in USERS.items():
        people = ", ".join(f"{user} (password {password})" for user, password in users.items())
        print(f"On demo server {server}: {people}.")
    print(f"Files: {folder.path} (perdition.toml is what the proxy runs with)")
    print("\nIn another terminal, try")
    for line in lines:
        print((f"\n  # {line.about}\n" if line.about else "") + f"  {line.command}")
    print("\nThe log of the proxy follows. Ctrl-C ends the demo.\n", flush=True)


async def check_lines(lines: list[Line]) -> int:
    """Run the lines; say which work, and give the exit status."""
    status = 0
    for line in lines:
        if line.expects is None:
            continue
        if shutil.which(line.tool) is None:
            print(f"not here: {line.tool}: {line.command}", flush=True)
            continue
        output = await output_of(line)
        works = line.expects in output
        print(f"{'ok' if works else 'FAILED'}: {line.command}", flush=True)
        if not works:
            status = 1
            print(output, flush=True)
    return status


async def output_of(line: Line) -> str:
    """Run a line as a person would; give everything that it prints."""
    with trio.move_on_after(SECONDS_TO_TRY):
        ended = await trio.run_process(
            ["/bin/sh", "-c", line.command],
            stdin=line.typed.encode(),
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return ended.stdout.decode("utf-8", "replace")
    return f"no end after {SECONDS_TO_TRY:.0f} seconds"


if __name__ == "__main__":
    main()
