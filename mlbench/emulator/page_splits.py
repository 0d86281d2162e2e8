"""Blocks that end because a page of the CPU emulation does, and not because code goes elsewhere.

QEMU's translator, which is Unicorn's, ends a block at the end of a page of 1 KB (``TARGET_PAGE_BITS`` of Arm
without MMU). To the core that is nothing: the next block's first instruction overlaps the last one of this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mlbench.cycles.model import Block, CostModel
from mlbench.cycles.path_price import ENDS
from mlbench.elf.image import Image
from mlbench.emulator.block_hook import BlockHook

_PAGE = 1024
_FURTHEST = 2
"""Bytes from the end of a page to where the next block begins: a wide instruction may lie across it."""


def join(
    block: Block, model: CostModel, image: Image, hook: BlockHook, read: Callable[[int, int], bytes]
) -> Block:
    """The block with what it costs more where the code before it runs into it (``joined``)."""
    address = block.address
    if (address + _FURTHEST) % _PAGE > 2 * _FURTHEST:
        return block
    if hook.expected == address:
        start = hook.current
    else:
        symbol = image.function_at(address - 2)
        if symbol is None:
            return block
        start = symbol.address
    last = None
    for (at, _, _, insn), _ in model.walk(start, read(start, address - start)):
        last = at + insn.size, insn.kind
    if last is None or last[0] != address or last[1] in ENDS:
        return block
    return replace(block, joined=model.joined(start, address, block.size, read))
