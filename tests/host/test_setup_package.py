"""The lock files, and the package that others install."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from small_project import ROOT

from mlbench.host import native

REQUIREMENTS = ROOT / "requirements"


def listed(name: str) -> list[str]:
    lines = (REQUIREMENTS / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-", " "))]


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def strings_of(toml: str, key: str) -> list[str]:
    found = re.search(rf"^{key} = \[(.*?)\]", toml, re.DOTALL | re.MULTILINE)
    assert found
    return re.findall(r'"([^"]+)"', found.group(1))


def test_lists_say_what_the_package_says() -> None:
    toml = (ROOT / "pyproject.toml").read_text()
    assert sorted(strings_of(toml, "dependencies")) == sorted(listed("runtime.in"))
    assert strings_of(toml, "requires") == listed("build.in")


@pytest.mark.parametrize("name", ["build", "runtime", "dev"])
def test_every_package_is_pinned_and_hashed(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(blocks) == len(listed(f"{name}.txt"))
    for block in blocks:
        assert re.match(r"[\w.-]+==[\w.]+( ; [^\\\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}", block), block
    assert {name_of(line) for line in listed(f"{name}.in")} <= {name_of(block) for block in blocks}
    assert "://" not in text


def test_tests_meet_the_versions_that_users_get() -> None:
    runtime = {line.split(" ;")[0].rstrip(" \\") for line in listed("runtime.txt")}
    dev = {line.split(" ;")[0].rstrip(" \\") for line in listed("dev.txt")}
    assert runtime <= dev


def test_wheel_holds_everything(tmp_path: Path) -> None:
    if int(metadata.version("setuptools").split(".")[0]) < 77:
        pytest.skip("the environment of `make test` has the setuptools that builds this package")
    source = tmp_path / "source"
    shutil.copytree(ROOT / "mlbench", source / "mlbench", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "unpacked")
    expected = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "mlbench").rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".so"} and "__pycache__" not in path.parts
    }
    assert expected <= names, sorted(expected - names)
    assert not any(name.startswith(("tests/", "sketches/")) for name in names)
    if native.compiler():
        (library,) = (tmp_path / "unpacked/mlbench/emulator").glob("_block_hook*.so")
        assert ctypes.CDLL(str(library)).mlbench_block
        assert "cp310-abi3" in wheel.name
