"""What is said of an error of the compiler."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlbench.core.firmware import BuildRequest, Diagnostic
from mlbench.firmware.advice import Built, advice, lacking_entry_points
from mlbench.firmware.platforms import Fqbn
from mlbench.firmware.sketch_source import read_source

OWN = "mlbench:nrf52840:nano33ble"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    sketch = tmp_path / "examples" / "kws"
    sketch.mkdir(parents=True)
    (sketch / "kws.ino").write_text("void setup() {}\nvoid loop() {}\n")
    for folder, header in ((tmp_path / "vendor/Net", "src/net/Net.h"), (tmp_path, "Old.h")):
        (folder / header).parent.mkdir(parents=True, exist_ok=True)
        (folder / header).write_text("")
        (folder / "library.properties").write_text("name=x\ndepends=Other (>=1.0), Arduino LSM9DS1\n")
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", str(tmp_path / "sketchbook"))
    for name in ("AnotherKnown", "Known"):
        (tmp_path / "sketchbook" / "libraries" / name / "src").mkdir(parents=True)
        (tmp_path / "sketchbook" / "libraries" / name / "src" / "Known.h").write_text("")
    return sketch


def _advice(sketch: Path, message: str, fqbn: str = OWN, *, cxx: bool = True) -> str:
    built = Built(read_source(BuildRequest(sketch, fqbn)), Fqbn.parse(fqbn), cxx)
    return advice(Diagnostic("error", message), built)


@pytest.mark.parametrize(
    ("header", "fqbn", "words"),
    [
        ("net/Net.h", OWN, '`libraries: ["vendor/Net"]`'),
        ("Old.h", OWN, '`libraries: ["."]`'),
        ("mbed.h", OWN, "--board arduino:mbed_nano:nano33ble"),
        ("hal/nrf_saadc.h", OWN, "--board arduino:mbed_nano:nano33ble"),
        ("ArduinoBLE.h", OWN, 'get it by `arduino-cli lib install "ArduinoBLE"`'),
        ("EEPROM.h", OWN, "its own core has no such header: the sketch is meant for another chip"),
        (
            "esp_camera.h",
            OWN,
            "it is of boards with an ESP32 or ESP8266: the sketch is meant for another chip",
        ),
        ("avr/io.h", OWN, "it is of boards with an AVR: the sketch is meant for another chip"),
        ("avr/io.h", "arduino:avr:uno", "put the library that has it"),
        ("TensorFlowLite.h", OWN, "clone its repository, tensorflow/tflite-micro-arduino-examples, into"),
        ("Adafruit_MPU6050.h", OWN, 'arduino-cli lib install "Adafruit MPU6050"'),
        ("arm_math.h", OWN, "Arduino_CMSIS-DSP"),
        ("mbed.h", "arduino:avr:uno", "often of the same name, mbed: get it by"),
        ("Servo.h", OWN, 'often of the same name, Servo: get it by `arduino-cli lib install "Servo"`'),
        ("Arduino_LSM9DS1.h", OWN, "it is in Arduino LSM9DS1, which x depends on: get it by"),
        ("Known.h", OWN, 'name it, `libraries: ["Known"]`'),
        ("a/b.h", OWN, "put the library that has it beside the sketch"),
    ],
)
def test_where_a_header_comes_from(project: Path, header: str, fqbn: str, words: str) -> None:
    assert words in _advice(project, f"{header}: No such file or directory", fqbn)


@pytest.mark.parametrize(
    ("included", "words"),
    [
        ("kan_model.h", "the folder has KAN_model.h: names differ in case"),
        ("weights.h", "the project has it as training/weights.h: put it beside the sketch"),
        ("model.h", "as a file of the sketch's own, which its repository lacks; if a library has it"),
    ],
)
def test_a_file_of_the_sketchs_own_that_is_missing(project: Path, included: str, words: str) -> None:
    (project / "KAN_model.h").write_text("")
    (project.parents[1] / "training").mkdir()
    (project.parents[1] / "training" / "weights.h").write_text("")
    main = project / "kws.ino"
    main.write_text(f'\n#include "{included}"\n')
    built = Built(read_source(BuildRequest(project, OWN)), Fqbn.parse(OWN), cxx_library=True)
    error = Diagnostic("error", f"{included}: No such file or directory", str(main), 2)
    assert words in advice(error, built)


@pytest.mark.parametrize(
    "symbol",
    ["__cxa_throw", "std::_Rb_tree_increment(std::_Rb_tree_node_base*)", "vtable for __cxxabiv1::__x",
     "typeinfo for std::exception", "__gxx_personality_v0"],
)  # fmt: skip
def test_what_the_cxx_library_would_have(project: Path, symbol: str) -> None:
    message = f"undefined reference to `{symbol}'"
    assert "libstdc++-arm-none-eabi-newlib" in _advice(project, message, cxx=False)
    assert _advice(project, message) == ""
    assert _advice(project, message, "arduino:mbed_nano:nano33ble", cxx=False) == ""
    assert _advice(project, "undefined reference to `mine::std::f()'", cxx=False) == ""


def test_which_functions_a_sketch_lacks() -> None:
    assert lacking_entry_points(["undefined reference to `loop'", "undefined reference to `setup()'"]) == (
        "setup",
        "loop",
    )
    assert lacking_entry_points(["undefined reference to `setup_wifi'"]) == ()


def test_what_an_old_header_of_the_compiler_lacks(project: Path) -> None:
    message = "'DECIMAL_DIG' was not declared in this scope"
    wanted = "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__"
    assert wanted in _advice(project, message, "arduino:avr:uno")
