"""PAM as it is: libpam and the system's modules, with a file of the service in a folder of the test."""

import ctypes
import gc
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from perdition.config.settings import Settings
from perdition.io_trio import pam as module
from perdition.io_trio.pam import NoPam, Pam
from perdition.io_trio.service import SetUpError, make_service
from perdition.protocol.secret import Secret
from perdition.session.effects import Answer, Authenticated, Failed, NotAuthenticated
from tests.io_trio.pam_folder import JOE, PamFolder
from tests.io_trio.popmaps import silent_popmaps
from tests.io_trio.proxy import eventually

GOOD = JOE["joe"].encode()
PERMIT = "account required pam_permit.so"
ANYBODY = "auth required pam_permit.so"
UNKNOWN = NotAuthenticated("User not known to the underlying authentication module")
WRONG = NotAuthenticated("Authentication failure")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[PamFolder]:
    there = PamFolder(tmp_path)
    yield there
    there.open_gate()


async def ask(folder: PamFolder, name: bytes, password: bytes) -> Answer:
    return await Pam(str(folder.path)).authenticate(name, Secret(password), "192.0.2.7")


async def test_name_and_password(folder: PamFolder) -> None:
    folder.write(folder.userdb(JOE), PERMIT)

    assert await ask(folder, b"joe", GOOD) == Authenticated()
    assert await ask(folder, b"joe", GOOD[:-1]) == WRONG
    assert await ask(folder, b"joe", b"") == WRONG
    assert await ask(folder, b"jim", GOOD) == UNKNOWN
    assert await ask(folder, b"", GOOD) == UNKNOWN


async def test_the_file_of_the_system_lets_nobody_in_by_chance() -> None:
    """With or without a file for the service: this is pam_start as the daemon calls it."""
    assert not isinstance(await Pam().authenticate(b"no such user", Secret(b"x"), "192.0.2.7"), Authenticated)


PASSWORDS = ["", "with blanks ", "pa$$\"'\\w", "g\xe4rten \u20ac", "x" * 500]


@pytest.mark.parametrize("password", PASSWORDS, ids=len)
async def test_the_password_is_given_as_it_is(folder: PamFolder, password: str) -> None:
    folder.write(folder.script("note", "cat > heard; exit 1", "expose_authtok"), PERMIT)

    assert isinstance(await ask(folder, b"joe", password.encode()), NotAuthenticated | Failed)
    assert (folder.path / "heard").read_bytes().rstrip(b"\0") == password.encode()


async def test_octets_that_are_no_text(folder: PamFolder) -> None:
    folder.write(folder.script("note", 'cat > heard; echo "$PAM_USER" >> heard', "expose_authtok"), PERMIT)

    assert await ask(folder, b"j\xf6e", b"\xff\xfe") == Authenticated()
    assert (folder.path / "heard").read_bytes().replace(b"\0", b"") == b"\xff\xfej\xf6e\n"


@pytest.mark.parametrize(("name", "password"), [(b"joe\0x", GOOD), (b"joe", GOOD + b"\0x"), (b"\0", b"")])
async def test_what_c_would_cut_off_is_refused(folder: PamFolder, name: bytes, password: bytes) -> None:
    folder.write(folder.script("note", ": > asked"), PERMIT)

    assert await ask(folder, name, password) == NotAuthenticated("expected a name and a password without NUL")
    assert not (folder.path / "asked").exists()


async def test_what_a_module_is_told(folder: PamFolder) -> None:
    told = 'echo "$PAM_TYPE $PAM_SERVICE $PAM_USER $PAM_RUSER $PAM_RHOST" >> told'
    auth = folder.script("note", told)
    folder.write(auth, auth.replace("auth", "account", 1))

    assert await ask(folder, b"joe", GOOD) == Authenticated()
    assert (folder.path / "told").read_text().splitlines() == [
        "auth perdition joe joe 192.0.2.7",
        "account perdition joe joe 192.0.2.7",
    ]


