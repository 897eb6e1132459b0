"""Files of maps that may not be read a second time."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from perdition.maps import MapError
from perdition.maps.secret_files import Kept, first_line_of, take_notes, text_of


def test_what_was_made_stays_where_it_is_forbidden_to_make_it_again() -> None:
    kept: Kept[int] = Kept()
    take_notes()

    def forbidden() -> int:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        kept.made(("a",), "password_file a", forbidden)
    made = [kept.made(("a",), "password_file a", make) for make in (lambda: 1, forbidden, forbidden)]
    notes = [take_notes(), take_notes()]
    with pytest.raises(PermissionError):
        kept.made(("b",), "password_file b", forbidden)
    later = [kept.made(("a",), "password_file a", make) for make in (lambda: 2, forbidden)]
    take_notes()  # they are the process's

    assert made == [1, 1, 1]
    assert notes == [["password_file a: cannot be read: Permission denied"], []]
    assert later == [2, 2]


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\nmore")

    assert first_line_of("password_file", str(file)) == "secret"
    assert text_of("header_file", str(file)) == "secret\nmore"
    file.unlink()
    with pytest.raises(MapError, match=f"password_file {file}: cannot be read: No such file or directory"):
        first_line_of("password_file", str(file))
    file.write_bytes(b"\xff")
    with pytest.raises(MapError, match=f"password_file {file}: cannot be read: not UTF-8"):
        first_line_of("password_file", str(file))


OPTIONS = {
    "mysql": "mysql://u@127.0.0.1/d?password_file=FOLDER/secret",
    "postgresql": "postgresql://u@127.0.0.1/d?password_file=FOLDER/secret",
    "redis": "rediss://127.0.0.1?password_file=FOLDER/secret&ca_file=FOLDER/pem&cert_file=FOLDER/pem",
    "http, password": "http://u@127.0.0.1/{key}#password_file=FOLDER/secret",
    "http, token": "https://127.0.0.1/{key}#token_file=FOLDER/secret&cert_file=FOLDER/pem",
    "http, header": "http://127.0.0.1/{key}#header_file=FOLDER/header",
    "ldap": "ldaps://127.0.0.1/dc=x????BINDNAME=x,X-BINDPWFILE=FOLDER/secret,X-CAFILE=FOLDER/pem",
}
PROGRAM = """
import os, pwd, sys
from perdition.maps.registry import open_map
from perdition.maps.secret_files import take_notes
kind, option = sys.argv[1:]
assert open_map(kind, option) is not None
assert take_notes() == []
os.setgid(65534)
os.setuid(pwd.getpwnam("nobody").pw_uid)
assert open_map(kind, option) is not None
print(*take_notes(), sep="\\n")
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give one that others can reach, with secrets that they may not read."""
    pem = trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        for file, octets in (("secret", b"canary"), ("header", b"X-Key: canary"), ("pem", pem)):
            (Path(name) / file).write_bytes(octets)
            (Path(name) / file).chmod(0o600)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("kind", OPTIONS)
def test_every_kind_of_map_is_opened_again_by_who_may_not_read_its_secrets(kind: str, folder: Path) -> None:
    """One password that is root's alone made SIGHUP impossible."""
    option = OPTIONS[kind].replace("FOLDER", str(folder))
    command = [sys.executable, "-c", PROGRAM, kind.partition(",")[0], option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "cannot be read: Permission denied" in done.stdout
    assert "canary" not in done.stdout
