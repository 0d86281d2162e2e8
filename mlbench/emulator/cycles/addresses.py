"""Where the loads of a block read, as sums of registers: so that reads of flash can be priced.

Data read from flash waits for it (nRF52840 Product Specification v1.7, 4.3: the instruction cache does
not hold data). Hooking each load would halve the emulator's speed, so a block is looked at once: the
address of each load is expressed by the registers as they are when the block begins, or as they are
when it has ended. The hot path then has to add two or three registers for a load, nothing more. A load
whose address was itself loaded in the block and is gone at its end is counted as unseen.

Encodings: ARMv7-M Architecture Reference Manual (DDI 0403E), chapter A5 and A7.7.
"""

from __future__ import annotations

from typing import NamedTuple

from mlbench.emulator.cycles.decode import PC, SP, Insn, expand_immediate


class Sum(NamedTuple):
    """``base + (scaled << shift) + offset``; registers by number, -1 for none."""

    base: int
    scaled: int
    shift: int
    offset: int

    def plus(self, amount: int) -> Sum:
        """The same, ``amount`` further."""
        return self._replace(offset=(self.offset + amount) & 0xFFFFFFFF)


class Access(NamedTuple):
    """``words`` reads at an address; ``late``: by the registers after the block."""

    where: Sum
    words: int
    late: bool


class Accesses(NamedTuple):
    """What a block reads from where flash may be, and how many loads could not be told."""

    early: tuple[Access, ...]
    late: tuple[Access, ...]
    unseen: int


class _Load(NamedTuple):
    """Address of a load before its own write-back, and by how much it moves its base."""

    base: int
    scaled: int = -1
    shift: int = 0
    offset: int = 0
    moves: int = 0


def _constant(value: int) -> Sum:
    return Sum(-1, -1, 0, value & 0xFFFFFFFF)


def _add(a: Sum | None, b: Sum | None) -> Sum | None:
    """The sum of two sums, where it still has that form."""
    if a is None or b is None:
        return None
    offset = (a.offset + b.offset) & 0xFFFFFFFF
    plain = [register for register in (a.base, b.base) if register >= 0]
    scaled = [(s.scaled, s.shift) for s in (a, b) if s.scaled >= 0]
    if len(plain) == 2 and not scaled:
        return Sum(plain[0], plain[1], 0, offset)
    if len(plain) > 1 or len(scaled) > 1:
        return None
    index, shift = scaled[0] if scaled else (-1, 0)
    return Sum(plain[0] if plain else -1, index, shift, offset)


def _shift(a: Sum | None, amount: int) -> Sum | None:
    if a is None or amount == 0:
        return a
    offset = a.offset << amount & 0xFFFFFFFF
    if a.base >= 0 and a.scaled < 0:
        return Sum(-1, a.base, amount, offset)
    if a.base < 0:
        return Sum(-1, a.scaled, a.shift + amount if a.scaled >= 0 else 0, offset)
    return None


