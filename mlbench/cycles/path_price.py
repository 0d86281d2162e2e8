"""What a path through code costs, told instruction by instruction by whoever executed it.

The costs are those of the block hook: blocks, branches that are taken, the instruction cache, reads of flash,
unaligned loads, divides by their operands, exceptions. Nothing of a CPU is asked: a trace has the addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mlbench.cycles.addresses import LOADS
from mlbench.cycles.conditions import ALWAYS, conditions
from mlbench.cycles.decode import decode
from mlbench.cycles.insn import SP
from mlbench.cycles.model import SKIPPED, BlockFlag, CostModel
from mlbench.cycles.sums import pointer

ENDS = frozenset(
    ("branch", "branch_compare", "branch_link", "branch_return", "branch_register", "load_pc", "pop_pc",
     "table_branch", "svc", "bkpt", "undefined", "cps", "msr", "barrier")
)  # fmt: skip
"""A block ends behind such an instruction."""
_SIZED = frozenset(("load", "table_branch"))
_NO_LINE = -2
_LONGEST = 512
"""Instructions in a block: where code runs straight on, the emulator's CPU ends one as well."""

Step = tuple[int, tuple[int, ...], tuple[int, ...], bool]
"""An instruction: its address, what it read, registers 0 to 12 before it where it is a divide, and whether it
has accessed memory at all."""


@dataclass(frozen=True)
class PathBlock:
    """A block of a path.

    ``divides`` are the registers of dividend and divisor by the divide's address, and whether it is signed.
    ``loads`` are words of each load, bytes of one access and the address, where it is constant, else -1.
    ``through`` sums up the cycles to each instruction. ``more`` is what a conditional instruction costs
    beyond a skipped one, and whether it shows by an access or a divide that it is executed. ``fetched``: from
    flash.
    """

    address: int
    end: int
    count: int
    cycles: int
    through: dict[int, int]
    straddles: bool
    taken: int
    links: bool
    fetched: bool
    divides: dict[int, tuple[int, int, bool]]
    loads: dict[int, tuple[int, int, int]]
    more: dict[int, tuple[int, bool]]


