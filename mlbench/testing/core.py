"""The embedded emulator under a test's control: run to a place, a time or a text; call a function."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import unicorn
from unicorn import arm_const as arm

from mlbench.core.heap import requested
from mlbench.elf.image import Image
from mlbench.emulator.allocator import HeapRecorder
from mlbench.emulator.calls import CallState, CallTracker
from mlbench.emulator.chip import Chip
from mlbench.emulator.machine import End, Ending, Machine
from mlbench.emulator.stacks import StackState, StackWatch
from mlbench.errors import UsageError
from mlbench.targets.emulator import verdict
from mlbench.targets.emulator.fatal import FatalWatch
from mlbench.targets.emulator.sketch_loading import started_image
from mlbench.targets.entry import Entry
from mlbench.testing.aapcs import CallWords
from mlbench.testing.errors import DeviceError, Report

_SLICE_US = 200.0
"""Virtual time between two looks at the serial text."""
_MOST_RETRACED = 20_000_000
"""Instructions of a failed step that are run again to name the last functions; more would take too long."""
_LAST_FUNCTIONS = 12
_BOOT_US = 60e6
_SPARE_STACK = 512
"""Bytes of stack that a call must find free beyond its buffers, or it would not even begin."""


@dataclass(frozen=True)
class CoreSnapshot:
    """Everything that decides how the run goes on."""

    machine: Any
    calls: CallState
    stacks: StackState
    resume: bool
    begun: int | None


@dataclass(frozen=True)
class Spent:
    """What a call has cost: emulated cycles and instructions, and the deepest it went, in bytes."""

    cycles: int
    instructions: int
    stack: int
    heap: int
    core: tuple[int, int]
    floats: tuple[int, int]


class EmulatorCore:
    """One machine. When it was started, it is at the entry of setup(), of main(), or at its reset."""

    def __init__(self, image: Image, chip: Chip, host_seconds: float) -> None:
        self.image = image = started_image(image, chip, _BOOT_US, host_seconds)
        self.machine = Machine(image, chip)
        self._host_seconds = host_seconds
        self._host_time = self.machine.host_time(host_seconds)
        self._entry = Entry.of(image, None)
        self._stacks = StackWatch(self.machine)
        self._tracker = CallTracker(self.machine, self._stacks)
        self._recorder = HeapRecorder(self.machine, self._tracker)
        self._fatal = FatalWatch(self.machine)
        for address in self._fatal.addresses:
            self._tracker.keep(address)
        self._resume = False
        self._begun: int | None = None
        """The function that it stands at since it was started, as long as nothing has run there."""
        self._step: CoreSnapshot | None = None

    @property
    def us(self) -> float:
        """Virtual time since the reset, in microseconds."""
        return self.machine.clock.us(self.machine.clock.now)

    @property
    def instructions(self) -> int:
        """Instructions since the reset."""
        return self.machine.hook.instructions

    def serial(self) -> bytes:
        """All text that was sent so far."""
        return self.machine.serial()

    def start(self) -> None:
        """Reset, and run to where the sketch begins.

        Without setup() and main() that is the reset; and firmware that sleeps before it gets there, until it
        hears something, begins where it sleeps.
        """
        self.machine.reset()
        self._tracker.restore(CallState())
        self._stacks.reset()
        self._resume = False
        self._begin_step()
        if self._entry.at:
            boot = self.machine.clock.cycles(_BOOT_US)
            if self._run({self._entry.setup}, boot, "the start of the sketch", may_sleep=True):
                self._begun = self._entry.setup

    def snapshot(self) -> CoreSnapshot:
        """See ``CoreSnapshot``."""
        stacks = self._stacks.state.copy()
        calls = self._tracker.state.copy()
        return CoreSnapshot(self.machine.save(), calls, stacks, self._resume, self._begun)

    def restore(self, saved: CoreSnapshot) -> None:
        """Go back."""
        self.machine.load(saved.machine)
        self._tracker.restore(saved.calls)
        self._stacks.restore(saved.stacks)
        self._resume, self._begun = saved.resume, saved.begun

    # --- running -----------------------------------------------------------------------------

    def run_to(self, addresses: set[int], timeout_us: float, what: str) -> int:
        """Run until one of the addresses is reached; gives it. It is a function's start.

        Where the device was only started, it has reached the function at which it stands.

        Raises:
            DeviceError: the firmware ended, or the time was over.
        """
        begun, self._begun = self._begun, None
        if begun in addresses and begun is not None:
            return begun
        self._begin_step()
        return self._run(addresses, self._deadline(timeout_us), what)

    def run_for(self, us: float) -> None:
        """Let virtual time pass.

        Raises:
            DeviceError: the firmware ended.
        """
        self._begin_step()
        self._begun = None
        self._run(set(), self._deadline(us), "")

    def run_until(self, done: Callable[[bytes], bool], timeout_us: float, what: str) -> None:
        """Run until ``done`` says of all serial text so far that it is what was waited for.

        Raises:
            DeviceError: the firmware ended, or the time was over.
        """
        self._begin_step()
        latest = self._deadline(timeout_us)
        clock = self.machine.clock
        seen = -1
        while True:
            text = self.serial()
            if len(text) != seen and done(text):
                return
            seen = len(text)
            self._begun = None
            if clock.now >= latest:
                raise self._error(
                    "timeout", f"{what} did not come in {timeout_us / 1e3:g} ms of virtual time"
                )
            self._run(set(), min(latest, clock.now + clock.cycles(_SLICE_US)), "", done)

    def send(self, source: str, data: bytes) -> None:
        """Put bytes on the wire to the firmware."""
        self.machine.console.feed(source, data)

    def _deadline(self, us: float) -> int:
        return self.machine.clock.now + self.machine.clock.cycles(us)

    def _run(
        self,
        places: set[int],
        deadline: int,
        what: str,
        done: Callable[[bytes], bool] | None = None,
        *,
        may_sleep: bool = False,
    ) -> int:
        """Run to a place, which is given; without places to the deadline, which is an error otherwise: 0.

        With ``may_sleep`` also to a sleep that no event can end: 0.
        """
        machine = self.machine
        fresh = [place for place in places if not self._tracker.kept(place)]
        for place in fresh:
            self._tracker.keep(place)
        try:
            while True:
                ending = machine.run(deadline, resume=self._resume, host_time=self._host_time)
                self._resume = ending.end is End.BREAKPOINT
                if ending.end is End.BREAKPOINT:
                    death = self._fatal.at(ending.address)
                    if death is not None:
                        chain = verdict.call_chain(machine)
                        outcome, reason = verdict.of_fatal_exit(death, chain)
                        raise self._error(outcome.value, reason)
                    self._tracker.at(ending.address)
                    if ending.address in places:
                        return ending.address
                    continue
                if ending.end is End.DEADLINE:
                    if not places:
                        return 0
                    text = f"{what} was not reached in the virtual time that was given"
                    raise self._error("timeout", text)
                if done is not None and done(self.serial()):
                    return 0
                if may_sleep and ending.end is End.IDLE:
                    return 0
                raise self._ended(ending)
        finally:
            for place in fresh:
                self._tracker.release(place)

    def _ended(self, ending: Ending) -> DeviceError:
        outcome, reason = verdict.of_ending(self.machine, ending, verdict.call_chain(self.machine))
        return self._error(outcome.value, reason)

    # --- calling -----------------------------------------------------------------------------

    def call(
        self,
        address: int,
        placed: CallWords,
        buffers: Sequence[tuple[int, bytes]],
        stack: int,
        timeout_us: float,
    ) -> Spent:
        """Call a function as the firmware would where it stands now, in its thread and on its stack.

        Args:
            address: where the function begins.
            placed: its arguments.
            buffers: addresses and contents of host buffers, below the SP of now.
            stack: SP for the call, where the arguments that lie on the stack begin.
            timeout_us: virtual time that it may take.

        Raises:
            DeviceError: the firmware ended in it, or the time was over.
        """
        machine, cpu, hook = self.machine, self.machine.cpu, self.machine.hook
        context, resume, pc = cpu.uc.context_save(), self._resume, cpu.pc
        asleep = machine.processor.asleep
        machine.processor.asleep = 0
        for at, data in buffers:
            cpu.write(at, data)
        if placed.stack:
            cpu.write(stack, placed.stack)
        cpu.set_reg(arm.UC_ARM_REG_SP, stack)
        for number, word in enumerate(placed.core):
            cpu.set_r(number, word)
        for number, word in enumerate(placed.floats):
            cpu.set_reg(arm.UC_ARM_REG_S0 + number, word)
        cpu.set_r(14, pc | 1)
        machine.skip(address)
        self._stacks.fold()
        current = self._stacks.state.stacks[self._stacks.state.current]
        lowest, current.lowest = current.lowest, stack
        hook.low_sp = stack
        self._recorder.start()
        before = hook.cycles, hook.instructions
        self._resume = False
        self._begin_step()
        latest = self._deadline(timeout_us)
        name = self._name(address)
        try:
            while True:
                self._run({pc}, latest, f"the return from {name}")
                if cpu.sp == stack:
                    break
        except DeviceError as error:
            raise DeviceError(error.what, error.report.called(name)) from None
        finally:
            self._recorder.stop()
        spent = hook.cycles - before[0], hook.instructions - before[1]
        self._stacks.fold()
        depth = stack - current.lowest
        current.lowest = min(lowest, current.lowest)
        heap, _ = requested(self._recorder.calls, [])
        core = cpu.r(0), cpu.r(1)
        floats = cpu.reg(arm.UC_ARM_REG_S0), cpu.reg(arm.UC_ARM_REG_S1)
        cpu.uc.context_restore(context)
        machine.processor.asleep = asleep
        machine.skip(pc)
        self._resume = resume
        return Spent(*spent, depth, heap, core, floats)

    def run_back(self, timeout_us: float, name: str) -> None:
        """From a function's entry to where it was called, behind its return.

        Raises:
            DeviceError: the firmware ended, or the time was over.
        """
        cpu = self.machine.cpu
        sp, back = cpu.sp, cpu.lr & ~1
        self._begin_step()
        latest = self._deadline(timeout_us)
        while True:
            self._run({back}, latest, f"the return from {name}")
            if cpu.sp == sp:
                return

    def stack_pointer_for(self, needed: int) -> int:
        """SP of now, aligned to 8 bytes, from which ``needed`` bytes are free below.

        Raises:
            UsageError: the firmware is in a handler, or its stack is too small.
        """
        if self.machine.nvic.active:
            do = "run on to a function of the sketch first, such as run_until(symbol='loop')"
            raise UsageError("nothing can be called while the firmware is in an interrupt handler", do=do)
        sp = self.machine.cpu.sp & ~7
        current = self._stacks.state.stacks[self._stacks.state.current]
        if sp - needed - _SPARE_STACK < current.low:
            what = f"{needed:,} bytes of buffers do not fit the stack, of which {sp - current.low:,} are free"
            raise UsageError(
                what, do="give smaller buffers, or the address of a buffer of the firmware's own"
            )
        return sp

    def _name(self, address: int) -> str:
        symbol = self.image.function_at(address)
        return symbol.demangled if symbol else hex(address)

    # --- failures ----------------------------------------------------------------------------

    def _begin_step(self) -> None:
        self._step = self.snapshot()
        # Of the whole step, however often the machine stops on its way.
        self._host_time = self.machine.host_time(self._host_seconds)

    def report(self, outcome: str = "running", reason: str = "") -> Report:
        """The device as it stands."""
        text = self.serial().decode("utf-8", "replace")
        return Report(outcome, reason, text, verdict.call_chain(self.machine), self._last_functions())

    def _error(self, outcome: str, reason: str) -> DeviceError:
        return DeviceError(reason, self.report(outcome, reason))

    def _last_functions(self) -> tuple[str, ...]:
        """The functions entered last in the step that has failed: it is run once more, and watched."""
        if self._step is None:
            return ()
        machine, names = self.machine, {f.address: f.demangled for f in self.image.functions}
        end, now = machine.hook.instructions, self.snapshot()
        self.restore(self._step)
        last: deque[str] = deque(maxlen=_LAST_FUNCTIONS)

        def entered(_uc: object, address: int, _size: int, _user: object) -> None:
            if address in names and machine.hook.instructions <= end:
                last.append(names[address])

        try:
            if end - machine.hook.instructions <= _MOST_RETRACED:
                uc = machine.cpu.uc
                hook = uc.hook_add(unicorn.UC_HOOK_BLOCK, entered)
                # Blocks translated so far call the hooks that there were then.
                uc.ctl_flush_tb()
                try:
                    self._repeat(end)
                finally:
                    uc.hook_del(hook)
                    uc.ctl_flush_tb()
        finally:
            self.restore(now)
        return tuple(last)

    def _repeat(self, end: int) -> None:
        machine = self.machine
        host_time = machine.host_time(self._host_seconds)
        while machine.hook.instructions < end:
            at = machine.clock.now + machine.clock.cycles(_SLICE_US)
            ending = machine.run(at, resume=self._resume, host_time=host_time)
            self._resume = ending.end is End.BREAKPOINT
            if ending.end not in (End.BREAKPOINT, End.DEADLINE):
                return
