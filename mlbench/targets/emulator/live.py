"""Firmware that runs on and on, as on a desk. When it ends, all is said that a measured run says."""

from __future__ import annotations

from dataclasses import dataclass

from mlbench.core.execution import Frame, Outcome
from mlbench.emulator.calls import CallState, CallTracker
from mlbench.emulator.machine import End, Ending, Machine
from mlbench.emulator.peripherals.base import Cause
from mlbench.emulator.stacks import StackWatch
from mlbench.targets.emulator import verdict
from mlbench.targets.emulator.fatal import FatalExit, FatalWatch
from mlbench.targets.emulator.heap_watch import HeapState, HeapWatch
from mlbench.targets.emulator.last_words import last_words
from mlbench.targets.emulator.ram_places import describe_place
from mlbench.targets.entry import Entry

_GO_ON = (End.DEADLINE, End.IDLE, End.RESET)


@dataclass(frozen=True)
class LiveEnd:
    """Firmware ended for good. ``text`` is one line, ``chain`` the functions that were open."""

    outcome: Outcome
    text: str
    chain: tuple[Frame, ...] = ()


class LiveRun:
    """Runs a machine a slice at a time, and watches for its end."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._stacks = StackWatch(machine)
        self._tracker = CallTracker(machine, self._stacks)
        self._heap = HeapWatch(machine, self._tracker, Entry.of(machine.image, None).sbrk)
        self._fatal = FatalWatch(machine)
        for address in self._fatal.addresses:
            self._tracker.keep(address)
        machine.processor.describe_ram = self._describe_ram
        self._resume = False

    def advance(self, deadline: int) -> Ending | LiveEnd:
        """Run to a cycle of the virtual clock, or to what ends it before: a reset, endless sleep, the end."""
        while True:
            ending = self.machine.run(deadline, resume=self._resume)
            self._resume = ending.end is End.BREAKPOINT
            if ending.end in _GO_ON:
                return ending
            if ending.end is not End.BREAKPOINT:
                return self._ended(ending)
            fatal_exit = self._fatal.at(ending.address)
            if fatal_exit is not None:
                return self._exited(fatal_exit)
            self._tracker.at(ending.address)

    def restart(self, cause: Cause) -> None:
        """Start the firmware again after a reset."""
        self.machine.restart(cause)
        self._tracker.restore(CallState())
        self._heap.state = HeapState()
        self._stacks.reset()
        self._resume = False

    def overflow(self) -> str:
        """The stack overflow so far, in one line; empty where there was none."""
        return verdict.with_overflow(self._stacks, Outcome.PASSED, "")[1]

    def _ended(self, ending: Ending) -> LiveEnd:
        if ending.exit_status == 0:
            return self._end(Outcome.PASSED, ending.text)
        chain = verdict.call_chain(self.machine)
        return self._end(*verdict.of_ending(self.machine, ending, chain), chain)

    def _exited(self, fatal_exit: FatalExit) -> LiveEnd:
        """The firmware calls a function in which it ends; in a fault's handler the fault is what matters."""
        chain = verdict.call_chain(self.machine)
        end = verdict.of_fatal_exit(fatal_exit, chain)
        faults = self.machine.processor.faults
        by_fault = faults.handling
        ending = last_words(self.machine)
        if by_fault:
            return self._ended(faults.end() if faults.handling else ending)
        return self._end(Outcome.PASSED, fatal_exit.text) if fatal_exit.good else self._end(*end, chain)

    def _end(self, outcome: Outcome, text: str, chain: tuple[Frame, ...] = ()) -> LiveEnd:
        if outcome is not Outcome.PASSED:
            outcome, text = verdict.with_refusal(self._heap.state.refused, outcome, text)
        return LiveEnd(*verdict.with_overflow(self._stacks, outcome, text), chain)

    def _describe_ram(self, address: int) -> str:
        return describe_place(self.machine, {}, self._heap.state, address)
