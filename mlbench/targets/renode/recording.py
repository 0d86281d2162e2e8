"""The run whose heap and stack were followed, and what may be made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlbench.boards import Board
from mlbench.core.execution import Allocator, ReplayError, RunResult, StackUse
from mlbench.core.firmware import Firmware
from mlbench.core.heap import Operation
from mlbench.errors import EnvironmentFault
from mlbench.renode.memory import MemoryUse, deepest
from mlbench.renode.trace import Trace
from mlbench.targets.renode.plan import Plan


@dataclass(frozen=True)
class Recording:
    """One run without a probe. ``ram`` is what RAM held when setup() was entered."""

    plan: Plan
    use: MemoryUse
    ram: bytes

    @property
    def painted(self) -> range:
        """Where the stack was painted."""
        return self.use.painted

    def heap_was_painted(self) -> bool:
        """Whether the heap grew into what was painted; then less is painted from now on."""
        if self.use.peak <= self.painted.start or not self.painted:
            return False
        self.plan.paint_from = -(-self.use.peak // 4) * 4
        return True

    def with_memory(self, result: RunResult, painted: bytes, trace: Trace) -> RunResult:
        """The result with what memory was used. ``painted`` is what the painted region holds at the end."""
        if not self.painted or deepest(painted, self.painted) == self.painted.start:
            return result  # setup() was never entered, or all of it was used
        used = self.plan.stack_top - deepest(painted, self.painted)
        heap = self.use.heap([span.end for span in trace.inferences])
        return replace(result, peak_stack=used, stacks=(StackUse("MSP", used),), heap=heap)

    def replay(self, firmware: Firmware, board: Board) -> Allocator | None:
        """A replay of the heap's calls; None where there can be none.

        Raises:
            ReplayError: see ``Session``.
        """
        image, calls = self.plan.image, self.use.after_setup
        wrapped = image.symbol(f"__wrap_{Operation.MALLOC.value}") is not None
        if self.plan.image.path != firmware.probe_elf or not self.ram or wrapped or board.emulator is None:
            return None
        sizes = [(call.operation, call.requested) for call in calls]
        if firmware.is_template and (Operation.MALLOC, 0) not in sizes:
            return None
        # The template's own malloc: the first call of the size it was given, which was 0.
        probe = sizes.index((Operation.MALLOC, 0)) if firmware.is_template else None
        try:
            from mlbench.emulator.allocator import Replay
            from mlbench.emulator.chips import chip_of
        except ImportError:
            return None
        try:
            return Replay(image, chip_of(board), self.ram, calls, probe, self.use.in_use_at_setup)
        except EnvironmentFault as error:
            raise ReplayError(str(error)) from None
