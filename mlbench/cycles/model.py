"""From a block of instructions to what it costs: the one function behind which costs live.

A block is a run of instructions that the emulator executes from its first to its last. Everything
that can be known without running (costs, pipelining, stack depth, how it ends) is computed here
once; what depends on the path (taken branches, instruction cache) is added while running, by the
block hook, from the few constants in ``RunCosts``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from mlbench.cycles.addresses import DIVIDENDS, Access, Accesses, accesses
from mlbench.cycles.alignment import NO_ALIGNMENT, Alignment, alignment
from mlbench.cycles.conditions import ALWAYS, conditions
from mlbench.cycles.decode import decode
from mlbench.cycles.insn import Decoded, Insn
from mlbench.cycles.pipeline import MEMORY, Cost, Pipeline
from mlbench.util.own_yaml import load_own

NO_ACCESSES = Accesses((), ())
SKIPPED = 1
"""Cycles of a conditional instruction that is not executed (Cortex-M4 TRM, DDI 0439, 3.3.1)."""


class BlockFlag(IntFlag):
    """What the block hook must know of a block. Values are shared with ``_block_hook.c``."""

    BREAK = 1
    """A breakpoint is set on its first instruction."""
    SELF = 2
    """One branch to itself: nothing but an interrupt can end it."""
    STRADDLES = 4
    """Starts with a 32-bit instruction that lies across two words."""
    UNMASKS = 8
    """Ends with an instruction that may unmask interrupts."""
    MOVES_SP = 16
    """Changes SP by an amount that only shows when it has run."""
    IN_RAM = 32
    """Lies in RAM: flash has no part in it."""
    SENDS_EVENT = 64
    """Has an SEV, which sets the event register that WFE looks at."""
    SWITCHES = 128
    """The block before it may have put the CPU on another stack."""


class Located(NamedTuple):
    """What an instruction costs on top where it is executed, which only shows there.

    ``cycles`` may be negative: a divide whose operands are among ``accesses`` is in the block's already.
    """

    address: int
    cycles: int
    accesses: tuple[Access, ...]
    conditional: int = 0
    """Of ``cycles``, what a conditional one costs beyond a skipped one."""


@dataclass(frozen=True)
class Block:
    """One block.

    ``cycles`` is what its instructions cost, with divides that are priced by their operands left out, and
    conditional instructions as skipped; ``assumed`` is how many of them no source gives;
    ``taken`` is what it costs on top where another block than the next in memory follows; ``depth`` is
    how far SP goes below its value at the block's start, in bytes; ``joined`` is what it costs on top where
    the block before runs into it; ``through`` is what it costs up to each further line of the cache.
    """

    address: int
    size: int
    instructions: int
    cycles: int
    flags: BlockFlag
    depth: int
    taken: int = 0
    accesses: Accesses = NO_ACCESSES
    located: tuple[Located, ...] = ()
    alignment: Alignment = NO_ALIGNMENT
    assumed: int = 0
    joined: int = 0
    through: tuple[int, ...] = ()


class LineCosts(NamedTuple):
    """Cycles that a line of code in flash takes longer than code in memory without wait states."""

    new: int
    """A line of which nothing was read ahead."""
    next: int
    """The line behind the one that was read last. With the cache on, counted from when that one had come, and
    at least ``RunCosts.controller``; with it off, also of the line before."""


@dataclass(frozen=True)
class RunCosts:
    """Costs that depend on the path taken, in cycles."""

    straddle: int
    cached: LineCosts
    uncached: LineCosts
    controller: int
    cache_sets: int
    cache_line_bits: int
    exception_entry: int
    exception_exit: int
    exception_chain: int
    float_state: int
    read_new_word: int
    read_same_word: int
    data_word_bits: int
    unaligned: int
    divide: tuple[int, ...]
    """Cycles of a divide by the bits of its quotient, 0 to 32."""

    def read_ahead(self, elapsed: int) -> int:
        """Cycles for the line behind the one that was read last, which came ``elapsed`` cycles ago.

        It is read while the line before is executed. ``elapsed`` may be negative: a divide may turn out
        shorter than its block was priced for.
        """
        return max(self.cached.next - max(elapsed, 0), self.controller)

    def quotient(self, dividend: int, divisor: int, is_signed: bool) -> int:
        """Cycles of a divide: by the bits of its quotient, from the leading zeros of both operands."""
        if is_signed:
            dividend, divisor = (-x & 0xFFFFFFFF if x >> 31 else x for x in (dividend, divisor))
        if not divisor or dividend < divisor:
            return self.divide[0]
        return self.divide[dividend.bit_length() - divisor.bit_length() + 1]


class CostModel:
    """The cost table of one chip, ready to price blocks.

    ``checks_alignment``: blocks say what they ask of their bases. Off to measure what that costs.
    """

    def __init__(self, table: dict[str, Any], *, checks_alignment: bool = True) -> None:
        self._checks_alignment = checks_alignment
        self.version = str(table["version"])
        self.clock_hz = int(table["clock_hz"])
        self._costs = {
            name: Cost(int(cost["cycles"]), int(cost.get("each", 0)))
            for name, cost in table["instructions"].items()
        }
        self._stall = int(table["address_stall"]["cycles"])
        self._float_stall = int(table["float_result_stall"]["cycles"])
        self._refill = {stage: int(table["refill"][stage]["cycles"]) for stage in table["refill"]}
        self._ends = {kind: stage for stage, entry in table["refill"].items() for kind in entry["after"]}
        self._error = {name: int(table["error"][name]) for name in ("percent", "assumed_percent")}
        self._icode_ram = range(int(table["icode_ram"]["from"]), int(table["icode_ram"]["to"]))
        self._system_bus = {name: int(cost) for name, cost in table["system_bus"].items() if name != "source"}
        cache_table = table["instruction_cache"]
        if cache_table["ways"] != 2:
            raise ValueError("the block hook models a 2-way instruction cache only")
        flash = table["flash"]
        self.run = RunCosts(
            straddle=int(table["misaligned_target"]["cycles"]),
            cached=LineCosts(**flash["line"]["cached"]),
            uncached=LineCosts(**flash["line"]["uncached"]),
            controller=int(flash["controller"]["cycles"]),
            cache_sets=int(cache_table["lines"]) // 2,
            cache_line_bits=int(cache_table["line_bytes"]).bit_length() - 1,
            exception_entry=int(table["exception"]["entry"]),
            exception_exit=int(table["exception"]["exit"]),
            exception_chain=int(table["exception"]["chain"]),
            float_state=int(table["float_state"]["cycles"]),
            read_new_word=int(flash["data"]["new_word"]),
            read_same_word=int(flash["data"]["same_word"]),
            data_word_bits=int(flash["data"]["word_bytes"]).bit_length() - 1,
            unaligned=int(table["unaligned"]["cycles"]),
            divide=_divide_costs(table["divide"]),
        )

    def error_percent(self, assumed: float) -> int:
        """How far boards are from modelled times, in percent; ``assumed`` is the share of such cycles."""
        return round(self._error["percent"] + assumed * self._error["assumed_percent"])

    @property
    def divide_cycles(self) -> int:
        """What a divide costs whose operands are not known."""
        return self._costs["div"].cycles

    def walk(self, address: int, code: bytes) -> Iterator[tuple[Decoded, int]]:
        """The instructions of a block with what each of them adds to the block's cycles.

        What comes to its end after the last instruction is added to that.
        """
        pipeline = Pipeline(self._costs, address_stall=self._stall, float_stall=self._float_stall)
        # Two bytes more than the block so that a last halfword can always be paired.
        padded = code + b"\0\0"
        position = 0
        while position < len(code):
            first = int.from_bytes(padded[position : position + 2], "little")
            second = int.from_bytes(padded[position + 2 : position + 4], "little")
            insn = decode(address + position, first, second)
            cycles = pipeline.cost(insn)
            where = address + position
            position += insn.size
            if position >= len(code):
                cycles += pipeline.rest()
            yield (where, first, second, insn), cycles

    def block(self, address: int, size: int, read: Callable[[int, int], bytes], it_state: int = 0) -> Block:
        """Price the block of ``size`` bytes at ``address``.

        Args:
            address: of its first instruction.
            size: in bytes.
            read: gives the code.
            it_state: ITSTATE where it begins.
        """
        code = read(address, size)
        cycles, sp, depth = 0, 0, 0
        flags = BlockFlag(0)
        insn = Insn(2, "nop")
        priced = list(self.walk(address, code))
        decoded: list[Decoded] = [instruction for instruction, _ in priced]
        conditional = [condition != ALWAYS for condition, _ in conditions(decoded, it_state)]
        more: dict[int, int] = {}
        for (instruction, cost), on_condition in zip(priced, conditional, strict=True):
            where, first, second, insn = instruction
            cycles += SKIPPED if on_condition else cost
            if on_condition and cost != SKIPPED:
                more[where] = cost - SKIPPED
            sp += insn.sp
            depth = max(depth, -sp)
            if insn.sp_dynamic:
                flags |= BlockFlag.MOVES_SP
            if first == 0xBF40 or (first, second) == (0xF3AF, 0x8004):
                flags |= BlockFlag.SENDS_EVENT
            if where == address and insn.size == 4 and address % 4 == 2:
                flags |= BlockFlag.STRADDLES
        if insn.kind in ("cps", "msr"):
            flags |= BlockFlag.UNMASKS
        if code in (b"\xfe\xe7", b"\xff\xf7\xfe\xbf"):
            # `b .` in its narrow and wide encodings (ARMv7-M ARM, A7.7.12).
            flags |= BlockFlag.SELF
        reads = accesses(decoded, conditional)
        cycles -= reads.divides * self.divide_cycles
        taken = self._refill[self._ends.get(insn.kind, "decode")]
        bases = alignment(decoded, it_state) if self._checks_alignment else NO_ALIGNMENT
        located = self._located(reads, more)
        assumed = 0
        on_system_bus = address >= self._system_bus["from"]
        if on_system_bus or address in self._icode_ram:
            flags |= BlockFlag.IN_RAM
        if on_system_bus:
            assumed = self._bus_cycles(address, size, decoded)
            taken += self._system_bus["branch"]
        return Block(
            address,
            size,
            len(decoded),
            cycles + assumed,
            flags,
            depth,
            taken,
            reads,
            located,
            bases,
            assumed,
            through=self._through(priced, conditional),
        )

    def _through(self, priced: list[tuple[Decoded, int]], conditional: list[bool]) -> tuple[int, ...]:
        """What a block costs up to each further line of the cache, without what is priced by operands."""
        bits, through, cycles = self.run.cache_line_bits, list[int](), 0
        begin = priced[0][0][0] >> bits if priced else 0
        for ((where, _, _, insn), cost), on_condition in zip(priced, conditional, strict=True):
            through += [cycles] * ((where + insn.size - 1 >> bits) - begin - len(through))
            cycles += SKIPPED if on_condition else 0 if insn.kind == "div" else cost
        return tuple(through)

    def joined(self, before: int, address: int, size: int, read: Callable[[int, int], bytes]) -> int:
        """Cycles that a block costs more where code from ``before`` on runs into it than by a jump.

        Nearly always less than none: its first instruction overlaps the one before.
        """

        def cycles(start: int, end: int) -> int:
            return sum(cost for _, cost in self.walk(start, read(start, end - start)))

        end = address + size
        return cycles(before, end) - cycles(before, address) - cycles(address, end)

    def _bus_cycles(self, address: int, size: int, decoded: list[Decoded]) -> int:
        """What a block takes longer for being fetched over the bus that its data share."""
        words = (address + size - 1) // 4 - address // 4 + 1
        data = sum(insn.transfers for _, _, _, insn in decoded if insn.kind.startswith(MEMORY))
        return words * self._system_bus["word"] + data * self._system_bus["data"]

    def _located(self, reads: Accesses, more: dict[int, int]) -> tuple[Located, ...]:
        """What is priced at its instruction; ``more``: cycles of conditional ones beyond a skipped one's."""
        by_address = dict(reads.located)
        located: list[Located] = []
        for where in sorted(by_address.keys() | more.keys()):
            own_accesses = by_address.get(where, ())
            divides = sum(access.kind in DIVIDENDS for access in own_accesses)
            conditional = more.get(where, 0)
            cycles = conditional - divides * self.divide_cycles
            located.append(Located(where, cycles, own_accesses, conditional))
        return tuple(located)


def _divide_costs(table: dict[str, Any]) -> tuple[int, ...]:
    least, first, bits = int(table["least"]), int(table["first"]), int(table["bits_a_cycle"])
    return (least, *(first + (quotient + bits - 1) // bits for quotient in range(1, 33)))


@cache
def load_model(name: str, *, checks_alignment: bool = True) -> CostModel:
    """The cost model from the table ``<name>.yml`` beside this module."""
    text = files(__package__).joinpath(f"{name}.yml").read_text(encoding="utf-8")
    return CostModel(load_own(text), checks_alignment=checks_alignment)
