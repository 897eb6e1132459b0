"""The two forms of the http map: a hook for nginx's auth_http, and plain JSON.

The hook's protocol is that of ngx_mail_auth_http_module (nginx.org/en/docs/mail/ngx_mail_auth_http_module.html), but
for the password, which no map has.
"""

import json
import re
from typing import Final

import attrs

from perdition.maps._http_client import Answer, Fields, HttpConnection
from perdition.maps._http_option import HttpOption
from perdition.maps._pooled import ServerTrouble
from perdition.maps._sql_row import outcome_of
from perdition.maps.outcome import Absent, Broken, Outcome, Query

OK: Final = 200
NO_SUCH_KEY: Final = (404, 410)
# What the hook says when somebody else has to try again: SMTP's 4xx (RFC 5321 4.2.1), the codes of IMAP (RFC 5530 3),
# POP3 (RFC 3206 4) and ManageSieve (RFC 5804 1.3), nginx's WAIT, and the words of nginx's documentation.
TEMPORARY: Final = re.compile(
    rb"\[UNAVAILABLE\]|\[SYS/TEMP\]|\bTRYLATER\b|WAIT\Z|.*\btemporar(?:y|ily)\b|.*\btry again later\b", re.IGNORECASE
)
TEMPORARY_CODE: Final = re.compile(rb"4\d\d\b")
PORT: Final = re.compile(rb"[1-9]\d{0,4}\Z")
# nginx's hooks know no ManageSieve: it is asked as IMAP, and the port of the answer is not for it.
MANAGESIEVE: Final = "managesieve"
HOOKS_NAMES: Final = {"pop3": b"pop3", "imap4": b"imap", MANAGESIEVE: b"imap", "": b"imap"}
PLAIN: Final = frozenset(range(0x21, 0x100)) - {ord("%")}


@attrs.frozen
class FormConnection:
    """A connection that asks as the option says.

    Args:
        host: the value of the field Host.
    """

    connection: HttpConnection
    option: HttpOption
    host: str

    async def ask(self, query: Query) -> Outcome:
        """Look a key up.

        Raises:
            ServerTrouble: no answer, or a refusal.
        """
        option = self.option
        fields = [("Host", self.host.encode("ascii")), *option.fields]
        if not option.is_json:
            answer = await self.connection.get(option.path + option.asked, [*fields, *hook_fields(option, query)])
            # A hook that was told imap says that one's port.
            named = option.protocol or query.protocol != MANAGESIEVE
            absent = option.refusal == "absent"
            return outcome_of_hook(answer, query.delimiter, with_port=bool(named), refused_is_absent=absent)
        target = option.target(query)
        if target is None:
            return Absent()
        answer = await self.connection.get(target, [*fields, ("Accept", b"application/json")])
        return outcome_of_json(answer, query.delimiter)

    def close(self) -> None:
        """Close it."""
        self.connection.close()


def hook_fields(option: HttpOption, query: Query) -> Fields:
    """Write what nginx writes, in its order, but Auth-Pass."""
    client: Fields = [("Client-IP", query.client[0].encode("ascii"))] if option.client_ip and query.client else []
    return [
        ("Auth-Method", option.auth_method.encode("ascii")),
        ("Auth-User", escaped(query.key)),
        ("Auth-Protocol", option.protocol.encode("ascii") or HOOKS_NAMES[query.protocol]),
        ("Auth-Login-Attempt", b"1"),
        *client,
        *([("Auth-SSL", b"on")] if option.auth_ssl and query.tls else []),
    ]


def escaped(key: bytes) -> bytes:
    """Escape a user name as nginx does: percent signs, blanks and control characters, nothing else."""
    return b"".join(b"%c" % octet if octet in PLAIN else b"%%%02X" % octet for octet in key)


def outcome_of_hook(
    answer: Answer, delimiter: bytes, *, with_port: bool = True, refused_is_absent: bool = False
) -> Outcome:
    """Read the fields of an answer; as with nginx neither its status line nor its body count.

    Args:
        with_port: whether its port is for us.
        refused_is_absent: whether a user whom it refuses is only one whom it does not know.

    Raises:
        ServerTrouble: the hook says that it cannot answer, or is none.
    """
    said = answer.fields
    status = said.get(b"auth-status")
    if status is None:
        raise ServerTrouble(f"HTTP status {answer.status} without Auth-Status")
    if status != b"OK":
        code = said.get(b"auth-error-code", b"")
        if TEMPORARY.match(status) or TEMPORARY_CODE.match(code):
            raise ServerTrouble(f"Auth-Status: {' '.join(map(_text, (code, status)))}")
        return Absent() if refused_is_absent else Broken(f"Auth-Status: {' '.join(_text(status).split())}")
    server, port = said.get(b"auth-server", b""), said.get(b"auth-port", b"")
    if not server:
        return Broken("Auth-Status: OK, and no Auth-Server")
    if port and not _is_port(port):
        return Broken("Auth-Port: expected 1 to 65535")
    return outcome_of([said.get(b"auth-user", b""), server, port if with_port else b""], delimiter)


def outcome_of_json(answer: Answer, delimiter: bytes) -> Outcome:
    """Read a body: `{"server": "...", "port": 143, "user": "..."}`, the last two if need be.

    Raises:
        ServerTrouble: the status is neither 200 nor 404.
    """
    if answer.status in NO_SUCH_KEY:
        return Absent()
    if answer.status != OK:
        raise ServerTrouble(f"HTTP status {answer.status}")
    if answer.body is None:
        return Broken("expected a shorter answer")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return Broken("expected JSON")
    if not isinstance(found, dict):
        return Broken("expected an object of JSON")
    user, server, port = (found.get(name) for name in ("user", "server", "port"))
    for name, value in (("user", user), ("server", server)):
        if not isinstance(value, str | None) or not (value or "").isprintable():
            return Broken(f"{name}: expected a string that can be printed")
    if not server:
        return Absent()
    port = "" if port is None else str(port)
    if port and not _is_port(port.encode("utf-8", "replace")):
        return Broken("port: expected 1 to 65535")
    return outcome_of([user, server, port], delimiter)


def _is_port(text: bytes) -> bool:
    return PORT.match(text) is not None and int(text) < 65536


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
