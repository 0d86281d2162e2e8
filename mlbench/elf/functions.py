"""Symbols put together: which of them are the code of one function of the sources."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlbench.elf.image import Image, Symbol
from mlbench.elf.signatures import Signature, signature
from mlbench.elf.symbols import demangle

_FRAGMENTS = {"part", "cold"}
"""Suffixes of pieces that gcc split off a function: control enters them in its middle."""
_INTERNAL = re.compile(r"_ZL|_ZN.*L\d|.*_GLOBAL__N_")
"""Linkage of the function itself (Itanium C++ ABI 5.1.2): static, or in an unnamed namespace."""


@dataclass(frozen=True)
class Function:
    """One function of the sources with all the places where its code begins.

    ``file`` is the source file of a static one, "" for one that the whole program can see. ``text``
    is a name that ``find_functions`` resolves to this function and no other.
    """

    signature: Signature
    demangled: str
    file: str
    symbols: tuple[Symbol, ...]

    @property
    def text(self) -> str:
        """The name to write in mlbench.yml."""
        return f"{self.file}:{self.demangled}" if self.file else self.demangled


def plain_name(symbol: Symbol) -> str:
    """A function's demangled name without the suffix of a clone."""
    return demangle(split_suffixes(symbol.name)[0])


def split_suffixes(name: str) -> tuple[str, tuple[str, ...]]:
    """A linker's name and the suffixes that gcc put behind it (``.constprop.0``)."""
    base, _, rest = name.partition(".")
    return (base, tuple(rest.split(".")) if rest else ()) if base else (name, ())


def fragment(name: str) -> str | None:
    """The suffix that tells a piece of a function from the whole of it; None for the whole."""
    return next((suffix for suffix in split_suffixes(name)[1] if suffix in _FRAGMENTS), None)


def function_address(image: Image, *names: str) -> int | None:
    """Where the first of these functions is that the image has; linker's names."""
    for name in names:
        symbol = image.symbol(name)
        if symbol is not None and symbol.kind == "func":
            return symbol.address
    return None


def all_functions(image: Image) -> list[Function]:
    """All functions of the image's symbol table."""
    return group(image, (symbol for symbol in image.functions if fragment(symbol.name) is None))


def group(image: Image, symbols: Iterable[Symbol]) -> list[Function]:
    """The functions that ``symbols`` are the code of, clones and variants of constructors together."""
    symbols = list(symbols)
    globals_ = {split_suffixes(s.name)[0] for s in symbols if not s.local}
    statics = {(s.name, s.file) for s in symbols if s.local}
    repeated = _repeated(symbols)
    groups: dict[tuple[str, str], list[Symbol]] = {}
    for symbol in symbols:
        base, clone = split_suffixes(symbol.name)
        shared = not symbol.local or (base.startswith("_Z") and not _INTERNAL.match(base))
        if shared or (clone and base in globals_ and (base, symbol.file) not in statics):
            owner = ""
        else:
            owner = _owner(image, symbol, symbol.name in repeated)
        groups.setdefault((demangle(base), owner), []).append(symbol)
    return [
        Function(signature(text), text, owner, tuple(members)) for (text, owner), members in groups.items()
    ]


def _repeated(symbols: list[Symbol]) -> set[str]:
    """Names that two static functions in files of one base name share."""
    seen: dict[tuple[str, str], int] = {}
    for symbol in symbols:
        if symbol.local and seen.setdefault((symbol.name, symbol.file), symbol.address) != symbol.address:
            seen[symbol.name, "\0"] = 0
    return {name for name, file in seen if file == "\0"}


def _owner(image: Image, symbol: Symbol, needs_folder: bool) -> str:
    """The source file of a static function; its folder too where base names repeat."""
    known = symbol.file if symbol.file and not symbol.file.startswith("<") else ""
    if known and not needs_folder:
        return known
    line = image.debug.line(symbol.address)
    if line is None:
        return known or symbol.name
    return line[0] if needs_folder else posixpath.basename(line[0])


def by_address(symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """One symbol an address, in order: where there is a choice a global one, without clone's suffix."""
    chosen: dict[int, Symbol] = {}
    for symbol in sorted(symbols, key=_choice):
        chosen.setdefault(symbol.address, symbol)
    return tuple(chosen.values())


def _choice(symbol: Symbol) -> tuple[int, bool, bool, str]:
    return symbol.address, symbol.local, bool(split_suffixes(symbol.name)[1]), symbol.name