async def test_an_account_that_may_not_be_used(folder: PamFolder) -> None:
    folder.write(folder.userdb(JOE), "account required pam_deny.so")

    assert isinstance(await ask(folder, b"joe", GOOD), NotAuthenticated)


async def test_whoever_is_not_authenticated_is_not_asked_about(folder: PamFolder) -> None:
    folder.write("auth required pam_deny.so", folder.script("note", ": > asked").replace("auth", "account", 1))

    assert await ask(folder, b"joe", GOOD) == WRONG
    assert not (folder.path / "asked").exists()


async def test_messages_are_heard_and_not_answered(folder: PamFolder) -> None:
    folder.write("auth optional pam_echo.so hello %u", folder.userdb(JOE), PERMIT)

    assert await ask(folder, b"joe", GOOD) == Authenticated()


@pytest.mark.parametrize(
    "lines",
    [(), ("auth required pam_no_such_module.so", PERMIT), ("auth required pam_debug.so auth=authinfo_unavail", PERMIT)],
    ids=["no file", "no module", "no answer"],
)
async def test_trouble_is_no_wrong_password(folder: PamFolder, lines: tuple[str, ...]) -> None:
    if lines:
        folder.write(*lines)
    answer = await ask(folder, b"joe", GOOD)

    assert isinstance(answer, Failed)
    assert answer.why


REFUSALS = ("perm_denied", "auth_err", "cred_insufficient", "user_unknown", "maxtries")
ACCOUNT_REFUSALS = ("new_authtok_reqd", "acct_expired", "authtok_expired", "perm_denied")
TROUBLES = ("open_err", "symbol_err", "service_err", "system_err", "buf_err", "authinfo_unavail", "abort", "conv_err")


@pytest.mark.parametrize("value", REFUSALS)
async def test_what_refuses_a_password(folder: PamFolder, value: str) -> None:
    folder.write(f"auth required pam_debug.so auth={value}", PERMIT)

    assert isinstance(await ask(folder, b"joe", GOOD), NotAuthenticated)


@pytest.mark.parametrize("value", ACCOUNT_REFUSALS)
async def test_what_refuses_an_account(folder: PamFolder, value: str) -> None:
    folder.write(ANYBODY, f"account required pam_debug.so acct={value}")

    assert isinstance(await ask(folder, b"joe", GOOD), NotAuthenticated)


@pytest.mark.parametrize("value", TROUBLES)
async def test_what_says_that_pam_cannot_tell(folder: PamFolder, value: str) -> None:
    folder.write(f"auth required pam_debug.so auth={value}", PERMIT)

    assert isinstance(await ask(folder, b"joe", GOOD), Failed)


# --- time


async def test_the_pause_that_pam_wants_is_made_without_a_thread(folder: PamFolder, autojump_clock: MockClock) -> None:
    """libpam makes it up to half longer or a quarter shorter, so that it tells nothing (pam_fail_delay(3))."""
    folder.write("auth optional pam_faildelay.so delay=100000000", folder.userdb(JOE), PERMIT)
    began = trio.current_time()

    assert await ask(folder, b"joe", GOOD) == Authenticated()
    assert trio.current_time() == began
    assert await ask(folder, b"joe", b"wrong") == WRONG
    assert 50 <= trio.current_time() - began <= 200


async def until(path: Path) -> None:
    await trio.to_thread.run_sync(eventually, path.exists, f"{path.name} to be there")


async def test_a_module_that_hangs_hangs_alone(folder: PamFolder) -> None:
    folder.write(folder.gate("slow"), folder.userdb(JOE), PERMIT)
    pam = Pam(str(folder.path))
    given_up: list[bool] = []

    async def slow() -> None:
        with trio.CancelScope() as scope:
            scopes.append(scope)
            await pam.authenticate(b"slow", Secret(GOOD), "192.0.2.7")
        given_up.append(scope.cancelled_caught)

    scopes: list[trio.CancelScope] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await until(folder.path / "slow-hangs")

        assert await pam.authenticate(b"joe", Secret(GOOD), "192.0.2.7") == Authenticated()
        assert given_up == []
        scopes[0].cancel()

    assert given_up == [True]
    assert await pam.authenticate(b"joe", Secret(GOOD), "192.0.2.7") == Authenticated()


