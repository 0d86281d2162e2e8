"""Bluetooth controllers that others have built: Zephyr 4.4.0, its samples hci_usb and hci_uart.

They come up, and answer commands of the Bluetooth Core Specification (version 5.4, volume 4, part E), over
USB (part B: commands by control transfers, events by an interrupt endpoint) and UART (part A).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from bare_image import MS

from mlbench.elf.given_files import GivenFiles, read_given
from mlbench.elf.image import Image
from mlbench.emulator.chips import load_chip
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine

USB = ["hci_usb_nrf52840dk_default", "hci_usb_nrf52840dk_legacy", "hci_usb_nrf52840dk_acl_502"]
UART = "hci_uart_nrf52dk_default"
RESET, READ_LOCAL_VERSION, LE_ENCRYPT, LE_RAND = 0x0C03, 0x1001, 0x2017, 0x2018
COMMAND, EVENT = 1, 4
"""Types of packets on a UART (part A, 2)."""
COMMAND_COMPLETE = 0x0E
EVENTS_ENDPOINT = 1
LINUX_FOUNDATION, VERSIONS = 0x05F1, range(9, 32)
"""Who made the controller's software, and versions of the specification from 5.0 on (assigned numbers)."""
# Volume 6, part C, 1: LTK, SKD and the session key, most significant octet first.
KEY = bytes.fromhex("4c68384139f574d836bcf34e9dfb01bf")
PLAIN = bytes.fromhex("0213243546576879acbdcedfe0f10213")
ENCIPHERED = bytes.fromhex("99ad1b5226a37e3e058e3b8e27c2c666")


class Controller:
    """A controller, and a host that sends it commands."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._bytes = bytearray()

    def wait(self, met: Callable[[], bool], ms: int) -> None:
        """Run until something is so; it must be within so many milliseconds of virtual time."""
        for _ in range(ms):
            if met():
                return
            ending = self.machine.run(self.machine.clock.now + MS, host_seconds=20)
            assert ending.end in (End.DEADLINE, End.IDLE), ending
        raise AssertionError(f"not so within {ms} ms")

    def send(self, packet: bytes) -> None:
        raise NotImplementedError

    def received(self) -> bytes:
        """Bytes of events since it was last asked."""
        raise NotImplementedError

    def events(self) -> Iterator[tuple[int, bytes]]:
        """Whole events that have come: code and parameters."""
        self._bytes += self.received()
        while len(self._bytes) >= 2 and len(self._bytes) >= 2 + self._bytes[1]:
            event = bytes(self._bytes[: 2 + self._bytes[1]])
            del self._bytes[: len(event)]
            yield event[0], event[2:]

    def command(self, opcode: int, parameters: bytes = b"", ms: int = 500) -> bytes:
        """What a command returns, after its status, which must be success (part E, 7.7.14)."""
        self.send(opcode.to_bytes(2, "little") + bytes([len(parameters)]) + parameters)
        answers: list[bytes] = []

        def answered() -> bool:
            answers.extend(data for code, data in self.events() if code == COMMAND_COMPLETE)
            return any(int.from_bytes(data[1:3], "little") == opcode for data in answers)

        self.wait(answered, ms)
        (answer,) = (data for data in answers if int.from_bytes(data[1:3], "little") == opcode)
        assert answer[3] == 0, f"status {answer[3]:#x}"
        return answer[4:]


class UsbController(Controller):
    """Over USB: an event is cut into packets of its endpoint's size."""

    def send(self, packet: bytes) -> None:
        assert self.machine.usb is not None
        self.machine.usb.transfer(bytes([0x20, 0, 0, 0, 0, 0]) + len(packet).to_bytes(2, "little"), packet)

    def received(self) -> bytes:
        assert self.machine.usb is not None
        packets = self.machine.usb.read_packets
        assert all(endpoint == EVENTS_ENDPOINT for endpoint, _ in packets)
        data = b"".join(packet for _, packet in packets)
        packets.clear()
        return data


class UartController(Controller):
    """Over UARTE, each packet after its type."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._taken = 0

    def send(self, packet: bytes) -> None:
        self.machine.console.feed("uart0", bytes([COMMAND]) + packet)

    def received(self) -> bytes:
        text = self.machine.console.text("uart0")
        if len(text) < self._taken + 3 or len(text) < self._taken + 3 + text[self._taken + 2]:
            return b""
        assert text[self._taken] == EVENT
        event = text[self._taken + 1 : self._taken + 3 + text[self._taken + 2]]
        self._taken += 1 + len(event)
        return event


def image(name: str) -> Image:
    """The firmware of a package, which is an Intel HEX file."""
    return read_given(GivenFiles((Path(str(files(f"zephyr_4_4_0_{name}").joinpath("firmware.hex"))),))).image


def usb_controller(name: str, *, python: bool = False) -> UsbController:
    """One that the host has configured, and whose events it reads."""
    controller = UsbController(Machine(image(name), load_chip("nrf52840"), force_python=python))
    usb = controller.machine.usb
    assert usb is not None
    controller.wait(lambda: usb.configured, 1000)
    usb.poll(EVENTS_ENDPOINT, 1)
    return controller


def converse(controller: Controller) -> list[bytes]:
    """The four commands; what they return."""
    assert controller.command(RESET) == b""
    version = controller.command(READ_LOCAL_VERSION)
    random = controller.command(LE_RAND)
    enciphered = controller.command(LE_ENCRYPT, KEY[::-1] + PLAIN[::-1])
    return [version, random, enciphered]


def check(answers: list[bytes]) -> None:
    version, random, enciphered = answers
    hci, lmp = version[0], version[3]
    assert hci == lmp
    assert hci in VERSIONS
    assert int.from_bytes(version[4:6], "little") == LINUX_FOUNDATION
    assert len(random) == 8
    assert len(set(random)) > 2, "eight numbers of the generator"
    assert enciphered[::-1] == ENCIPHERED


@pytest.mark.parametrize("name", USB)
def test_a_controller_on_usb_is_configured_and_answers(name: str) -> None:
    controller = usb_controller(name)
    check(converse(controller))
    usb = controller.machine.usb
    assert usb is not None
    assert all(reply == b"" for reply in usb.replies)
    assert controller.machine.notes == ["USB: the firmware's device has no CDC ACM port"]


def test_a_controller_on_a_uart_answers() -> None:
    controller = UartController(Machine(image(UART), load_chip("nrf52832")))
    check(converse(controller))
    assert controller.machine.notes == []


@pytest.mark.slow
def test_it_answers_the_same_with_the_block_hook_in_python() -> None:
    told = []
    for python in (False, True):
        controller = usb_controller(USB[0], python=python)
        told.append(
            (converse(controller), controller.machine.clock.now, controller.machine.hook.instructions)
        )
    assert told[0] == told[1]
