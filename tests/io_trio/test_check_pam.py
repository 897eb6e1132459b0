"""Files of PAM that make it refuse everybody."""

import os
from pathlib import Path

import pytest

from perdition.io_trio.check_pam import pam_warnings
from perdition.io_trio.privileges import Account

ANYBODY = Account(65533, 65533)


@pytest.fixture
def shadow(tmp_path: Path) -> str:
    path = tmp_path / "shadow"
    path.touch(0o640)
    return str(path)


def warnings(tmp_path: Path, shadow: str, account: Account = ANYBODY, **files: str) -> list[str]:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return list(pam_warnings(account, [str(tmp_path)], shadow))


@pytest.mark.parametrize(
    "text",
    [
        "auth required pam_unix.so\n",
        "auth\t[success=1 default=ignore]\t/lib/security/pam_unix.so nullok\n",
        "@include common\n",
        "auth include common\n",
        "auth substack \\\n common\n",
    ],
)
def test_pam_unix_needs_the_passwords(tmp_path: Path, shadow: str, text: str) -> None:
    common = "auth required pam_unix.so\n@include perdition\n"
    [line] = warnings(tmp_path, shadow, perdition=text, common=common)

    assert line == (
        f"option authenticate_in: {tmp_path}/perdition: pam_unix knows no passwords, "
        f"for user 65533 may not read {shadow}"
    )


@pytest.mark.parametrize("account", [Account(0, 0, "root"), Account(65533, os.getegid())])
def test_root_and_the_group_shadow_have_them(tmp_path: Path, shadow: str, account: Account) -> None:
    assert warnings(tmp_path, shadow, account, perdition="auth required pam_unix.so\n") == []


def test_other_modules_are_left_alone(tmp_path: Path, shadow: str) -> None:
    assert warnings(tmp_path, shadow, perdition="# pam_unix.so\nauth required pam_userdb.so\n@include none\n") == []


def test_a_service_without_a_file(tmp_path: Path, shadow: str) -> None:
    [line] = warnings(tmp_path, shadow)

    assert line.startswith(f"option authenticate_in: no {tmp_path}/perdition: PAM takes the service other")
