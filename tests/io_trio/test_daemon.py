"""The daemon as a process: limits, signals, secrets; and as an object: a crash in one session touches no other."""

import base64
import gc
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from perdition.config.load import Config
from perdition.config.settings import Settings
from perdition.config.values import HostPort, Protocol
from perdition.io_trio.daemon import Daemon, HangUp
from perdition.io_trio.hub import Listener
from perdition.io_trio.listeners import Address, Bound, bind
from perdition.io_trio.log_in import LogIn
from perdition.io_trio.service import make_service
from perdition.io_trio.set_up import SetUp
from perdition.maps import Query
from perdition.session import Session
from perdition.session.effects import Level, Relay
from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import DIALECTS, PASSWORD, Account, Dialect, Imap4, Pop3
from tests.io_trio.popmaps import silent_popmaps
from tests.io_trio.proxy import Leg, Proxy, eventually, listening, rows, sockets, write_configuration
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import PATIENCE, RealServer, Talk, at_once, call

LEGS = (Leg("POP3"), Leg("IMAP4"), Leg("MANAGESIEVE"))
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(f"--config_file={write_configuration(tmp_path, LEGS)}") as running:
        yield running


def port_of(proxy: Proxy, dialect: Dialect) -> int:
    return proxy.ports[[leg.protocol for leg in LEGS].index(dialect.name)]


# --- limits


def test_one_connection_too_many_is_refused_politely_and_the_next_is_welcome(
    tmp_path: Path, certificates: Certificates, dialect: Dialect
) -> None:
    legs = (Leg(dialect.name), Leg(dialect.name, "ssl"))
    file = write_configuration(tmp_path, legs, "connection_limit = 2", *certificates.options())
    with Proxy(f"--config_file={file}") as proxy, real_server(dialect, "", Account(), certificates) as real:
        plain, secure = proxy.ports
        with reach(plain, dialect, "", certificates) as first, reach(plain, dialect, "", certificates):
            dialect.log_in(first, b"joe-%d" % real.port)  # a session counts like a log-in
            with call(plain) as third:
                refusal = third.rest()

            assert dialect.is_bye(refusal)
            assert not third.was_reset

            with reach(secure, dialect, "ssl", certificates), reach(secure, dialect, "ssl", certificates):
                with call(secure) as sixth:
                    heard = sixth.rest()

                assert heard == b""
        refused = ": connection_limit 2 is reached"
        eventually(lambda: len(proxy.lines_with(refused)) == 2, "two lines about two refusals")
        shown = proxy.lines_with(refused)

        assert all(re.search(r"Connection refused 127[.0-9]+:\d+->127[.0-9]+:\d+: ", line) for line in shown), shown

        for line in (1, 2):
            proxy.wait_for("Closing session" if line == 1 else "Fatal Error reading")
        with reach(plain, dialect, "", certificates) as later:
            answer = dialect.log_in(later, b"joe-%d" % real.port)

        assert dialect.is_yes(answer)


# --- keepalive


ESTABLISHED = "01"
KEEPALIVE_TIMER = "02"
"""What /proc/net/tcp has in front of the time that is left (proc(5))."""


@pytest.mark.parametrize("wanted", [True, False])
def test_keepalive_is_set_on_both_legs(tmp_path: Path, certificates: Certificates, wanted: bool) -> None:
    file = write_configuration(tmp_path, LEGS, f"tcp_keepalive = {str(wanted).lower()}")
    with (
        Proxy(f"--config_file={file}") as proxy,
        real_server(Imap4(), "", Account(), certificates) as real,
        reach(proxy.ports[1], Imap4(), "", certificates) as session,
    ):
        Imap4().log_in(session, b"joe-%d" % real.port)
        own = {inode for _, inode in sockets(proxy.pid)}

        def timers() -> list[str]:
            legs = [columns for inode, columns in rows(proxy.pid) if inode in own and columns[3] == ESTABLISHED]
            return [columns[5].partition(":")[0] for columns in legs]

        expected = KEEPALIVE_TIMER if wanted else "00"
        eventually(lambda: timers() == [expected] * 2, f"timers {expected}")


# --- signals


