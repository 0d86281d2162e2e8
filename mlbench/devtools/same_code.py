"""Which functions of two images are not the same code, apart from where they lie and what they refer to."""

from __future__ import annotations

from pathlib import Path

from mlbench.cycles.decode import decode
from mlbench.elf.functions import plain_name
from mlbench.elf.image import Image
from mlbench.elf.symbols import Symbol

_ELSEWHERE = frozenset(("branch_link", "branch", "branch_compare"))
"""Instructions whose operand is a distance, or the place of another function."""
_MOVED, _MOVE = 0xFB70, 0xF240
"""MOVW and MOVT, which bring half of an address each (ARMv7-M ARM, A7.7.76 and A7.7.79)."""


def changed_functions(base: Path, head: Path) -> set[str]:
    """Names of functions that both images have, with other instructions."""
    before, after = (_functions(Image.load(path)) for path in (base, head))
    return {name for name in before.keys() & after.keys() if before[name] != after[name]}


def _functions(image: Image) -> dict[str, tuple[object, ...]]:
    functions: dict[str, tuple[object, ...]] = {}
    for symbol in image.functions:
        name = plain_name(symbol)
        functions[name] = (*functions.get(name, ()), *_code(image, symbol))
    return functions


def _code(image: Image, symbol: Symbol) -> tuple[object, ...]:
    """Its instructions; of constants and of what refers to another place, only that it is there."""
    code: list[object] = []
    constants: set[int] = set()
    start = at = symbol.address & ~1
    while at < start + symbol.size:
        if at in constants:
            code.append("constant")
            at += 4
            continue
        raw = image.read(at, 4)
        first, second = int.from_bytes(raw[:2], "little"), int.from_bytes(raw[2:], "little")
        insn = decode(at, first, second)
        if insn.literal is not None:
            constants.update(range(insn.literal & ~3, (insn.literal & ~3) + 4 * insn.transfers, 4))
        if insn.kind in _ELSEWHERE or first & _MOVED == _MOVE:
            code.append((insn.kind, insn.size))
        else:
            code.append((first, second if insn.size == 4 else 0))
        at += insn.size
    return tuple(code)
