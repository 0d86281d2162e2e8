"""Mutations of firmware that know its parts: tables are changed by rows and fields, code by instructions.

A mutation is told by the seed, its number, and the base images: the same three give the same bytes.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION, _SYMBOL, _SEGMENT = struct.Struct("<10I"), struct.Struct("<IIIBBH"), struct.Struct("<8I")
_NOBITS, _SYMTAB = 8, 2
_MODEL_WORDS = (b"setup", b"loop", b"reset", b"Reset", b"Model", b"model", b"infer", b"alloc", b"_sbrk",
                b"free", b"end", b"heap", b"stack", b"osRtx", b"main", b"kernel", b"thread")  # fmt: skip
"""What stands in the names of symbols that mlbench looks for."""

_WORDS = (0, 1, 2, 3, 4, 7, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x10001, 0x100000, 0x20000000, 0x20000001,
          0x2003FFFC, 0x20040000, 0x3FFFFFFF, 0x40000000, 0x40002000, 0x7FFFFFFF, 0x80000000, 0xE000E000,
          0xE000ED08, 0xFFFFFFF0, 0xFFFFFFF1, 0xFFFFFFFE, 0xFFFFFFFF)  # fmt: skip
_BYTES = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", bytes(4),
          bytes(16), b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\xff", b"\xfe\xff\xff\xff")  # fmt: skip
_NAMES = (
    b"setup",
    b"loop",
    b"main",
    b"malloc",
    b"_sbrk",
    b"_malloc_r",
    b"__wrap_malloc",
    b"mlbench_alloc_size",
    b"osRtxInfo",
    b"abort",
    b"__assert_func",
    b"\xff\xfe\xfd",
    b"\x1b[2J",
    b"a\nb",
    b"_ZN3net5ModelC1EPKcj",
    b"_Z" + b"S_" * 40,
    b"_Z1fI" * 60,
    b"_Z999999999x",
    b"_ZN",
    b"$t",
    b"$d",
    b"",
)
_HALFWORDS = (
    (0xBF20,), (0xBF30,), (0xBF40,), (0xBE00,), (0xBEAB,), (0xDF00,), (0xDE00,), (0xB662,), (0xB672,),
    (0xB661,), (0xB671,), (0x4770,), (0xE7FE,), (0xE7FF,), (0x4718,), (0x4780,), (0xB5F0,), (0xBDF0,),
    (0xF3BF, 0x8F6F), (0xE841, 0xF100), (0xFBB0, 0xF0F2), (0xEE30, 0x0A01), (0xEE07, 0x0F10), (0xC803,),
    (0xC10E,), (0xF383, 0x8808), (0xF383, 0x8809), (0xF383, 0x8814), (0xF380, 0x8810), (0xF3EF, 0x8308),
    (0xB0FF,), (0xB07F,), (0x46AD,), (0x4685,), (0xE8D1, 0xF001), (0xF7FF, 0xFFFE), (0x8000, 0xF000),
)  # fmt: skip
"""Sleep, breakpoints, calls, masks, returns, barriers, divisions, floats, special registers, the stack."""
_UNWINDING = (
    0x80B0B0B0, 0x8001B0B0, 0x80FFFFFF, 0x81B20000, 0x81B2FFFF, 0x9B010101, 1, 0, 0x7FFFFFFF, 0x8F000000,
    0x80B60101, 0x80C9FFFF, 0x80D0D1D2, 0x83000000, 0x80A8A9AF, 0x80B1FF00,
)  # fmt: skip
"""Words of .ARM.exidx and .ARM.extab (IHI 0038): inline entries, "cannot unwind", unknown models."""
_FRAME_RULES = (
    b"\x0a",
    b"\x0b",
    b"\x0c\x0d\x00",
    b"\x0e\xff\xff\x03",
    b"\x0f\x03\x30\x30\x1e",
    b"\x10\x0e\x01\x9f",
    b"\x02\xff",
    b"\x04\xff\xff\xff\xff",
    b"\xce\x7f",
    b"\x8f\x01",
    b"\x09\x0d\x0e",
    b"\x2e\x10",
)


@dataclass(frozen=True)
class Row:
    """A section of the sound image."""

    name: str
    index: int
    address: int
    offset: int
    size: int


class Base:
    """A sound image and what the mutations know of it; read here by rules of their own."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        head = _HEADER.unpack_from(data)
        self.segment_table, self.section_table = head[5], head[6]
        self.segment_count, self.section_count, self.names = head[10], head[12], head[13]

    @cached_property
    def rows(self) -> list[Row]:
        rows = []
        strings = _SECTION.unpack_from(self.data, self.section_table + 40 * self.names)[4]
        for index in range(self.section_count):
            name, kind, _, address, offset, size, *_ = _SECTION.unpack_from(
                self.data, self.section_table + 40 * index
            )
            text = self.data[strings + name : self.data.index(b"\0", strings + name)].decode()
            rows.append(Row(text, index, address, offset, 0 if kind == _NOBITS else size))
        return rows

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.name == name and row.size), None)

    @cached_property
    def named_symbols(self) -> list[int]:
        """Where in the file the symbols are whose names mlbench knows."""
        table, strings = self.row(".symtab"), self.row(".strtab")
        assert table is not None
        assert strings is not None
        places = range(table.offset, table.offset + table.size, 16)
        return [
            at
            for at in places
            if any(
                word
                in self.data[(start := strings.offset + _SYMBOL.unpack_from(self.data, at)[0]) : start + 40]
                for word in _MODEL_WORDS
            )
        ]

    @cached_property
    def functions(self) -> list[tuple[int, int]]:
        """Place in the file and size of each function."""
        table, text = self.row(".symtab"), self.row(".text")
        assert table is not None
        assert text is not None
        found = []
        for at in range(table.offset, table.offset + table.size, 16):
            _, value, size, info, _, _ = _SYMBOL.unpack_from(self.data, at)
            start = (value & ~1) - text.address
            if info & 15 == 2 and size and 0 <= start < text.size:
                found.append((text.offset + start, size))
        return found


