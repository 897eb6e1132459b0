"""The contract: what mypy accepts as a map, and where lookups run."""

from perdition.maps import Absent, Map, NativeMap, Outcome, Query, Runs
from perdition.maps.posix_regex import PosixRegex
from perdition.maps.sqlite import Sqlite


class Slow:
    """A map that third parties might write: native, nothing in it."""

    runs = Runs.NATIVE
    by_address = False

    async def lookup(self, query: Query) -> Outcome:
        return Absent()

    def reload(self) -> None: ...

    def close(self) -> None: ...


# Checked by mypy: these are maps.
SYNCHRONOUS: tuple[type[Map], ...] = (PosixRegex, Sqlite)
NATIVE: tuple[type[NativeMap], ...] = (Slow,)


def test_our_maps_are_short_and_local() -> None:
    assert Sqlite.runs is Runs.INLINE


async def test_a_native_map_is_awaited() -> None:
    native: NativeMap = Slow()

    assert native.runs is Runs.NATIVE
    assert await native.lookup(Query(b"joe")) == Absent()
