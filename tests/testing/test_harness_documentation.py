"""The worked example of the documentation, run; and the names it lists."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import mlbench
from mlbench import testing as harness

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "harness.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("tools")
def test_the_worked_example(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    example = next(block for block in blocks if "test_keyword_spotting.py" in block)
    # As in a checkout of the sketches: beside the test, found by the same relative paths.
    (pytester.path / ".git").mkdir()
    (pytester.path / "sketches").symlink_to(ROOT / "sketches")
    (pytester.path / "test_keyword_spotting.py").write_text(example)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    result = pytester.runpytest_subprocess("-p", "mlbench.pytest_plugin")
    result.assert_outcomes(passed=4)


def test_every_stable_name_is_there() -> None:
    for module in (harness, mlbench):
        for name in module.__all__:
            assert getattr(module, name) is not None, name


def test_every_method_of_a_device_is_explained() -> None:
    table = PAGE.partition("## A device")[2].partition("## Without pytest")[0]
    public = {name for name in dir(harness.Device) if not name.startswith("_")}
    named = set(re.findall(r"`(\w+)", table))
    assert public - {"start", "reset", "native"} <= named
