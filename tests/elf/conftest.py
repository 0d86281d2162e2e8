"""Bare firmware, really compiled: an ELF from a few lines of C or C++ and a small linker script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from elf_firmware import MODEL, SCRIPT, build_elf, run_tool

from mlbench.elf.image import Image

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Runs one of the ARM tools and gives what it printed."""
    return run_tool


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles sources (name -> text) and links them; the same arguments give the same file."""
    built: dict[object, Path] = {}

    def make(sources: dict[str, str], *flags: str, gc: bool = True, script: str = SCRIPT) -> Path:
        key = (tuple(sorted(sources.items())), flags, gc, script)
        if key not in built:
            built[key] = build_elf(tmp_path_factory.mktemp("elf"), sources, flags, gc=gc, script=script)
        return built[key]

    return make


@pytest.fixture(scope="session")
def model_elf(build: Build) -> Path:
    """One C++ program with a bit of everything, optimised, with debug information."""
    return build({"model.cpp": MODEL}, "-Os", "-g3")


@pytest.fixture(scope="session")
def model(model_elf: Path) -> Image:
    return Image.load(model_elf)
