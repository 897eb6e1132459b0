"""authenticate_in in the running daemon: all three protocols, libpam and its modules, nothing in between."""

import contextlib
import functools
import re
import sys
from collections.abc import Iterator

import attrs
import pytest

from tests.io_trio.dialects import DIALECTS, PASSWORD, Account, Dialect
from tests.io_trio.pam_folder import PamFolder
from tests.io_trio.proxy import Leg, Proxy, eventually, write_configuration
from tests.io_trio.talk import RealServer, Talk, at_once, call

STRANGER = b"no such pass"
REFUSED = {
    "POP3": b"-ERR Authentication failure, mate\r\n",
    "IMAP4": b"a NO [AUTHENTICATIONFAILED] Authentication failure\r\n",
    "MANAGESIEVE": b'NO "Authentication failure"\r\n',
}
UNAVAILABLE = {
    "POP3": b"-ERR [SYS/TEMP] failed: local authentication unavailable\r\n",
    "IMAP4": b"a NO [UNAVAILABLE] failed: local authentication unavailable\r\n",
    "MANAGESIEVE": b'NO (TRYLATER) "failed: local authentication unavailable"\r\n',
}
PATIENT, HASTY = 120, 2
"""Two values of authenticate_timeout."""


@attrs.frozen
class Guarded:
    """A daemon that asks PAM, with two listeners a protocol.

    Attributes:
        proxy: it.
        folder: of PAM.
        patient: the listeners, by protocol.
        hasty: the same, where authenticate_timeout is 2 seconds.
    """

    proxy: Proxy
    folder: PamFolder
    patient: dict[str, int]
    hasty: dict[str, int]

    def auth(self, name: str, status: str) -> str:
        """Wait for the line of a log-in."""
        return self.proxy.wait_for("Auth:", f'authentication_id="{name}"', f'status="{status}"')

    @property
    def told(self) -> list[str]:
        """What PAM's modules were told."""
        return (self.folder.path / "told").read_text().splitlines()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = PamFolder(tmp_path_factory.mktemp("pam"))
    names = [f"{dialect!r}-{what}" for dialect in DIALECTS for what in ("good", "wrong", "again")]
    folder.write(
        folder.script("note", 'echo "$PAM_SERVICE $PAM_USER $PAM_RHOST" >> told'),
        folder.gate("slow"),
        folder.userdb(dict.fromkeys(names, PASSWORD.decode())),
        "account required pam_permit.so",
    )
    options = ("authenticate_in = true", 'strip_domain = "local_authentication"')
    legs = tuple(
        Leg(dialect.name, options=(*options, f"authenticate_timeout = {seconds}"))
        for seconds in (PATIENT, HASTY)
        for dialect in DIALECTS
    )
    file = write_configuration(tmp_path_factory.mktemp("daemon"), legs)
    command = (sys.executable, "-m", "tests.io_trio.pam_daemon", str(folder.path))
    with Proxy(f"--config_file={file}", command=command) as proxy:
        ports = [(leg.protocol, port) for leg, port in zip(legs, proxy.ports, strict=True)]
        try:
            yield Guarded(proxy, folder, dict(ports[: len(DIALECTS)]), dict(ports[len(DIALECTS) :]))
        finally:
            folder.open_gate()
    assert proxy.errors == ""
    assert not proxy.lines_with("Internal error")
    assert not proxy.lines_with(PASSWORD.decode())
    assert not proxy.lines_with(STRANGER.decode())


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def real(dialect: Dialect, account: Account) -> Iterator[RealServer]:
    with RealServer(lambda talk: dialect.serve(talk, account)) as real:
        yield real


def greeted(port: int, dialect: Dialect) -> Talk:
    talk = call(port)
    dialect.hear_greeting(talk)
    return talk


