"""`perdition-map lookup`: where a user would be sent, by the daemon's own code and options.

The session itself does it, without a client and without a real server: it says which keys to look up and
makes a route of the answers; the daemon's lookups answer.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Final, TextIO

import attrs
import trio

from perdition.config.load import load
from perdition.config.settings import Settings
from perdition.config.values import SERVICES
from perdition.io_trio.lookup import Lookups
from perdition.io_trio.service import Popmaps, Service, SetUpError, make_policy
from perdition.map_tool.errors import ToolError
from perdition.maps import Absent, Broken, Found, Outcome, Query, Unavailable
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session import Endpoints, Policy, Session
from perdition.session import effects as fx
from perdition.session.log_lines import escape, words
from perdition.session.outcomes import Outcome as End

PROGRAM: Final = "perdition"
LOOPBACK: Final = "127.0.0.1"
NOBODY: Final = (LOOPBACK, 0)

FOUND, ABSENT, UNAVAILABLE, BROKEN = 0, 3, 4, 5
STATUS: Final = {Found: FOUND, Absent: ABSENT, Unavailable: UNAVAILABLE, Broken: BROKEN}
REFUSALS: Final = {End.MAP_UNAVAILABLE: UNAVAILABLE, End.MAP_BROKEN: BROKEN}


def lookup(options: Sequence[str], out: TextIO) -> int:
    """Look a user up; give the exit status, of several listeners the highest.

    Args:
        options: those of the daemon; the last word is the user's name, behind `--` if it begins with a dash.
        out: where what was asked and found is said.

    Raises:
        ToolError: there is no name, or a map cannot be opened.
        ConfigError: an option is wrong.
    """
    *rest, user = options or ("-",)
    if rest[-1:] == ["--"]:
        del rest[-1]
    elif user.startswith("-"):
        raise ToolError("expected options of the daemon, then the name of a user (behind -- if it begins with -)")
    config = load([PROGRAM, *rest])
    if config.common.help or config.common.version:
        raise ToolError("expected the name of a user: see `perdition-trio --help` for the options")
    return trio.run(_everywhere, config.listeners, os.fsencode(user), out)


async def _everywhere(listeners: Sequence[Settings], user: bytes, out: TextIO) -> int:
    def log(level: fx.Level, line: str) -> None:
        out.write(f"log: {line}\n")

    popmaps = Popmaps(log)
    try:
        found = FOUND
        for number, settings in enumerate(listeners, 1):
            if len(listeners) > 1:
                out.write(f"listener {number}, {settings.protocol.value} port {settings.listen_port_number}\n")
            policy = make_policy(settings)
            service = Service(settings, policy, None, None, popmaps.of(settings))
            local = settings.bind_address[0].host if settings.bind_address else ""
            address = (local or LOOPBACK, settings.listen_port_number)
            if service.domain_is_local:
                await service.find_name(address[0])
            endpoints = Endpoints(NOBODY, address, address[0], service.local_name(address[0]))
            way = Way(policy, service.lookups, endpoints, out)
            found = max(found, await way.find(user))
        return found
    except SetUpError as error:
        raise ToolError(str(error)) from None
    finally:
        popmaps.close()


@attrs.define
class Way:
    """The way of one user through one listener."""

    policy: Policy
    lookups: Lookups
    endpoints: Endpoints
    out: TextIO

    async def find(self, user: bytes) -> int:
        """Say which keys are tried, what each gives, and what comes of it; give the exit status."""
        session = Session(self.policy, self.endpoints)
        effects = session.find_server(Credentials(user, Secret(b"")))
        # Without a question to the map: he named the server himself, or there is no key to ask for.
        status = FOUND if self.policy.names.client_server_specification else ABSENT
        while True:
            *doings, last = effects
            for line in _logged(doings):
                self._say("log", line)
            match last:
                case fx.Lookup(key):
                    outcome = await self._ask(key)
                    status = STATUS[type(outcome)]
                    effects = session.handle(outcome)
                case fx.Authenticate(name):
                    self._say("PAM user", escape(name))
                    effects = session.handle(fx.Authenticated())
                case fx.Connect(host, port):
                    self._say("server", words(host))
                    self._say("port", words(str(SERVICES.get(port, port))))
                    self._say("user", escape(session.for_real_server.authcid))
                    return status
                case _:
                    refusal = session.refusal
                    self._say("refused", words(": ".join(filter(None, (refusal.outcome.status, refusal.why)))))
                    return REFUSALS.get(refusal.outcome, status or BROKEN)

    async def _ask(self, key: bytes) -> Outcome:
        names, proto = self.policy.names, self.policy.proto
        query = Query(key, names.delimiter, self.endpoints.client, self.endpoints.local, proto.value)
        start = trio.current_time()
        outcome = await self.lookups(query)
        took = (trio.current_time() - start) * 1000
        self._say(f'key "{escape(key)}"', f"{_said(outcome)} ({took:.2f} ms)")
        return outcome

    def _say(self, what: str, text: str) -> None:
        self.out.write(f"{what}: {text}\n")


def _said(outcome: Outcome) -> str:
    match outcome:
        case Found(value):
            return f'found "{escape(value)}"'
        case Absent():
            return "absent"
        case Unavailable(why):
            return f"unavailable: {words(why)}"
        case Broken(why):
            return f"broken: {words(why)}"


def _logged(effects: Sequence[fx.Effect]) -> Iterator[str]:
    for effect in effects:
        if isinstance(effect, fx.Log):
            yield effect.line
