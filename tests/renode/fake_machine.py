"""The machine behind the stand-in for Renode: the embedded emulator, made to do what Renode was seen to do.

- Reads where nothing is give 0, writes there are dropped, each with a warning in the log, which grows with
  them. A Python peripheral over the range is asked instead; it can halt the CPU, which goes on to the end of
  its block.
- Running code where nothing is aborts the CPU: an error in the log, and no answer ever again. Over a Python
  peripheral it reads from that.
- The firmware may write to flash, whatever NVMC says; there is no NVMC, its tags alone answer.
- RAM is at 0x800000 too.
- LDM, LDRD and kin may be unaligned.
- A breakpoint leads to the handler of the debug monitor; DEMCR reads as 0.
- A reset loses the place of the vector table: the CPU is locked up behind it. Peripherals that are initable
  run their script for it.
- There is no TEMP, SAADC and so on; no cycle counter without ``Miscellaneous.DWT``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fake_python import scope_of_file

from mlbench.cycles.model import load_model
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine

CLOCK_HZ = 64_000_000
PAGE = 4096
LOCKED_UP = 0xEFFFFFFE
_DEMCR = 0xE000EDFC
_CODE_RAM = 0x800000
_DWT = 0xE0001000
_NRF52840 = (0x40000000, 0x40001000, 0x40002000, 0x40003000, 0x40004000, 0x40006000, 0x40008000, 0x40009000,
             0x4000A000, 0x4000B000, 0x4000D000, 0x4000E000, 0x40010000, 0x40011000, 0x40014000, 0x40015000,
             0x40016000, 0x40017000, 0x40018000, 0x40019000, 0x4001A000, 0x4001B000, 0x4001D000, 0x4001F000,
             0x40023000, 0x40024000, 0x40025000, 0x40028000, 0x50000000, 0x50000300)  # fmt: skip
"""Where Renode's own description of the chip has peripherals (and GPIO, whose registers are at 0x500)."""


class Halted(Exception):
    """The CPU was halted in the middle of running."""


class OutsideMemory(Exception):
    """Code was to be run where no memory is."""

    def __init__(self, address: int) -> None:
        self.address = address


class PythonPeripheral:
    """``Python.PythonPeripheral``: its script is compiled once and run for each access."""

    def __init__(self, start: int, size: int, initable: bool, script: str) -> None:
        self.start, self.size, self.initable = start, size, initable
        self._code = compile(script, "peripheral", "exec")
        self._scope = scope_of_file(self=self, size=size)
        self._ready = not initable

    def run(self, offset: int, value: int | None, *, init: bool = False) -> int:
        if not self._ready:
            self._ready = True
            self.run(0, None, init=True)
        request = SimpleNamespace(
            Offset=offset, Value=value or 0, IsInit=init, IsRead=not init and value is None
        )
        request.IsWrite = not init and value is not None
        self._scope["request"] = request
        exec(self._code, self._scope)
        return int(request.Value)

    def overlaps(self, other: PythonPeripheral) -> bool:
        return other.start < self.start + self.size and self.start < other.start + other.size

    def reset(self) -> None:
        if self.initable:
            self._ready = True
            self.run(0, None, init=True)


class Platform:
    """What a description asks for."""

    def __init__(self, text: str) -> None:
        entries = dict(re.findall(r"(?m)^(\w+):((?:.*\n(?:[ \t]+.*\n|\n(?=[ \t]))*)?)", text))
        self.has_dwt = "Miscellaneous.DWT @ sysbus 0xE0001000" in entries.get("dwt", "")
        self.has_usb = "usbd" in entries
        self.tags = {
            int(a, 16): int(v, 16) for a, v in re.findall(r'Tag <(0x\w+), \w+> "[^"]*" (0x\w+)', text)
        }
        self.peripherals = [
            self._python(body) for body in entries.values() if "Python.PythonPeripheral" in body
        ]
        for one in self.peripherals:
            assert not any(one.overlaps(other) for other in self.peripherals if other is not one), one.start

    def _python(self, body: str) -> PythonPeripheral:
        value = dict(re.findall(r"(size|initable|filename): \"?([^\"\n]+)\"?", body))
        place = re.search(r"@ sysbus (0x[0-9a-fA-F]+)", body)
        size = int(value["size"], 0)
        assert place
        assert size < 1 << 31, "the size is an int"
        assert value["filename"].startswith("/"), "it would be looked for in Renode's installation"
        script = Path(value["filename"]).read_text()
        return PythonPeripheral(int(place[1], 16), size, value["initable"] == "true", script)

    def at(self, address: int) -> PythonPeripheral | None:
        return next((one for one in self.peripherals if one.start <= address < one.start + one.size), None)


