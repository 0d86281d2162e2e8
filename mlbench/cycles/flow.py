"""Follows registers through a block, as sums of what they and memory were at its start."""

from __future__ import annotations

from typing import NamedTuple

from mlbench.cycles.decode_wide import expand_immediate
from mlbench.cycles.insn import PC, SP, Insn
from mlbench.cycles.sums import SLOTS, Pointer, Sum, SumKind, add, constant, pointer, shift_left


class Value(NamedTuple):
    """A value that is fetched from memory, or computed, when the block begins."""

    kind: SumKind
    where: Sum
    width: int = 4
    signed: bool = False
    operand: Sum | None = None


class _Store(NamedTuple):
    where: Sum
    width: int
    value: Sum | None


class Flow:
    """The registers, as sums of registers and slots as they are when the block begins.

    A register loaded from a known address is a slot: what memory held there when the block began, or
    what the block stored there since. Stores by another base register are taken to go elsewhere. The
    result of other arithmetic is a slot as well. With ``slots`` off, both are unknown.
    """

    def __init__(self, *, slots: bool = True) -> None:
        self.registers: list[Sum | None] = [Sum(number, -1, 0, 0) for number in range(16)]
        self.values: list[Value] = []
        self._slots = slots
        self._stores: list[_Store] = []

    def step(self, pc: int, first: int, second: int, insn: Insn, *, conditional: bool = False) -> None:
        """Past one instruction; past a conditional one, nobody knows what it has set or stored."""
        if not conditional:
            self._execute(pc, first, second, insn)
            return
        before, stores = list(self.registers), len(self._stores)
        self._execute(pc, first, second, insn)
        after = self.registers
        self.registers = [old if old == new else None for old, new in zip(before, after, strict=True)]
        self._stores[stores:] = [store._replace(value=None) for store in self._stores[stores:]]

    def _execute(self, pc: int, first: int, second: int, insn: Insn) -> None:
        result = self._result(pc, first, second, insn)
        access = pointer(first, second, insn)
        loaded: list[tuple[int, Sum | None]] = []
        base = None
        if access is not None:
            if access.base == PC:
                access = access._replace(base=-1, offset=pc + 4)
            base = self.registers[access.base] if access.moves else None
            if self._slots:
                loaded = self._move(first, second, insn, self.address(access))
        for number in range(16):
            if insn.writes >> number & 1:
                self.registers[number] = None
        if access is not None and base is not None:
            self.registers[access.base] = base.plus(access.moves)
        for number, value in loaded:
            self.registers[number] = value
        if result is not None:
            self.registers[result[0]] = result[1]

    def address(self, access: Pointer) -> Sum | None:
        """Where a load or store goes."""
        base = self.registers[access.base] if access.base >= 0 else constant(0)
        scaled = self.registers[access.scaled] if access.scaled >= 0 else constant(0)
        address = add(base, shift_left(scaled, access.shift))
        return address.plus(access.offset) if address is not None else None

    def _move(self, first: int, second: int, insn: Insn, where: Sum | None) -> list[tuple[int, Sum | None]]:
        """Note what an instruction stores; the registers it loads, with their values."""
        registers = _moved(first, second, insn)
        if insn.kind.startswith(("store", "float_store")):
            if where is not None:
                for position in range(insn.transfers):
                    number = registers[position] if position < len(registers) else None
                    value = self.registers[number] if number is not None else None
                    self._stores.append(_Store(where.plus(4 * position), insn.width, value))
            return []
        return [
            (number, self._fetch(where and where.plus(4 * position), insn))
            for position, number in enumerate(registers)
            if number != PC
        ]

    def _fetch(self, where: Sum | None, insn: Insn) -> Sum | None:
        if where is None:
            return None
        for store in reversed(self._stores):
            if not store.where.same_place(where):
                continue
            ahead = (where.offset - store.where.offset) & 0xFFFFFFFF
            if ahead == 0 and insn.width == store.width == 4:
                return store.value
            if ahead < store.width or (-ahead & 0xFFFFFFFF) < insn.width:
                return None
        return self._value(Value(SumKind.FETCH, where, insn.width, insn.signed))

    def _value(self, value: Value) -> Sum:
        if value not in self.values:
            self.values.append(value)
        return Sum(SLOTS + self.values.index(value), -1, 0, 0)

    def _computed(self, kind: SumKind, a: Sum | None, b: Sum | None) -> Sum | None:
        if a is None or b is None or not self._slots:
            return None
        return self._value(Value(kind, a, operand=b))

    def _extended(self, a: Sum | None, width: int, signed: bool) -> Sum | None:
        return None if a is None or not self._slots else self._value(Value(SumKind.EXTEND, a, width, signed))

    def _result(self, pc: int, hw: int, hw2: int, insn: Insn) -> tuple[int, Sum | None] | None:
        """The register that an instruction sets to a sum, and that sum."""
        r = self.registers
        if insn.size == 2:
            return self._narrow(pc, hw)
        rn, rd = hw & 15, hw2 >> 8 & 15
        if insn.kind in ("extend", "mul", "mla"):
            return self._wide_value(hw, hw2, rn, rd)
        if insn.kind != "alu" or not insn.writes:
            return None
        if hw & 0xFE00 == 0xEA00:  # shifted register
            return rd, self._shifted(hw >> 5 & 15, rn, r[hw2 & 15], hw2)
        if hw & 0xF800 != 0xF000 or hw2 & 0x8000:
            return None
        imm12 = (hw & 0x400) << 1 | hw2 >> 4 & 0x700 | hw2 & 0xFF
        if not hw & 0x0200:
            value, operation = expand_immediate(imm12), hw >> 5 & 15
            if operation == 2 and rn == PC:
                return rd, constant(value)
            if operation in (8, 13) and r[rn] is not None:
                return rd, add(r[rn], constant(value if operation == 8 else -value))
            return (rd, self._computed(SumKind.AND, r[rn], constant(value))) if operation == 0 else None
        operation = hw >> 4 & 31
        if operation in (0, 10):
            origin = constant(pc + 4 & ~3) if rn == PC else r[rn]
            return rd, add(origin, constant(imm12 if operation == 0 else -imm12))
        if operation == 4:
            return rd, constant(rn << 12 | imm12)
        if operation == 12:
            old = r[rd]
            if old is not None and old.base < 0 and old.scaled < 0:
                return rd, constant(old.offset & 0xFFFF | (rn << 12 | imm12) << 16)
        return None

    def _shifted(self, operation: int, rn: int, rm: Sum | None, hw2: int) -> Sum | None:
        """ADD, SUB, AND or MOV of a shifted register."""
        amount, how = hw2 >> 10 & 0x1C | hw2 >> 6 & 3, hw2 >> 4 & 3
        if how == 0:
            value = shift_left(rm, amount)
        elif how < 3 and amount:
            value = self._computed(SumKind.RIGHT if how == 1 else SumKind.RIGHT_SIGNED, rm, constant(amount))
        else:
            return None
        if operation == 2:
            return value if rn == PC else None
        if operation == 8:
            return add(self.registers[rn], value)
        kind = {0: SumKind.AND, 13: SumKind.SUBTRACT}.get(operation)
        return None if kind is None else self._computed(kind, self.registers[rn], value)

    def _wide_value(self, hw: int, hw2: int, rn: int, rd: int) -> tuple[int, Sum | None] | None:
        """Extends, MUL, MLA and MLS."""
        r = self.registers
        if hw & 0xFF00 == 0xFA00:
            widths = {0: (2, True), 1: (2, False), 4: (1, True), 5: (1, False)}
            extension = widths.get(hw >> 4 & 7)
            if extension is None or hw2 & 0x30:
                return None
            value = self._extended(r[hw2 & 15], *extension)
            return rd, value if rn == PC else add(r[rn], value)
        product = self._computed(SumKind.MULTIPLY, r[rn], r[hw2 & 15])
        accumulator = hw2 >> 12
        if accumulator == 15:
            return rd, product
        if hw2 & 0xF0:
            return rd, self._computed(SumKind.SUBTRACT, r[accumulator], product)
        return rd, add(r[accumulator], product)

    def _narrow(self, pc: int, hw: int) -> tuple[int, Sum | None] | None:
        r = self.registers
        low, middle, high = hw & 7, hw >> 3 & 7, hw >> 8 & 7
        imm8 = hw & 0xFF
        if hw >> 11 == 0:
            return low, shift_left(r[middle], hw >> 6 & 31)
        if hw >> 11 in (1, 2):
            kind = SumKind.RIGHT if hw >> 11 == 1 else SumKind.RIGHT_SIGNED
            amount = hw >> 6 & 31
            return low, self._computed(kind, r[middle], constant(amount)) if amount else None
        if hw >> 9 == 0b0001100:
            return low, add(r[middle], r[hw >> 6 & 7])
        if hw >> 9 == 0b0001101:
            return low, self._computed(SumKind.SUBTRACT, r[middle], r[hw >> 6 & 7])
        if hw >> 6 in (0x100, 0x10D):
            return low, self._computed(
                SumKind.AND if hw >> 6 == 0x100 else SumKind.MULTIPLY, r[low], r[middle]
            )
        if hw >> 8 == 0xB2:
            return low, self._extended(r[middle], 1 if hw & 0x40 else 2, not hw & 0x80)
        if hw >> 10 == 0b000111:
            amount = hw >> 6 & 7
            return low, add(r[middle], constant(-amount if hw & 0x200 else amount))
        if hw >> 11 == 0b00100:
            return high, constant(imm8)
        if hw >> 11 in (0b00110, 0b00111):
            return high, add(r[high], constant(-imm8 if hw & 0x800 else imm8))
        if hw >> 8 in (0b01000100, 0b01000110):
            rd, rm = low | hw >> 4 & 8, hw >> 3 & 15
            if PC in (rd, rm):
                return None
            return rd, add(r[rd], r[rm]) if hw >> 8 == 0b01000100 else r[rm]
        if hw >> 11 == 0b10100:
            return high, constant((pc + 4 & ~3) + imm8 * 4)
        if hw >> 11 == 0b10101:
            return high, add(r[SP], constant(imm8 * 4))
        if hw >> 8 == 0b10110000:
            amount = (hw & 0x7F) * 4
            return SP, add(r[SP], constant(-amount if hw & 0x80 else amount))
        return None


def _moved(first: int, second: int, insn: Insn) -> list[int]:
    """The core registers that a load or store moves, lowest address first."""
    kind = insn.kind
    if kind in ("load", "store", "store_reg"):
        if insn.size == 4:
            # STREX has the register that is stored here, too.
            return [second >> 12]
        if first >> 12 in (4, 9):
            return [first >> 8 & 7]
        return [first & 7]
    if kind in ("load_double", "store_double"):
        return [second >> 12, second >> 8 & 15]
    if kind in ("load_multiple", "pop_pc", "store_multiple"):
        if insn.size == 4:
            listed = second
        elif first >> 12 == 11:
            # The ninth bit is LR where it is pushed, PC where it is popped.
            extra = first >> 8 & 1
            listed = first & 0xFF | (extra << 14 if kind == "store_multiple" else extra << 15)
        else:
            listed = first & 0xFF
        return [number for number in range(16) if listed >> number & 1]
    return []
