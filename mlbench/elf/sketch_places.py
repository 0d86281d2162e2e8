"""Where a loader has copied a dynamic sketch to, from the contents of RAM.

A loader changes of a section only the words that are relocated. With these left out, the section's bytes are
looked for; the words themselves then tell where the other sections went, each as often as it is referred to.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from mlbench.elf.object_file import (
    R_ARM_ABS32,
    R_ARM_NONE,
    R_ARM_TARGET1,
    ObjectFile,
    ObjectSection,
)
from mlbench.errors import SketchError

_WORD = struct.Struct("<I")
_LEAST_NEEDLE = 8


@dataclass(frozen=True)
class MemoryBytes:
    """Bytes from an address on."""

    start: int
    data: bytes

    def word(self, address: int) -> int | None:
        """The word at an address; None outside."""
        offset = address - self.start
        if not 0 <= offset <= len(self.data) - _WORD.size:
            return None
        return int(_WORD.unpack_from(self.data, offset)[0])


def find_places(
    object_file: ObjectFile, memory: MemoryBytes, records: tuple[int, int] | None = None
) -> dict[str, int]:
    """Where sections are, by name; empty while the code is not there, or not yet relocated in full.

    Where the loader's ``records`` are known, they say which code is meant, and it must be there.

    Raises:
        SketchError: the code is there more than once.
    """
    text = next((s for s in object_file.allocated if s.executable and s.has_bytes), None)
    if text is None:
        return {}
    matches = matching(object_file, text, memory)
    if records is not None:
        entry = memory.word(records[0])
        recorded = memory.word(entry + records[1]) if entry is not None else None
        matches = [address for address in matches if address == recorded]
    if len(matches) > 1:
        at = ", ".join(f"{address:#010x}" for address in matches[:3])
        what = f"its code is in RAM {len(matches)} times, at {at}, so it cannot be told which of them runs"
        raise SketchError(what, where=text.name, do="build it with `link_mode=static`")
    if not matches:
        return {}
    return _followed(object_file, {text.index: matches[0]}, memory)


def matching(object_file: ObjectFile, section: ObjectSection, memory: MemoryBytes) -> list[int]:
    """The addresses at which a section's bytes stand, relocated words aside."""
    content = object_file.contents(section)
    fixed = _fixed(object_file, section)
    longest = max(fixed, key=lambda part: part[1] - part[0], default=(0, 0))
    needle = content[longest[0] : longest[1]]
    if len(needle) < _LEAST_NEEDLE:
        return []
    matches = []
    at = memory.data.find(needle)
    while at >= 0:
        start = at - longest[0]
        inside = start >= 0 and start + len(content) <= len(memory.data)
        if inside and all(
            memory.data[start + low : start + high] == content[low:high] for low, high in fixed
        ):
            matches.append(memory.start + start)
        at = memory.data.find(needle, at + 1)
    return matches


def _fixed(object_file: ObjectFile, section: ObjectSection) -> list[tuple[int, int]]:
    """Ranges of a section that no relocation changes."""
    entries = object_file.relocations.get(section.index, ())
    edges = sorted(entry.offset for entry in entries if entry.type != R_ARM_NONE)
    parts, low = [], 0
    for edge in edges:
        if edge > low:
            parts.append((low, edge))
        low = max(low, edge + _WORD.size)
    if low < section.size:
        parts.append((low, section.size))
    return parts


def _followed(object_file: ObjectFile, known: dict[int, int], memory: MemoryBytes) -> dict[str, int]:
    """All sections that relocated words of known ones tell; empty where two words disagree."""
    allocated = {section.index: section for section in object_file.allocated}
    waiting, done = list(known), set[int]()
    while waiting:
        index = waiting.pop()
        section = allocated[index]
        if index in done or not section.has_bytes or section.writable:
            continue  # what is writable the sketch itself may have changed
        done.add(index)
        for target, address in _told(object_file, section, known[index], memory, allocated):
            if known.setdefault(target, address) != address:
                return {}
            waiting.append(target)
    return {allocated[index].name: address for index, address in known.items()}


def _told(
    object_file: ObjectFile,
    section: ObjectSection,
    address: int,
    memory: MemoryBytes,
    allocated: Mapping[int, ObjectSection],
) -> list[tuple[int, int]]:
    """Numbers and addresses of the sections that a section's words refer to."""
    content, pairs = object_file.contents(section), []
    for entry in object_file.relocations.get(section.index, ()):
        symbol = object_file.symbols[entry.symbol]
        word = memory.word(address + entry.offset)
        if entry.type in (R_ARM_ABS32, R_ARM_TARGET1) and symbol.section in allocated and word is not None:
            (addend,) = _WORD.unpack_from(content, entry.offset)
            pairs.append((symbol.section, (word - addend - symbol.value) & 0xFFFFFFFF))
    return pairs