@dataclass(frozen=True)
class Mutant:
    """A mutated image: which base it began from, and what was done to it."""

    base: int
    data: bytes
    steps: tuple[str, ...]


Mutation = Callable[[random.Random, Base, bytearray], str]


def mutant(bases: Sequence[Base], seed: str, number: int) -> Mutant:
    """The mutation of a seed that has this number."""
    draw = random.Random(f"{seed} {number}")
    index = number % len(bases)
    base = bases[index]
    data = bytearray(base.data)
    steps = []
    for _ in range(draw.choice((1, 1, 1, 2, 3, 5, 9))):
        change = draw.choices(list(MUTATIONS), list(MUTATIONS.values()))[0]
        steps.append(f"{change.__name__}: {change(draw, base, data)}")
    return Mutant(index, bytes(data), tuple(steps))


def _put(data: bytearray, at: int, value: bytes) -> None:
    """Write what lies within the file."""
    data[at : at + len(value)] = value[: max(0, len(data) - at)]


def _word(draw: random.Random, old: int, size: int = 4) -> int:
    """Another value of a field: next to the old one, an interesting one, or any."""
    kind = draw.random()
    if kind < 0.3:
        value = old + draw.choice((-1024, -16, -4, -2, -1, 1, 2, 4, 16, 1024))
    elif kind < 0.4:
        value = old ^ 1 << draw.randrange(8 * size)
    elif kind < 0.9:
        value = draw.choice(_WORDS)
    else:
        value = draw.getrandbits(8 * size)
    return value & (1 << 8 * size) - 1


def _field(draw: random.Random, data: bytearray, at: int, size: int = 4) -> str:
    old = int.from_bytes(data[at : at + size], "little")
    new = _word(draw, old, size)
    _put(data, at, new.to_bytes(size, "little"))
    return f"{old:#x} -> {new:#x} at {at:#x}"