def test_the_right_password(guarded: Guarded, dialect: Dialect, account: Account, real: RealServer) -> None:
    name = f"{dialect!r}-good@example.org"
    with greeted(guarded.patient[dialect.name], dialect) as talk:
        answer = dialect.log_in(talk, b"%b-%d" % (name.encode(), real.port))

        assert dialect.is_yes(answer), answer
        talk.say(b"to whom it concerns\r\n")
        assert talk.line() == b"to whom it concerns\r\n"

    assert account.seen == [(name.encode(), PASSWORD)]  # PAM's name is PAM's alone
    assert f"perdition {dialect!r}-good 127.0.0.1" in guarded.told
    assert f'server="127.0.0.1:{real.port}"' in guarded.auth(name, "ok")


def test_what_pam_refuses_never_reaches_a_real_server(
    guarded: Guarded, dialect: Dialect, account: Account, real: RealServer
) -> None:
    wrong, stranger = f"{dialect!r}-wrong", f"{dialect!r}-stranger"
    port = guarded.patient[dialect.name]

    def log_in(name: str, password: bytes) -> bytes:
        with greeted(port, dialect) as talk:
            return dialect.log_in(talk, b"%b-%d" % (name.encode(), real.port), password)

    answers = at_once({name: functools.partial(log_in, name, STRANGER) for name in (wrong, stranger)})

    assert {answer.result() for answer in answers.values()} == {REFUSED[dialect.name]}
    for name in (wrong, stranger):
        line = guarded.auth(name, "failed: local authentication failure")

        assert f'server="127.0.0.1:{real.port}"' in line
    why = guarded.proxy.lines_with("Local authentication for 127.0.0.1:")
    assert any(line.endswith(": Authentication failure") for line in why)
    assert any(line.endswith(": User not known to the underlying authentication module") for line in why)
    assert real.talks == []
    assert account.seen == []


def test_behind_a_refusal_the_client_may_try_again(
    guarded: Guarded, dialect: Dialect, account: Account, real: RealServer
) -> None:
    name = b"%b-%d" % (f"{dialect!r}-again".encode(), real.port)
    with greeted(guarded.patient[dialect.name], dialect) as talk:
        assert dialect.log_in(talk, name, STRANGER) == REFUSED[dialect.name]
        assert dialect.is_yes(dialect.log_in(talk, name))


def test_whoever_has_no_server_never_reaches_pam(guarded: Guarded, dialect: Dialect) -> None:
    name = f"{dialect!r}-homeless"
    with greeted(guarded.patient[dialect.name], dialect) as talk:
        assert dialect.is_no(dialect.log_in(talk, name.encode()))

    assert guarded.auth(name, "failed: Could not determine server")
    assert not [line for line in guarded.told if name in line]


def test_a_module_that_hangs_hangs_nobody_else(guarded: Guarded) -> None:
    """Its own log-in is refused when authenticate_timeout is over; what it does with its thread is its business."""
    with contextlib.ExitStack() as stack:
        slow: dict[str, Talk] = {}
        for dialect in DIALECTS:
            talk = slow[dialect.name] = stack.enter_context(greeted(guarded.hasty[dialect.name], dialect))
            dialect.prepare(talk, b"slow-1")
            talk.say(dialect.ask(b"slow-1", PASSWORD))
        told = re.compile(r"perdition slow ")
        eventually(lambda: len([line for line in guarded.told if told.match(line)]) == 3, "three who hang")
        for dialect in DIALECTS:
            account = Account()
            real = stack.enter_context(RealServer(functools.partial(dialect.serve, account=account)))
            with greeted(guarded.patient[dialect.name], dialect) as talk:
                name = b"%b-good-%d" % (dialect.name.lower().encode(), real.port)

                assert dialect.is_yes(dialect.log_in(talk, name))

        assert {name: talk.line() for name, talk in slow.items()} == UNAVAILABLE
    why = guarded.proxy.lines_with("Local authentication for 127.0.0.1:", ": timed out")
    assert len(why) == 3
