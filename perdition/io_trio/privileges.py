"""From root to an ordinary user (perdition options username and group)."""

import grp
import os
import pwd
from typing import Final, Self

import attrs

ROOT: Final = 0


class NoSuchAccount(Exception):
    """A user or group does not exist; the text names the option and the value."""


@attrs.frozen
class Account:
    """Who the daemon is once it has what only root can get.

    Args:
        uid: its user.
        gid: its group.
        name: the user's name, for the supplementary groups; "" is a number that nobody has.
    """

    uid: int
    gid: int
    name: str = ""

    @classmethod
    def find(cls, username: str, group: str) -> Self | None:
        """Look the options up; None: we are not root, and stay who we are.

        Raises:
            NoSuchAccount: there is no such user or group.
        """
        return cls.named(username, group) if os.geteuid() == ROOT else None

    @classmethod
    def named(cls, username: str, group: str) -> Self:
        """Look the options up, whoever we are.

        Raises:
            NoSuchAccount: there is no such user or group; a line for each.
        """
        gid, uid, name = _number(group), _number(username), ""
        wrong: list[str] = []
        try:
            user = pwd.getpwnam(username) if uid is None else pwd.getpwuid(uid)
            uid, name = user.pw_uid, user.pw_name
        except KeyError:
            if uid is None:
                wrong.append(f'option username: expected a user, not "{username}"')
        try:
            gid = grp.getgrnam(group).gr_gid if gid is None else gid
        except KeyError:
            wrong.append(f'option group: expected a group, not "{group}"')
        if uid is None or gid is None:
            raise NoSuchAccount("\n".join(wrong))
        return cls(uid, gid, name)

    @classmethod
    def current(cls) -> Self:
        """Give who we are."""
        uid = os.geteuid()
        try:
            return cls(uid, os.getegid(), pwd.getpwuid(uid).pw_name)
        except KeyError:
            return cls(uid, os.getegid())

    @property
    def groups(self) -> list[int]:
        """All groups that it is in."""
        return os.getgrouplist(self.name, self.gid) if self.name else [self.gid]

    def assume(self) -> None:
        """Become it, for good: root's supplementary groups go, too (perdition 2.2 keeps them)."""
        if self.uid == ROOT:
            os.setgid(self.gid)
            return  # root asked for root, and keeps its groups
        if self.name:
            os.initgroups(self.name, self.gid)
        else:
            os.setgroups([self.gid])
        os.setgid(self.gid)
        os.setuid(self.uid)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
