"""The prebuilt loader of Arduino's Zephyr core: what it is programmed with, what it exports, and its limits.

A platform brings it as an ELF file, which tells everything, and as plain bytes, which still tell the exported
names: Zephyr keeps them as pairs of a name's and a symbol's address, sorted by name (``struct
llext_const_symbol`` of include/zephyr/llext/symbol.h, zephyr commit 0202bd8).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlbench.core.firmware import ThreadRecords
from mlbench.elf.file_bytes import read_file
from mlbench.elf.headers import SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS
from mlbench.elf.image import Image
from mlbench.elf.symbols import Symbol
from mlbench.errors import SketchError

_ELF = b"\x7fELF"
_IDENTIFIER = re.compile(rb"[A-Za-z_.$][A-Za-z0-9_.$]{0,200}\0")
_PAIR, _WORD = struct.Struct("<II"), struct.Struct("<I")
_LEAST_EXPORTS = 8
_RAM = range(0x2000_0000, 0x2100_0000)
_HEAP_RECORD = struct.Struct("<III8x")
"""``struct k_heap`` of include/zephyr/kernel.h without a lock's fields (zephyr commit 0202bd8): a heap that
is set up at start-up, where its memory begins, and its bytes, then an empty list of waiting threads."""
_LARGEST_HEAP = 0x100000
_HEAPS = ("llext_heap", "_sketch_heap", "sketch_heap")
"""Names of the heap of sketches (llext_mem.c; memory-static.ld of the core, commit 0c02a21)."""
NO_ELF = "the platform has the loader's .bin alone, without its ELF file"


@dataclass(frozen=True)
class LoaderPart:
    """A section of the loader; ``data`` is empty for one like .bss. ``load`` is where it is stored."""

    name: str
    address: int
    load: int
    data: bytes
    size: int
    type: int
    flags: int


@dataclass(frozen=True)
class HeapMemory:
    """The memory of a heap that the loader sets up, in bytes."""

    start: int
    size: int


@dataclass(frozen=True)
class SketchLoader:
    """A loader. What its file does not tell is None or empty.

    ``exports`` are the addresses of the names that sketches may use; 0 for one that it was built without.
    ``sketch_heap`` is the heap that dynamic sketches are copied into, and static ones have their variables
    in.
    """

    name: str
    parts: tuple[LoaderPart, ...]
    exports: Mapping[str, int]
    symbols: tuple[Symbol, ...] = ()
    sketch_base: int | None = None
    sketch_size: int | None = None
    sketch_heap: HeapMemory | None = None
    main_stack: int | None = None
    static_ram: int | None = None
    records: tuple[int, int] | None = None
    """See ``SketchParts``."""
    threads: ThreadRecords | None = None
    constants_in_flash: bool = False
    """Whether constants without relocations stay in flash (``CONFIG_LLEXT_RODATA_NO_RELOC``)."""

    @property
    def stored(self) -> int:
        """Bytes of flash that it occupies."""
        return sum(len(part.data) for part in self.parts)


def read_loader(path: Path, base: int) -> SketchLoader:
    """Read a loader from its file.

    Args:
        path: its ELF file, or its plain bytes.
        base: where plain bytes are programmed.

    Raises:
        SketchError: it is damaged, or it exports nothing, so that it is no loader of sketches.
        UsageError: there is no such file.
        EnvironmentFault: it cannot be read.
    """
    data = read_file(path)
    return (
        loader_of_elf(Image.load(path)) if data.startswith(_ELF) else loader_of_bytes(data, base, path.name)
    )


def loader_of_bytes(data: bytes, base: int, name: str) -> SketchLoader:
    """A loader of which only the programmed bytes are there. Raises SketchError as ``read_loader``."""
    part = LoaderPart("loader", base, base, data, len(data), SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR)
    return SketchLoader(name, (part,), _exports([(base, data)], name), sketch_heap=_heap(data))


def loader_of_elf(image: Image) -> SketchLoader:
    """A loader from its ELF file. Raises SketchError as ``read_loader``."""
    parts = tuple(
        LoaderPart(
            f"loader {section.name}",
            section.address,
            image.load_address(section),
            image.contents(section),
            section.size,
            section.type,
            section.flags,
        )
        for section in image.sections
        if section.allocated and section.size
    )
    constants = {
        name: value
        for name in ("sketch_base_addr", "sketch_max_size", "loader_max_size")
        if (value := _constant(image, name)) is not None
    }
    stack = image.symbol("z_main_stack")
    return SketchLoader(
        image.path.name,
        parts,
        _exports(image.programmed, image.path.name),
        image.symbols,
        constants.get("sketch_base_addr"),
        constants.get("sketch_max_size"),
        _heap_of(image),
        stack.size if stack is not None else None,
        sum(size for _, size in image.static_ram()),
        records=_records(image),
        threads=_threads(image),
    )


def _constant(image: Image, name: str) -> int | None:
    symbol = image.symbol(name)
    if symbol is None or symbol.size != _WORD.size:
        return None
    return int(_WORD.unpack(image.read(symbol.address, _WORD.size))[0])


def _records(image: Image) -> tuple[int, int] | None:
    """``llext_list``, and ``mem[LLEXT_MEM_TEXT]`` in ``struct llext``, which begins with its place in the
    list.

    See include/zephyr/llext/llext.h, zephyr commit 0123260, and llext.c.
    """
    listed, offset = image.symbol("llext_list"), image.debug.member_offset("llext", "mem")
    return (listed.address, offset) if listed is not None and offset is not None else None


def _threads(image: Image) -> ThreadRecords | None:
    """``_kernel.cpus[0].current``, and ``name`` and ``stack_info`` in ``struct k_thread``.

    See include/zephyr/kernel_structs.h and include/zephyr/kernel/thread.h, zephyr commit 0202bd8.
    """
    kernel, offset = image.symbol("_kernel"), image.debug.member_offset
    cpus, current = offset("z_kernel", "cpus"), offset("_cpu", "current")
    name, info = offset("k_thread", "name"), offset("k_thread", "stack_info")
    start, size = offset("_thread_stack_info", "start"), offset("_thread_stack_info", "size")
    if kernel is None or cpus is None or current is None or name is None:
        return None
    if info is None or start is None or size is None:
        return None
    return ThreadRecords(kernel.address + cpus + current, name, info + start, info + size)


def _heap_of(image: Image) -> HeapMemory | None:
    """The heap of sketches: by its record, else by the memory that is set aside for it."""
    for name in _HEAPS:
        symbol, memory = image.symbol(name), image.symbol(f"kheap_{name}")
        if symbol is not None:
            try:
                _, start, size = _HEAP_RECORD.unpack(image.read(symbol.address, _HEAP_RECORD.size))
            except SketchError:
                continue
            if _is_heap(0, start, size):
                return HeapMemory(start, size)
        if memory is not None and memory.size:
            return HeapMemory(memory.address, memory.size)
    return None


def with_configuration(loader: SketchLoader, text: str) -> SketchLoader:
    """A loader with what its Kconfig file says, where its own file does not tell that."""
    values = dict(
        line.split("=", 1) for line in text.splitlines() if line.startswith("CONFIG_") and "=" in line
    )

    def number(key: str) -> int | None:
        value = values.get(f"CONFIG_{key}", "")
        return int(value) if value.isdecimal() else None

    heap, kib = loader.sketch_heap, number("LLEXT_HEAP_SIZE")
    if heap is None and kib is not None:
        heap = HeapMemory(0, kib * 1024)
    return replace(
        loader,
        sketch_heap=heap,
        main_stack=loader.main_stack or number("MAIN_STACK_SIZE"),
        constants_in_flash=values.get("CONFIG_LLEXT_RODATA_NO_RELOC") == "y",
    )


def _heap(data: bytes) -> HeapMemory | None:
    """The heap of sketches in a loader's bytes: the last of its heaps' records, which are sorted by name.

    ``_system_heap`` goes before ``llext_heap`` (``K_HEAP_DEFINE``, include/zephyr/kernel.h). Other records
    than these two next to each other, or several such pairs, tell nothing.
    """
    pairs = []
    for offset in range(0, len(data) - 2 * _HEAP_RECORD.size + 1, 4):
        first = _HEAP_RECORD.unpack_from(data, offset)
        if _is_heap(*first):
            second = _HEAP_RECORD.unpack_from(data, offset + _HEAP_RECORD.size)
            if _is_heap(*second) and second[1] != first[1]:
                pairs.append(HeapMemory(second[1], second[2]))
    return pairs[0] if len(pairs) == 1 else None


def _is_heap(handle: int, start: int, size: int) -> bool:
    return (
        not handle
        and start in _RAM
        and not start % 4
        and 1024 <= size <= _LARGEST_HEAP
        and not size % 8
        and start + size in _RAM
    )


def _exports(stored: list[tuple[int, bytes]] | tuple[tuple[int, bytes], ...], name: str) -> dict[str, int]:
    """The longest table of pairs whose first words are addresses of names, in any of the stored parts."""
    best: dict[str, int] = {}
    for _, data in stored:
        for start in (0, 4):
            run: dict[str, int] = {}
            for offset in range(start, len(data) - _PAIR.size + 1, _PAIR.size):
                text, address = _PAIR.unpack_from(data, offset)
                symbol = _name_at(stored, text)
                if symbol is None:
                    if len(run) > len(best):
                        best = run
                    run = {}
                else:
                    run[symbol] = address
            if len(run) > len(best):
                best = run
    if len(best) < _LEAST_EXPORTS or not best.get("malloc", best.get("k_malloc")):
        what = "has no table of exported names with malloc in it, so it is no loader of sketches"
        raise SketchError(what, where=name, do="install the platform again")
    return best


def _name_at(stored: list[tuple[int, bytes]] | tuple[tuple[int, bytes], ...], address: int) -> str | None:
    for start, data in stored:
        if start <= address < start + len(data):
            match = _IDENTIFIER.match(data, address - start)
            return match.group()[:-1].decode("ascii") if match else None
    return None