class PathPricer:
    """Adds up the cycles of a path.

    Args:
        model: the costs.
        read: gives the code.
        flash: addresses of flash.
        handlers: where exceptions lead.
    """

    def __init__(
        self,
        model: CostModel,
        read: Callable[[int, int], bytes],
        flash: range,
        handlers: frozenset[int] = frozenset(),
    ) -> None:
        self._model, self._costs, self._read = model, model.run, read
        self._flash, self._handlers = flash, handlers
        self._blocks: dict[int, PathBlock] = {}
        self.cycles = self.instructions = 0
        self._tags = [-1] * (2 * self._costs.cache_sets)
        self._newest = [0] * self._costs.cache_sets
        self._filled_line = self._filled_at = 0
        self._data_word = 0
        self._from_flash = False
        """Whether the last load read flash."""
        self._block: PathBlock | None = None
        self._next = 0
        self._left = 0
        self._interrupted: list[int] = []

    def follow(self, steps: Iterable[Step]) -> Iterator[tuple[int, int]]:
        """Go on along the path; gives, at the begin of each block, instructions and cycles before it."""
        for pc, reads, registers, touched in steps:
            if not self._left or pc != self._next:
                yield self.instructions, self.cycles
                self._enter(pc)
            block = self._block
            assert block is not None
            self.instructions += 1
            self._left -= 1
            self._next = self._after(block, pc)
            more, shows = block.more.get(pc, (0, False))
            if shows and not (touched or registers):
                continue  # an IT block left it out
            self.cycles += more
            if pc in block.loads:
                self._load(reads, *block.loads[pc])
            if pc in block.divides:
                self.cycles += self._divide(block.divides[pc], registers)

    def _after(self, block: PathBlock, pc: int) -> int:
        at = pc + 2
        return at if at in block.through or at >= block.end else pc + 4

    def _enter(self, pc: int) -> None:
        costs, before = self._costs, self._block
        if before is not None and self._left:
            # An exception came within the block: what was not reached is not paid.
            self.cycles -= before.cycles - before.through.get(self._next, before.cycles)
        block = self.block_at(pc)
        cycles = block.cycles
        if before is not None and pc != self._next:
            if pc in self._handlers and not before.links:
                self._interrupted.append(self._next)
                cycles += costs.exception_entry
            elif self._interrupted and pc == self._interrupted[-1]:
                self._interrupted.pop()
                cycles += costs.exception_exit
            else:
                cycles += before.taken + (costs.straddle if block.straddles else 0)
        if block.fetched:
            cycles += self._fetch(block)
        else:
            self._filled_line = _NO_LINE
        self.cycles += cycles
        self._block, self._left = block, block.count

    def block_at(self, address: int) -> PathBlock:
        """The block that begins at an address."""
        if address in self._blocks:
            return self._blocks[address]
        at, count = address, 0
        while count < _LONGEST:
            code = self._read(at, 4)
            insn = decode(at, int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little"))
            at += insn.size
            count += 1
            if insn.kind in ENDS:
                break
        priced = self._model.block(address, at - address, self._read)
        walked = list(self._model.walk(address, self._read(address, at - address)))
        conditional = [condition != ALWAYS for condition, _ in conditions([one for one, _ in walked])]
        cycles = priced.assumed
        through: dict[int, int] = {}
        divides: dict[int, tuple[int, int, bool]] = {}
        loads: dict[int, tuple[int, int, int]] = {}
        more: dict[int, tuple[int, bool]] = {}
        for ((pc, first, second, insn), whole), on_condition in zip(walked, conditional, strict=True):
            through[pc] = cycles
            cost = 0 if insn.kind == "div" else whole
            cycles += SKIPPED if on_condition else cost
            where = pointer(first, second, insn)
            if on_condition:
                more[pc] = cost - SKIPPED, insn.kind == "div" or where is not None
            if insn.kind == "div":
                divides[pc] = first & 15, second & 15, not first & 0x20
            if insn.kind in LOADS and where is not None and where.base != SP:
                # What is relative to SP reads RAM, and is aligned.
                literal = -1 if insn.literal is None else insn.literal
                loads[pc] = insn.transfers, insn.width if insn.kind in _SIZED else 1, literal
        block = self._blocks[address] = PathBlock(
            address,
            at,
            count,
            cycles,
            through,
            bool(priced.flags & BlockFlag.STRADDLES),
            priced.taken,
            insn.kind == "branch_link",
            not priced.flags & BlockFlag.IN_RAM,
            divides,
            loads,
            more,
        )
        return block

    def _fetch(self, block: PathBlock) -> int:
        """Fetch a block's lines; cycles for those that were not in the cache."""
        costs, tags, newest = self._costs, self._tags, self._newest
        bits, missed = costs.cache_line_bits, 0
        for line in range(block.address >> bits, (block.end - 1 >> bits) + 1):
            index = line & len(newest) - 1
            if tags[2 * index] == line:
                newest[index] = 0
            elif tags[2 * index + 1] == line:
                newest[index] = 1
            else:
                newest[index] ^= 1
                tags[2 * index + newest[index]] = line
                before = max((line << bits) - block.address, 0)
                now = self.cycles + missed + block.cycles * before // (block.end - block.address)
                miss = costs.cached.new
                if line == self._filled_line + 1:
                    miss = costs.read_ahead(now - self._filled_at)
                self._filled_at, self._filled_line = now + miss, line
                missed += miss
        return missed

    def _load(self, reads: tuple[int, ...], words: int, width: int, literal: int) -> None:
        costs = self._costs
        if not reads and literal >= 0:
            reads = (literal,)
        if not reads:
            # Where it reads is not told, as Renode's trace does not of LDRD: near the load before.
            if self._from_flash:
                self.cycles += costs.read_new_word + (words - 1) * costs.read_same_word
                self._data_word = _NO_LINE
            return
        if reads[0] & width - 1:
            self.cycles += costs.unaligned * (2 if width == 4 and reads[0] & 1 else 1)
        if len(reads) == 1 and words > 1:
            reads = tuple(range(reads[0], reads[0] + 4 * words, 4))
        self._from_flash = reads[0] in self._flash
        for address in reads:
            if address in self._flash:
                word = address >> costs.data_word_bits
                self.cycles += costs.read_same_word if word == self._data_word else costs.read_new_word
                self._data_word = word

    def _divide(self, operands: tuple[int, int, bool], registers: tuple[int, ...]) -> int:
        dividend, divisor, signed = operands
        if max(dividend, divisor) >= len(registers):
            return self._model.divide_cycles
        return self._costs.quotient(registers[dividend], registers[divisor], signed)
