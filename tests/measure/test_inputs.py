"""Sketches that are given something while they are measured: typed text, sound, motion."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest
from measure_bench import Bench, target

from mlbench.core.execution import Functions, Outcome, Probe, RunResult
from mlbench.core.inputs import Inputs, TypedText
from mlbench.errors import UsageError
from mlbench.measure.cache import key_of
from mlbench.results.values import UnusedRam
from mlbench.suite.inputs import InputFiles
from mlbench.targets.renode.target import RenodeTarget

FUNCTIONS = Functions("start", "infer")
HEAD = """
#include <Wire.h>
#include <PDM.h>
volatile int sink;
__attribute__((noinline)) void start() { sink = 1; }
__attribute__((noinline)) int infer(int n) { return sink + n; }
"""
DIALOGUE = (
    HEAD
    + """
void setup() {
  start(); Serial.begin(115200);
  while (Serial.available()) Serial.read();
  Serial.println("Type go");
  String word;
  while (!word.endsWith("\\n")) if (Serial.available()) word += (char)Serial.read();
  Serial.print("got "); Serial.print(word);
  delay(300);
  Serial.println("and a number?");
  long number = 0;
  while ((number = Serial.parseInt()) == 0) {}
  Serial.println(number);
  sink = infer(number);
}
void loop() {}
"""
)
SENSES = (
    HEAD
    + """
static short heard[64];
static volatile int count;
void on_sound() { int n = PDM.read(heard, 128); if (!count) count = n / 2; }
static void put(int reg, int value) {
  Wire1.beginTransmission(0x6B); Wire1.write(reg); Wire1.write(value); Wire1.endTransmission();
}
void setup() {
  start(); Serial.begin(115200);
  PDM.setBufferSize(128); PDM.onReceive(on_sound); PDM.begin(1, 16000);
  while (!count) {}
  int first = heard[0], second = heard[1];
  PDM.end();
  Serial.print(first); Serial.print(' '); Serial.println(second);
  Wire1.begin(); put(0x20, 0x70);
  delay(100);
  Wire1.beginTransmission(0x6B); Wire1.write(0x28); Wire1.endTransmission(false);
  Wire1.requestFrom(0x6B, 2);
  int low = Wire1.read(); short x = low | Wire1.read() << 8;
  Serial.println(x);
  sink = infer(x);
}
void loop() {}
"""
)
SOUND = struct.pack("<2h", 111, -222) + bytes(400)
MOTION = ((0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0), (9.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0))


def _run(bench: Bench, name: str, text: str, inputs: Inputs) -> RunResult:
    firmware = bench.build(name, {f"{name}.ino": text})
    return target().open(firmware, FUNCTIONS, inputs).run(Probe(), 20e6)


@pytest.mark.parametrize(
    "texts",
    [
        (TypedText("go\n"), TypedText("42\n")),
        (TypedText("go\n", after="Type"), TypedText("42\n", after="number?")),
        (TypedText("go\n"), TypedText("42\n", after="a number")),
    ],
    ids=["when it asks", "after what it prints", "both"],
)
def test_text_is_typed_in_its_turn(bench: Bench, texts: tuple[TypedText, ...]) -> None:
    result = _run(bench, "dialogue", DIALOGUE, Inputs(serial=texts))
    assert result.outcome is Outcome.PASSED
    assert result.serial.decode() == "Type go\r\ngot go\nand a number?\r\n42\r\n"


def test_text_that_is_waited_for_in_vain_is_told(bench: Bench) -> None:
    result = _run(bench, "dialogue", DIALOGUE, Inputs(serial=(TypedText("go\n", after="no such"),)))
    assert result.outcome is Outcome.HUNG
    assert "waits for serial input that nobody sends" in result.reason


def test_sensors_feel_what_they_are_fed(bench: Bench) -> None:
    result = _run(bench, "senses", SENSES, Inputs(microphone=SOUND, imu=MOTION))
    assert result.outcome is Outcome.PASSED, result.reason
    assert result.serial.decode() == "111 -222\r\n16393\r\n"
    assert not [note for note in result.notes if "inputs" in note]


def test_sensors_that_nobody_feeds_are_at_rest(bench: Bench) -> None:
    result = _run(bench, "senses", SENSES, Inputs())
    assert result.outcome is Outcome.PASSED, result.reason
    assert result.serial.decode() == "0 0\r\n0\r\n"
    told = " ".join(result.notes)
    assert "inputs: microphone" in told
    assert "inputs: imu" in told


def test_a_whole_profile_of_a_sketch_that_is_fed(bench: Bench, tmp_path: Path) -> None:
    """Each probe is given the same, from the start."""
    with wave.open(str(tmp_path / "yes.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(SOUND)
    rows = "t,ax,ay,az,gx,gy,gz\n0,2,0,0,0,0,0\n9,2,0,0,0,0,0\n"
    (tmp_path / "ring.csv").write_text(rows)
    firmware = bench.build("senses", {"senses.ino": SENSES})
    inputs = InputFiles(microphone="yes.wav", imu="ring.csv", where="mlbench.yml:3")
    profile = bench.profile(firmware, FUNCTIONS, inputs=inputs, own_folder=tmp_path)
    assert profile.failure is None
    assert b"16393" in profile.serial
    assert isinstance(profile.measures.unused_ram, UnusedRam)
    spec = bench.spec(firmware, FUNCTIONS, inputs=inputs, own_folder=tmp_path)
    before = key_of(firmware, spec, target(), None)
    assert before == key_of(firmware, spec, target(), None)
    (tmp_path / "ring.csv").write_text(rows.replace("9,2", "9,3"))
    assert key_of(firmware, spec, target(), None) != before, "inputs are part of the key"


def test_a_file_that_went_away_is_told(bench: Bench, tmp_path: Path) -> None:
    firmware = bench.build("senses", {"senses.ino": SENSES})
    inputs = InputFiles(imu="gone.csv", where="mlbench.yml:3")
    profile = bench.profile(firmware, FUNCTIONS, inputs=inputs, own_folder=tmp_path)
    assert profile.failure is not None
    assert profile.failure.message.startswith("mlbench.yml:3: inputs: imu: cannot read gone.csv")
    assert profile.failure.exit_status == 2


def test_renode_takes_none(bench: Bench) -> None:
    firmware = bench.build("senses", {"senses.ino": SENSES})
    with pytest.raises(UsageError, match="takes no inputs"):
        RenodeTarget(target().board).open(firmware, FUNCTIONS, Inputs(imu=MOTION))
