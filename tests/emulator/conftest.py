"""Bare images on the emulated chip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_image import Chip, Compiler, build_native


@pytest.fixture
def chip(bare: Compiler) -> Chip:
    """A chip whose firmware does nothing."""
    return Chip(bare.machine("int main(void) { return 0; }"))


@pytest.fixture(params=["native", "python"])
def force_python(request: pytest.FixtureRequest) -> bool:
    """Both block hooks."""
    return str(request.param) == "python"


@pytest.fixture(scope="session")
def native_library(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The block hook, built from its source as it is now."""
    return build_native(tmp_path_factory.mktemp("hook"))


@pytest.fixture(scope="session", autouse=True)
def _block_hook(native_library: Path | None) -> Iterator[None]:
    before = os.environ.get("MLBENCH_HOTPATH")
    os.environ["MLBENCH_HOTPATH"] = str(native_library) if native_library else "python"
    yield
    if before is None:
        del os.environ["MLBENCH_HOTPATH"]
    else:
        os.environ["MLBENCH_HOTPATH"] = before