def header(draw: random.Random, base: Base, data: bytearray) -> str:
    """A field of the file's header."""
    at, size = draw.choice(
        [
            (4, 1),
            (5, 1),
            (6, 1),
            (16, 2),
            (18, 2),
            (20, 4),
            (24, 4),
            (24, 4),
            (28, 4),
            (32, 4),
            (36, 4),
            (40, 2),
            (42, 2),
            (44, 2),
            (46, 2),
            (48, 2),
            (50, 2),
        ]
    )
    return _field(draw, data, at, size)


def section(draw: random.Random, base: Base, data: bytearray) -> str:
    """A field of a section's header, or two headers that change places."""
    row = draw.choice(base.rows)
    at = base.section_table + 40 * row.index
    if draw.random() < 0.15:
        other = draw.choice(base.rows)
        there = base.section_table + 40 * other.index
        first, second = bytes(data[at : at + 40]), bytes(data[there : there + 40])
        _put(data, at, second)
        _put(data, there, first)
        return f"{row.name} and {other.name} change places"
    field = draw.choice((0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 5, 6, 7, 8, 9))
    if field == 1:
        kind = draw.choice((0, 1, 2, 3, 8, 11, 0x70000001, 0x6FFFFFFF))
        _put(data, at + 4, kind.to_bytes(4, "little"))
        return f"{row.name} is of type {kind:#x}"
    return f"field {field} of {row.name}, {_field(draw, data, at + 4 * field)}"


