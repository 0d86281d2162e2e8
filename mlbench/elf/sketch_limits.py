"""What a loader's memories leave to a sketch, from the sketch's files alone.

A dynamic sketch is copied region by region: the strings first, then code, variables, constants, and so on,
each rounded up to 32 bytes (``llext_copy_strings``, ``llext_copy_regions``, ``llext_copy_section`` of
subsys/llext/llext_mem.c, zephyr commit 0202bd8, with ``CONFIG_ARM_MPU`` off, as the loader has it). Tables
of its symbols follow (``llext_allocate_symtab`` of llext_load.c, commit 0526fa1).
"""

from __future__ import annotations

from collections.abc import Mapping

from mlbench.core.firmware import MemoryLimit
from mlbench.elf.headers import SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB
from mlbench.elf.object_file import (
    SHT_FINI_ARRAY,
    SHT_INIT_ARRAY,
    SHT_PREINIT_ARRAY,
    STB_GLOBAL,
    STT_FUNC,
    STT_OBJECT,
    ObjectFile,
    ObjectSection,
)
from mlbench.elf.sketch_header import HEADER_SIZE, SketchHeader
from mlbench.elf.sketch_loader import NO_ELF, SketchLoader

PARTITION, COPY_HEAP, VARIABLES, MAIN_STACK = (
    "sketch partition",
    "LLEXT heap",
    "sketch heap",
    "main stack",
)
_PAGE = 32
"""``LLEXT_PAGE_SIZE``."""
_SYMBOL = 8
"""``struct llext_symbol``: a name's and a symbol's address."""
_MAPPED = 8
"""``struct llext_elf_sect_map`` of a section: its region, and where it is there."""
_EXPORTED = ".exported_sym"
_STAYING = ".llext.rodata.noreloc"
"""Constants without relocations (``LLEXT_RODATA_NO_RELOC`` of include/zephyr/llext/symbol.h)."""


def limits_of(
    loader: SketchLoader, header: SketchHeader, upload: bytes, object_file: ObjectFile, partition: int | None
) -> tuple[MemoryLimit, ...]:
    """What of each memory a sketch takes.

    Args:
        loader: what starts it.
        header: of the upload.
        upload: the file that is programmed.
        object_file: the sketch's ELF file.
        partition: bytes of the sketch's part of flash; None where that is not known.
    """
    heap = loader.sketch_heap.size if loader.sketch_heap is not None else None
    stack = MemoryLimit(MAIN_STACK, 0, loader.main_stack, unknown=NO_ELF if loader.main_stack is None else "")
    flash = MemoryLimit(
        PARTITION,
        len(upload),
        partition,
        (("header", HEADER_SIZE if header.payload else 0), ("sketch", len(upload) - header.payload)),
        "" if partition else "neither the loader nor the platform says how long it is",
    )
    why = "" if heap is not None else NO_ELF
    if header.linked:
        own = [s for s in object_file.allocated if s.writable]
        variables = tuple((section.name, section.size) for section in own)
        used = sum(size for _, size in variables)
        return flash, MemoryLimit(VARIABLES, used, heap, variables, why), stack
    copied = tuple(_copied(ObjectFile(upload[header.payload :], "the upload"), loader.constants_in_flash))
    return flash, MemoryLimit(COPY_HEAP, sum(size for _, size in copied), heap, copied, why), stack


def _copied(object_file: ObjectFile, constants_in_flash: bool) -> list[tuple[str, int]]:
    """What is allocated for a dynamic sketch, in the loader's order, and its bytes."""
    sections = object_file.sections
    regions: dict[str, list[ObjectSection]] = {}
    for section in sections:
        if constants_in_flash and section.name.startswith(_STAYING):
            continue
        name = _region(section)
        if name and (section.allocated or section.type in (SHT_SYMTAB, SHT_STRTAB)) and section.size:
            regions.setdefault(name, []).append(section)
    taken = [(name, _rounded(_span(regions[name]))) for name in _ORDER if name in regions]
    known = [
        symbol
        for symbol in object_file.symbols
        if symbol.type in (STT_FUNC, STT_OBJECT) and symbol.binding == STB_GLOBAL
    ]
    taken.insert(0, ("map of sections", _MAPPED * len(sections)))
    return [*taken, ("table of symbols", _SYMBOL * len(known))]


_STRINGS = (".shstrtab", ".strtab")
_ORDER = (
    *_STRINGS,
    ".text",
    ".data",
    ".rodata",
    ".bss",
    _EXPORTED,
    ".symtab",
    ".preinit_array",
    ".init_array",
    ".fini_array",
)
"""Regions in the order in which they are allocated: strings, then ``enum llext_mem``."""
_BY_TYPE: Mapping[int, str] = {
    SHT_NOBITS: ".bss",
    SHT_PREINIT_ARRAY: ".preinit_array",
    SHT_INIT_ARRAY: ".init_array",
    SHT_FINI_ARRAY: ".fini_array",
    SHT_SYMTAB: ".symtab",
}


def _region(section: ObjectSection) -> str:
    """The region that a section is merged into (``llext_map_sections``)."""
    if section.type == SHT_STRTAB:
        return section.name if section.name in _STRINGS else ""
    if section.name == _EXPORTED:
        return _EXPORTED
    by_type = _BY_TYPE.get(section.type)
    if by_type is not None:
        return by_type
    return ".text" if section.executable else ".data" if section.writable else ".rodata"


def _span(sections: list[ObjectSection]) -> int:
    """From the first byte in the file to the last: what lies between them is copied too."""
    if sections[0].type == SHT_NOBITS:
        return sum(section.size for section in sections)
    first = min(section.offset for section in sections)
    return max(section.offset + section.size for section in sections) - first


def _rounded(size: int) -> int:
    return -(-size // _PAGE) * _PAGE