class RenodeLike:
    """The emulator's machine with Renode's manners."""

    def __init__(
        self, image: Any, platform: Platform, patches: list[tuple[int, int]], log: Callable[..., None]
    ):
        model = load_model(NRF52840.cost_table, checks_alignment=False)
        self.machine = Machine(image, NRF52840, model=model)
        self.platform, self._log = platform, log
        self.halted = self.locked = False
        flash = self.machine.flash.data
        for address in range(0, len(flash), PAGE):  # Renode's memory is 0 where nothing was loaded
            if flash[address : address + PAGE] == b"\xff" * PAGE:
                flash[address : address + PAGE] = bytes(PAGE)
        for address, value in patches:
            self.machine.patch_flash(address, value.to_bytes(4, "little"))
        self._remove_peripherals()
        self._let_pass()
        self.machine.cpu.program = self._program
        # What polls registers is not counted ahead: each read is one.
        self.machine._polling.read = lambda *_: None  # type: ignore[method-assign]
        self.machine.scs._store(0xDFC, 1 << 16)  # a breakpoint leads to the debug monitor
        self._failed, self._settle = self.machine.processor._access_failed, self.machine._before_running
        self.machine.processor._access_failed = self._access_failed  # type: ignore[method-assign]
        self._refused = self.machine.processor._memory_refused
        self.machine.processor._memory_refused = self._memory_refused  # type: ignore[method-assign]
        self.machine._before_running = self._before_running  # type: ignore[method-assign]

    def _remove_peripherals(self) -> None:
        bus = self.machine.bus
        usb = {0x40027000} if self.platform.has_usb else set()
        keep = {*_NRF52840, *usb, *({_DWT} if self.platform.has_dwt else ())}
        for part in list(bus._peripherals):
            if part.base not in keep and (part.base < 0xE0000000 or part.base == _DWT):
                at = bus._peripherals.index(part)
                del bus._peripherals[at], bus._starts[at]
        self._read, bus.read = bus.read, self._bus_read  # type: ignore[method-assign]
        self._write, bus.write = bus.write, self._bus_write  # type: ignore[method-assign]

    def _let_pass(self) -> None:
        """Nothing of the address space faults."""
        machine = self.machine
        taken = [(machine.flash.start, machine.flash.end), (machine.ram.start, machine.ram.end)]
        taken += [(w.start, w.start + w.size) for w in machine.chip.windows] + [(0xE0000000, 0x100000000)]
        taken.append((_CODE_RAM, _CODE_RAM + machine.ram.size))
        at = 0
        for start, end in sorted(taken):
            while at < start:
                size = min(start - at, 0x40000000)
                self._map(at, size)
                at += size
            at = max(at, end)

    def _map(self, start: int, size: int) -> None:
        def read(_uc: object, offset: int, width: int, _user: object) -> int:
            return self.access(start + offset, width, None)

        def write(_uc: object, offset: int, width: int, value: int, _user: object) -> None:
            self.access(start + offset, width, value)

        self.machine.cpu.uc.mmio_map(start, size, read, None, write, None)

    # --- accesses -------------------------------------------------------------------------------

    def access(self, address: int, width: int, value: int | None) -> int:
        """Where no memory is."""
        one = self.platform.at(address)
        if one is not None:
            result = one.run(address - one.start, value)
            if self.halted:
                self.machine.attention()
            return result & (1 << 8 * width) - 1
        if address & ~3 in self.platform.tags and value is None:
            return self.platform.tags[address & ~3]
        what = "ReadDoubleWord from" if value is None else "WriteDoubleWord to"
        self._log(
            2, f"sysbus: [cpu: {self.machine.cpu.pc:#x}] {what} non existing peripheral at {address:#X}."
        )
        return 0

    def _bus_read(self, address: int, size: int) -> int:
        if self.machine.bus.find(address) is None:
            return self.access(address, size, None)
        return self._read(address, size)

    def _bus_write(self, address: int, size: int, value: int) -> None:
        if self.machine.bus.find(address) is None:
            self.access(address, size, value)
        else:
            self._write(address, size, value)

    def word(self, address: int) -> int:
        """What the bus gives a debugger."""
        if self.machine.cpu.memory_at(address) is not None:
            return self.machine.cpu.word(address)
        if address >= 0xE0000000:
            return 0
        return self.access(address, 4, None)

    def _program(self, address: int, size: int, value: int) -> bool:
        flash = self.machine.flash
        if not flash.start <= address <= flash.end - size:
            return False
        self.machine.flash_array._put(address, value.to_bytes(4, "little")[:size])
        return True

    def _access_failed(self) -> Any:
        access = self.machine.cpu.access_fault
        if access is not None and access.kind == "fetch":
            raise OutsideMemory(self.machine.cpu.pc)
        return self._failed()

    def _memory_refused(self, executing: bool) -> Any:
        if executing:
            raise OutsideMemory(self.machine.cpu.pc)
        return self._refused(executing)

    def _before_running(self) -> Any:
        if self.halted:
            raise Halted
        return self._settle()

    # --- running --------------------------------------------------------------------------------

    def run(self, until: int, resume: bool) -> int | None:
        """Run to a hook's address, which is given, or to the time, or until the CPU is halted: None.

        Raises OutsideMemory where Renode would abort the CPU.
        """
        if self.locked:
            return None
        try:
            ending = self.machine.run(until, resume=resume)
        except Halted:
            return None
        except OutsideMemory as outside:
            one = self.platform.at(outside.address)
            if one is None:
                raise
            one.run(outside.address - one.start, None)
            return None
        if ending.end is End.BREAKPOINT:
            return ending.address
        if ending.end is End.RESET:
            self.locked = True
            for one in self.platform.peripherals:
                one.reset()
        elif ending.end is End.FAULT:
            self.locked = True
        return None

    @property
    def pc(self) -> int:
        return LOCKED_UP if self.locked else self.machine.cpu.pc
