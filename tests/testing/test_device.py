"""A device: time and text, calls, state, and how firmware ends."""

from __future__ import annotations

import ctypes
import re
import subprocess

import numpy as np
import pytest
from bare_image import Compiler
from image_files import hex_text, objcopy
from live_firmware import LINES, UART_ECHO

from mlbench.core.firmware import Firmware
from mlbench.errors import HostTimeout, UsageError
from mlbench.testing import Device, DeviceError, OutputBuffer, ms, nbytes, us


def test_nothing_runs_before_it_is_used(firmware: Firmware) -> None:
    device = Device(firmware)
    assert not device._started
    assert device.time < ms(1)  # at setup(), a moment after the reset
    assert device.serial == ""


def test_a_fresh_device_has_reached_the_function_it_stands_at(firmware: Firmware) -> None:
    for name in ("setup", "setup()"):
        device = Device(firmware)
        device.run_until(symbol=name)
        assert device.time < ms(1)
        # Asked for again, it is the next time that counts, which does not come.
        with pytest.raises(DeviceError, match="was not reached"):
            device.run_until(symbol="setup", timeout="20 ms")
    device = Device(firmware)
    assert device.call("add", 1, 2).value == 3
    saved = device.snapshot()
    device.run_until(symbol="setup")
    device.restore(saved)
    device.run_until(symbol="setup")
    assert device.run_until("READY") == "READY"


def test_a_dialogue(dev: Device) -> None:
    assert dev.run_until("READY") == "READY"
    dev.send("a")
    match = dev.expect(r"got (\w)\r\n", timeout="50 ms")
    assert (match.before, match[1], match.text) == ("READY\r\n", "a", "got a\r\n")
    dev.send("b")
    assert dev.expect(r"got (?P<what>\w)")["what"] == "b"
    before = dev.time
    dev.run_until("5 ms")
    assert float(dev.time - before) == pytest.approx(5000, abs=50)
    assert dev.serial.endswith("got b\r\n")


def test_time_is_the_wires(dev: Device) -> None:
    dev.run_until("READY")
    begin = dev.time
    dev.send("z" * 50)
    dev.expect("got z")
    # A byte at 115,200 baud takes 86.8 us each way.
    assert us(86) < dev.time - begin < ms(5)


def test_what_does_not_come(dev: Device) -> None:
    dev.run_until("READY")
    with pytest.raises(DeviceError) as caught:
        dev.expect("nothing like it", timeout=ms(3))
    assert caught.value.outcome == "timeout"
    assert "did not come in 3 ms of virtual time" in str(caught.value)
    assert "READY" in caught.value.report.serial
    assert "loop" in str(caught.value)  # where it is instead


def test_the_hosts_time_is_that_of_a_step_however_often_it_is_looked_at(firmware: Firmware) -> None:
    device = Device(firmware, host_seconds=0.5).start()
    with pytest.raises(HostTimeout):
        device.expect("nothing like this", timeout="900 s")


def test_run_to_a_function(dev: Device) -> None:
    dev.run_until(symbol="loop")
    assert dev.image.function_at(dev._core.machine.cpu.pc).name in ("loop", "_Z4loopv")  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="has no function"):
        dev.run_until(symbol="nowhere_to_be_found")


def test_calls(dev: Device) -> None:
    assert dev.call("add", 2, -5).value == -3
    assert [dev.call("count_up").value for _ in range(3)] == [8, 9, 10]
    assert dev.memory["counter"] == (10).to_bytes(4, "little")
    data = bytearray(b"abcdef")
    result = dev.call("reverse", data, len(data))
    assert (data, result.buffers, result.value) == (bytearray(b"fedcba"), (b"fedcba",), None)
    values = np.array([1, 2, 4.5], np.float32)
    assert dev.call("mean", values, 3).value == 2.5
    assert dev.call("mean", b"\0\0\x80\x3f", 1).buffers == (b"\0\0\x80\x3f",)


def test_a_structure_by_its_address(dev: Device) -> None:
    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int32), ("y", ctypes.c_int32), ("weight", ctypes.c_double)]

    point = Point(1, 2, 0.5)
    dev.call("move", point, 10, 2.25)
    assert (point.x, point.y, point.weight) == (11, -8, 2.25)


def test_what_a_call_takes(dev: Device) -> None:
    shallow, deep = dev.call("deep", 1), dev.call("deep", 11)
    step = (float(deep.stack) - float(shallow.stack)) / 10
    assert 100 < step < 160
    assert deep.instructions > shallow.instructions > 0
    assert deep.cycles >= deep.instructions
    assert deep.time == us(deep.cycles / 64)
    used = dev.call("heap_user", 1000)
    assert (used.value, used.heap) == (1, nbytes(1500))
    assert dev.call("add", 1, 1).heap == nbytes(0)


