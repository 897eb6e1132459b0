"""An IMAP4rev1 real server for the demo, on our own machine (RFC 3501, RFC 9051): the log-in and the commands."""

from collections.abc import Iterable
from typing import Final

import attrs

from perdition.demo.application import MachineApplication
from perdition.demo.imap4_arguments import Argument, BadArgument, octets, read_tokens, word
from perdition.demo.imap4_mailboxes import Mailboxes, Refused
from perdition.demo.imap4_search import UnknownCharset
from perdition.demo.imap4_view import View
from perdition.demo.log_in import LogIn, Step
from perdition.demo.mailbox import FLAGS, Account, Store
from perdition.protocol import Fault, Limits, Secret, imap4
from perdition.protocol.imap4 import Notice, Status, Tagged, Untagged
from perdition.protocol.imap4.server import Event, Sendable
from perdition.protocol.sasl import Challenge, Failure

LARGEST_MESSAGE: Final = 32 * 1024 * 1024
LARGEST_BEFORE_LOG_IN: Final = 4096
LIMITS: Final = Limits(literal=LARGEST_MESSAGE, command=LARGEST_MESSAGE + 65536)

# What is offered differs before and behind the log-in, as it does with most servers.
BEFORE_LOG_IN: Final = b"IMAP4rev1 LITERAL+ SASL-IR ID AUTH=PLAIN AUTH=LOGIN"
LOGGED_IN: Final = b"IMAP4rev1 LITERAL+ ID NAMESPACE CHILDREN UIDPLUS UNSELECT"
ALL_FLAGS: Final = b"(" + b" ".join(FLAGS) + b")"

# RFC 9051 7.5.1: while these run, message numbers do not change.
KEEP_NUMBERS: Final = frozenset({"FETCH", "STORE", "SEARCH"})


@attrs.frozen
class Done:
    """A command has been done: what stands behind OK."""

    text: bytes = b"done"
    code: bytes | None = None


