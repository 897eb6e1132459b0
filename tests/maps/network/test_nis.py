"""The nis map: against a real server in namespaces of its own, and what needs none."""

import re
import sys
from pathlib import Path

import pytest

from perdition.maps import Absent, Found, MapError, Outcome, Query, Runs, Unavailable, _libnsl
from perdition.maps._libnsl import NisError
from perdition.maps.nis import Nis, open_map
from tests.maps.network.nis import in_namespaces

INSIDE = Path(__file__).with_name("nis_inside.py")
TESTS_INSIDE = 17


@pytest.mark.interop
def test_against_a_real_server_in_namespaces_of_its_own() -> None:
    allowed = in_namespaces(["true"], 20)
    if allowed.returncode != 0:
        pytest.skip(f"needs to be root, with the right to make namespaces (CAP_SYS_ADMIN): {allowed.stderr}")
    done = in_namespaces([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(INSIDE)], 290)

    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= TESTS_INSIDE


class StandIn:
    """A library that says what it is told to."""

    def __init__(self, value: bytes | NisError | None) -> None:
        self.value = value
        self.asked: list[tuple[bytes, bytes, bytes]] = []

    def default_domain(self) -> bytes:
        return b"example"

    def match(self, domain: bytes, name: bytes, key: bytes) -> bytes | None:
        self.asked.append((domain, name, key))
        if isinstance(self.value, NisError):
            raise self.value
        return self.value


# Values that makedbm of this system does not write, but others'.
VALUES: dict[bytes | NisError | None, Outcome] = {
    None: Absent(),
    b"": Absent(),
    b"\0": Absent(),
    b"host:143\0": Found(b"host:143"),
    b"joe@h\xe4": Found(b"joe@h\xe4"),
    NisError("RPC failure"): Unavailable("map users of the domain 'example': RPC failure"),
}


@pytest.mark.parametrize("value", VALUES)
def test_what_the_library_says(value: bytes | NisError | None) -> None:
    library = StandIn(value)
    popmap = Nis(library, "users")

    assert popmap.lookup(Query(b"joe")) == VALUES[value]
    assert library.asked == [(b"example", b"users", b"joe")]
    assert popmap.runs is Runs.THREAD


def test_without_the_library_the_error_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libnsl, "SONAME", "libnsl-is-not-here.so.2")

    with pytest.raises(MapError, match=r"libnsl\.so\.2 \(Debian package libnsl2\)"):
        open_map("users")


@pytest.mark.parametrize("name", ["x" * 65, "a\0b", "\u00e9" * 33])
def test_a_name_that_no_map_can_have(name: str) -> None:
    with pytest.raises(MapError, match="expected the name of a NIS map, at most 64 octets"):
        open_map(name)
