"""Flash and static RAM by symbol: where the bytes of an image go."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from mlbench.elf.functions import by_address, plain_name
from mlbench.elf.image import Image, Symbol

LISTED = 4_000
"""How many names are listed at most, so that a result file stays small whatever the image."""
_NAME = 300
"""Characters of a name at most: instances of templates have names of thousands."""


@dataclass(frozen=True)
class SymbolSize:
    """Bytes of flash of one function or object, aliases counted once.

    ``end`` of the symbol with its size may overlap the next one's in hand-written assembly; each byte
    is counted for the first only.
    """

    symbol: Symbol
    section: str
    bytes: int


def symbol_sizes(
    image: Image, flash: tuple[int, int] | None = None, *, sections: Container[str] | None = None
) -> tuple[SymbolSize, ...]:
    """What each symbol takes of the sections that occupy flash, largest first; of ``sections``, where given.

    Their sum is at most that of ``Image.flash_bytes``: padding, merged strings and code without
    symbols have no symbol. Empty for a stripped image.
    """
    return _sizes(image, _chosen(image.flash_bytes(flash), sections))


def ram_symbol_sizes(
    image: Image, ram: tuple[int, int] | None = None, *, sections: Container[str] | None = None
) -> tuple[SymbolSize, ...]:
    """The same of static RAM: objects in .data and .bss, code that runs in RAM."""
    return _sizes(image, _chosen(image.static_ram(ram), sections))


def _chosen(sized: tuple[tuple[str, int], ...], sections: Container[str] | None) -> set[str]:
    return {name for name, _ in sized if sections is None or name in sections}


def by_name(sizes: tuple[SymbolSize, ...]) -> tuple[tuple[tuple[str, int], ...], int]:
    """Bytes by demangled name, largest first, and those of the names that are too many to list.

    Clones and pieces that the compiler made of a function count as the function, static variables of
    one name together: the numbers that tell them apart change from build to build.
    """
    names: dict[str, int] = {}
    for entry in sizes:
        name = plain_name(entry.symbol)
        if len(name) > _NAME:
            name = f"{name[: _NAME - 1]}…"
        names[name] = names.get(name, 0) + entry.bytes
    totals = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return tuple(totals[:LISTED]), sum(size for _, size in totals[LISTED:])


def _sizes(image: Image, sections: Container[str]) -> tuple[SymbolSize, ...]:
    sized = [s for s in image.symbols if s.size and s.kind != "notype"]
    sizes = []
    counted = 0
    for symbol in by_address(sorted(sized, key=lambda s: -s.size)):
        section = image.section_at(symbol.address)
        if section is None or section.name not in sections:
            continue
        end = min(symbol.address + symbol.size, section.end)
        size = end - max(symbol.address, counted)
        counted = max(counted, end)
        if size > 0:
            sizes.append(SymbolSize(symbol, section.name, size))
    return tuple(sorted(sizes, key=lambda entry: (-entry.bytes, entry.symbol.address)))
