from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from emulated import ROOT, Workshop, entries, workshop  # noqa: F401
from host_models import COMPILER_FLAGS, LIBRARIES, NETWORKS, library_sources

from mlbench.source.project import PrepareFailed
from mlbench.suite.suite_file import SketchSpec

# Made once in a run: quantizing the larger network takes some seconds, and so does compiling it.


@pytest.fixture(scope="session")
def networks():
    """Each sample network by name, with the weights that the script gives it."""
    from quantize import quantized

    return {network.name: (network, quantized(network)) for network in NETWORKS}


@pytest.fixture(scope="session")
def host_compiler() -> str:
    """g++ of this machine."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++ on PATH")
    return compiler


@pytest.fixture(scope="session")
def host_library(host_compiler, tmp_path_factory) -> Callable[[str], list[Path]]:
    """Object files of a library of the sketches, compiled for this machine."""
    made: dict[str, list[Path]] = {}

    def compiled(name: str) -> list[Path]:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            flags = [*COMPILER_FLAGS, f"-I{LIBRARIES / 'TinyKernels' / 'src'}"]
            subprocess.run([host_compiler, *flags, "-c", *library_sources(name)], cwd=folder, check=True)
            made[name] = sorted(folder.glob("*.o"))
        return made[name]

    return compiled


@pytest.fixture(scope="session")
def tensorflow_lite_micro(workshop: Workshop) -> dict[str, SketchSpec]:  # noqa: F811
    """The sketches of the suite of TensorFlow Lite Micro by name, which is fetched."""
    if shutil.which("cargo") is None:
        pytest.skip("needs cargo on PATH")
    usable = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=False)
    if usable.returncode:
        pytest.skip(f"cargo does not run here: {usable.stderr[:200]}")
    specs = entries(ROOT / "suites" / "tensorflow-lite-micro.yml")
    try:
        for spec in specs.values():
            workshop.project(spec)
    except PrepareFailed as error:
        said = " ".join(str(line.message) for line in error.diagnostics)
        if os.environ.get("CI") or "could not fetch" not in said:
            raise
        pytest.skip(f"cargo cannot fetch here: {said[:200]}")
    return specs
