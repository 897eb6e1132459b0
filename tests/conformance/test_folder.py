"""`spec/` is found in a checkout, and where the wheel has it."""

import shutil
import tomllib
from pathlib import Path

import pytest

from perdition.conformance import folder
from perdition.conformance.folder import NoSpecError, spec_folder
from tests.protocol.helpers import ROOT


def test_in_a_checkout() -> None:
    assert spec_folder() == ROOT / "spec"


def test_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    target = config["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["spec"]
    shutil.copytree(ROOT / "spec", tmp_path / target)
    monkeypatch.setattr(folder, "__file__", str(tmp_path / "perdition" / "conformance" / "folder.py"))

    assert spec_folder() == tmp_path / "perdition" / "conformance" / "spec"


def test_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "__file__", str(tmp_path / "perdition" / "conformance" / "folder.py"))

    with pytest.raises(NoSpecError, match=r"expected spec/transcripts in .*conformance or beside"):
        spec_folder()