class Imap4Application(MachineApplication[Event, Sendable]):
    """One connection."""

    def __init__(self, store: Store) -> None:
        self._server = imap4.Server(LIMITS)
        super().__init__(self._server)
        self._store = store
        self._log_in = LogIn(store)
        self._tag = b""  # of AUTHENTICATE
        self._mailboxes: Mailboxes | None = None
        self._view: View | None = None

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line."""
        return self._server.farewell(why)

    # --- before the log-in

    def _greet(self) -> None:
        code = b"CAPABILITY " + self._capabilities()
        self._say(imap4.Greeting(self._store.name + b" ready", code=code))

    def _capabilities(self) -> bytes:
        if self._mailboxes is not None:
            return LOGGED_IN
        return BEFORE_LOG_IN + (b" STARTTLS" if self._tls_offered else b"")

    def _handle(self, event: Event) -> None:
        match event:
            case imap4.BadCommand(reply):
                self._say(reply)
            case imap4.LiteralOffered(tag, size):
                if self._mailboxes is None and size > LARGEST_BEFORE_LOG_IN:
                    self._say(Tagged(tag, Status.BAD, b"expected a shorter literal", b"TOOBIG"))
                    return
                self._say(imap4.Continuation(b"go on"))
            case imap4.SaslResponse(response):
                self._finish(self._tag, self._log_in.step_sasl(response))
            case imap4.Command(tag, "AUTHENTICATE", (bytes(mechanism), *initial)):
                self._tag = tag
                first = initial[0] if initial else None
                first = first if isinstance(first, Secret) else None
                self._finish(tag, self._log_in.start_sasl(mechanism, first))
            case imap4.Command(tag, "LOGIN", (bytes(name), Secret() as password)):
                self._finish(tag, self._log_in.by_password(name, password))
            case imap4.Command(tag, verb, args):
                parts = tuple(part for part in args if isinstance(part, bytes))
                self._say(self._run(tag, verb, parts))

    def _finish(self, tag: bytes, step: Step) -> None:
        match step:
            case Challenge(data):
                self._say(imap4.Challenge(data))
            case Failure(text, reason):
                self._say(Tagged(tag, Status.NO, text.encode("ascii"), imap4.CODES.get(reason)))
            case Account():
                self._mailboxes = Mailboxes(step)
                code = b"CAPABILITY " + self._capabilities()
                self._say(Tagged(tag, Status.OK, b"logged in to " + self._store.name, code))

    # --- all the other commands

    def _run(self, tag: bytes, verb: str, parts: tuple[bytes, ...]) -> Tagged:
        """Do a command; give its final answer, everything before it has been said."""
        try:
            done = self._command(verb, parts)
        except BadArgument as error:
            return Tagged(tag, Status.BAD, str(error).encode("ascii"))
        except UnknownCharset:
            return Tagged(tag, Status.NO, b"expected US-ASCII or UTF-8", b"BADCHARSET (US-ASCII UTF-8)")
        except Refused as error:
            return Tagged(tag, Status.NO, error.text, error.code)
        if self._view is not None:
            self._say_all(self._view.news(expunge=verb not in KEEP_NUMBERS))
        return Tagged(tag, Status.OK, done.text, done.code)

    def _command(self, verb: str, parts: tuple[bytes, ...]) -> Done:
        match verb:
            case "CAPABILITY":
                self._say(Untagged((b"CAPABILITY " + self._capabilities(),)))
            case "ID":
                self._say(Untagged((b'ID ("name" "perdition demo server")',)))
            case "STARTTLS" if not self._tls_offered:
                raise BadArgument("STARTTLS is not offered")
            case "LOGOUT":
                self._say(Notice(Status.BYE, b"good-bye from " + self._store.name))
                self._view = None
            case "NOOP" | "STARTTLS" | "CHECK":
                pass
            case _ if self._mailboxes is not None:
                return self._mailbox_command(self._mailboxes, verb, read_tokens(parts))
        return Done()

    def _mailbox_command(self, mailboxes: Mailboxes, verb: str, tokens: tuple[Argument, ...]) -> Done:
        match verb, tokens:
            case "SELECT" | "EXAMINE", (name,):
                return self._select(mailboxes, octets(name), read_only=verb == "EXAMINE")
            case "LIST" | "LSUB", (reference, pattern):
                self._say_all(mailboxes.names(verb, octets(reference), octets(pattern)))
            case "STATUS", (name, (*items,)):
                self._say(mailboxes.status(octets(name), tuple(word(item) for item in items)))
            case "NAMESPACE", ():
                self._say(Untagged((b'NAMESPACE (("" "/")) NIL NIL',)))
            case "CREATE", (name, *_):
                mailboxes.create(octets(name))
            case "DELETE", (name,):
                mailboxes.delete(octets(name))
            case "RENAME", (old, new):
                mailboxes.rename(octets(old), octets(new))
            case "SUBSCRIBE", (name,):
                mailboxes.subscribe(octets(name))
            case "UNSUBSCRIBE", (name,):
                mailboxes.unsubscribe(octets(name))
            case "APPEND", (name, *rest):
                return Done(code=mailboxes.append(octets(name), tuple(rest)))
            case _ if self._view is not None:
                return self._message_command(mailboxes, self._view, verb, tokens)
            case _:
                raise BadArgument(f"expected other arguments for {verb}")
        return Done()

    def _select(self, mailboxes: Mailboxes, name: bytes, *, read_only: bool) -> Done:
        self._view = None  # RFC 9051 6.3.2: also if it fails
        mailbox = mailboxes.find(name)
        view = View(mailbox, read_only=read_only)
        self._say(Untagged((b"FLAGS " + ALL_FLAGS,)))
        self._say(Untagged((b"%d EXISTS" % len(view),)))
        self._say(Untagged((b"0 RECENT",)))
        if view.first_unseen is not None:
            self._say(Notice(Status.OK, b"first unseen", b"UNSEEN %d" % view.first_unseen))
        permanent = b"()" if read_only else ALL_FLAGS
        self._say(Notice(Status.OK, b"flags that stay", b"PERMANENTFLAGS " + permanent))
        self._say(Notice(Status.OK, b"uids are valid", b"UIDVALIDITY %d" % mailbox.uid_validity))
        self._say(Notice(Status.OK, b"next uid", b"UIDNEXT %d" % mailbox.uid_next))
        self._view = view
        return Done(b"selected", b"READ-ONLY" if read_only else b"READ-WRITE")

    def _message_command(
        self, mailboxes: Mailboxes, view: View, verb: str, tokens: tuple[Argument, ...], *, uid: bool = False
    ) -> Done:
        if view.read_only and verb in ("STORE", "EXPUNGE"):
            raise Refused(b"the mailbox is open for reading only")
        match verb, tokens:
            case "UID", (name, *rest) if not uid and word(name) in ("FETCH", "STORE", "SEARCH", "COPY", "EXPUNGE"):
                return self._message_command(mailboxes, view, word(name), tuple(rest), uid=True)
            case "FETCH", _:
                self._say_all(view.fetch(tokens, uid=uid))
            case "STORE", _:
                self._say_all(view.store(tokens, uid=uid))
            case "SEARCH", _:
                self._say(view.search(tokens, uid=uid))
            case "COPY", (chosen, name):
                messages = [message for _, message in view.chosen(chosen, uid=uid)]
                return Done(code=mailboxes.copy(messages, octets(name)))
            case "EXPUNGE", (uids,) if uid:
                view.expunge(uids)
            case "EXPUNGE", () if not uid:
                view.expunge()
            case "CLOSE", ():
                if not view.read_only:
                    view.expunge()
                self._view = None
            case "UNSELECT", ():
                self._view = None
            case _:
                raise BadArgument(f"expected another command or other arguments than {verb} with these")
        return Done()

    def _say_all(self, events: Iterable[Untagged]) -> None:
        for event in events:
            self._say(event)