def test_a_call_leaves_the_firmware_where_it_was(firmware: Firmware) -> None:
    plain, called = Device(firmware), Device(firmware)
    called.run_until("READY")
    called.call("add", 1, 2)
    called.call("reverse", bytearray(range(200)), 200)
    plain.run_until("READY")
    for device in (plain, called):
        device.send("q")
        device.expect("got q")
    assert plain.serial == called.serial


@pytest.mark.parametrize("where", ["setup", "loop", "after a while"])
def test_calls_work_wherever_it_stands(dev: Device, where: str) -> None:
    if where == "loop":
        dev.run_until(symbol="loop")
    elif where == "after a while":
        dev.run_for("7.3 ms")
    assert dev.call("add", 40, 2).value == 42
    dev.send("k")
    assert dev.expect("got k")


@pytest.mark.parametrize(
    ("how", "outcome", "text"),
    [(0, "fault", "0x60000000"), (1, "hung", ""), (2, "fault", "abort() was called")],
)
def test_how_a_call_can_end(dev: Device, how: int, outcome: str, text: str) -> None:
    dev.run_until("READY")
    with pytest.raises(DeviceError) as caught:
        dev.call("broken", how, timeout="5 ms")
    assert caught.value.outcome in (outcome, "timeout" if outcome == "hung" else outcome)
    assert text in str(caught.value)
    assert any("broken" in frame.function for frame in caught.value.report.chain)
    # The same device, set back, works on.
    again = Device(dev.image.path)
    assert again.call("broken", 4).value == 4


