"""Sketches with ``$alloc_size``: one image for every N.

The template asks for a literal per probe, which would be a compile per probe. Instead each use
becomes an expression that reads one word of .rodata, which the host patches in the image. It is a
``volatile`` read, so no compiler can assume its value; it is declared where it is used, so line
numbers stay; and it is defined in assembly, because a C definition of a ``const volatile`` lands in
.data, which costs RAM and is copied at start-up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlbench.core.firmware import ALLOC_SIZE_SYMBOL

PLACEHOLDER = "$alloc_size"
ASSEMBLY_NAME = f"{ALLOC_SIZE_SYMBOL}.S"
SOURCE_SUFFIXES = frozenset(
    {".ino", ".pde", ".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".ipp"}
)

# The assembler name keeps the symbol the same inside a C++ namespace, where it would be mangled.
_EXPRESSION = (
    f"(__extension__ ({{ extern const volatile int {ALLOC_SIZE_SYMBOL} "
    f'__asm__("{ALLOC_SIZE_SYMBOL}"); {ALLOC_SIZE_SYMBOL}; }}))'
)

ASSEMBLY = f"""\
    .section .rodata.{ALLOC_SIZE_SYMBOL}, "a", %progbits
    .balign 4
    .global {ALLOC_SIZE_SYMBOL}
    .type {ALLOC_SIZE_SYMBOL}, %object
    .size {ALLOC_SIZE_SYMBOL}, 4
{ALLOC_SIZE_SYMBOL}:
    .word 0
"""

# What is not code: comments, raw strings, strings and characters; a digit separator is no character.
_NOT_CODE = re.compile(
    r"//(?:\\\r?\n|[^\n])*"
    r"|/\*.*?(?:\*/|\Z)"
    r'|(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'?",
    re.DOTALL,
)
_USE = re.compile(r"(?<![\w$])\$alloc_size(?![\w$])")
_ALLOCATES = re.compile(
    r"(?<![\w$])(?:malloc|calloc|realloc|memalign|aligned_alloc|posix_memalign|new|pvPortMalloc)(?![\w$])"
)


@dataclass(frozen=True)
class Use:
    """Where a template uses the placeholder; lines count from 1."""

    relative: str
    line: int


def uses(text: str) -> tuple[int, ...]:
    """Lines of code (not of comments or strings) that use the placeholder, once for each use."""
    if PLACEHOLDER not in text:
        return ()
    code = _blanked(text)
    return tuple(code.count("\n", 0, match.start()) + 1 for match in _USE.finditer(code))


def allocates(text: str) -> bool:
    """Whether code calls an allocator."""
    return _ALLOCATES.search(_blanked(text)) is not None


def substitute(text: str, literal: int | None = None) -> str:
    """The text with every use in code replaced, by a number if one is given. Lines stay where they are."""
    expression = _EXPRESSION if literal is None else str(literal)
    code = _blanked(text)
    parts = []
    end = 0
    for match in _USE.finditer(code):
        parts += [text[end : match.start()], expression]
        end = match.end()
    return "".join([*parts, text[end:]])


def _blanked(text: str) -> str:
    """The text with all that is not code blanked out, each character in its place."""
    return _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
