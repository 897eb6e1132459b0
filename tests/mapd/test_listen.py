"""The socket of the map daemon."""

import os
import socket
import stat
from pathlib import Path

import pytest

from perdition.mapd.listen import CannotListen, listening


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_it_has_its_rights_and_is_taken_away(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "s"
    with listening(str(path), mode) as sock:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(b"hello", str(path))

        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert sock.recv(10) == b"hello"

    assert not path.exists()


def test_one_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(path))

    assert path.exists()
    with listening(str(path), 0o600), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.connect(str(path))


def test_one_that_is_in_use_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listening(str(path), 0o600) as first:
        with pytest.raises(CannotListen, match="s: another process listens there"), listening(str(path), 0o600):
            pass
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(b"hello", str(path))

        assert first.recv(10) == b"hello"


def test_what_is_no_socket_of_ours_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    with pytest.raises(CannotListen, match="expected a socket or nothing there"), listening(str(file), 0o600):
        pass
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.bind(f"{tmp_path}/stream")
        stream.listen()
        with pytest.raises(CannotListen, match="stream: Protocol wrong type"), listening(f"{tmp_path}/stream", 0o600):
            pass

    assert file.read_text() == "precious"
    assert (tmp_path / "stream").exists()


@pytest.mark.parametrize("path", ["no/folder", "x" * 200])
def test_a_path_that_cannot_be(tmp_path: Path, path: str) -> None:
    with pytest.raises(CannotListen, match=r"No such file|too long"), listening(f"{tmp_path}/{path}", 0o600):
        pass


def test_the_socket_of_a_successor_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listening(str(path), 0o600):
        os.rename(path, tmp_path / "away")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as successor:
            successor.bind(str(path))

    assert path.exists()
