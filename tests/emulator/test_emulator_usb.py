"""USBD as a serial port: a bare CDC ACM device against the host model."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, words
from hypothesis import given
from hypothesis import strategies as st
from usb_firmware import ECHO

from mlbench.emulator.machine import End, Machine
from mlbench.emulator.peripherals.base import Cause
from mlbench.emulator.usb_cdc import find_cdc
from mlbench.emulator.usb_host import UsbTimes


def _run(machine: Machine, ms: float) -> None:
    ending = machine.run(machine.clock.now + int(ms * MS), host_seconds=20)
    assert ending.end in (End.IDLE, End.DEADLINE), ending


def _word(machine: Machine, name: str) -> int:
    return words(machine, name, 1)[0]


def test_a_port_comes_up_without_symbols(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    _run(machine, 400)
    assert machine.serial() == b"hello\r\n"
    assert machine.console.text("usb") == b"hello\r\n"
    assert (_word(machine, "configured"), _word(machine, "line_state")) == (1, 3)
    assert _word(machine, "baud") == 115200
    assert machine.usb.strings == {2: "Echo"}
    assert machine.notes == []
    times = machine.usb.times
    at_least = times.debounce + 2 * (times.reset + times.recovery) + times.address
    assert at_least < machine.clock.us(machine.console.outputs[0].at) < at_least + 50_000


@pytest.mark.parametrize("size", [1, 63, 64, 65, 128, 1000], ids=lambda size: f"{size} bytes")
def test_what_is_sent_comes_back(bare: Compiler, size: int) -> None:
    machine = bare.machine(ECHO)
    sent = bytes(n * 7 & 0xFF for n in range(size))
    machine.usb.send(sent)
    _run(machine, 400)
    assert machine.serial() == b"hello\r\n" + sent
    # Full-speed bulk moves at most 19 packets of 64 bytes a frame (USB 2.0, 5.8.4), both ways together.
    outputs = machine.console.outputs[1:]
    on_the_wire = sum((len(output.data) + 13) * 8 / 12e6 for output in outputs[1:])
    assert outputs[-1].at - outputs[0].at >= int(on_the_wire * 1000 * MS)
    assert len(outputs) >= size / 64


@pytest.mark.parametrize(("bulk_in", "bulk_out", "notify"), [(1, 1, 2), (7, 2, 1)])
def test_endpoints_are_those_of_the_descriptor(
    bare: Compiler, bulk_in: int, bulk_out: int, notify: int
) -> None:
    numbers = (f"-DBULK_IN={bulk_in}", f"-DBULK_OUT={bulk_out}", f"-DNOTIFY={notify}")
    machine = bare.machine(ECHO, flags=("-O1", *numbers))
    machine.console.feed("usb", b"ping")
    _run(machine, 400)
    assert machine.serial() == b"hello\r\nping"
    assert machine.usb.port is not None
    assert machine.usb.port[2:4] == (bulk_in, bulk_out)


def test_nothing_happens_without_a_cable(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    machine.usb.detach()
    _run(machine, 20)
    assert machine.serial() == b""
    assert _word(machine, "resets") == 0
    machine.usb.attach()
    _run(machine, 400)
    assert machine.serial() == b"hello\r\n"


def test_a_pulled_cable_is_told_and_the_port_comes_again(bare: Compiler) -> None:
    source = ECHO.replace("greeted = 1;", "greeted = 1; REG(0x40000120) = 0;")
    machine = bare.machine(source)
    _run(machine, 400)
    machine.usb.detach()
    _run(machine, 10)
    assert machine.bus.read(0x40000120, 4) == 1
    assert machine.bus.read(0x40000438, 4) == 0
    assert machine.usb.port is None
    machine.usb.attach()
    machine.usb.send(b"again")
    _run(machine, 400)
    assert machine.serial().endswith(b"again")


def test_a_port_that_nobody_opens_is_not_read(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    machine.usb.times = UsbTimes(open_after=None)
    machine.usb.send(b"waiting")
    _run(machine, 400)
    assert (_word(machine, "configured"), _word(machine, "line_state")) == (1, 0)
    assert machine.serial() == b""
    machine.usb.open(9600)
    _run(machine, 20)
    assert machine.serial() == b"hello\r\nwaiting"
    assert _word(machine, "baud") == 9600
    machine.usb.close()
    _run(machine, 20)
    assert _word(machine, "line_state") == 0


def test_the_1200_baud_touch_arrives(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    _run(machine, 400)
    assert _word(machine, "touched") == 0
    machine.usb.touch()
    _run(machine, 20)
    assert (_word(machine, "touched"), _word(machine, "line_state")) == (1, 0)


def test_frames_interrupt_each_millisecond_while_wanted(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    _run(machine, 400)
    assert _word(machine, "frames") == 0
    count = machine.bus.read(0x40027520, 4)
    assert machine.bus.read(0x40027154, 4) == 1
    machine.bus.write(0x40027154, 4, 0)
    assert machine.bus.read(0x40027154, 4) == 0
    machine.bus.write(0x40027304, 4, 1 << 21)
    _run(machine, 100)
    assert 99 <= _word(machine, "frames") <= 101
    assert 99 <= (machine.bus.read(0x40027520, 4) - count) & 0x7FF <= 101
    machine.bus.write(0x40027308, 4, 1 << 21)
    frames = _word(machine, "frames")
    _run(machine, 10)
    assert _word(machine, "frames") == frames


def test_the_port_comes_again_after_a_reset(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    _run(machine, 400)
    machine.restart(Cause.SOFTWARE)
    assert machine.usb.port is None
    _run(machine, 400)
    assert machine.serial() == b"hello\r\n" * 2


def test_a_device_that_does_not_answer_is_told(bare: Compiler) -> None:
    machine = bare.machine(ECHO.replace("USBD(0x15C) = 0; setup();", "USBD(0x15C) = 0;"))
    _run(machine, 6000)
    assert machine.serial() == b""
    assert any("did not answer" in note for note in machine.notes)


def test_a_device_that_refuses_is_told(bare: Compiler) -> None:
    machine = bare.machine(ECHO.replace("if (kind == 1) answer", "if (kind == 9) answer"))
    _run(machine, 400)
    assert any("refused" in note and "80060001" in note for note in machine.notes)


def test_a_device_without_names_or_without_a_port(bare: Compiler) -> None:
    machine = bare.machine(ECHO.replace("kind == 3 &&", "kind == 99 &&"))
    _run(machine, 400)
    assert machine.serial() == b"hello\r\n"
    assert machine.usb.strings == {}
    machine = bare.machine(ECHO.replace("2, 10, 0, 0, 0,", "2, 255, 0, 0, 0,"))
    _run(machine, 400)
    assert _word(machine, "configured") == 1
    assert any("no CDC ACM port" in note for note in machine.notes)


def test_the_host_goes_on_from_a_snapshot(bare: Compiler) -> None:
    # In the middle of the enumeration, of a control transfer, and of the data.
    machine = bare.machine(ECHO)
    machine.usb.send(bytes(range(200)))
    whole = bare.machine(ECHO)
    whole.usb.send(bytes(range(200)))
    _run(whole, 400)
    for ms in (50, 170.05, 238.1, 243.45):
        _run(machine, ms - machine.clock.now / MS)
        snapshot = machine.save()
        _run(machine, 400 - machine.clock.now / MS)
        assert machine.console.outputs == whole.console.outputs
        machine.load(snapshot)


@given(st.binary(max_size=80))
def test_any_descriptor_is_read_without_harm(data: bytes) -> None:
    find_cdc(data)


def test_a_driver_may_send_control_transfers_and_poll_an_interrupt_endpoint(bare: Compiler) -> None:
    """Beside the serial port: here they ask for a descriptor, and for what the device refuses."""
    machine = bare.machine(ECHO)
    _run(machine, 400)
    usb = machine.usb
    usb.transfer(bytes([0x80, 6, 0, 1, 0, 0, 18, 0]))
    usb.transfer(bytes([0xC0, 0x55, 0, 0, 0, 0, 4, 0]))
    usb.transfer(bytes([0x21, 0x22, 1, 0, 0, 0, 0, 0]))
    usb.poll(6, 2)
    _run(machine, 20)
    descriptor, refused = usb.replies
    assert descriptor[:2] == bytes([18, 1])
    assert len(descriptor) == 18
    assert refused is None
    assert _word(machine, "line_state") == 1
    assert usb.read_packets == []
    half = machine.save()
    usb.device.to_host[6] = b"state"  # as EasyDMA leaves a packet there
    usb.look()
    _run(machine, 1.9)
    assert usb.read_packets == []
    _run(machine, 0.2)
    assert usb.read_packets == [(6, b"state")]
    machine.load(half)
    assert usb.read_packets == []
    assert usb.polled == {6: 2}


def test_what_a_driver_waits_for_is_over_when_the_cable_is_pulled(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    _run(machine, 400)
    machine.usb.poll(6, 2)
    machine.usb.detach()
    assert machine.usb.polled == {}