def test_the_last_functions_are_named(dev: Device) -> None:
    dev.run_until("READY")
    dev.send("x")
    with pytest.raises(DeviceError) as caught:
        dev.expect("never")
    assert caught.value.report.last[-1] == "broken"
    assert "loop()" in caught.value.report.last or "loop" in caught.value.report.last


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("add", 1), "add takes 2 arguments, 1 are given"),
        (("add", 1, 2, 3), "add takes 2 arguments, 3 are given"),
        (("no_such_function",), "has no function no_such_function"),
        (("add", 1, 2.5), "argument 1: 2.5 is no 4-byte signed integer"),
        (("add", 1, 1 << 31), "does not fit a 4-byte signed integer"),
        (("reverse", bytes(1 << 20), 3), "do not fit the stack"),
        (("by_value", 1), "passed by value as a 16-byte structure"),
        (("reverse", {"no": "bytes"}, 3), "dict has no bytes"),
    ],
)
def test_calls_that_make_no_sense(dev: Device, call: tuple[object, ...], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        dev.call(*call)  # type: ignore[arg-type]


def test_snapshots(dev: Device, firmware: Firmware) -> None:
    dev.run_until("READY")
    saved = dev.snapshot()
    texts = []
    for _ in range(2):
        dev.restore(saved)
        dev.call("count_up")
        dev.send("m")
        dev.expect("got m")
        texts.append((dev.serial, dev.time, dev.memory["counter"]))
    assert texts[0] == texts[1]
    with pytest.raises(UsageError, match="of another device"):
        Device(firmware).restore(saved)


def test_memory(dev: Device) -> None:
    assert dev.memory["table"] == bytes([1, 2, 3, 4, 5, 6])
    table = dev.symbol("table")
    assert dev.memory[table.address + 2] == 3
    dev.memory[table.address : table.address + 2] = b"\x09\x08"
    dev.memory[table.address + 5] = 77
    assert dev.memory["table"] == bytes([9, 8, 3, 4, 5, 77])
    assert dev.memory.word(table.address) == 0x04030809
    for bad in ("no_such_object", 0x70000000):
        with pytest.raises(UsageError):
            dev.memory[bad]
    with pytest.raises(UsageError, match="1 bytes are given for 6"):
        dev.memory["table"] = b"x"
    with pytest.raises(UsageError, match="no symbol"):
        dev.symbol("no_such_symbol")


def test_a_batch(dev: Device) -> None:
    dev.run_until("READY")
    dev.send("i")
    rng = np.random.default_rng(1)
    inputs = rng.integers(-128, 128, (20, 16), np.int8)
    found = dev.infer(inputs, function="classify", output=OutputBuffer(1, 4))
    for given, inference in zip(inputs, found, strict=True):
        weights = np.where(np.arange(16)[None, :] % 4 == np.arange(4)[:, None], 3, -1)
        expected = np.clip(weights @ given.astype(np.int64), -128, 127).astype(np.int8)
        assert inference.outputs[0] == expected.tobytes()
        assert inference.cycles > 0
    # Each from the same state: the same input gives the same, to the cycle.
    again = dev.infer([inputs[3], inputs[4], inputs[3]], function="classify", output=OutputBuffer(1, 4))
    assert again[0] == again[2] == found[3]


def test_inputs_of_a_wrong_size(dev: Device) -> None:
    dev.run_until("READY")
    dev.send("i")
    with pytest.raises(UsageError, match=r"an input of 17 bytes does not fit input, which has room for 16"):
        dev.infer([bytes(17)], function="classify")
    with pytest.raises(UsageError, match=r"an input has 15 bytes, the one before it 16"):
        dev.infer([bytes(16), bytes(15)], function="classify")


def test_a_pattern_that_is_none(dev: Device) -> None:
    with pytest.raises(UsageError, match="is no regular expression"):
        dev.expect("(")


def test_a_batch_that_cannot_be(dev: Device) -> None:
    with pytest.raises(UsageError, match="which function infers"):
        dev.infer([b"x"])
    dev.run_until("READY")
    dev.send("i")
    with pytest.raises(UsageError, match=r"which argument of count_up"):
        dev.infer([b"x"], function="count_up")


def test_a_bare_image_without_debug_information(make: object, tmp_path: object, firmware: Firmware) -> None:
    import shutil
    import subprocess
    from pathlib import Path

    path = Path(str(tmp_path)) / "plain.elf"
    strip = shutil.which("arm-none-eabi-strip")
    assert strip
    subprocess.run([strip, "--strip-debug", firmware.elf, "-o", path], check=True)
    device = Device(path)
    assert device.call("add", 2, 3).value == 5
    assert device.call("mean", np.array([1, 2], np.float32), 2, returns="float").value == 1.5
    with pytest.raises(UsageError, match="is no type"):
        device.call("add", 2, 3, returns="complex")


@pytest.mark.parametrize("kind", ["ihex", "binary"])
def test_files_that_say_which_bytes_go_where(bare: Compiler, kind: str) -> None:
    """Without names the device stands at its reset, at once; with them it is the same as of the ELF file."""
    elf = bare.image(UART_ECHO).path
    path = objcopy(elf, kind)
    base = () if kind == "ihex" else 0x10000
    device = Device(path, base=base)
    assert device.time == us(0)
    device.run_until("ready")
    device.send("x")
    assert device.expect("X")
    named = Device([path], base=base, names=elf)
    named.run_until("main")
    named.run_until(text="ready")
    assert named.serial.startswith("ready")


def test_an_image_without_setup_and_main_starts_at_reset(bare: Compiler) -> None:
    source = UART_ECHO.replace("int main(", "int begin(")
    elf = bare.image(source, flags=("-O1", "-Wl,--defsym=main=begin")).path
    stripped = elf.with_name("stripped.elf")
    keep = [f"--keep-symbol={name}" for name in ("reset_handler", "begin")]
    subprocess.run(["arm-none-eabi-objcopy", "-S", *keep, str(elf), str(stripped)], check=True)
    device = Device(stripped)
    assert device.time == us(0)
    device.run_until(symbol="reset_handler")
    assert device.time == us(0)
    device.run_until(symbol="begin")
    assert us(0) < device.time < ms(1)
    assert device.run_until(text="ready").startswith("ready")


def test_files_that_do_not_go_together(bare: Compiler, tmp_path) -> None:
    path = objcopy(bare.image(UART_ECHO).path, "ihex")
    more = tmp_path / "more.hex"
    more.write_text(hex_text([(0x10010, bytes(4))]))
    with pytest.raises(UsageError, match="both have the byte at 0x00010010"):
        Device([path, more])


def test_firmware_that_waits_for_input_before_main_starts_there(bare: Compiler) -> None:
    """As RIOT's tests do."""
    elf = bare.image(f"{LINES}\n__attribute__((used)) int later(void) {{ return 0; }}").path
    waiting = elf.with_name("waiting.elf")
    names = ["--redefine-sym=main=begin", "--redefine-sym=later=main"]
    subprocess.run(["arm-none-eabi-objcopy", *names, str(elf), str(waiting)], check=True)
    device = Device(waiting)
    device.send("inference\n")
    assert device.expect("inference")
    with pytest.raises(DeviceError, match="asleep"):
        Device(waiting).run_until(symbol="main")
