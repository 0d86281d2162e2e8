"""The rule of the folders: it is enforced, and what goes against it is found."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_TOOLS = 25


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """``lint-imports`` on a checkout, without what an earlier one has cached."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(ROOT / "mlbench", tmp_path / "mlbench", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "broken"),
    [
        ("util/text.py", "from mlbench.core.firmware import Firmware", "the flow runs one way"),
        ("elf/image.py", "def late():\n    from mlbench.measure import profile", "the flow runs one way"),
        (
            "results/values.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mlbench.reports import table",
            "the flow runs one way",
        ),
        ("stray.py", "", "the flow runs one way"),
        ("stray/__init__.py", "", "the flow runs one way"),
        ("host/policy.py", "import requests", "this machine is made ready with the standard library alone"),
        (
            "emulator/nvic.py",
            "def late():\n    from mlbench.emulator.chips import nrf52840",
            "a chip is imported by its row alone",
        ),
    ],
    ids=["upwards", "lazy", "type checking", "stray module", "stray folder", "external", "chip"],
)
def test_what_goes_against_the_rule_fails(checkout: Path, file: str, text: str, broken: str) -> None:
    path = checkout / "mlbench" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as code:
        code.write(f"\n{text}\n")
    done = lint(checkout)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{broken} BROKEN" in done.stdout


def test_the_rule_is_kept(checkout: Path) -> None:
    done = lint(checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ignore_imports" not in (ROOT / "pyproject.toml").read_text()


def test_the_root_holds_three_modules_and_the_tools_stay_few() -> None:
    package = ROOT / "mlbench"
    assert {path.name for path in package.glob("*.py")} == {
        *("__init__.py", "__main__.py"),
        *("errors.py", "pytest_plugin.py", "version.py"),
    }
    assert len([path for path in (package / "util").glob("*.py") if path.name != "__init__.py"]) <= MOST_TOOLS


def test_every_package_says_what_it_is_for() -> None:
    package = ROOT / "mlbench"
    for path in package.rglob("__init__.py"):
        assert len(ast.get_docstring(ast.parse(path.read_text())) or "") > 20, path


def test_the_former_name_of_the_testing_api() -> None:
    import mlbench.harness
    from mlbench import testing

    assert set(mlbench.harness.__all__) == set(testing.__all__)
    for name in testing.__all__:
        assert getattr(mlbench.harness, name) is getattr(testing, name)
