"""What to try: lines to be pasted into another terminal, and how `--check` knows that one worked."""

import shlex
from typing import Final

import attrs

from perdition.demo.files import Folder, ports


@attrs.frozen
class Line:
    """One line.

    Attributes:
        about: what it shows.
        command: for a shell.
        expects: what stands in its output when it works; None: it needs a person.
        typed: what a person would type.
    """

    about: str
    command: str
    expects: str | None
    typed: str = ""

    @property
    def tool(self) -> str:
        """The first program in it."""
        words = shlex.split(self.command)
        return words[words.index("|") + 1] if "|" in words else words[0]


PYTHON_IMAP: Final = (
    "import imaplib, ssl; m = imaplib.IMAP4('localhost', {port}); "
    "m.starttls(ssl.create_default_context(cafile='{ca}')); m.login('dave', 'daisy'); m.select(readonly=True); "
    "print(m.fetch('1', '(BODY.PEEK[])')[1][0][1].decode()); m.logout()"
)
PYTHON_POP: Final = (
    "import poplib, ssl; m = poplib.POP3_SSL('localhost', {port}, "
    "context=ssl.create_default_context(cafile='{ca}')); m.user('carol'); m.pass_('christmas'); "
    "print(*m.retr(1)[1], sep='\\n'); m.quit()"
)


def lines_to_try(folder: Folder, base_port: int) -> list[Line]:
    """Give all lines."""
    ca = folder.ca
    port = ports(base_port)
    curl = f"curl -sS --cacert {ca}"
    s_client = f"openssl s_client -quiet -crlf -verify_return_error -CAfile {ca}"
    return [
        Line(
            "IMAP with STARTTLS: alice's mailboxes, and her first message",
            f"{curl} --ssl-reqd -u alice:wonderland imap://localhost:{port['IMAP4']}/",
            "INBOX",
        ),
        Line(
            "",
            f"{curl} --ssl-reqd -u alice:wonderland 'imap://localhost:{port['IMAP4']}/INBOX;MAILINDEX=1'",
            "You are on demo server A",
        ),
        Line(
            "IMAP over TLS: carol is on the other server",
            f"{curl} -u carol:christmas 'imaps://localhost:{port['IMAP4S']}/INBOX;UID=1'",
            "You are on demo server B",
        ),
        Line(
            "POP3 with STLS: bob's messages, and the second one",
            f"{curl} --ssl-reqd -u bob:builder pop3://localhost:{port['POP3']}/",
            "3 ",
        ),
        Line(
            "",
            f"{curl} --ssl-reqd -u bob:builder pop3://localhost:{port['POP3']}/2",
            "Schöne Straßen",
        ),
        Line(
            "POP3 over TLS",
            f"{curl} -u dave:daisy pop3s://localhost:{port['POP3S']}/1",
            "You are on demo server B",
        ),
        Line(
            "Python's imaplib and poplib",
            f"python3 -c {shlex_double(PYTHON_IMAP.format(port=port['IMAP4'], ca=ca))}",
            "You are on demo server B",
        ),
        Line(
            "",
            f"python3 -c {shlex_double(PYTHON_POP.format(port=port['POP3S'], ca=ca))}",
            "You are on demo server B",
        ),
        Line(
            "by hand: USER bob, PASS builder, LIST, RETR 1, QUIT",
            f"{s_client} -starttls pop3 -connect localhost:{port['POP3']}",
            "You are on demo server A",
            "USER bob\nPASS builder\nRETR 1\nQUIT\n",
        ),
        Line(
            "by hand: a LOGIN alice wonderland, b SELECT INBOX, c FETCH 1 BODY[], d LOGOUT",
            f"{s_client} -starttls imap -connect localhost:{port['IMAP4']}",
            "You are on demo server A",
            "a LOGIN alice wonderland\nb SELECT INBOX\nc FETCH 1 BODY[]\nd LOGOUT\n",
        ),
        Line(
            'by hand: AUTHENTICATE "PLAIN" "AGFsaWNlAHdvbmRlcmxhbmQ=", LISTSCRIPTS, GETSCRIPT "filter", LOGOUT',
            f"{s_client} -starttls sieve -connect localhost:{port['MANAGESIEVE']}",
            "filter on demo server A",
            'AUTHENTICATE "PLAIN" "AGFsaWNlAHdvbmRlcmxhbmQ="\nGETSCRIPT "filter"\nLOGOUT\n',
        ),
        Line(
            "carol's Sieve scripts",
            f"echo christmas | sieve-connect --server localhost --port {port['MANAGESIEVE']} --tlscafile {ca} "
            "--user carol --passwordfd 0 --list",
            "filter",
        ),
        Line(
            "a mail client: mutt, or neomutt with the same words",
            f"mutt -n -F {folder.muttrc}",
            None,
        ),
    ]


def shlex_double(text: str) -> str:
    """Quote for a shell in double quotes, so that the quotes of Python in it stay readable."""
    assert not set(text) & set('"$`!'), "a shell would see them"  # noqa: S101  # our own texts
    return '"' + text + '"'
