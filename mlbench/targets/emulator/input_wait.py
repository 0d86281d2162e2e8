"""Firmware that waits for serial input: nobody sends any, so that it would wait until its time is up.

That is told early only where it is certain. The machine then goes through the same states again and again:
registers, RAM and what it reads of peripherals are the same over seconds, and no event is left that has not
come and gone meanwhile. Where there are threads, it is the RAM that the sketch's own thread reads. Code that
looks at a clock, such as ``delay()``, never repeats a state, as the clock has another value each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mlbench.core.execution import Frame
from mlbench.emulator.machine import End, Machine
from mlbench.emulator.polling import STATE_REGISTERS
from mlbench.emulator.stacks import MAIN, StackWatch
from mlbench.targets.emulator import verdict
from mlbench.targets.emulator.typist import RECEIVES

_QUIET_US = 2_000_000.0
"""So long nothing must have happened before the machine is looked at."""
_BETWEEN_US = 1_000_000.0
_SAME_US = 3_000_000.0
"""So long the states must repeat."""
_THREAD_SAME_US = 5_000_000.0
"""The same for a thread: what other threads may yet do to what it reads is not looked at."""
_DENSE_LOOKS = 7
_LATER_US = 5_000_000.0
"""How often a machine is looked at after the first looks, which did not find it to repeat its states."""
_BLOCKS = 1_000
"""Blocks of code in which a loop must have come round."""
_DEAD_STACK = 1_024
"""So far below SP lies what handlers and calls have left; nobody reads it."""


@dataclass(frozen=True)
class _Turn:
    """One turn of a loop, from the lowest of its addresses: what decides how the next one goes."""

    registers: tuple[int, ...]
    ram: bytes | frozenset[tuple[int, bytes]]
    """All of RAM; of a thread, whose kernel counts time in RAM, what the turn read of it."""
    reads: frozenset[tuple[int, int]]
    """Registers of peripherals, each with the value that it gave."""


@dataclass
class InputWait:
    """Looks at a machine that has done nothing for a while; ``progress`` is equal as long as it has not."""

    machine: Machine
    stacks: StackWatch
    progress: Callable[[], object]
    stack: Callable[[], int]
    """The stack that the sketch runs on."""
    _seen: object = None
    _next: int = 0
    _deadline: int = 0
    _looks: int = 0
    _receiving: list[str] = field(default_factory=list)
    """Where input was asked for, of each look that found it."""
    _turn: _Turn | None = None
    _since: int = 0
    _pending: dict[tuple[str, str], int] = field(default_factory=dict)
    _looked_at: set[int] = field(default_factory=set)

    def start(self, deadline: int) -> None:
        """A run begins that ends at ``deadline``, in cycles, at the latest."""
        self._deadline = deadline
        self._seen = self.progress()
        self._quiet_from_now()

    def _quiet_from_now(self) -> None:
        self._looks, self._receiving, self._turn = 0, [], None
        self._next = self.machine.clock.now + self.machine.clock.cycles(_QUIET_US)

    def due(self) -> bool:
        """Whether it is time to look."""
        if self.machine.clock.now < self._next:
            return False
        progress = self.progress()
        if progress == self._seen:
            return True
        self._seen = progress
        self._quiet_from_now()
        return False

    @property
    def asked(self) -> str:
        """Where firmware asked for input whenever it was looked at; empty where it was at something else."""
        return self._receiving[-1] if self._looks > 1 and len(self._receiving) == self._looks else ""

    def look(self) -> bool:
        """Whether it is certain that only input can make the firmware go on."""
        machine, clock = self.machine, self.machine.clock
        self._looks += 1
        self._next = clock.now + clock.cycles(_BETWEEN_US if self._looks < _DENSE_LOOKS else _LATER_US)
        # What happens meanwhile happens again later: nobody else is told of it.
        saved, stacks, notes = machine.save(), self.stacks.state.copy(), list(machine.notes)
        switching, self.stacks.switching = self.stacks.switching, None
        try:
            turn, place = self._follow()
        finally:
            machine.load(saved)
            machine.notes[:] = notes
            self.stacks.restore(stacks)
            self.stacks.switching = switching
        if place:
            self._receiving.append(place)
        if turn is None or turn != self._turn:
            self._turn, self._since, self._pending = turn, clock.now, clock.pending()
            return False
        least = _SAME_US if isinstance(turn.ram, bytes) else _THREAD_SAME_US
        if clock.now - self._since < clock.cycles(least) or not self.asked:
            return False
        # What is still to come in this run has come before, and changed nothing.
        coming = (name for name, at in clock.pending().items() if at < self._deadline)
        return all(self._pending.get(name, clock.now + 1) <= clock.now for name in coming)

    def _follow(self) -> tuple[_Turn | None, str]:
        """Run block by block until a loop has come round, and say where input is asked for."""
        machine = self.machine
        reads: set[tuple[int, int]] = set()
        self._looked_at.clear()
        states: list[tuple[int, ...]] = []
        ram = b""
        least: tuple[int, ...] | None = None
        place, turn = "", None

        loads: set[tuple[int, bytes]] = set()
        stack = self.stack()

        def follows() -> bool:
            return not machine.nvic.active and self.stacks.state.current == stack

        def read(address: int, value: int) -> None:
            if follows():
                reads.add((address, value))

        def load(address: int, size: int) -> None:
            if follows():
                loads.add((address, machine.cpu.read(address, size)))

        machine.on_read = read
        if stack != MAIN:
            machine.cpu.watch_loads(machine.ram, load)
        try:
            # Whether the last step was one of the thread's own: an interrupt comes back to where it came.
            went_on = True
            for _ in range(_BLOCKS):
                if machine.processor.asleep:
                    place = place or self._receiving_at(machine.cpu.pc)
                    break
                begins_here = follows()
                if begins_here and went_on:
                    state = self._registers()
                    if not states:
                        ram = self._ram()
                    elif least is None and state == states[0] and (stack != MAIN or self._ram() == ram):
                        least = min(states)
                    if state == least:
                        turn = _Turn(
                            state, self._ram() if stack == MAIN else frozenset(loads), frozenset(reads)
                        )
                        break
                    if least is None:
                        states.append(state)
                        place = place or self._receiving_at(state[0])
                ending = machine.run(machine.clock.now + 1, resume=True)
                if ending.end not in (End.DEADLINE, End.BREAKPOINT):
                    break
                went_on = begins_here and follows()
        finally:
            machine.on_read = None
            machine.cpu.watch_loads(machine.ram, None)
        return turn, place

    def _registers(self) -> tuple[int, ...]:
        """The CPU's registers; the address comes first."""
        cpu = self.machine.cpu
        return cpu.pc, *(cpu.reg(register) for register in STATE_REGISTERS)

    def _ram(self) -> bytes:
        """RAM without what lies dead below the stack pointer."""
        ram = self.machine.ram
        data = bytearray(ram.data)
        end = self.machine.cpu.sp - ram.start
        if 0 < end <= len(data):
            start = max(0, end - _DEAD_STACK)
            data[start:end] = bytes(end - start)
        return bytes(data)

    def _receiving_at(self, pc: int) -> str:
        if pc in self._looked_at:
            return ""
        self._looked_at.add(pc)
        return _receiving(verdict.call_chain(self.machine))


def _receiving(chain: Sequence[Frame]) -> str:
    """Where input is asked for in a chain of calls, for people; empty where it is not."""
    for index, frame in enumerate(chain):
        if RECEIVES.search(frame.function):
            outer = next((one for one in reversed(chain) if RECEIVES.search(one.function)), frame)
            own = next((one for one in chain[index + 1 :] if not one.file.startswith("/platform/")), None)
            return f"{outer.function} called from {own}" if own is not None else outer.function
    return ""
