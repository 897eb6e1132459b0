"""Every fuzz target on its seeds, on finds of old, and on what Hypothesis draws.

`fuzz_one_input` of these tests is what `./dev fuzz TARGET --grammar` gives to atheris.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import FOLDER, NAMES, kept, load

FEW = settings(max_examples=max(20, settings().max_examples // 5))
"""A smoke test; campaigns are for ./dev fuzz, and the machines have more tests than these."""


@pytest.mark.parametrize("name", NAMES)
def test_seeds(name: str) -> None:
    target = load(name)
    seeds = dict(target.seeds())
    for data in seeds.values():
        target.fuzz(data)

    assert len(seeds) > 10


@pytest.mark.parametrize(
    ("name", "data"), [pytest.param(name, data, id=file) for name in NAMES for file, data in kept(name)]
)
def test_find_of_old(name: str, data: bytes) -> None:
    load(name).fuzz(data)


def test_files_belong_to_targets() -> None:
    folders = {path.name for kind in ("regressions", "corpus") for path in Path(FOLDER / kind).glob("*")}

    assert folders <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_any_octets(name: str) -> None:
    target = load(name)

    @FEW
    @given(st.binary(max_size=200))
    def run(data: bytes) -> None:
        target.fuzz(data)

    run()


@pytest.mark.parametrize("name", NAMES)
def test_octets_by_the_grammar(name: str) -> None:
    target = load(name)

    @FEW
    @given(target.grammar())
    def run(data: bytes) -> None:
        target.fuzz(data)

    run()


@pytest.mark.parametrize("name", NAMES)
def test_another_fuzzer_can_drive_the_grammar(name: str) -> None:
    drawn: list[bytes] = []
    run = given(load(name).grammar())(lambda data: drawn.append(data))
    run.hypothesis.fuzz_one_input(b"\0" * 4096)  # type: ignore[attr-defined]  # given() adds it

    assert drawn


@pytest.mark.parametrize("name", NAMES)
def test_dictionary(name: str) -> None:
    words = list(load(name).words())

    assert len(words) > 8
    assert all(words)
