"""The daemon map against daemons that hang, lie or are not there."""

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from perdition.maps import Absent, Broken, Found, MapError, Outcome, Query, Unavailable
from perdition.maps._daemon_packet import MOST, Answer, write_answer, write_question
from perdition.maps.daemon import DaemonMap, open_map

JOE = Query(b"joe")

# --- the option


OPTIONS = {
    "": DaemonMap("/var/run/perdition.db", 1, 5),
    "/s": DaemonMap("/s", 1, 5),
    "/s:": DaemonMap("/s", 1, 5),
    "/s::": DaemonMap("/s", 1, 5),
    ":3": DaemonMap("/var/run/perdition.db", 3, 5),
    "/s:3": DaemonMap("/s", 3, 5),
    "/s:3:7": DaemonMap("/s", 3, 7),
    "/s::7": DaemonMap("/s", 1, 7),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_the_option(option: str) -> None:
    assert open_map(option) == OPTIONS[option]


@pytest.mark.parametrize("option", ["/s:0", "/s:-1", "/s:x", "/s:1:0", "/s:1:1.5", "/s:1:2:3", "/s:99999", "/s:\u00b2"])
def test_an_option_that_makes_no_sense(option: str) -> None:
    with pytest.raises(MapError, match=r"expected socket\[:timeout\[:tries\]\] with numbers from 1 to 3600"):
        open_map(option)


# --- daemons of all kinds


Reply = Callable[[socket.socket, bytes, str], None]
"""What a daemon does: its socket, a question, and who asks."""


@contextlib.contextmanager
def daemon(path: Path, reply: Reply) -> Iterator[None]:
    """Run a map daemon in a thread."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))

        def serve() -> None:
            while True:
                question, sender = sock.recvfrom(MOST)
                if question == b"end":
                    return
                reply(sock, question, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_end:
                to_end.sendto(b"end", str(path))
            thread.join()
    path.unlink()


def saying(octets: bytes) -> Reply:
    def reply(sock: socket.socket, question: bytes, sender: str) -> None:
        sock.sendto(octets, sender)

    return reply


SIX = Answer(b"joe", b"2001:db8::6", b"143")
ANSWERS: dict[Answer, Outcome] = {
    Answer(b"", b"host", b""): Found(b"host"),
    Answer(b"", b"host", b"143"): Found(b"host:143"),
    Answer(b"joe", b"host", b"imap"): Found(b"joe@host:imap"),
    Answer(b"joe@dom", b"host", b"143"): Found(b"joe@dom@host:143"),
    SIX: Found(b"joe@[2001:db8::6]:143"),
    Answer(b"", b"::1", b""): Found(b"[::1]"),
    Answer(b"", b"[::1]", b"143"): Found(b"[::1]:143"),
    Answer(b"", b"192.0.2.1:143", b""): Found(b"[192.0.2.1:143]"),  # a host with that name, which there is not
    Answer(b"", b" host ", b"143"): Found(b" host :143"),
    Answer(): Absent(),
    Answer(b"", b"", b"143"): Absent(),
    Answer(b"ann", b"", b""): Found(b"ann@"),
    Answer(b"joe", b"", b""): Absent(),  # the key
    Answer(b"", b"bob@host", b""): Broken("expected a server and a port without the delimiter of user names"),
    Answer(b"", b"host", b"143@"): Broken("expected a server and a port without the delimiter of user names"),
    Answer(b"", b"host", b"1:2"): Broken("expected the name or the address of a server, and a port"),
    Answer(b"", b"[]", b""): Broken("expected the name or the address of a server, and a port"),
    Answer(b"", b"[::1", b""): Broken("expected the name or the address of a server, and a port"),
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_what_answers_mean(tmp_path: Path, answer: Answer) -> None:
    with daemon(tmp_path / "s", saying(write_answer(answer))):
        outcome = await open_map(f"{tmp_path}/s").lookup(JOE)

    assert outcome == ANSWERS[answer]


async def test_without_a_delimiter_a_user_cannot_be_said(tmp_path: Path) -> None:
    with daemon(tmp_path / "s", saying(write_answer(SIX))):
        outcome = await open_map(f"{tmp_path}/s").lookup(Query(b"joe", delimiter=b""))

    assert outcome == Found(b"[2001:db8::6]:143")


NONSENSE = {
    "nothing": b"",
    "text": b"+OK 127.0.0.1\r\n",
    "cut": write_answer(SIX)[:-1],
    "a question": write_question(JOE),
    "too long": write_answer(SIX) + bytes(MOST),
    "much too long": write_answer(SIX) + bytes(2 * MOST),
}


@pytest.mark.parametrize("what", NONSENSE)
async def test_nonsense_is_unavailable(tmp_path: Path, what: str) -> None:
    with daemon(tmp_path / "s", saying(NONSENSE[what])):
        outcome = await open_map(f"{tmp_path}/s").lookup(JOE)

    assert isinstance(outcome, Unavailable)
    assert "/s: expected " in outcome.why


async def test_a_key_that_fits_into_no_packet(tmp_path: Path) -> None:
    outcome = await open_map(f"{tmp_path}/s").lookup(Query(b"x" * MOST))

    assert outcome == Broken("expected texts that fit into 65000 octets")


async def test_a_silent_daemon_is_asked_as_often_as_the_option_says(tmp_path: Path) -> None:
    questions: list[bytes] = []

    def be_silent(sock: socket.socket, question: bytes, sender: str) -> None:
        questions.append(question)

    with daemon(tmp_path / "s", be_silent):
        begun = trio.current_time()
        outcome = await open_map(f"{tmp_path}/s:1:2").lookup(JOE)
        took = trio.current_time() - begun

    assert outcome == Unavailable(f"{tmp_path}/s: no answer within 2 s")
    assert took >= 2
    assert 1 <= len(questions) <= 2  # the second may come too late on a machine under load
    assert set(questions) == {write_question(JOE)}


async def test_the_answer_to_the_second_question_will_do(tmp_path: Path) -> None:
    senders: list[str] = []

    def answer_the_second(sock: socket.socket, question: bytes, sender: str) -> None:
        senders.append(sender)
        if len(senders) == 2:
            sock.sendto(write_answer(SIX), sender)

    with daemon(tmp_path / "s", answer_the_second):
        outcome = await open_map(f"{tmp_path}/s:1:20").lookup(JOE)

    assert outcome == ANSWERS[SIX]
    assert len(senders) == 2
    assert len(set(senders)) == 1  # so that an answer to the first would have been heard, too


async def test_a_daemon_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    outcomes: list[Outcome] = []
    over = trio.Event()

    async def look_up() -> None:
        outcomes.append(await open_map(f"{tmp_path}/s:5:100").lookup(JOE))
        over.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look_up)
        await trio.testing.wait_all_tasks_blocked()
        with daemon(tmp_path / "s", saying(write_answer(SIX))):
            await over.wait()

    assert outcomes == [ANSWERS[SIX]]


async def test_answers_of_others_are_not_heard(tmp_path: Path) -> None:
    """The kernel refuses them: the client's socket is connected before it has a name."""
    refused: list[type[OSError]] = []

    def be_answered_by_others(sock: socket.socket, question: bytes, sender: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            try:
                other.sendto(write_answer(Answer(b"", b"evil.example.com", b"")), sender)
            except OSError as error:
                refused.append(type(error))
        sock.sendto(write_answer(SIX), sender)

    with daemon(tmp_path / "s", be_answered_by_others):
        outcome = await open_map(f"{tmp_path}/s").lookup(JOE)

    assert refused == [PermissionError]
    assert outcome == ANSWERS[SIX]


async def test_a_late_answer_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    """The first question's answer comes together with the second question's, to the first's socket."""
    first: list[str] = []
    lost: list[type[OSError]] = []

    def answer_too_late(sock: socket.socket, question: bytes, sender: str) -> None:
        if question == write_question(JOE):
            first.append(sender)
            return
        try:
            sock.sendto(write_answer(Answer(b"", b"evil.example.com", b"")), first[0])
        except OSError as error:
            lost.append(type(error))
        sock.sendto(write_answer(SIX), sender)

    with daemon(tmp_path / "s", answer_too_late):
        popmap = open_map(f"{tmp_path}/s:1:1")
        outcomes = [await popmap.lookup(JOE), await popmap.lookup(Query(b"ann"))]

    assert isinstance(outcomes[0], Unavailable)
    assert outcomes[1] == ANSWERS[SIX]
    assert lost == [FileNotFoundError]


async def test_the_socket_is_named_as_perdition_2_2_does_and_taken_away(tmp_path: Path) -> None:
    senders: dict[str, tuple[int, int]] = {}

    def look(sock: socket.socket, question: bytes, sender: str) -> None:
        senders[sender] = (os.stat(sender).st_mode, os.stat(os.path.dirname(sender)).st_mode)
        sock.sendto(write_answer(SIX), sender)

    with daemon(tmp_path / "s", look):
        await open_map(f"{tmp_path}/s").lookup(JOE)

    [(sender, (mode, folder_mode))] = senders.items()
    assert Path(sender).name == f"map.{os.getpid()}"
    assert Path(sender).parent.name.startswith("perdition-map-")
    assert (stat.S_IMODE(mode), stat.S_IMODE(folder_mode)) == (0o666, 0o711)
    assert not Path(sender).parent.exists()