def symbol(draw: random.Random, base: Base, data: bytearray) -> str:
    """A field of a symbol, mostly of one that mlbench looks for."""
    table = base.row(".symtab")
    assert table is not None
    at = draw.choice(base.named_symbols)
    if draw.random() < 0.2:
        at = table.offset + 16 * draw.randrange(table.size // 16)
    if draw.random() < 0.2:
        other = draw.choice(base.named_symbols)
        _put(data, at, bytes(data[other : other + 16]))
        return f"the symbol at {at:#x} is that at {other:#x}"
    place, size = draw.choice(((0, 4), (4, 4), (4, 4), (4, 4), (8, 4), (8, 4), (12, 1), (13, 1), (14, 2)))
    return _field(draw, data, at + place, size)


def name(draw: random.Random, base: Base, data: bytearray) -> str:
    """A name in a table of strings."""
    row = base.row(
        draw.choice((".strtab", ".strtab", ".strtab", ".shstrtab", ".debug_str", ".debug_line_str"))
    )
    row = row or base.row(".strtab")
    assert row is not None
    at = row.offset + draw.randrange(row.size)
    text = draw.choice(_NAMES)
    if draw.random() < 0.3:  # no ends of names any more
        length = min(draw.choice((16, 200, 5000)), row.offset + row.size - at)
        _put(data, at, bytes(data[at : at + length]).replace(b"\0", b"x"))
        return f"{length} characters without an end in {row.name}"
    _put(data, at, (text + b"\0")[: row.offset + row.size - at])
    return f"{text!r} in {row.name} at {at:#x}"


def debug(draw: random.Random, base: Base, data: bytearray) -> str:
    """Contents of debug information: numbers without end, other forms, pieces of other places."""
    rows = [row for row in base.rows if row.name.startswith(".debug_") and row.size]
    if not rows:
        return code(draw, base, data)
    row = draw.choice(rows)
    steps = draw.randrange(1, 6)
    for _ in range(steps):
        near = min(row.size, draw.choice((16, 64, 300, row.size)))
        at = row.offset + draw.randrange(near)
        kind = draw.random()
        if kind < 0.5:
            value = draw.choice(
                _FRAME_RULES if row.name == ".debug_frame" and draw.random() < 0.5 else _BYTES
            )
        elif kind < 0.7:
            value = draw.randbytes(draw.randrange(1, 6))
        elif kind < 0.85:
            value = _word(draw, int.from_bytes(data[at : at + 4], "little")).to_bytes(4, "little")
        else:
            other = draw.choice(rows)
            start = other.offset + draw.randrange(other.size)
            value = bytes(data[start : start + draw.choice((4, 40, 400))])
        _put(data, at, value[: max(0, row.offset + row.size - at)])
    return f"{steps} places of {row.name}"


def exidx(draw: random.Random, base: Base, data: bytearray) -> str:
    """The tables by which callers are found without debug information."""
    row = base.row(draw.choice((".ARM.exidx", ".ARM.exidx", ".ARM.extab"))) or base.row(".ARM.exidx")
    if row is None:
        return debug(draw, base, data)
    for _ in range(draw.randrange(1, 5)):
        at = row.offset + 4 * draw.randrange(row.size // 4)
        if draw.random() < 0.7:
            _put(data, at, draw.choice(_UNWINDING).to_bytes(4, "little"))
        else:
            _field(draw, data, at)
    return row.name


def segment(draw: random.Random, base: Base, data: bytearray) -> str:
    """A field of a program header, or a header that is there twice."""
    at = base.segment_table + 32 * draw.randrange(base.segment_count)
    if draw.random() < 0.2:
        other = base.segment_table + 32 * draw.randrange(base.segment_count)
        _put(data, at, bytes(data[other : other + 32]))
        return f"the header at {at:#x} is that at {other:#x}"
    field = draw.choice((0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7))
    return f"field {field}, {_field(draw, data, at + 4 * field)}"


def vectors(draw: random.Random, base: Base, data: bytearray) -> str:
    """The vector table: the stack, and where exceptions go."""
    text = base.row(".text")
    assert text is not None
    number = draw.choice((0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 11, 14, 15, 16, 17))
    at = text.offset + 4 * number
    if draw.random() < 0.4:
        place, _ = draw.choice(base.functions)
        address = text.address + place - text.offset + draw.choice((1, 1, 1, 0))
        _put(data, at, address.to_bytes(4, "little"))
        return f"vector {number} is {address:#x}"
    return f"vector {number}, {_field(draw, data, at)}"


def code(draw: random.Random, base: Base, data: bytearray) -> str:
    """Instructions of a function."""
    start, size = draw.choice(base.functions)
    steps = draw.choice((1, 1, 2, 4, 12))
    for _ in range(steps):
        at = start + 2 * draw.randrange(max(1, size // 2))
        kind = draw.random()
        if kind < 0.5:
            words = draw.choice(_HALFWORDS)
        elif kind < 0.75:
            words = (draw.getrandbits(16), draw.getrandbits(16))[: draw.randrange(1, 3)]
        else:
            words = (int.from_bytes(data[at : at + 2], "little") ^ 1 << draw.randrange(16),)
        _put(data, at, struct.pack(f"<{len(words)}H", *words))
    return f"{steps} places of the function at {start:#x}"


def contents(draw: random.Random, base: Base, data: bytearray) -> str:
    """Bytes of code, constants and variables."""
    row = draw.choice([row for row in base.rows if row.size and row.address])
    at = row.offset + draw.randrange(row.size)
    _put(data, at, draw.choice(_BYTES) if draw.random() < 0.5 else draw.randbytes(draw.choice((1, 4, 64))))
    return f"{row.name} at {at:#x}"


def cut(draw: random.Random, base: Base, data: bytearray) -> str:
    """A file that ends early, or has lost or won some bytes in the middle."""
    at = draw.randrange(len(data))
    kind = draw.randrange(3)
    if kind == 0:
        del data[at:]
        return f"cut at {at:#x}"
    if kind == 1:
        size = draw.choice((1, 4, 64))
        del data[at : at + size]
        return f"{size} bytes lost at {at:#x}"
    data[at:at] = draw.randbytes(draw.choice((1, 4, 64)))
    return f"more at {at:#x}"


MUTATIONS: dict[Mutation, int] = {
    header: 3,
    section: 14,
    symbol: 16,
    name: 8,
    debug: 18,
    exidx: 8,
    segment: 8,
    vectors: 8,
    code: 20,
    contents: 4,
    cut: 3,
}
"""Each with how often it is chosen."""
