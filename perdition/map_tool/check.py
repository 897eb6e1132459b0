"""`perdition-map check`: what is wrong with a map, or looks it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import trio

from perdition.config.values import SERVICES
from perdition.io_trio.connect import CannotConnect, numeric, port_number, resolve
from perdition.map_tool.errors import ToolError
from perdition.map_tool.kinds import KINDS
from perdition.map_tool.popmap import BadLine, judge, read_entries, shown
from perdition.map_tool.reach import unreached
from perdition.maps import MapError
from perdition.maps.posix_regex import read_rules
from perdition.session.log_lines import escape
from perdition.session.route import BadRoute, read_route

REGEX: Final = "posix_regex"
CHECKED: Final = (*KINDS, REGEX)
GROUP: Final = re.compile(rb"\$[0-9]")
AT_ONCE: Final = 20
SECONDS: Final = 10.0
"""How long the resolver may take for one name."""
ANY_PORT: Final = "1"


@attrs.frozen
class Result:
    """A value of a map, and where it stands."""

    place: str
    value: bytes


class Checker:
    """What was found so far.

    Args:
        delimiter: perdition option domain_delimiter.
    """

    def __init__(self, delimiter: bytes) -> None:
        self._delimiter = delimiter
        self.findings: list[str] = []
        self.entries = 0
        self._hosts: dict[str, str] = {}  # and where each stands first

    def read(self, kind: str, path: str) -> None:
        """Look at all entries of a map.

        Raises:
            ToolError: it cannot be read to its end.
            OSError: it cannot be opened.
        """
        for result in self._results(kind, path):
            self.entries += 1
            self._judge(result)

    def _results(self, kind: str, path: str) -> Iterator[Result]:
        match kind:
            case "posix_regex":
                return self._rules(path)
            case "text":
                return self._lines(path)
            case _:
                return self._rows(kind, path)

    def _rules(self, path: str) -> Iterator[Result]:
        try:
            rules = read_rules(path)
        except MapError as error:
            raise ToolError(str(error)) from None
        for later, first in unreached(rules):
            self.findings.append(f"{path}:{later.number}: never reached: line {first.number} matches all of it")
        for rule in rules:
            yield Result(f"{path}:{rule.number}", rule.substitution)

    def _lines(self, path: str) -> Iterator[Result]:
        with Path(path).open("rb") as file:
            for entry in judge(read_entries(file)):
                if isinstance(entry, BadLine):
                    self.findings.append(f"{path}:{entry.line}: expected {entry.expected}")
                else:
                    yield Result(f"{path}:{entry.line}", entry.value)

    def _rows(self, kind: str, path: str) -> Iterator[Result]:
        seen: set[bytes] = set()
        for key, value in KINDS[kind].read(path):
            place = f"{path}: key {shown(key)}"
            if key in seen:
                self.findings.append(f"{place}: is there twice")
            seen.add(key)
            if value:
                yield Result(place, value)
            else:
                self.findings.append(f"{place}: expected a server, found nothing")

    def _judge(self, result: Result) -> None:
        """See what a value means; what a regular expression fills in is known only when somebody logs in."""
        if GROUP.search(result.value.rpartition(self._delimiter)[2] if self._delimiter else result.value):
            return
        try:
            route = read_route(result.value, self._delimiter)
        except BadRoute as error:
            self.findings.append(f'{result.place}: {error}, found "{escape(result.value)}"')
            return
        if route.host is None:
            self.findings.append(f'{result.place}: expected a server, found "{escape(result.value)}"')
        elif route.port is not None and port_number(route.port) is None and route.port not in SERVICES:
            self.findings.append(f"{result.place}: expected a port, 1 to 65535, or a service, found {route.port}")
        else:
            self._hosts.setdefault(route.host, result.place)

    async def resolve(self) -> None:
        """Ask the resolver for each server, and find those that it does not know."""
        limiter = trio.CapacityLimiter(AT_ONCE)
        unknown: dict[str, str] = {}
        async with trio.open_nursery() as nursery:
            for host in self._hosts:
                nursery.start_soon(_resolve, host, limiter, unknown)
        self.findings += [f"{self._hosts[host]}: {unknown[host]}" for host in self._hosts if host in unknown]


async def _resolve(host: str, limiter: trio.CapacityLimiter, unknown: dict[str, str]) -> None:
    if numeric(host, ANY_PORT) is not None:
        return
    async with limiter:
        with trio.move_on_after(SECONDS) as scope:
            try:
                await resolve(host, ANY_PORT)
            except CannotConnect as error:
                unknown[host] = str(error).replace(f" port {ANY_PORT}", "")
        if scope.cancelled_caught:
            unknown[host] = f"cannot resolve {host}: no answer within {SECONDS:g} s"


def check(kind: str, path: str, delimiter: bytes, *, names: bool) -> list[str]:
    """Check a map; give a line for each finding, and one that sums up.

    Args:
        kind: one of CHECKED.
        path: its file.
        delimiter: perdition option domain_delimiter.
        names: whether the resolver is asked for the servers.

    Raises:
        OSError: the file cannot be opened.
    """
    checker = Checker(delimiter)
    try:
        checker.read(kind, path)
    except ToolError as error:
        checker.findings.append(str(error))
    if names:
        trio.run(checker.resolve)
    return [*checker.findings, f"{path}: {checker.entries:,} entries, {len(checker.findings):,} findings"]
