"""How proxies are started."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.cases import FULL, QUICK, Case, Protocol, Transport
from benchmarks.launch import Launch, Place, Target
from benchmarks.targets import TARGETS

LAUNCHED = [target for target in TARGETS.values() if target.launch is not None]


@pytest.fixture
def place(tmp_path: Path) -> Callable[[Protocol, Transport], Place]:
    def make(protocol: Protocol, transport: Transport) -> Place:
        (tmp_path / "certificate").write_text("C\n")
        (tmp_path / "key").write_text("K\n")
        files = (tmp_path / "certificate", tmp_path / "key")
        return Place(tmp_path, 11111, 22222, 33333, protocol, transport, *files, regex_map=True)

    return make


@pytest.mark.parametrize("target", LAUNCHED, ids=lambda target: target.name)
def test_a_proxy_is_told_its_port_and_the_real_server_on_loopback(
    target: Target, place: Callable[[Protocol, Transport], Place]
) -> None:
    assert target.launch is not None
    for protocol in target.protocols:
        for transport in target.transports:
            launch = target.launch(place(protocol, transport))
            text = everything(launch)

            assert "11111" in text
            assert "33333" in text
            assert "127.0.0.1" in text


def test_the_last_rule_of_the_map_matches(place: Callable[[Protocol, Transport], Place]) -> None:
    launch = TARGETS["ours"].launch
    assert launch is not None
    rules = launch(place(Protocol.IMAP, Transport.PLAIN)).files["popmap.re"].splitlines()

    assert len(rules) == 20
    assert rules[-1] == "^user[0-9]+$: 127.0.0.1:33333"


@pytest.mark.parametrize("cases", [FULL, QUICK])
def test_cases_have_names_of_their_own(cases: list[Case]) -> None:
    names = [case.name for case in cases]

    assert len(set(names)) == len(names)
    assert all(case.targets <= set(TARGETS) for case in cases)


def everything(launch: Launch) -> str:
    return "\n".join([*launch.argv, *launch.files.values()])
