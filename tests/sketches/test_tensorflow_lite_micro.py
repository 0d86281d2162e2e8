"""The suite of the real TensorFlow Lite Micro, and the script that fetches it."""

from __future__ import annotations

import importlib.util
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from emulated import ROOT, Workshop, entries

from mlbench.core.execution import Outcome
from mlbench.devtools.emulator_speed import Bare, at_inference
from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End

SUITE = ROOT / "suites" / "tensorflow-lite-micro.yml"
SCRIPT = ROOT / "suites" / "tensorflow-lite-micro" / "prepare.py"


def _script():
    spec = importlib.util.spec_from_file_location("tensorflow_lite_micro_prepare", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


prepare = _script()


@pytest.fixture
def crate(tmp_path) -> Path:
    """A crate laid out as the real one, with a header behind each source and data that can be told apart."""
    folder = tmp_path / "crate"
    lite = folder / prepare.TENSORFLOW / "tensorflow/lite"
    for number, name in enumerate(prepare.SOURCES):
        path = lite / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#include "tensorflow/lite/deep/{number}.h"\n#include <cstdint>\nint f{number}();\n')
        header = lite / f"deep/{number}.h"
        header.parent.mkdir(exist_ok=True)
        header.write_text('#  include "other.h"  // from elsewhere\n#include "flatbuffers/base.h"\n')
    (lite / "deep/other.h").write_text('#include "no/such/file.h"\n#include "fixedpoint/fixedpoint.h"\n')
    (lite / "deep/unused.h").write_text("")
    for root, name in ((1, "flatbuffers/base.h"), (2, "fixedpoint/fixedpoint.h")):
        header = folder / prepare.HEADER_ROOTS[root] / name
        header.parent.mkdir(parents=True)
        header.write_text("")
    models = folder / "examples/models"
    models.mkdir(parents=True)
    for number, name in enumerate(prepare.DATA.values()):
        (models / name).write_bytes(bytes([number, 255]) * 20)
    (folder / "LICENSE-APACHE").write_text("Apache")
    (folder / ".cargo-checksum.json").write_text(json.dumps({"package": prepare.CHECKSUM}))
    return folder


@pytest.fixture
def start(tmp_path, crate):
    """Starts the script with a cargo of our own on PATH, given as Python text; None: no cargo."""

    def started(cargo: str | None, **variables: str) -> subprocess.CompletedProcess[str]:
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        if cargo is not None:
            program = tools / "cargo"
            program.write_text(f"#!{sys.executable}\nimport os, shutil, sys\n{cargo}\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, SCRIPT],
            cwd=work,
            env={"PATH": str(tools), "CRATE": str(crate), **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return started


GIVES_THE_CRATE = "shutil.copytree(os.environ['CRATE'], os.path.join(sys.argv[-1], 'tfmicro'))"


def test_sources_and_headers_become_an_arduino_library(start, tmp_path):
    done = start(GIVES_THE_CRATE)
    assert (done.returncode, done.stderr) == (0, "")
    library = tmp_path / "work/libraries/TensorFlowLiteMicro"
    files = {path.relative_to(library).as_posix() for path in library.rglob("*") if path.is_file()}
    assert "src/tensorflow/lite/micro/kernels/conv.cpp" in files
    assert "src/tensorflow/lite/c/common.c" in files
    assert {
        "src/flatbuffers/base.h",
        "src/fixedpoint/fixedpoint.h",
        "src/tensorflow/lite/deep/other.h",
    } <= files
    assert not any(name.endswith((".cc", "unused.h")) for name in files)
    assert "includes=TensorFlowLiteMicro.h" in (library / "library.properties").read_text()
    data = (library / "src/micro_speech_yes.cpp").read_text()
    assert "alignas(16) const unsigned char micro_speech_yes[40] = {" in data
    assert "1,255,1,255," in data
    assert not list((tmp_path / "work/libraries").glob("*.part"))


def test_what_is_there_is_not_fetched_again(start):
    assert start(GIVES_THE_CRATE).returncode == 0
    assert start("sys.exit(9)").returncode == 0


def test_offline_is_passed_to_cargo(start):
    cargo = "assert '--offline' in sys.argv\nsys.argv.remove('--offline')\n" + GIVES_THE_CRATE
    done = start(cargo, MLBENCH_OFFLINE="true")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("cargo", "said"),
    [
        (None, "prepare.py: cargo is not on PATH, and TensorFlow Lite Micro is fetched with it; install"),
        (
            "sys.exit('error: no such host')",
            "prepare.py: cargo could not fetch tfmicro 0.1.0: error: no such",
        ),
        (
            GIVES_THE_CRATE + "\nopen(sys.argv[-1] + '/tfmicro/.cargo-checksum.json', 'w')"
            '.write(\'{"package": "00"}\')',
            "prepare.py: tfmicro 0.1.0 has the checksum 00, not",
        ),
        (
            GIVES_THE_CRATE + "\nos.remove(sys.argv[-1] + '/tfmicro/LICENSE-APACHE')",
            "prepare.py: [Errno 2] No such file or directory: ",
        ),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_no_library(start, tmp_path, cargo, said):
    done = start(cargo)
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "work/libraries/TensorFlowLiteMicro").exists()


def test_both_models_are_in_the_suite():
    specs = entries(SUITE)
    assert {str(spec.sketch) for spec in specs.values()} == {"micro_speech", "person_detection"}
    for spec in specs.values():
        assert (spec.source.folder / spec.sketch / f"{spec.sketch}.ino").is_file()
        assert spec.functions.inference == "tflite::MicroInterpreter::Invoke()"


EXPECTED = {
    "tflm_micro_speech": ["yes: 0 0 255 0", "no: 0 17 0 239"],
    "tflm_person_detection": ["person: 43 250 44", "no person: 14 107 215"],
}


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("name", EXPECTED)
def test_models_give_their_known_outputs(name, workshop: Workshop, tensorflow_lite_micro):
    spec = tensorflow_lite_micro[name]
    result = workshop.run(spec, inferences=3)
    assert result.outcome is Outcome.PASSED, result.reason
    assert result.serial.decode().splitlines()[:2] == EXPECTED[name]
    assert_the_model_changes_no_result(workshop.build(spec).elf)


def assert_the_model_changes_no_result(elf: Path) -> None:
    """The same inference with the cycle model and without any hook leaves the same tensors."""
    image = Image.load(elf)
    machine, back = at_inference(image, NRF52840, "tflite::MicroInterpreter::Invoke()", force_python=False)
    bare = Bare(machine)
    bare.run(back)
    machine.set_break(back)
    ending = machine.run(machine.clock.cycles(60e6), resume=True)
    assert (ending.end, ending.address) == (End.BREAKPOINT, back)
    arena = max((s for s in image.symbols if "arena" in s.name), key=lambda symbol: symbol.size)
    assert arena.size >= 10 * 1024
    offset = arena.address - machine.ram.start
    with_model = bytes(machine.ram.data[offset : offset + arena.size])
    assert bytes(bare.uc.mem_read(arena.address, arena.size)) == with_model
