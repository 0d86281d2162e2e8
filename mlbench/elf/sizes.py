"""Flash by symbol: where the bytes of an image go."""

from __future__ import annotations

from dataclasses import dataclass

from mlbench.elf.functions import by_address
from mlbench.elf.image import CODE_REGION, Image, Symbol


@dataclass(frozen=True)
class SymbolSize:
    """Bytes of flash of one function or object, aliases counted once.

    ``end`` of the symbol with its size may overlap the next one's in hand-written assembly; each byte
    is counted for the first only.
    """

    symbol: Symbol
    section: str
    bytes: int


def symbol_sizes(image: Image, flash: tuple[int, int] = CODE_REGION) -> tuple[SymbolSize, ...]:
    """What each symbol takes of the sections that occupy flash, largest first.

    Their sum is at most that of ``Image.flash_bytes``: padding, merged strings and code without
    symbols have no symbol. Empty for a stripped image.
    """
    stored = {name for name, _ in image.flash_bytes(flash)}
    sized = [s for s in image.symbols if s.size and s.kind != "notype"]
    found = []
    counted = 0
    for symbol in by_address(sorted(sized, key=lambda s: -s.size)):
        section = image.section_at(symbol.address)
        if section is None or section.name not in stored:
            continue
        end = min(symbol.address + symbol.size, section.end)
        size = end - max(symbol.address, counted)
        counted = max(counted, end)
        if size > 0:
            found.append(SymbolSize(symbol, section.name, size))
    return tuple(sorted(found, key=lambda entry: (-entry.bytes, entry.symbol.address)))