async def test_so_many_at_once_and_no_more(folder: PamFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONCURRENCY", 1)
    folder.write(folder.gate("slow"), folder.userdb(JOE), PERMIT)
    pam = Pam(str(folder.path))
    done: list[bytes] = []

    async def check(name: bytes) -> None:
        await pam.authenticate(name, Secret(GOOD), "192.0.2.7")
        done.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(check, b"slow")
        await until(folder.path / "slow-hangs")
        nursery.start_soon(check, b"joe")
        await trio.testing.wait_all_tasks_blocked()

        assert done == []
        folder.open_gate()

    assert set(done) == {b"slow", b"joe"}


# --- memory


class Mallinfo(ctypes.Structure):
    """struct mallinfo2 (mallinfo(3)): the eighth number is how many octets are allocated."""

    _fields_ = tuple((f"field_{number}", ctypes.c_size_t) for number in range(10))


def allocated() -> int:
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Mallinfo
    gc.collect()
    count: int = libc.mallinfo2().field_7
    return count


@pytest.mark.parametrize("refused", [False, True])
def test_nothing_is_left_behind(folder: PamFolder, refused: bool) -> None:
    """What is asked for is answered with memory of libc's, which the modules free."""
    long = "x" * 200
    folder.write(folder.userdb({"joe": long}), PERMIT)
    pam, password = Pam(str(folder.path)), Secret(long.encode() + b"!" * refused)
    rounds = 60

    def many() -> None:
        for _ in range(rounds):
            status, _, _ = pam._check(b"joe", password, b"192.0.2.7")

            assert (status != 0) is refused

    many()
    before = allocated()
    many()

    assert allocated() - before < rounds * 100


# --- the conversation by itself


@attrs.frozen
class Talked:
    """What the conversation gave: its status, and the texts of its responses."""

    status: int
    texts: list[bytes | None]


def talk(*styles: int) -> Talked:
    """Ask as a module does; free what was given, as a module must."""
    libc = ctypes.CDLL(None)
    libc.free.argtypes = [ctypes.c_void_p]
    messages = [module.Message(style, b"?") for style in styles]
    pointers = (ctypes.POINTER(module.Message) * max(len(styles), 1))(*map(ctypes.pointer, messages))
    answer = ctypes.POINTER(module.Response)()
    converse = module.Converse(Pam()._answering(Secret(b"secret")))
    status = converse(
        len(styles), ctypes.cast(pointers, ctypes.POINTER(ctypes.POINTER(module.Message))), ctypes.pointer(answer), None
    )
    texts: list[bytes | None] = []
    for number in range(len(styles) if answer else 0):
        text = answer[number].text
        texts.append(text and ctypes.string_at(text))
        libc.free(text)
    libc.free(ctypes.cast(answer, ctypes.c_void_p))
    return Talked(status, texts)


def test_the_password_answers_what_is_not_echoed_and_nothing_else() -> None:
    off, on, error, info = 1, 2, 3, 4

    assert talk(off) == Talked(0, [b"secret"])
    assert talk(info, off, error, off) == Talked(0, [None, b"secret", None, b"secret"])
    assert talk(on) == talk(off, on) == talk(7) == talk() == Talked(19, [])


# --- what is not there


def test_without_libpam_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIBRARY", "libpam-not-here.so.0")

    with pytest.raises(SetUpError, match=r"^option authenticate_in: expected libpam-not-here\.so\.0 of Linux-PAM: "):
        make_service(Settings(map_library="", authenticate_in=True), silent_popmaps())


def test_a_library_that_is_no_linux_pam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIBRARY", "libc.so.6")

    with pytest.raises(NoPam, match="pam_start_confdir"):
        Pam()


def test_without_the_option_nobody_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIBRARY", "libpam-not-here.so.0")

    assert make_service(Settings(map_library=""), silent_popmaps()).pam is None
