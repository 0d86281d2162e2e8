"""An emulated chip: runs an image in virtual time until something the caller asked for.

The machine knows no measures and no Arduino. It stops at breakpoints, faults, hangs and deadlines, and
says which; what that means is for the target to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from unicorn import arm_const

from mlbench.cycles.model import CostModel, load_model
from mlbench.elf.debugger_calls import calls_debugger
from mlbench.elf.image import Image
from mlbench.emulator import exceptions, transfers
from mlbench.emulator.block_hook import NEVER, Stop, make_block_hook
from mlbench.emulator.bus import Bus
from mlbench.emulator.chip import Chip, Region
from mlbench.emulator.clock import Clock
from mlbench.emulator.console import Console
from mlbench.emulator.core_record import Switched
from mlbench.emulator.cpu import Cpu, CpuStop, Trap, Why
from mlbench.emulator.endings import RESETS, End, Ending
from mlbench.emulator.faults import FaultLog
from mlbench.emulator.flash import FlashArray
from mlbench.emulator.hook_common import COUNTED, LOOK_HOST, LOOK_PENDING
from mlbench.emulator.host_time import Activity, HostTime
from mlbench.emulator.line_places import LinePlaces
from mlbench.emulator.loading import load_image
from mlbench.emulator.mpu_stores import RefusedStores
from mlbench.emulator.nvic import Nvic
from mlbench.emulator.page_splits import join
from mlbench.emulator.path_times import FunctionNumbers
from mlbench.emulator.peripherals.base import Cause, Peripheral, never
from mlbench.emulator.peripherals.core import SystemControl
from mlbench.emulator.peripherals.trace import Dwt, Itm, Tpiu
from mlbench.emulator.peripherals.two_wires import TwoWireDevice
from mlbench.emulator.polling import Polling
from mlbench.emulator.positions import Positions
from mlbench.emulator.processor import Processor
from mlbench.emulator.ram_code import RamCode
from mlbench.emulator.rtt import Rtt
from mlbench.emulator.semihosting import Semihosting
from mlbench.emulator.sensors.wiring import Sensors
from mlbench.emulator.softdevice import InFront
from mlbench.emulator.wait_count import Waited

__all__ = ["End", "Ending", "Machine"]

_CORE = Region(0xE0000000, 0x100000)
"""The core's own registers (ARMv7-M ARM, B3.1.1, Private Peripheral Bus)."""
_MOST_NOTES = 100
"""Firmware that goes astray can touch any number of registers."""
_HOST_CHECK_CYCLES = 1 << 21
_HOST_CHECK_STOPS = 1 << 10
"""How often a long run looks at the host's clock: in virtual cycles, and in stops of the CPU."""

_Part = TypeVar("_Part", bound=Peripheral)


