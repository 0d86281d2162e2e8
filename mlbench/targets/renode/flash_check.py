"""Who wrote to flash: Renode lets firmware do so, the chip only by leave of its flash controller."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mlbench.boards import Board
from mlbench.elf.image import Image
from mlbench.renode.hooks import HookEvent
from mlbench.renode.machine import RenodeMachine
from mlbench.renode.retrace import WRITES, Traced
from mlbench.targets.renode import verdict
from mlbench.targets.renode.verdict import RunEnding

_CONFIG = 0x4001E504
_ENABLED = 1
"""NVMC.CONFIG and its value Wen (nRF52840 Product Specification v1.7, 4.3.7)."""

_MOST_RETRACED = 10_000_000
"""Instructions of a run that is made again with a trace, to find who wrote to flash."""


class FlashWrites:
    """Follows a trace from reset: the first write to flash that the chip refuses.

    Args:
        flash: its addresses.
    """

    def __init__(self, flash: range) -> None:
        self._flash = flash
        self._enabled = False
        self.refused: tuple[int, int] | None = None
        """Address and instruction."""
        self.count = 0
        """Instructions so far, up to the refused one."""

    def follow(self, instructions: Iterable[Traced]) -> None:
        """Go on with the instructions that come next."""
        for pc, accesses, _ in instructions:
            self.count += 1
            for kind, address, value in accesses:
                if kind not in WRITES:
                    continue
                if address == _CONFIG:
                    self._enabled = value & 3 == _ENABLED
                elif address in self._flash and not self._enabled:
                    self.refused = self.refused or (address, pc)
                    return


def flash_checked(
    machine: RenodeMachine,
    image: Image,
    board: Board,
    event: HookEvent | None,
    end: RunEnding,
    retrace: Callable[[FlashWrites], bool] | None,
) -> tuple[FlashWrites | None, RunEnding]:
    """How the run ended, unless flash was written before; then by whom, where that is known.

    Args:
        machine: as the run has left it.
        image: what it ran.
        board: whose memory it has.
        event: what ended the run.
        end: how it ended.
        retrace: makes the run again with a trace, and says whether that was possible; None: it is not.
    """
    if event is not None and event.letter == "Z":
        return None, end
    written = machine.written_flash()
    # What is written with the value that it has does not show; compilers trap behind such a null pointer.
    if written is None and not (event is not None and verdict.is_trap(event, image)):
        return None, end
    writes = FlashWrites(range(board.flash.start + board.flash.size))
    if machine.instructions() <= _MOST_RETRACED and retrace is not None and retrace(writes):
        if writes.refused is None:
            return None, end
        return writes, verdict.of_flash_write(*writes.refused, image, board)
    # Nobody knows whether NVMC allowed it, but what was linked, and what is in front, is not written so.
    if written is None or not (written < board.flash.start or _is_linked(image, written)):
        return None, end
    return None, verdict.of_flash_write(written, None, image, board)


def _is_linked(image: Image, address: int) -> bool:
    return any(start <= address < start + len(data) for start, data in image.programmed)
