"""A folder for libpam, instead of /etc/pam.d: the modules in it are the system's own."""

import subprocess
from pathlib import Path

import attrs

JOE = {"joe": "correct horse"}


@attrs.frozen
class PamFolder:
    """The file of the service `perdition`, and what its modules read and write."""

    path: Path

    def write(self, *lines: str) -> None:
        """Write the file of the service."""
        (self.path / "perdition").write_text("".join(f"{line}\n" for line in lines))

    def userdb(self, accounts: dict[str, str]) -> str:
        """Give the line of pam_userdb for some names and passwords."""
        for name, password in accounts.items():
            hashed = subprocess.run(
                ["openssl", "passwd", "-6", "-stdin"], input=password.encode(), capture_output=True, check=True
            ).stdout
            subprocess.run(
                ["db5.3_load", "-T", "-t", "hash", self.path / "users.db"],
                input=name.encode() + b"\n" + hashed,
                check=True,
            )
        return f"auth required pam_userdb.so db={self.path}/users crypt=crypt"

    def script(self, name: str, text: str, options: str = "") -> str:
        """Give the line of pam_exec for a script of the shell, which has PAM's items in its environment."""
        path = self.path / name
        path.write_text(f"#!/bin/sh\ncd '{self.path}'\n{text}\n")
        path.chmod(0o755)
        return f"auth required pam_exec.so quiet {options} {path}"

    def gate(self, name: str) -> str:
        """Give the line of a script that hangs for a user, from when NAME-hangs is there until `open_gate`."""
        hang = ': >> "$PAM_USER-hangs"; until [ -e gate ]; do sleep 0.05; done'
        return self.script("wait", f'[ "$PAM_USER" != "{name}" ] || {{ {hang}; }}')

    def open_gate(self) -> None:
        """Let those who hang go on, and those who are about to."""
        (self.path / "gate").touch()
