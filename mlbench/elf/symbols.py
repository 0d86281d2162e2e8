"""The symbol table of an image.

A linked Arduino sketch has five to ten thousand entries, half of them mapping symbols; they are
unpacked straight from the table's bytes because a general ELF reader takes longer for them than a
whole emulated inference takes.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mlbench.elf.headers import Strings
from mlbench.errors import SketchError

Kind = Literal["func", "object", "notype"]

ENTRY = struct.Struct("<IIIBBH")
MOST_SYMBOLS = 250_000
"""A linked Arduino sketch has ten thousand."""
_SHN_UNDEF = 0
_STB_LOCAL = 0
_STT_FILE = 4
# Symbol types: System V ABI chapter 4; 10 is GNU's indirect function, 13 Arm's STT_ARM_TFUNC (IHI 0044).
_KINDS: dict[int, Kind] = {0: "notype", 1: "object", 2: "func", 5: "object", 10: "func", 13: "func"}
# Mapping symbols say whether ARM code, Thumb code or data follows (IHI 0044, section 5.5.5).
_MAPPING = re.compile(rb"\$[atdx](\.|\0|\Z)")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One defined symbol. Mapping symbols, sections and file names are left out.

    ``name`` is the linker's name, mangled for C++. ``address`` has the Thumb bit cleared. ``file`` is
    the source file's base name for a local symbol, "" where the table does not say (all globals).
    """

    name: str
    address: int
    size: int
    kind: Kind
    local: bool
    file: str = ""

    @property
    def demangled(self) -> str:
        """The name as C++ source would have it; a C name is returned as it is."""
        return demangle(self.name)


@lru_cache(maxsize=65536)
def demangle(name: str) -> str:
    """A linker's name as C++ source would have it, ``name`` itself when it is not a mangled one."""
    if not name.startswith("_Z"):
        return name
    import cxxfilt  # type: ignore[import-untyped]  # loads libstdc++: only when there is something to demangle

    try:
        return str(cxxfilt.demangle(name))
    except cxxfilt.Error:
        return name


def read_symbols(table: bytes, strings: bytes, where: str) -> tuple[Symbol, ...]:
    """The defined symbols of a .symtab and its string table, in the table's order.

    Raises:
        SketchError: there are more of them, or their names are longer, than of any firmware.
    """
    if len(table) > MOST_SYMBOLS * ENTRY.size:
        what = f"has more than {MOST_SYMBOLS:,} symbols"
        raise SketchError(what, where=where, do="build it again, or strip what is not needed")
    names = Strings(strings, where)
    symbols = []
    file = ""
    whole = len(table) - len(table) % ENTRY.size
    for offset, value, size, info, _, section in ENTRY.iter_unpack(memoryview(table)[:whole]):
        kind = info & 15
        if kind == _STT_FILE:
            file = names.at(offset)
            continue
        named = _KINDS.get(kind)
        if named is None or section == _SHN_UNDEF or offset == 0:
            continue
        local = info >> 4 == _STB_LOCAL
        if named == "notype" and local and _MAPPING.match(strings, offset):
            continue
        address = value & ~1 if named == "func" else value
        symbols.append(Symbol(names.at(offset), address, size, named, local, file if local else ""))
    return tuple(symbols)
