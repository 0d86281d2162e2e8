"""Bare firmware, really compiled: an ELF from a few lines of C or C++ and a small linker script."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlbench.elf.image import Image

sys.path.insert(0, str(Path(__file__).parent))
from elf_firmware import CPU, MODEL, SCRIPT, START

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Runs one of the ARM tools and gives what it printed."""

    def run(name: str, *arguments: object, text: str | None = None) -> str:
        path = shutil.which(f"arm-none-eabi-{name}")
        assert path, f"arm-none-eabi-{name} is not installed"
        done = subprocess.run(
            [path, *map(str, arguments)], capture_output=True, text=True, input=text, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, tool: Callable[..., str]) -> Build:
    """Compiles sources (name -> text) and links them; the same arguments give the same file."""
    built: dict[object, Path] = {}

    def make(
        sources: dict[str, str],
        *flags: str,
        link: tuple[str, ...] = (),
        gc: bool = True,
        script: str = SCRIPT,
        start: bool = True,
    ) -> Path:
        key = (tuple(sorted(sources.items())), flags, link, gc, script, start)
        if key not in built:
            folder = tmp_path_factory.mktemp("firmware")
            (folder / "script.ld").write_text(script)
            everything = {**sources, **({"start.c": START} if start else {})}
            objects = []
            for name, text in everything.items():
                source = folder / name
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_text(text)
                objects.append(folder / f"{name.replace('/', '_')}.o")
                cxx = ("-std=gnu++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
                tool(
                    "gcc",
                    *CPU,
                    "-ffunction-sections",
                    *flags,
                    *(cxx if name.endswith("pp") else ()),
                    "-c",
                    source,
                    "-o",
                    objects[-1],
                )
            elf = folder / "image.elf"
            sections = ("-Wl,--gc-sections",) if gc else ()
            tool(
                "gcc", *CPU, *flags, "-nostdlib", "-nostartfiles", *sections, "-T", folder / "script.ld",
                *objects, *link, "-o", elf,
            )  # fmt: skip
            built[key] = elf
        return built[key]

    return make


@pytest.fixture(scope="session")
def model_elf(build: Build) -> Path:
    """One C++ program with a bit of everything, optimised, with debug information."""
    return build({"model.cpp": MODEL}, "-Os", "-g3")


@pytest.fixture(scope="session")
def model(model_elf: Path) -> Image:
    return Image.load(model_elf)