def test_an_interrupt_ends_everything_cleanly(proxy: Proxy, certificates: Certificates) -> None:
    with (
        real_server(Imap4(), "", Account(), certificates) as real,
        reach(proxy.ports[1], Imap4(), "", certificates) as session,
        reach(proxy.ports[0], Pop3(), "", certificates) as idle,
        reach(proxy.ports[1], Imap4(), "", certificates) as idle_too,
    ):
        Imap4().log_in(session, b"joe-%d" % real.port)
        status = proxy.end(signal.SIGINT)

        assert status == 0
        assert proxy.errors == ""
        assert Pop3().is_bye(idle.rest())
        assert Imap4().is_bye(idle_too.rest())
        assert session.rest() == b""
        assert len(proxy.lines_with(f"Exiting on signal {int(signal.SIGINT)}")) == 1
        assert len(proxy.lines_with("Closing session")) == 1
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", proxy.ports[0])) != 0


def test_sessions_outlive_sigterm_and_nobody_new_comes_in(proxy: Proxy, certificates: Certificates) -> None:
    with (
        real_server(Imap4(), "", Account(), certificates) as real,
        reach(proxy.ports[1], Imap4(), "", certificates) as session,
        reach(proxy.ports[1], Imap4(), "", certificates) as other,
        reach(proxy.ports[0], Pop3(), "", certificates) as idle,
    ):
        Imap4().log_in(session, b"joe-%d" % real.port)
        Imap4().log_in(other, b"joe-%d" % real.port)
        proxy.process.send_signal(signal.SIGTERM)

        assert Pop3().is_bye(idle.rest())

        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", proxy.ports[1])) != 0
        session.say(b"still here\r\n")

        assert session.line() == b"still here\r\n"

        session.close()
        proxy.wait_for("Closing session")
        other.say(b"and here\r\n")

        assert other.line() == b"and here\r\n"
        assert proxy.process.poll() is None

        other.close()

        assert proxy.wait() == 0
        assert proxy.errors == ""
        assert len(proxy.lines_with("Closing session")) == 2


def test_the_grace_ends_sessions(tmp_path: Path, certificates: Certificates) -> None:
    file = write_configuration(tmp_path, LEGS, "shutdown_grace = 1")
    with (
        real_server(Imap4(), "", Account(), certificates) as real,
        Proxy(f"--config_file={file}") as proxy,
        reach(proxy.ports[1], Imap4(), "", certificates) as session,
    ):
        Imap4().log_in(session, b"joe-%d" % real.port)

        assert proxy.end(signal.SIGTERM) == 0
        assert session.rest() == b""
        assert len(proxy.lines_with("Closing session")) == 1


@pytest.mark.parametrize("second", SIGNALS)
def test_a_second_signal_ends_sessions(proxy: Proxy, certificates: Certificates, second: int) -> None:
    with (
        real_server(Imap4(), "", Account(), certificates) as real,
        reach(proxy.ports[1], Imap4(), "", certificates) as session,
    ):
        Imap4().log_in(session, b"joe-%d" % real.port)
        proxy.process.send_signal(signal.SIGTERM)
        eventually(lambda: not listening(proxy.pid), "the listeners to be closed")
        session.say(b"still here\r\n")

        assert session.line() == b"still here\r\n"
        assert proxy.end(second) == 0
        assert session.rest() == b""
        assert len(proxy.lines_with("Exiting on signal")) == 2


def test_a_client_that_is_silent_in_its_handshake_holds_nobody(tmp_path: Path, certificates: Certificates) -> None:
    leg = Leg("IMAP4", "ssl", "")
    file = write_configuration(tmp_path, (leg,), "shutdown_grace = 600", *certificates.options())
    with Proxy(f"--config_file={file}") as proxy, socket.create_connection(("127.0.0.1", proxy.ports[0])) as silent:
        proxy.wait_for("Connect:", f":{silent.getsockname()[1]}->")

        assert proxy.end(signal.SIGTERM) == 0
        assert silent.recv(1) == b""


def test_a_log_in_under_way_may_finish(proxy: Proxy, certificates: Certificates, dialect: Dialect) -> None:
    began, go_on = threading.Event(), threading.Event()

    def script(talk: Talk) -> None:
        began.set()
        assert go_on.wait(PATIENCE)
        dialect.serve(talk, Account())

    port = port_of(proxy, dialect)
    with RealServer(script) as real, reach(port, dialect, "", certificates) as talk:
        name = b"joe-%d" % real.port
        dialect.prepare(talk, name)
        talk.say(dialect.ask(name, PASSWORD))
        assert began.wait(PATIENCE)
        proxy.process.send_signal(signal.SIGTERM)
        eventually(lambda: not listening(proxy.pid), "the listeners to be closed")
        go_on.set()
        answer = talk.line()
        talk.say(b"and on\r\n")
        echoed = talk.line()
        talk.close()

        assert dialect.is_yes(answer)
        assert echoed == b"and on\r\n"
        assert proxy.wait() == 0