class _Flow:
    """Follows registers through a block, as sums of what they were at its start."""

    def __init__(self) -> None:
        self.registers: list[Sum | None] = [Sum(number, -1, 0, 0) for number in range(16)]

    def step(self, pc: int, first: int, second: int, insn: Insn) -> None:
        """Past one instruction."""
        result = self._result(pc, first, second, insn)
        load = _load(first, second, insn)
        moved = None if load is None or not load.moves else (load.base, self.registers[load.base])
        for number in range(16):
            if insn.writes >> number & 1:
                self.registers[number] = None
        if moved is not None and load is not None and moved[1] is not None:
            self.registers[moved[0]] = moved[1].plus(load.moves)
        if result is not None:
            self.registers[result[0]] = result[1]

    def address(self, load: _Load) -> Sum | None:
        """Where a load reads."""
        base = self.registers[load.base] if load.base >= 0 else _constant(0)
        scaled = self.registers[load.scaled] if load.scaled >= 0 else _constant(0)
        found = _add(base, _shift(scaled, load.shift))
        return found.plus(load.offset) if found is not None else None

    def _result(self, pc: int, hw: int, hw2: int, insn: Insn) -> tuple[int, Sum | None] | None:
        """The register that an instruction sets to a sum, and that sum."""
        r = self.registers
        if insn.size == 2:
            return self._narrow(pc, hw)
        rn, rd = hw & 15, hw2 >> 8 & 15
        if insn.kind != "alu" or not insn.writes:
            return None
        if hw & 0xFE00 == 0xEA00:  # shifted register: LSL only
            if hw2 & 0x30:
                return None
            amount = hw2 >> 10 & 0x1C | hw2 >> 6 & 3
            operation, scaled = hw >> 5 & 15, _shift(r[hw2 & 15], amount)
            if operation == 2 and rn == PC:
                return rd, scaled
            return (rd, _add(r[rn], scaled)) if operation == 8 else None
        if hw & 0xF800 != 0xF000 or hw2 & 0x8000:
            return None
        imm12 = (hw & 0x400) << 1 | hw2 >> 4 & 0x700 | hw2 & 0xFF
        if not hw & 0x0200:
            value, operation = expand_immediate(imm12), hw >> 5 & 15
            if operation == 2 and rn == PC:
                return rd, _constant(value)
            if operation in (8, 13) and r[rn] is not None:
                return rd, _add(r[rn], _constant(value if operation == 8 else -value))
            return None
        operation = hw >> 4 & 31
        if operation in (0, 10):
            origin = _constant(pc + 4 & ~3) if rn == PC else r[rn]
            return rd, _add(origin, _constant(imm12 if operation == 0 else -imm12))
        if operation == 4:
            return rd, _constant(rn << 12 | imm12)
        if operation == 12:
            old = r[rd]
            if old is not None and old.base < 0 and old.scaled < 0:
                return rd, _constant(old.offset & 0xFFFF | (rn << 12 | imm12) << 16)
        return None

    def _narrow(self, pc: int, hw: int) -> tuple[int, Sum | None] | None:
        r = self.registers
        low, middle, high = hw & 7, hw >> 3 & 7, hw >> 8 & 7
        imm8 = hw & 0xFF
        if hw >> 11 == 0:
            return low, _shift(r[middle], hw >> 6 & 31)
        if hw >> 9 == 0b0001100:
            return low, _add(r[middle], r[hw >> 6 & 7])
        if hw >> 10 == 0b000111:
            amount = hw >> 6 & 7
            return low, _add(r[middle], _constant(-amount if hw & 0x200 else amount))
        if hw >> 11 == 0b00100:
            return high, _constant(imm8)
        if hw >> 11 in (0b00110, 0b00111):
            return high, _add(r[high], _constant(-imm8 if hw & 0x800 else imm8))
        if hw >> 8 in (0b01000100, 0b01000110):
            rd, rm = low | hw >> 4 & 8, hw >> 3 & 15
            if PC in (rd, rm):
                return None
            return rd, _add(r[rd], r[rm]) if hw >> 8 == 0b01000100 else r[rm]
        if hw >> 11 == 0b10100:
            return high, _constant((pc + 4 & ~3) + imm8 * 4)
        if hw >> 11 == 0b10101:
            return high, _add(r[SP], _constant(imm8 * 4))
        if hw >> 8 == 0b10110000:
            amount = (hw & 0x7F) * 4
            return SP, _add(r[SP], _constant(-amount if hw & 0x80 else amount))
        return None


_LOADS = frozenset(
    ("load", "load_pc", "load_double", "load_multiple", "pop_pc", "table_branch", "float_load",
     "float_load_multiple")
)  # fmt: skip


def _load(hw: int, hw2: int, insn: Insn) -> _Load | None:
    """How a load or store forms its address; None for what is neither."""
    if insn.literal is not None:
        return _Load(-1, offset=insn.literal)
    if not insn.address:
        return None
    return _narrow_load(hw, insn) if insn.size == 2 else _wide_load(hw, hw2, insn)


