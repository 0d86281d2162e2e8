"""Who wrote to flash: Renode lets firmware do so, the chip only by leave of its flash controller."""

from __future__ import annotations

from collections.abc import Iterable

from mlbench.renode.retrace import WRITES, Traced

_CONFIG = 0x4001E504
_ENABLED = 1
"""NVMC.CONFIG and its value Wen (nRF52840 Product Specification v1.7, 4.3.7)."""


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