def test_a_client_that_has_to_be_refused_is_told_before_the_end(proxy: Proxy, certificates: Certificates) -> None:
    dialect, hung_up = Imap4(), threading.Event()

    def script(talk: Talk) -> None:
        dialect.serve(talk, Account())
        hung_up.set()

    with RealServer(script) as real, reach(port_of(proxy, dialect), dialect, "", certificates) as talk:
        name = b"joe-%d" % real.port
        dialect.prepare(talk, name)
        talk.say(dialect.ask(name, b"wrong"))
        assert hung_up.wait(PATIENCE)
        proxy.process.send_signal(signal.SIGTERM)
        refusal, farewell = talk.line(), talk.line()

        assert dialect.is_no(refusal)
        assert dialect.is_bye(farewell)
        assert proxy.wait() == 0


def test_the_grace_ends_a_log_in_that_does_not(tmp_path: Path, certificates: Certificates) -> None:
    file = write_configuration(tmp_path, LEGS, "shutdown_grace = 1")
    began = threading.Event()

    def script(talk: Talk) -> None:
        began.set()
        talk.rest()

    with (
        Proxy(f"--config_file={file}") as proxy,
        RealServer(script) as real,
        reach(proxy.ports[1], Imap4(), "", certificates) as talk,
    ):
        talk.say(Imap4().ask(b"joe-%d" % real.port, PASSWORD))
        assert began.wait(PATIENCE)
        status = proxy.end(signal.SIGTERM)

        assert status == 0
        assert talk.rest() == b""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_at_once(proxy: Proxy, certificates: Certificates, number: int) -> None:
    began = threading.Event()

    def script(talk: Talk) -> None:
        began.set()
        talk.rest()

    with RealServer(script) as real, reach(proxy.ports[1], Imap4(), "", certificates) as talk:
        talk.say(Imap4().ask(b"joe-%d" % real.port, PASSWORD))
        assert began.wait(PATIENCE)
        proxy.process.send_signal(number)
        proxy.wait_for("Exiting on signal")
        status = proxy.end(number)

        assert status == 0
        assert talk.rest() == b""
        assert proxy.errors == ""


def test_nothing_is_logged_below_the_level_and_it_starts_without_debug(tmp_path: Path) -> None:
    file = write_configuration(tmp_path, LEGS)
    with Proxy(f"--config_file={file}", "--quiet", debug=False) as proxy:
        with call(proxy.ports[0]) as talk:
            talk.line()
            talk.say(b"QUIT\r\n")
            talk.rest()
        assert proxy.end(signal.SIGTERM) == 0

        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", proxy.ports[0])) != 0
    assert proxy.lines == []


# --- secrets


CANARY = b"canary-7f3a"


def test_no_password_is_in_the_log_nor_in_the_process_table(proxy: Proxy, certificates: Certificates) -> None:
    def talk_to_it(dialect: Dialect) -> tuple[bytes, bytes]:
        """Say a password where it belongs and where it does not, to a real server that repeats everything."""

        def script(talk: Talk) -> None:
            dialect.greet(talk, Account())
            while line := talk.line():
                talk.say(b"-ERR " + line if dialect.name == "POP3" else line)

        port = port_of(proxy, dialect)
        with RealServer(script) as real, reach(port, dialect, "", certificates) as talk:
            talk.say(dialect.starttls)  # not offered: refused
            talk.line()
            refusal = dialect.log_in(talk, b"joe-%d" % real.port, CANARY)
            talk.say(CANARY + b" " + CANARY + b"\r\n")
            talk.line()
            talk.say(CANARY + b"\n")
            talk.rest()
            proxy.wait_for(talk.way, "CR before LF")
            return refusal, base64.b64encode(b"\0joe-%d\0" % real.port + CANARY).rstrip(b"=")[-8:]

    results = at_once({dialect: partial(talk_to_it, dialect) for dialect in DIALECTS})
    cmdline = Path(f"/proc/{proxy.pid}/cmdline").read_bytes()
    log = "\n".join(proxy.lines).encode()

    assert log.count(b'status="failed') == len(DIALECTS)
    assert CANARY not in log + cmdline
    for dialect, result in results.items():
        refusal, encoded = result.result()

        assert dialect.is_no(refusal)
        assert CANARY not in refusal
        assert encoded not in log


# --- crashes, in a daemon of this process


@pytest.fixture
def lines() -> list[str]:
    return []