def _narrow_load(hw: int, insn: Insn) -> _Load:
    top, rn = hw >> 12, hw >> 3 & 7
    if top == 5:
        return _Load(rn, hw >> 6 & 7)
    if top in (6, 7, 8):
        return _Load(rn, offset=(hw >> 6 & 31) * {6: 4, 7: 1, 8: 2}[top])
    if top == 9:
        return _Load(SP, offset=(hw & 0xFF) * 4)
    if top == 11:
        return _Load(SP, moves=insn.sp)
    base = hw >> 8 & 7
    kept = insn.kind == "load_multiple" and hw >> base & 1
    return _Load(base, moves=0 if kept else 4 * insn.transfers)


def _wide_load(hw: int, hw2: int, insn: Insn) -> _Load:
    base, up = hw & 15, 1 if hw & 0x80 else -1
    size = 4 * insn.transfers
    if insn.kind == "table_branch":
        return _Load(base, hw2 & 15, hw2 >> 4 & 1, offset=4 if base == PC else 0)
    if insn.kind in (
        "load_multiple",
        "store_multiple",
        "pop_pc",
        "float_load_multiple",
        "float_store_multiple",
    ):
        falls = bool(hw & 0x100)
        moves = (-size if falls else size) if hw & 0x20 else 0
        return _Load(base, offset=-size if falls else 0, moves=moves)
    if insn.kind in ("float_load", "float_store"):
        return _Load(base, offset=(hw2 & 0xFF) * 4 * up)
    if hw & 0xFE40 == 0xE840:
        if not hw & 0x0120:
            return _Load(base, offset=(hw2 & 0xFF) * 4 if not hw & 0x80 else 0)
        amount = (hw2 & 0xFF) * 4 * up
        moves = amount if hw & 0x20 else 0
        return _Load(base, offset=amount if hw & 0x100 else 0, moves=moves)
    if hw & 0x80:
        return _Load(base, offset=hw2 & 0xFFF)
    if not hw2 & 0x800:
        return _Load(base, hw2 & 15, hw2 >> 4 & 3)
    amount = (hw2 & 0xFF) * (1 if hw2 & 0x200 else -1)
    return _Load(base, offset=amount if hw2 & 0x400 else 0, moves=amount if hw2 & 0x100 else 0)


Decoded = tuple[int, int, int, Insn]
"""Address, first and second halfword, and what they decode to."""


def accesses(block: list[Decoded]) -> Accesses:
    """The reads of one block that may reach flash. Reads relative to SP never do."""
    flow = _Flow()
    early: list[Access] = []
    late: list[Access] = []
    unseen = 0
    for position, (pc, first, second, insn) in enumerate(block):
        load = _load(first, second, insn) if insn.kind in _LOADS else None
        if load is not None and load.base == PC:
            load = load._replace(base=-1, offset=pc + 4)
        if load is not None and load.base != SP:
            where = flow.address(load)
            if where is not None and where.base == SP:
                pass
            elif where is not None:
                early.append(Access(where, insn.transfers, False))
            else:
                after = _after(block[position:], load)
                if after is None:
                    unseen += 1
                else:
                    late.append(Access(after, insn.transfers, True))
        flow.step(pc, first, second, insn)
    return Accesses(tuple(early), tuple(late), unseen)


def _after(rest: list[Decoded], load: _Load) -> Sum | None:
    """The address of the load that ``rest`` begins with, by the registers at its end."""
    flow = _Flow()
    for pc, first, second, insn in rest:
        flow.step(pc, first, second, insn)
    found = Sum(-1, load.scaled, load.shift, load.offset & 0xFFFFFFFF)
    if load.scaled >= 0 and flow.registers[load.scaled] != Sum(load.scaled, -1, 0, 0):
        return None
    end = flow.registers[load.base]
    if end is None or end.base != load.base or end.scaled >= 0:
        return None
    return found._replace(base=load.base).plus(-end.offset)
