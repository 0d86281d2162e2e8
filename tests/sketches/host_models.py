"""The sample models, compiled for the machine that tests run on, with sanitizers on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

SKETCHES = Path(__file__).parents[2] / "sketches"
LIBRARIES = SKETCHES / "libraries"
sys.path.insert(0, str(SKETCHES / "tools"))

from networks import NETWORKS  # noqa: E402

COMPILER_FLAGS = (
    "-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip

LIBRARY_OF = {network.name: network.library for network in NETWORKS}


def library_sources(name: str) -> list[Path]:
    """The sources of one library of the sketches."""
    return sorted((LIBRARIES / name / "src").glob("*.cpp"))


def infer_on_host(
    compiler: str,
    host_library: Callable[[str], list[Path]],
    folder: Path,
    sketch: str,
    inputs: Sequence[Sequence[int]],
    outputs: int,
) -> list[list[int]]:
    """What the model of a sketch gives for each input."""
    libraries = ["TinyKernels", LIBRARY_OF[sketch.rpartition("_")[0]]]
    program = folder / sketch
    subprocess.run(
        [
            compiler, *COMPILER_FLAGS,
            f"-DINPUT_BYTES={len(inputs[0])}", f"-DOUTPUT_BYTES={outputs}",
            *(() if sketch.endswith("_aot") else ("-DMODEL_IS_CLASS",)),
            f"-I{SKETCHES / sketch}", *(f"-I{LIBRARIES / name / 'src'}" for name in libraries),
            Path(__file__).with_name("host_main.cpp"), SKETCHES / sketch / "src" / "model.cpp",
            *(path for name in libraries for path in host_library(name)),
            "-o", program,
        ],
        check=True,
    )  # fmt: skip
    given = bytes(value % 256 for values in inputs for value in values)
    said = subprocess.run([program], input=given, stdout=subprocess.PIPE, check=True, timeout=120).stdout
    signed = [value - 256 * (value > 127) for value in said]
    return [signed[at : at + outputs] for at in range(0, len(signed), outputs)]