def make_daemon(lines: list[str], port: int, reload: HangUp | None = None) -> tuple[Daemon, int]:
    settings = Settings(
        protocol=Protocol.IMAP4,
        bind_address=(HostPort("127.0.0.1"),),
        listen_port=0,
        no_lookup=True,
        outgoing_server=(HostPort("127.0.0.1", port),),
    )
    service = make_service(settings, silent_popmaps())
    sock = bind(Address(socket.AF_INET, ("127.0.0.1", 0)))

    def log(level: Level, line: str) -> None:
        lines.append(line)

    bound = Bound(sock, Address(sock.family, sock.getsockname()))
    made = SetUp(Config((settings,), settings), silent_popmaps(), {bound: Listener(sock, service)})
    return Daemon(made, log, reload), sock.getsockname()[1]


async def test_a_crash_in_one_session_is_logged_without_its_words_and_touches_no_other(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], certificates: Certificates
) -> None:
    account, dialect = Account(), Imap4()
    with real_server(dialect, "", account, certificates) as real:
        daemon, port = make_daemon(lines, real.port)

        def crash(driver: object, key: bytes) -> Query:
            if key == b"evil":
                raise RuntimeError(f"key {key!r} of {CANARY!r}")
            return Query(key)

        def talk_to_it() -> tuple[bytes, bytes, bytes]:
            with (
                reach(port, dialect, "", certificates) as before,
                reach(port, dialect, "", certificates) as evil,
            ):
                dialect.log_in(before, b"joe")
                evil.say(dialect.ask(b"evil", CANARY))
                crashed = evil.rest()
                before.say(b"still here\r\n")
                echoed = before.line()
                with reach(port, dialect, "", certificates) as after:
                    return crashed, echoed, dialect.log_in(after, b"joe")

        monkeypatch.setattr("perdition.io_trio.log_in.LogIn._query", crash)
        async with trio.open_nursery() as nursery:
            await nursery.start(daemon.run)
            crashed, echoed, answer = await trio.to_thread.run_sync(talk_to_it)
            nursery.cancel_scope.cancel()

    internal = [line for line in lines if "Internal error" in line]

    assert crashed == b""
    assert echoed == b"still here\r\n"
    assert dialect.is_yes(answer)
    assert len(internal) == 1
    assert re.fullmatch(
        r"Internal error: RuntimeError at test_daemon.py:\d+ < log_in.py:\d+ < log_in.py:\d+", internal[0]
    )
    assert CANARY.decode() not in "\n".join(lines)
    assert daemon.log_ins == 0
    assert daemon.sessions == 0


async def test_a_crash_while_everything_is_read_again_is_logged_and_nothing_else(lines: list[str]) -> None:
    class Crashing:
        def reopen_log(self) -> None:
            lines.append("reopened")

        async def __call__(self, hub: object) -> bool:
            raise RuntimeError(CANARY)

    daemon, port = make_daemon(lines, 1, Crashing())
    async with trio.open_nursery() as nursery:
        await nursery.start(daemon.run)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)  # it has a handler now
            await trio.testing.wait_all_tasks_blocked()
        with await trio.to_thread.run_sync(call, port) as talk:
            greeting = await trio.to_thread.run_sync(talk.line)
        nursery.cancel_scope.cancel()

    assert greeting.startswith(b"* OK ")
    assert [line.partition(" at ")[0] for line in lines[:4]] == ["reopened", "Internal error: RuntimeError"] * 2
    assert CANARY.decode() not in "".join(lines)


def log_in_objects() -> list[object]:
    """Give all that a log-in is made of."""
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, LogIn | Session | Relay)]


async def test_nothing_of_a_log_in_is_kept_behind_it(lines: list[str], certificates: Certificates) -> None:
    """A session at rest is two connections and a few words: what knew the password is gone."""
    dialect = Imap4()
    with real_server(dialect, "", Account(behind=b"* 1 EXISTS\r\n"), certificates) as real:
        daemon, port = make_daemon(lines, real.port)

        def session() -> Talk:
            talk = reach(port, dialect, "", certificates)
            dialect.log_in(talk, b"joe")
            talk.line()
            return talk

        async with trio.open_nursery() as nursery:
            await nursery.start(daemon.run)
            before = log_in_objects()  # other tests may hold some
            with await trio.to_thread.run_sync(session):
                await trio.testing.wait_all_tasks_blocked()
                kept = [thing for thing in log_in_objects() if not any(thing is other for other in before)]

                assert daemon.sessions == 1
                assert daemon.log_ins == 0
                assert kept == []
            nursery.cancel_scope.cancel()
