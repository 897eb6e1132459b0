"""Messages and scripts whose octets are to arrive as they were sent."""

import base64
import hashlib
from typing import Final

MEGABYTES: Final = 10
LINE: Final = 57  # octets that base64 makes 76 characters of


def fingerprint(octets: bytes) -> tuple[int, str]:
    """Give what two equal texts share; pytest would take minutes to show how two of 10 MB differ."""
    return len(octets), hashlib.sha256(octets).hexdigest()


def message(subject: str, *body: str) -> bytes:
    """Make a small message."""
    return b"".join(line.encode() + b"\r\n" for line in ("From: a@example.com", f"Subject: {subject}", "", *body))


def large_message(subject: str, megabytes: int = MEGABYTES) -> bytes:
    """Make a message in which no part is like another, with what POP3 must stuff and IMAP4 must not touch."""
    noise = hashlib.shake_256(subject.encode()).digest(megabytes * 1_000_000 * LINE // 78)
    lines = [base64.b64encode(noise[at : at + LINE]) for at in range(0, len(noise), LINE)]
    lines[1::100] = [b"." + line for line in lines[1::100]]
    lines[2::100] = [b"\xc3\xa4 " + line for line in lines[2::100]]
    lines[3], lines[4] = b".", b".."
    return message(subject) + b"".join(line + b"\r\n" for line in lines)


LARGE: Final = large_message("large")


def script(comment: str) -> bytes:
    """Make a Sieve script of some 200 KB."""
    remarks = "".join(f"# {number} {comment} Grüße\r\n" for number in range(6000))
    return f'require "fileinto";\r\n{remarks}if header :contains "subject" "list" {{ fileinto "lists"; }}\r\n'.encode()
