"""When, within a block of instructions, a peripheral is accessed.

The block hook counts a block as a whole when it begins. A register that shows the time (a timer's capture,
DWT's cycle counter) is read somewhere within: which instruction that is follows from the address that it
reads, by the registers as they are at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mlbench.cycles.insn import PC
from mlbench.cycles.model import CostModel
from mlbench.cycles.sums import Pointer, pointer
from mlbench.emulator.block_hook import BlockHook
from mlbench.emulator.core_record import CoreRecord


class _Position(NamedTuple):
    """A load or store: ``left`` is what the block costs from there on."""

    stores: bool
    where: Pointer
    words: int
    left: int


class Positions:
    """Finds the place of an access in the block that is running."""

    def __init__(
        self,
        model: CostModel,
        hook: BlockHook,
        read: Callable[[int, int], bytes],
        register: Callable[[int], int],
        record: CoreRecord,
    ) -> None:
        self._model = model
        self._hook = hook
        self._read = read
        self._register = register
        self._record = record
        self._known: dict[tuple[int, bytes], tuple[_Position, ...]] = {}
        self._last = (-1, 0)
        """Instructions counted at the last access, and the position to look from in the same block."""

    def left(self, address: int, *, stores: bool) -> int:
        """Cycles that the running block was counted with for what comes after an access; 0: not known."""
        record = self._record
        if record.kept:
            # The block's accesses so far that were dealt with in C, with the registers as they were then.
            if record.kept_at == self._hook.instructions:
                for access in record.accesses[: record.kept]:
                    self._find(access.address, bool(access.stores), access.registers.__getitem__)
            record.kept = 0
        return self._find(address, stores, self._register)

    def _find(self, address: int, stores: bool, register: Callable[[int], int]) -> int:
        hook = self._hook
        start = hook.current
        positions = self._of(start, self._read(start, hook.expected - start))
        count, first = self._last
        if count != hook.instructions:
            first = 0
        for number in range(first, len(positions)):
            position = positions[number]
            if position.stores == stores and (address - _address(position.where, register)) & 0xFFFFFFFF < (
                4 * position.words
            ):
                self._last = hook.instructions, number + (position.words == 1)
                return position.left
        return 0

    def moved(self) -> None:
        """The instructions counted have changed, the block that is running has not."""
        self._last = self._hook.instructions, self._last[1]

    def forget(self) -> None:
        """The machine has gone back to a snapshot: no block is running."""
        self._last = (-1, 0)
        self._record.kept = 0

    def _of(self, start: int, code: bytes) -> tuple[_Position, ...]:
        key = start, code
        if key not in self._known:
            instructions = list(self._model.walk(start, code))
            left = sum(cycles for _, cycles in instructions)
            positions = []
            for (_pc, first, second, insn), cycles in instructions:
                where = pointer(first, second, insn)
                if where is not None and where.base != PC:
                    stores = insn.kind.startswith(("store", "float_store"))
                    positions.append(_Position(stores, where, insn.transfers, left))
                left -= cycles
            self._known[key] = tuple(positions)
        return self._known[key]


def _address(where: Pointer, register: Callable[[int], int]) -> int:
    address = where.offset
    if where.base >= 0:
        address += register(where.base)
    if where.scaled >= 0:
        address += register(where.scaled) << where.shift
    return address
