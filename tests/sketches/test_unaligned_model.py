"""The documented example of a model that is not aligned: it faults here as it does on QEMU and on a chip."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from emulated import ROOT, Workshop, entries
from qemu_machine import BothMachines, both

from mlbench.core.execution import Outcome
from mlbench.elf.image import Image
from mlbench.source.project import Project
from mlbench.suite.suite_file import SketchSpec

__all__ = ["both"]

SUITE = ROOT / "suites" / "unaligned-model.yml"
MAIN = ROOT / "tests" / "support" / "unaligned_model_main.cpp"
_UNALIGNED = 1 << 24

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def specs(tensorflow_lite_micro: dict[str, SketchSpec]) -> dict[str, SketchSpec]:
    """The two entries of the example by name."""
    assert tensorflow_lite_micro
    return entries(SUITE)


def test_it_is_found_before_the_board_is(workshop: Workshop, specs: dict[str, SketchSpec]) -> None:
    result = workshop.run(specs["unaligned"])
    assert result.outcome is Outcome.FAULT
    assert "UsageFault: unaligned access to 0x2" in result.reason
    assert " in message, which is itself aligned)" in result.reason
    assert "in flatbuffers::Vector<float>::Get(" in result.reason
    assert any(frame.function == "setup" for frame in result.chain)


def test_the_copy_works(workshop: Workshop, specs: dict[str, SketchSpec]) -> None:
    result = workshop.run(specs["aligned"], inferences=2)
    assert (result.outcome, result.serial.decode().split()) == (Outcome.PASSED, ["255"])


@pytest.fixture(scope="module")
def bare_image(
    both: BothMachines,
    workshop: Workshop,
    specs: dict[str, SketchSpec],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """The sketch and its library as an image for both machines, by the entry's name."""
    spec = specs["unaligned"]
    project: Project = workshop.project(spec)
    library = project.folder / "libraries/TensorFlowLiteMicro/src"
    folder = tmp_path_factory.mktemp("bare")
    compiler = [
        "arm-none-eabi-g++", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-c",
        "-g", "-Os", "-w", "-std=gnu++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics",
        "-ffunction-sections", "-fdata-sections", "-fpermissive", "-DTF_LITE_STATIC_MEMORY",
        "-DGEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK", f"-I{library}", f"-I{project.folder / 'unaligned_model'}",
    ]  # fmt: skip
    sources = [path for path in library.rglob("*.c*") if path.suffix in (".c", ".cpp")]
    subprocess.run([*compiler, *map(str, sources)], cwd=folder, check=True)
    objects = [str(path) for path in folder.glob("*.o")]

    def linked(name: str) -> Path:
        sketch = folder / name / "sketch.o"
        sketch.parent.mkdir()
        subprocess.run([*compiler, f"-DALIGNED={int(name == 'aligned')}", MAIN, "-o", sketch], check=True)
        return both.linked([str(sketch), *objects])

    return linked


@pytest.mark.parametrize("name", ["unaligned", "aligned"])
def test_qemu_says_the_same(both: BothMachines, bare_image: Callable[[str], Path], name: str) -> None:
    elf = bare_image(name)
    ours, theirs = both.emulated(elf), both.reference(elf)
    assert ours == theirs
    status, value = struct.unpack("<2I", ours)
    if name == "aligned":
        assert (status, value) == (0, 255)
    else:
        assert status == _UNALIGNED
        function = Image.load(elf).function_at(value)
        assert function is not None
        assert function.demangled.startswith("flatbuffers::Vector<float>::Get(")