class Machine:
    """One emulated chip with one image in its flash."""

    def __init__(
        self, image: Image, chip: Chip, *, model: CostModel | None = None, force_python: bool = False
    ) -> None:
        self.image, self.chip = image, chip
        self.model = model or load_model(chip.cost_table)
        self.hook = make_block_hook(self.model, chip, force_python=force_python)
        self.cpu = Cpu(self.hook)
        self.nvic = Nvic(chip.irqs, chip.priority_bits)
        self.clock = Clock(self.hook, self.model.clock_hz)
        self.console = Console(self.now)
        self.notes: list[str] = []
        self._published: Callable[[int], None] | None = None
        """Who passes events on."""
        self._unknown: set[tuple[int, bool]] = set()
        """Registers that a note has told of, and whether they were written."""
        self._event_time: int | None = None
        self._debugged: bool | None = None
        """Whether the image has calls for a debugger, once that was looked for."""
        self._reset_wanted: Cause | None = None
        self._deadline = NEVER
        self.activity = Activity()
        self.functions = FunctionNumbers(image)
        self.places = LinePlaces(image, self.model.run)
        self._map()
        self._vectors = load_image(self.cpu, self.bus, image, chip)
        begins = self._vectors if chip.softdevice else chip.flash.start
        self.processor.stand_behind(InFront(self.cpu.read, chip.flash.start, begins))
        self.flash_array.programmed()
        self._loaded_ram = bytes(self.ram.data)
        self.stuck: Callable[[], bool] | None = None
        """Asked where code branches to itself: whether that is the end, though interrupts may still come."""
        self.pause: Callable[[], bool] | None = None
        """Asked now and then in a long run: whether to stop with ``End.PAUSE``."""
        self._on_read: Callable[[int, int], None] | None = None
        self._breaks: set[int] = set()
        if self.usb is not None:
            self.usb.attach()
        self.initial: object = None
        self.reset()

    # --- what peripherals may ask ------------------------------------------------------------

    def schedule(self, owner: str, name: str, after_us: float) -> None:
        """See ``peripherals.base.Machine``."""
        self.clock.schedule(owner, name, self.now() + max(1, self.clock.cycles(after_us)))

    def schedule_at(self, owner: str, name: str, at: int) -> None:
        """See ``peripherals.base.Machine``."""
        self.clock.schedule(owner, name, at)

    def cancel(self, owner: str, name: str) -> None:
        """See ``peripherals.base.Machine``."""
        self.clock.cancel(owner, name)

    def due(self, owner: str, name: str) -> bool:
        """See ``peripherals.base.Machine``."""
        return self.clock.at(owner, name) <= self.now()

    def now(self) -> int:
        """See ``peripherals.base.Machine``."""
        # An event happens at its own time, however late it is that the CPU comes to a stop.
        return self.clock.now if self._event_time is None else self._event_time

    def hz(self) -> int:
        """See ``peripherals.base.Machine``."""
        return self.clock.hz

    def set_line(self, irq: int, high: bool) -> None:
        """See ``peripherals.base.Machine``."""
        if self.nvic.set_line(irq, high):
            self.look_at_pending()

    def read_memory(self, address: int, size: int) -> bytes:
        """EasyDMA reaches data RAM only."""
        if self.chip.ram.holds(address):
            return self.cpu.read(address, size)
        return b""

    def write_memory(self, address: int, data: bytes) -> bool:
        """EasyDMA reaches data RAM only; the rest is lost."""
        if not self.chip.ram.start <= address <= self.chip.ram.end - len(data):
            return False
        self.cpu.write(address, data)
        if self.ram_code.written(address, len(data)):
            self.attention()
        return True

    def published(self, address: int) -> None:
        """Pass an event on."""
        if self._published is not None:
            self._published(address)

    def route_events(self, published: Callable[[int], None]) -> None:
        """See ``peripherals.base.Machine``."""
        self._published = published

    def two_wire_device(self, scl: int, sda: int, address: int) -> TwoWireDevice | None:
        """See ``peripherals.base.Machine``."""
        return self.sensors.at(scl, sda, address) if self.sensors is not None else None

    def start_task(self, address: int) -> None:
        """See ``peripherals.base.Machine``."""
        self.bus.start_task(address)

    def offer_stores(self, taken: Callable[[int, int, int], bool]) -> None:
        """See ``peripherals.base.Machine``."""
        self.cpu.program = taken

    def part(self, kind: type[_Part], name: str) -> _Part:
        """See ``peripherals.base.Machine``."""
        peripheral = self.bus.by_name[name]
        assert isinstance(peripheral, kind), name
        return peripheral

    def _debugger(self) -> bool:
        """Whether the firmware meets a debugger: one that asks for semihosting does."""
        if self._debugged is None:
            self._debugged = calls_debugger(self.image)
        return self._debugged

    def note(self, text: str) -> None:
        """Keep a remark for the user, once."""
        if text not in self.notes and len(self.notes) <= _MOST_NOTES:
            self.notes.append(text if len(self.notes) < _MOST_NOTES else "further remarks are left out")

    def request_reset(self, cause: Cause) -> None:
        """See ``peripherals.base.Machine``."""
        self._reset_wanted = cause
        self.attention()

    # --- set-up ------------------------------------------------------------------------------

    def _map(self) -> None:
        cpu, chip = self.cpu, self.chip
        self.flash = cpu.map("flash", chip.flash.start, chip.flash.size, writable=False)
        self.ram = cpu.map("RAM", chip.ram.start, chip.ram.size, writable=True)
        second = (cpu.map_again("code RAM", chip.code_ram, self.ram),) if chip.code_ram else ()
        self.ram_code = RamCode(cpu, self.hook, (self.ram, *second), self.activity, self.attention)
        self.bus = Bus(self._unknown_register)
        self._polling = Polling(
            cpu,
            self.hook,
            self.ram,
            self._steady,
            self._turns_skipped,
            self.nvic.record,
        )
        self.flash_array = FlashArray(self.flash, cpu, self.hook, self.clock)
        for make, place in chip.peripherals:
            self.bus.add(make(self, place))
        self.usb = chip.usb_host(self) if chip.usb_host is not None else None
        if self.usb is not None:
            self.bus.add_outside(self.usb)
        self.sensors = Sensors(self, chip.sensors) if chip.sensors is not None else None
        if self.sensors is not None:
            for part in (self.sensors.surroundings, *self.sensors.parts):
                self.bus.add_outside(part)
        self.scs = SystemControl(
            self,
            self.nvic,
            cpu,
            self.attention,
            self.look_at_pending,
            float_on=chip.start.float_on,
            debugger=self._debugger,
        )
        dwt = Dwt(self, self.scs.traced)
        self.scs.on_trace = dwt.switch
        for core_part in (self.scs, dwt, Itm(self, self.scs.traced), Tpiu(self)):
            self.bus.add(core_part)
        self.console.attach("itm")
        self.console.attach("semihosting")
        self.processor = Processor(
            cpu,
            self.hook,
            self.clock,
            self.model.run,
            self.scs,
            FaultLog(cpu, self.nvic, self.clock, self.image),
            Semihosting(cpu, self.clock, self.console),
            self.note,
            chip,
            self.activity,
        )
        self._refused_stores = RefusedStores(cpu, self.scs.mpu, self.write_memory)
        self.rtt = Rtt(self, self.ram)
        self.bus.add_outside(self.rtt)
        self._positions = Positions(self.model, self.hook, cpu.read, cpu.r, self.nvic.record)
        self._fresh = self.bus.save()
        for window in (*chip.windows, _CORE):
            start = window.start
            reader, writer = self._reader(start), self._writer(start)
            if start == _CORE.start and self.processor.native is not None:
                self.processor.native.map(start, window.size, reader, writer, self.clock.waiting.last)
            else:
                cpu.uc.mmio_map(start, window.size, reader, None, writer, None)

    def _refused(self, start: int, offset: int, size: int, kind: str) -> bool:
        """The core's own registers are not for unprivileged code (B3.1.1), but for a few."""
        address = start + offset
        if start != _CORE.start or not exceptions.unprivileged(self.cpu):
            return False
        if kind == "write" and (self.scs.user_may_pend(address) or address < _CORE.start + 0x80):
            return False
        self.cpu.refuse(kind, address, size)
        return True

    def _reader(self, start: int) -> Callable[..., int]:
        def read(_uc: object, offset: int, size: int, _user: object) -> int:
            if self._refused(start, offset, size, "read"):
                return 0
            self.activity.registers += 1
            try:
                self._come_to(start + offset, stores=False)
                value = self.bus.read(start + offset, size)
                self.clock.waiting.read(start + offset, value, self.hook.cycles)
                self._polling.read(start + offset, value)
            finally:
                self.clock.ahead = 0
            if self._on_read is not None:
                self._on_read(start + offset, value)
            return value

        return read

    def _writer(self, start: int) -> Callable[..., None]:
        def write(_uc: object, offset: int, size: int, value: int, _user: object) -> None:
            if self._refused(start, offset, size, "write"):
                return
            self._polling.forget()
            self.activity.registers += 1
            try:
                self._come_to(start + offset, stores=True)
                self.bus.write(start + offset, size, value)
            finally:
                self.clock.ahead = 0

        return write

    def _steady(self, address: int) -> Callable[[], int] | None:
        """See ``Polling``: what the register says itself; event registers are changed by events."""
        until = self.bus.steady(address)
        events = self.chip.events
        if until is None and events is not None and events.holds(address):
            return never
        return until

    def _turns_skipped(self, cycles: int, polled: dict[int, int]) -> None:
        self.clock.waiting.skipped(cycles, polled)
        self._positions.moved()

    def _come_to(self, address: int, *, stores: bool) -> None:
        """It is the time of the instruction that accesses a register; what is overdue happens first.

        A write may change when it would happen next. ``clock.ahead`` is 0 again at the end of the access.
        """
        self.clock.ahead = self._positions.left(address, stores=stores)
        if self.clock.now >= self.hook.event_at:
            self._let_events_happen()

    def reset(self) -> None:
        """Power-on reset, then what a bootloader does: it jumps to the image, with VTOR at its table."""
        if self.initial is None:
            self.initial = self.save()
        else:
            self.load(self.initial)
        self.ram.data[:] = self._loaded_ram
        self._start_cpu()

    def restart(self, cause: Cause) -> None:
        """Reset the chip and start its image again, as the chip does: time, RAM and the host's side go on.

        Which parts are reset depends on the cause (nRF52840 PS v1.7, section 5.3, "Reset behavior"). RAM
        keeps its contents, which the manual does not promise for a watchdog reset.
        """
        self._reset_wanted = None
        self.processor.reset()
        self.bus.reset(cause, self._fresh, self.clock.forget)
        self._start_cpu()

    def _start_cpu(self) -> None:
        self.scs.vector_table = self._vectors
        self.flash_array.switch_cache(self.chip.start.cache_on)
        cpu = self.cpu
        exceptions.reset(cpu, cpu.word(self._vectors) & ~3)
        cpu.pc = cpu.word(self._vectors + 4)
        self.hook.expected = cpu.pc

    def patch_flash(self, address: int, data: bytes) -> None:
        """Write to flash from outside, as a programmer would."""
        self.flash_array.patch(address, data)

    def waited(self, before: Waited) -> tuple[tuple[str, int], ...]:
        """Cycles waited for each peripheral since ``clock.waiting.save`` gave ``before``; most first.

        The name is that of the peripheral that is polled, or whose event ends the CPU's sleep.
        """
        slept, polled = self.clock.waiting.since(before)
        for address, cycles in polled.items():
            part = self.bus.find(address)
            slept[part.name if part is not None else f"{address:#010x}"] += cycles
        return tuple(slept.most_common())

    # --- state -------------------------------------------------------------------------------

    def save(self) -> Any:
        """A snapshot: everything that decides how the run goes on."""
        return (
            self.cpu.uc.context_save(),
            bytes(self.ram.data),
            self.hook.save(),
            self.clock.save(),
            self.nvic.save(),
            self.bus.save(),
            self.console.save(),
            self.processor.save(),
            self.flash_array.save(),
        )

    def load(self, saved: Any) -> None:
        """Go back to a snapshot."""
        context, ram, hook, clock, nvic, bus, console, processor, flash = saved
        self.flash_array.load(flash)
        self.processor.load(processor)
        self.cpu.uc.context_restore(context)
        self.ram.data[:] = ram
        if self.ram_code.any:
            # It may be other code by now, and the CPU has not seen it change.
            self.cpu.uc.ctl_flush_tb()
        self.hook.load(hook)
        self._positions.forget()
        self.clock.load(clock)
        self.nvic.load(nvic)
        self.bus.load(bus)
        self.console.load(console)
        self._reset_wanted = None

    def attention(self) -> None:
        """Settle what has changed, and look at pending exceptions, before the next block."""
        self.hook.attention |= LOOK_HOST

    def look_at_pending(self) -> None:
        """Look at pending exceptions before the next block, and at nothing else."""
        self.hook.attention |= LOOK_PENDING

    def _unknown_register(self, address: int, write: bool) -> None:
        if (address, write) in self._unknown or len(self._unknown) > _MOST_NOTES:
            return
        self._unknown.add((address, write))
        verb = "write to" if write else "read of"
        symbol = self.image.function_at(self.hook.expected - 2)
        place = f" in {symbol.demangled}" if symbol else ""
        # Within a block Unicorn's PC is where the block begins.
        absent = self.chip.absent_at(address)
        why = f"{self.chip.title} has no {absent}" if absent else "not modelled"
        self.note(f"{verb} {address:#010x}{place}, by code at {self.hook.current:#x}: {why}, reads as 0")

    @property
    def on_switch(self) -> Switched | None:
        """Told when the CPU may use another stack, with the address of the exception frame, or 0."""
        return self.processor.on_switch

    @on_switch.setter
    def on_switch(self, listener: Switched | None) -> None:
        self.processor.on_switch = listener

    @property
    def on_read(self) -> Callable[[int, int], None] | None:
        """Told of each read of a register: its address and value."""
        return self._on_read

    @on_read.setter
    def on_read(self, listener: Callable[[int, int], None] | None) -> None:
        self._on_read = listener
        self.nvic.record.reads_told = listener is not None

    def set_break(self, address: int, on: bool = True) -> None:
        """Stop, or no longer stop, before a block that starts at ``address``."""
        (self._breaks.add if on else self._breaks.discard)(address)
        self.hook.set_break(address, on)

    def follow_calls(self, on: bool = True, *, blocks: bool = False) -> None:
        """Charge cycles to the functions that take them, from now on or no longer; to ``blocks`` as well."""
        self.hook.follow_calls(self.functions if on else None, blocks=blocks)

    def price_by_place(self, on: bool = True) -> None:
        """Count as ``placement`` all that the layout costs, from now on or no longer.

        Code that has not run since then is in no cache.
        """
        self.hook.price_by_place(self.places if on else None)

    def serial(self) -> bytes:
        """What the firmware has sent, on any way."""
        return self.console.text()

    def skip(self, pc: int) -> None:
        """Go on at ``pc`` without having run what lies between."""
        self.cpu.pc = pc
        self.hook.expected = pc

    # --- running -----------------------------------------------------------------------------

    def host_time(self, seconds: float) -> HostTime:
        """So much of the host's time for a run that begins now."""
        return HostTime(seconds, self.clock, self.activity, self.image.path.name)

    def run(
        self,
        deadline: int,
        *,
        resume: bool = False,
        host_seconds: float = 600.0,
        host_time: HostTime | None = None,
    ) -> Ending:
        """Run until something is to be told.

        Args:
            deadline: cycle of the virtual clock at which to stop at the latest.
            resume: the breakpoint at the current PC has been dealt with; go past it.
            host_seconds: wall time after which the host gives up.
            host_time: the same, for a run of which this is a part.

        Raises:
            HostTimeout: the wall time was used up; says nothing about the firmware.
            SlowFirmware: it was used up, by what the firmware does.
        """
        host = host_time or self.host_time(host_seconds)
        host.check()
        self._deadline = deadline
        hook, clock = self.hook, self.clock
        if resume or hook.resumed != COUNTED:
            hook.resumed = int(resume)
        self._set_limit()
        stops = 0
        while True:
            ending = self._before_running()
            if ending is None:
                ending = self.processor.sleep() if self.processor.asleep else self._handle(self.cpu.run())
            if ending is not None:
                ending = self._with_cause(ending)
                self.rtt.poll()
                return ending
            stops += 1
            if clock.now >= self.processor.faults.until():
                return self.processor.faults.end()
            if clock.now >= clock.limit or stops % _HOST_CHECK_STOPS == 0:
                self.rtt.poll()
                if clock.now >= deadline:
                    self.processor.faults.remark(self.note)
                    return Ending(End.DEADLINE, "the deadline in virtual time passed")
                host.check()
                self._set_limit()
                if self.pause is not None and self.pause():
                    return Ending(End.PAUSE, "somebody looks at the machine")

    def _set_limit(self) -> None:
        now = self.clock.now
        self.clock.set_limit(min(self._deadline, self.processor.faults.until(), now + _HOST_CHECK_CYCLES))

    def _with_cause(self, ending: Ending) -> Ending:
        """A run that ends within the handler of a fault has ended by the fault."""
        faults = self.processor.faults
        if ending.end in (End.BREAKPOINT, End.FAULT) or not faults.handling:
            return ending
        return replace(faults.end(), cause=ending.cause)

    def _let_events_happen(self) -> None:
        """Tell peripherals of what is due, each at its own time."""
        try:
            while (due := self.clock.pop()) is not None:
                self._event_time, owner, name = due
                self.bus.by_name[owner].on_event(name)
        finally:
            self._event_time = None

    def _before_running(self) -> Ending | None:
        """Let due events happen and take the exception that is ready."""
        self._let_events_happen()
        self.flash_array.settle()
        self.processor.settle()
        self.ram_code.settle()
        if self._reset_wanted is not None:
            cause, self._reset_wanted = self._reset_wanted, None
            return Ending(End.RESET, RESETS.get(cause, "the chip was reset"), self.cpu.pc, cause)
        self.hook.attention = 0
        return self.processor.take_exception()

    def _handle(self, stop: CpuStop) -> Ending | None:
        self.processor.count_native()
        if stop.why is Why.HOOK:
            return self._handle_hot()
        if self.cpu.programmed and self.flash_array.store_done(self.processor):
            return None
        refused = stop.why is Why.EXCEPTION and stop.number == Trap.DATA_ABORT
        if refused and self._refused_stores.carry_out(self.processor):
            return None
        ending = self.processor.handle(stop)
        if self.processor.faults.handling:
            self._set_limit()
        return ending

    def _handle_hot(self) -> Ending | None:
        hook = self.hook
        reason = hook.reason
        if reason == Stop.UNKNOWN:
            self.ram_code.priced(hook.where, hook.where_size)
            it_state = transfers.it_state(self.cpu.reg(arm_const.UC_ARM_REG_XPSR))
            block = self.model.block(hook.where, hook.where_size, self.cpu.read, it_state)
            block = join(block, self.model, self.image, hook, self.cpu.read)
            hook.add(block)
            self.processor.aligned_bases.look(block)
            self.processor.traps.look(hook.where, hook.where_size)
            self._look_for_switch(hook.where + hook.where_size)
        elif reason == Stop.MISALIGNED:
            return self.processor.suspect_bases(hook.where, hook.where_size)
        elif reason == Stop.BREAKPOINT:
            return self._at_breakpoint(hook.where)
        elif reason == Stop.SELF_LOOP:
            what = "an endless loop that nothing can end"
            if self.stuck is not None and self.stuck():
                return Ending(End.IDLE, what, self.cpu.pc)
            return self._wait(what)
        return None

    def _look_for_switch(self, end: int) -> None:
        """Look for a change of stacks at ``end`` if the block before it ends with MSR to MSP, PSP or CONTROL
        (B5.2.3): the CPU ends blocks there."""
        code = self.cpu.read(end - 4, 4)
        first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
        if first & 0xFFE0 == 0xF380 and second & 0xFF00 == 0x8800 and second & 0xFF in (8, 9, 20):
            self.hook.mark_switch(end)

    def _at_breakpoint(self, address: int) -> Ending | None:
        if address in self._breaks:
            return Ending(End.BREAKPOINT, address=address)
        self.hook.resumed = 1
        return None

    def _wait(self, what: str) -> Ending | None:
        """Let time pass to the next event; where none is scheduled, that is the end.

        An event later than the deadline counts: the run may be one of many short ones.
        """
        at = self.clock.next_at()
        alone = at == NEVER or (self.processor.faults.handling and self.processor.uninterruptible())
        if alone and not self.processor.could_take():
            return Ending(End.IDLE, what, self.cpu.pc)
        self.clock.sleep_until(min(at, self.clock.limit))
        return None
