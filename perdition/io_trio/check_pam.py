"""Whether PAM can say anything about passwords (option authenticate_in): what docs/pam.md warns of."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from perdition.io_trio.pam import SERVICE
from perdition.io_trio.privileges import ROOT, Account

FOLDERS: Final = ("/etc/pam.d", "/usr/lib/pam.d")
SHADOW: Final = "/etc/shadow"
UNIX: Final = "pam_unix.so"
INCLUDES: Final = frozenset(("include", "substack"))
DEEPEST: Final = 16
"""How deep files may name others."""


def pam_warnings(account: Account, folders: Sequence[str] = FOLDERS, shadow: str = SHADOW) -> Iterator[str]:
    """Say what will make PAM refuse everybody.

    Args:
        account: as whom its modules will run.
        folders: where the files of services are.
        shadow: where pam_unix looks for passwords.
    """
    file = _file_of(SERVICE, folders)
    if file is None:
        yield f"option authenticate_in: no {folders[0]}/{SERVICE}: PAM takes the service other, which may refuse all"
        return
    if UNIX in _modules(file, folders) and not _may_read(account, shadow):
        who = account.name or str(account.uid)
        yield f"option authenticate_in: {file}: pam_unix knows no passwords, for user {who} may not read {shadow}"


def _file_of(service: str, folders: Sequence[str]) -> Path | None:
    return next((path for folder in folders if (path := Path(folder, service)).is_file()), None)


def _modules(file: Path, folders: Sequence[str], depth: int = 0) -> set[str]:
    """Give the modules of a service, those of files that it includes as well."""
    try:
        text = file.read_text(errors="replace")
    except OSError:
        return set()
    found: set[str] = set()
    for line in text.replace("\\\n", " ").splitlines():
        words = line.partition("#")[0].split()
        found.update(os.path.basename(word) for word in words if word.endswith(".so"))
        included = words[1:2] if words[:1] == ["@include"] else words[2:3] if INCLUDES & set(words[1:2]) else []
        for service in included:
            other = _file_of(service, folders)
            if other is not None and depth < DEEPEST:
                found |= _modules(other, folders, depth + 1)
    return found


def _may_read(account: Account, path: str) -> bool:
    if account.uid == ROOT:
        return True
    try:
        status = os.stat(path)
    except OSError:
        return True  # there is none: whatever pam_unix looks at, it is not this
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o400)
    return bool(status.st_mode & (0o040 if status.st_gid in account.groups else 0o004))
