from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from emulated import workshop  # noqa: F401
from host_models import COMPILER_FLAGS, LIBRARIES, NETWORKS, library_sources

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
