"""Files of the package, read by libyaml or not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from bare_image import ROOT

from mlbench.util.own_yaml import load_own

FILES = sorted([*(ROOT / "mlbench" / "boards").glob("*.yml"), *(ROOT / "mlbench" / "cycles").glob("*.yml")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_says_the_same_without_libyaml(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    quick = load_own(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert load_own(text) == quick == yaml.safe_load(text)
    assert quick
