"""A linked firmware image: what the emulator loads and what the reports take sizes from."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from mlbench.elf.file_bytes import read_file
from mlbench.elf.headers import (
    EM_ARM,
    EM_AVR,
    PF_W,
    PF_X,
    SHT_STRTAB,
    SHT_SYMTAB,
    ProgramHeader,
    Section,
    Tables,
    machine_name,
    printable,
    read_tables,
)
from mlbench.elf.memory_map import SRAM_REGION, Region, is_in_ram, is_reservation, is_stored
from mlbench.elf.symbols import ENTRY, Symbol, read_symbols
from mlbench.errors import SketchError

if TYPE_CHECKING:
    from mlbench.elf.cfi import FrameInfo
    from mlbench.elf.dwarf import DebugInfo

__all__ = ["SRAM_REGION", "Image", "Section", "Segment", "Symbol"]

FILES_SECTION, BYTES_SECTION = ".mlbench.files", ".mlbench.bytes"
"""Sections that list the files which ``assembled`` has put an image together from; the second where none of
them tells more than which bytes go where."""


@dataclass(frozen=True)
class Segment:
    """A part of the image that is loaded.

    ``address`` is where the firmware runs it, ``load`` where it is stored (the same but for .data
    and code copied to RAM). ``size`` is bytes of memory, of which ``data`` fills the first.
    """

    address: int
    load: int
    data: bytes
    size: int
    writable: bool
    executable: bool


class Image:
    """A firmware's ELF file, parsed once. Debug information is left to ``mlbench.elf.dwarf``."""

    def __init__(self, path: Path, data: bytes, tables: Tables) -> None:
        self.data = data
        self.sections = tables.sections
        files = self.section(FILES_SECTION) or self.section(BYTES_SECTION)
        self.bytes_alone = files is not None and files.name == BYTES_SECTION
        """Put together from files that say which bytes go where, and nothing of RAM and names."""
        self.assembled = files is not None
        """Put together from several files, or from one that is no ELF file."""
        self.path = path if files is None else _last_file(self.contents(files), path)
        """What it is called."""
        self.entry = tables.entry & ~1
        """Address of the first instruction the ELF header names, Thumb bit cleared."""
        self._loads = tables.loads
        self._machine = tables.machine
        self._symtab = next(
            (s for s in tables.sections if s.type == SHT_SYMTAB and s.size >= ENTRY.size), None
        )

    @classmethod
    def load(cls, path: Path) -> Image:
        """Read and check an image. The same file gives the same image, parsed once, while it is in use.

        Raises:
            UsageError: there is no such file.
            EnvironmentFault: the file cannot be read.
            SketchError: it is no whole executable of a board's machine (ARM, AVR, RISC-V, Xtensa).
        """
        data = read_file(path)
        path = Path(path)
        image = _RECENT.get(path)
        if image is None or image.data != data:
            image = cls.parse(data, path)
            _RECENT.pop(path, None)
            _RECENT[path] = image
            while len(_RECENT) > _MOST_RECENT:
                _RECENT.pop(next(iter(_RECENT)), None)
        return image

    @classmethod
    def parse(cls, data: bytes, path: Path = Path("image.elf")) -> Image:
        """An image from the bytes of its file. Raises SketchError as ``load`` does."""
        image = cls(path, data, read_tables(data, str(path)))
        if image._symtab is not None:
            image._strings_of(image._symtab)
        return image

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """What is loaded, in the file's order."""
        return tuple(
            Segment(
                load.address,
                load.load,
                self.data[load.offset : load.offset + load.file_size],
                load.memory_size,
                bool(load.flags & PF_W),
                bool(load.flags & PF_X),
            )
            for load in self._loads
        )

    @property
    def programmed(self) -> tuple[tuple[int, bytes], ...]:
        """What is stored on the chip: where, and its bytes, by address.

        By sections: a segment may begin with the ELF file's own header, which no chip is given.
        """
        parts = ((self.load_address(s), self.contents(s)) for s in self._occupying() if s.has_bytes)
        return tuple(sorted(parts, key=lambda part: part[0]))

    @cached_property
    def debug(self) -> DebugInfo:
        """The debug information, read as far as it is asked."""
        from mlbench.elf.dwarf import DebugInfo

        return DebugInfo(self)

    @cached_property
    def frames(self) -> FrameInfo:
        """How to find callers, read when first asked."""
        from mlbench.elf.cfi import FrameInfo

        return FrameInfo(self)

    @property
    def hard_float(self) -> bool:
        """Whether floats are passed in registers of the FPU (EF_ARM_ABI_FLOAT_HARD of IHI 0044)."""
        return bool(int.from_bytes(self.data[36:40], "little") & 0x400)

    @property
    def stripped(self) -> bool:
        """Whether the symbol table is gone (``strip``, ``-s``); ``--strip-debug`` keeps it."""
        return self._symtab is None

    @cached_property
    def symbols(self) -> tuple[Symbol, ...]:
        """All defined symbols, in the table's order; none for a stripped image."""
        if self._symtab is None:
            return ()
        strings = self.contents(self._strings_of(self._symtab))
        return read_symbols(self.contents(self._symtab), strings, str(self.path))

    @cached_property
    def functions(self) -> tuple[Symbol, ...]:
        """The symbols of functions by address, aliases included."""
        return tuple(sorted((s for s in self.symbols if s.kind == "func"), key=lambda s: (s.address, s.size)))

    def symbol(self, name: str) -> Symbol | None:
        """The symbol of that linker's name (mangled for C++); a global one goes before local ones."""
        return self._by_name.get(name)

    def function_at(self, address: int) -> Symbol | None:
        """The function that holds ``address`` (Thumb bit ignored), the innermost where they nest.

        A function without a size (hand-written assembly) reaches to the next symbol of code or to the
        end of its section.
        """
        address &= ~1
        index = bisect_right(self._starts, address)
        for candidate in reversed(self._code[max(0, index - 16) : index]):
            if candidate.address <= address < candidate.address + candidate.size:
                return candidate
        if index == 0 or self._code[index - 1].size:
            return None
        nearest = self._code[index - 1]
        section = self.section_at(nearest.address)
        return nearest if section is not None and address < section.end else None

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def section_at(self, address: int) -> Section | None:
        """The allocated section that holds ``address`` when the firmware runs."""
        return next((s for s in self.sections if s.allocated and s.address <= address < s.end), None)

    def contents(self, section: Section) -> bytes:
        """The bytes of a section; none for a section like .bss."""
        return self.data[section.offset : section.offset + section.size] if section.has_bytes else b""

    def is_code(self, address: int) -> bool:
        """Whether ``address`` lies in an executable section (in an executable segment if there are none)."""
        starts, ends = self._code_ranges
        index = bisect_right(starts, address) - 1
        return index >= 0 and address < ends[index]

    def read(self, address: int, size: int) -> bytes:
        """What memory holds after loading: by run address, else by load address.

        Memory of a segment beyond its bytes in the file reads as zeros.

        Raises:
            SketchError: a byte of the range is in no segment.
        """
        for by_load in (False, True):
            for segment in self.segments:
                start = address - (segment.load if by_load else segment.address)
                if start >= 0 and start + size <= segment.size:
                    return segment.data[start : start + size].ljust(size, b"\0")
        raise SketchError(f"holds no {size} bytes at {address:#x}", where=str(self.path))

    @property
    def is_arm(self) -> bool:
        """Whether it is for a Cortex-M; of others sizes and names are read."""
        return self._machine == EM_ARM

    @property
    def maps_memory(self) -> bool:
        """Whether its sections alone tell what is RAM: others reserve flash and RAM by sections as well."""
        return self._machine in (EM_ARM, EM_AVR)

    @property
    def machine(self) -> str:
        """What it is built for: ``ARM``, ``AVR``, ``RISC-V``, ``Xtensa``."""
        return machine_name(self._machine)

    def flash_bytes(self, flash: Region | None = None) -> tuple[tuple[str, int], ...]:
        """Sections that occupy flash, with their bytes: contents in the file, stored in ``flash``.

        .data counts (its initial values are stored in flash), .bss and .noinit do not. An image
        without section headers is counted by its segments. Without ``flash``, all counts that is stored,
        external flash too; but for what lies in an ARM's internal RAM or is an AVR's EEPROM.
        """
        return tuple(
            (section.name, section.size)
            for section in self._occupying()
            if section.has_bytes and is_stored(self._machine, self.load_address(section), flash)
        )

    def static_ram(self, ram: Region | None = None) -> tuple[tuple[str, int], ...]:
        """Sections in RAM with their bytes, but for those that only reserve heap and stack.

        Without ``ram`` those of variables, wherever the linker put them; code counts where it lies in an
        ARM's internal RAM.
        """
        return tuple(
            (section.name, section.size)
            for section in self._occupying()
            if not is_reservation(section) and self._in_ram(section, ram)
        )

    def reservations(self, ram: Region = SRAM_REGION) -> tuple[tuple[str, int], ...]:
        """Sections with which a linker script sets RAM aside for heap and stack, with their bytes.

        They are named .heap and .stack or .stack_dummy by custom; some scripts leave them unallocated.
        """
        return tuple(
            (section.name, section.size)
            for section in self.sections
            if section.size and is_reservation(section) and ram[0] <= section.address < ram[1]
        )

    def _in_ram(self, section: Section, ram: Region | None) -> bool:
        segment, load = self._segment(section), self.load_address(section)
        return is_in_ram(self._machine, section, segment, load, ram)

    def _occupying(self) -> Iterable[Section]:
        if self.sections:
            return [section for section in self.sections if section.allocated and section.size]
        return [
            Section(f"segment at {load.address:#x}", load.address, load.file_size, 1, 2, load.offset)
            for load in self._loads
            if load.file_size
        ]

    def load_address(self, section: Section) -> int:
        """Where the bytes of a section are stored, which start-up code may copy to where they are used."""
        segment = self._segment(section)
        return section.address if segment is None else segment.load + section.address - segment.address

    def _segment(self, section: Section) -> ProgramHeader | None:
        """The segment that has the bytes of a section."""
        for load in self._loads:
            inside = load.address <= section.address and section.end <= load.address + load.memory_size
            if inside and load.offset <= section.offset < load.offset + max(1, load.file_size):
                return load
        return None

    def _strings_of(self, table: Section) -> Section:
        if table.link < len(self.sections) and self.sections[table.link].type == SHT_STRTAB:
            return self.sections[table.link]
        raise SketchError(
            "is damaged: its symbols have no names", where=str(self.path), do="build or copy it again"
        )

    @cached_property
    def _by_name(self) -> dict[str, Symbol]:
        names: dict[str, Symbol] = {}
        for symbol in self.symbols:
            known = names.get(symbol.name)
            if known is None or (known.local and not symbol.local):
                names[symbol.name] = symbol
        return names

    @cached_property
    def _code(self) -> tuple[Symbol, ...]:
        """Functions and, where start-up code has nothing else, labels of executable sections."""
        labels = [
            s
            for s in self.symbols
            if s.kind == "notype" and not s.local and s.name and self.is_code(s.address)
        ]
        taken = {function.address for function in self.functions}
        code = [*self.functions, *(label for label in labels if label.address not in taken)]
        return tuple(sorted(code, key=lambda s: (s.address, -s.size)))

    @cached_property
    def _starts(self) -> list[int]:
        return [symbol.address for symbol in self._code]

    @cached_property
    def _code_ranges(self) -> tuple[list[int], list[int]]:
        """Starts of the ranges, and as many ends; ranges that overlap have the furthest end so far."""
        ranges = [(s.address, s.end) for s in self.sections if s.allocated and s.executable]
        ranges = ranges or [(s.address, s.address + s.size) for s in self.segments if s.executable]
        ranges.sort()
        return [start for start, _ in ranges], list(accumulate((end for _, end in ranges), max))


def _last_file(listed: bytes, path: Path) -> Path:
    name = printable(listed.split(b"\0")[-1])
    return Path(name) if name else path


_RECENT: dict[Path, Image] = {}
_MOST_RECENT = 4
"""Two jobs at a time, each with an image for its probes."""
