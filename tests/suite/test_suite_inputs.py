"""The key ``inputs``: what it may say, and files that are not what they should be, a line each."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest

from mlbench.core.inputs import TypedText
from mlbench.errors import UsageError
from mlbench.suite.inputs import InputFiles, read_motion, read_sound
from mlbench.suite.suite_file import parse_suite

HEAD = "t,ax,ay,az,gx,gy,gz\n"


def _wav(folder: Path, channels: int, width: int, rate: int, frames: bytes) -> bytes:
    path = folder / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return path.read_bytes()


def _inputs(text: str) -> InputFiles:
    suite = f"sketches:\n  - path: a\n    inputs:\n{text}"
    return parse_suite(suite, "mlbench.yml", Path("/suite"))[0].inputs


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ('      serial: "go\\n"\n', (TypedText("go\n"),)),
        ("      serial: [one, {after: 'Type', text: two}]\n", (TypedText("one"), TypedText("two", "Type"))),
        ("      serial: {text: go, after: x}\n", (TypedText("go", "x"),)),
    ],
)
def test_text_to_type(text: str, serial: tuple[TypedText, ...]) -> None:
    assert _inputs(text).serial == serial


def test_files_and_their_place() -> None:
    inputs = _inputs("      microphone: yes.wav\n      imu: data/ring.csv\n")
    assert (inputs.microphone, inputs.imu, inputs.where) == ("yes.wav", "data/ring.csv", "mlbench.yml:3")


def test_defaults_hold_for_every_sketch() -> None:
    text = "defaults: {inputs: {serial: go}}\nsketches: [{path: a}, {path: b, inputs: {imu: x.csv}}]\n"
    first, second = (spec.inputs for spec in parse_suite(text, "mlbench.yml", Path("/suite")))
    assert first.serial == (TypedText("go"),)
    assert (second.serial, second.imu) == ((), "x.csv")


@pytest.mark.parametrize(
    "text",
    [
        "      serial: []\n",
        "      serial: ['']\n",
        "      serial: [{after: x}]\n",
        "      sound: x\n",
        "      imu: 3\n",
    ],
)
def test_what_it_may_not_say(text: str) -> None:
    with pytest.raises(UsageError, match=r"^mlbench\.yml:\d+: "):
        _inputs(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    inputs = InputFiles(microphone="no.wav", where="mlbench.yml:7")
    with pytest.raises(UsageError, match=r"^mlbench.yml:7: inputs: microphone: cannot read no.wav: "):
        inputs.read(tmp_path)


def test_sound_as_it_should_be(tmp_path: Path) -> None:
    frames = struct.pack("<4h", 1, -2, 3, -4)
    assert read_sound(_wav(tmp_path, 1, 2, 16000, frames), "a.wav") == (frames, ())


@pytest.mark.parametrize(
    ("channels", "width", "rate", "frames", "samples"),
    [
        (2, 2, 16000, struct.pack("<4h", 100, 300, -100, -300), (200, -200)),
        (1, 1, 16000, bytes((128, 255, 0)), (0, 32512, -32768)),
        (1, 3, 16000, b"\x00\x00\x40\xff\xff\xff", (16384, 0)),
        (1, 4, 16000, struct.pack("<2i", 1 << 30, -(1 << 31)), (16384, -32768)),
        (1, 2, 8000, struct.pack("<3h", 0, 100, 200), (0, 50, 100, 150, 200, 200)),
        (1, 2, 32000, struct.pack("<4h", 0, 100, 200, 300), (0, 200)),
    ],
    ids=["stereo", "8 bits", "24 bits", "32 bits", "slower", "faster"],
)
def test_other_sound_is_converted_and_told(
    tmp_path: Path, channels: int, width: int, rate: int, frames: bytes, samples: tuple[int, ...]
) -> None:
    content, notes = read_sound(_wav(tmp_path, channels, width, rate, frames), "a.wav")
    assert struct.unpack(f"<{len(samples)}h", content) == samples
    assert notes[0].startswith(f"a.wav: {rate:,} Hz, {8 * width} bits, ")
    assert "converted to 16,000 Hz" in notes[0]


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"ID3\x03" + bytes(100), b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"]
)
def test_what_is_no_sound(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"^a\.wav: ") as caught:
        read_sound(content, "a.wav")
    assert "\n" not in str(caught.value)


def test_motion_in_any_order_of_columns() -> None:
    text = "gz, gy, gx, az, ay, ax, t, label\n1,2,3,4,5,6,0.5,ring\n\n7,8,9,10,11,12,0.6,ring\n"
    rows = read_motion(b"\xef\xbb\xbf" + text.encode(), "ring.csv")
    assert rows == ((0.5, 6, 5, 4, 3, 2, 1), (0.6, 12, 11, 10, 9, 8, 7))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ring.csv:1: ring.csv has no column t, ax"),
        ("t,ax,ay,az\n0,0,0,1\n", "ring.csv:1: ring.csv has no column gx, gy, gz"),
        (HEAD, "ring.csv: ring.csv has no rows"),
        (HEAD + "0,0,0,1,0,0,0\n1,0,x,1,0,0,0\n", "ring.csv:3: column ay is 'x', not a number"),
        (HEAD + "0,0,0,1,0,0\n", "ring.csv:2: column gz is '', not a number"),
        (HEAD + "0,nan,0,1,0,0,0\n", "ring.csv:2: column ax is 'nan', not a number"),
        (HEAD + "0,0,0,inf,0,0,0\n", "ring.csv:2: column az is 'inf', not a number"),
        (HEAD + "1,0,0,1,0,0,0\n1,0,0,1,0,0,0\n", "ring.csv:3: its time 1 s is not after"),
    ],
)
def test_motion_that_is_not_what_it_should_be(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_motion(text.encode(), "ring.csv")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(UsageError, match=r"^ring\.csv: ring\.csv is no CSV file"):
        read_motion(b"t,ax\n\xff\xfe\0", "ring.csv")
