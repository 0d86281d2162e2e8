"""The folders of the tests: each mirrors a package, and what is shared lies in one place."""

from __future__ import annotations

import ast
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PACKAGES = TESTS.parent / "mlbench"
OF_THE_WHOLE = {
    "fuzz": "random input to everything that reads files",
    "layout": "the rule of the folders, and the guides for those who add to them",
    "sketches": "the sample sketches",
    "support": "helpers that tests of several folders use",
}


def test_each_folder_mirrors_a_package() -> None:
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    packages = {path.parent.name for path in PACKAGES.glob("*/__init__.py")}
    assert folders - packages == set(OF_THE_WHOLE)


def test_no_folder_is_passed_over(pytestconfig: pytest.Config) -> None:
    """pytest does not look into folders that have the name of build output, among others."""
    patterns = pytestconfig.getini("norecursedirs")
    passed_over = [
        path
        for path in TESTS.rglob("test_*.py")
        if any(fnmatch(part, pattern) for part in path.relative_to(TESTS).parts[:-1] for pattern in patterns)
    ]
    assert passed_over == []


def test_helpers_of_several_folders_lie_in_support() -> None:
    helpers = {path.stem: path.parent for path in TESTS.rglob("*.py") if path.stem != "conftest"}
    users: dict[str, set[Path]] = defaultdict(set)
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                users[name].add(path.parent)
    shared = {name for name, folder in helpers.items() if users[name] - {folder}}
    assert {name for name in shared if helpers[name] != TESTS / "support"} == set()
    assert not users["conftest"]  # two folders have a module of that name
