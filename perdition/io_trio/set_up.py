"""From options to what serves them: at the start, and again when the configuration is read anew (SIGHUP)."""

from collections.abc import Sequence

import attrs

from perdition.config.load import Config
from perdition.config.place import placed
from perdition.io_trio.descriptors import TooFewDescriptors, make_room
from perdition.io_trio.hub import Listener
from perdition.io_trio.listeners import Bound, CannotListen, bind, places
from perdition.io_trio.logs import Log
from perdition.io_trio.service import Loaded, Popmaps, Service, SetUpError, make_service
from perdition.io_trio.tls_files import TlsFilesError


class CannotSetUp(Exception):
    """Something that options name cannot be had; a line for each, that names the option and the value."""


@attrs.define
class SetUp:
    """What the process serves with.

    Args:
        config: the options.
        popmaps: the maps of all listeners.
        listeners: each with its socket.
    """

    config: Config
    popmaps: Popmaps
    listeners: dict[Bound, Listener]


@attrs.frozen
class Prepared:
    """What options made, before it serves.

    Args:
        config: the options.
        popmaps: the maps.
        serving: which socket serves what.
        opened: those of these sockets that were not there before.
        unused: sockets that were there, and that nobody wants.
    """

    config: Config
    popmaps: Popmaps
    serving: list[tuple[Bound, Service]]
    opened: list[Bound]
    unused: list[Bound]

    def drop(self) -> None:
        """Let go of what was made."""
        for bound in self.opened:
            bound.sock.close()
        self.popmaps.close()


def set_up(config: Config, log: Log, handed_over: Sequence[Bound] = ()) -> SetUp:
    """Open the maps, load the certificates, bind the addresses.

    Args:
        config: the options.
        log: for the maps.
        handed_over: listening sockets that need not be bound.

    Raises:
        CannotSetUp: something cannot be had; nothing is left open.
    """
    prepared = prepare(config, log, handed_over)
    if prepared.unused:
        prepared.drop()
        strays = (f"socket {bound.address} of LISTEN_FDS" for bound in prepared.unused)
        raise CannotSetUp("\n".join(f"{stray}: expected one that fits a listener" for stray in strays))
    listeners = {bound: Listener(bound.sock, service) for bound, service in prepared.serving}
    return SetUp(config, prepared.popmaps, listeners)


def prepare(config: Config, log: Log, there: Sequence[Bound] = (), loaded: Loaded | None = None) -> Prepared:
    """Make all that is needed, and change nothing that is in use.

    Args:
        config: the options.
        log: for the maps.
        there: listening sockets that need not be bound.
        loaded: TLS contexts that are in use.

    Raises:
        CannotSetUp: something cannot be had, a line for each; nothing is left open.
    """
    wrong: list[str] = []
    popmaps = Popmaps(log)
    services: dict[int, Service] = {}
    try:
        make_room(config.listeners)
    except TooFewDescriptors as error:
        wrong.append(str(error))
    for settings in config.listeners:
        try:
            services[id(settings)] = make_service(settings, popmaps, loaded)
        except (SetUpError, TlsFilesError) as error:
            wrong += [placed(line, settings) for line in str(error).splitlines()]
    found = [(id(settings), bound) for settings, bound in places(config.listeners, there, wrong)]
    serving: list[tuple[int, Bound]] = []
    for number, place in found:
        try:
            serving.append((number, place if isinstance(place, Bound) else Bound(bind(place), place)))
        except CannotListen as error:
            wrong.append(str(error))
    opened = [bound for _, bound in serving if bound not in there]
    if wrong:
        for bound in opened:
            bound.sock.close()
        popmaps.close()
        raise CannotSetUp("\n".join(dict.fromkeys(wrong)))  # what listeners share is wrong once
    used = {bound for _, bound in serving}
    unused = [bound for bound in there if bound not in used]
    return Prepared(config, popmaps, [(bound, services[number]) for number, bound in serving], opened, unused)
