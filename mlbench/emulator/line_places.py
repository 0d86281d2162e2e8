"""Numbers for the lines of an image that do not depend on where the linker put its functions."""

from __future__ import annotations

from zlib import crc32

from mlbench.cycles.model import RunCosts
from mlbench.elf.image import Image

_FUNCTION_BITS = 14
_NAMELESS = 0xF0000000


class LinePlaces:
    """Numbers lines of code by their place in their function.

    Lines of one function follow each other; where its first one is among the sets of the cache is told by the
    function's name, so that no other function moves it.
    """

    def __init__(self, image: Image, costs: RunCosts) -> None:
        self._image, self._costs = image, costs
        self._first: dict[int, int] = {}

    def __call__(self, address: int) -> int:
        """See ``hook_common.Places``."""
        bits = self._costs.cache_line_bits
        symbol = self._image.function_at(address)
        if symbol is None:
            return _NAMELESS | address >> bits
        start = symbol.address & ~1
        if start not in self._first:
            number = len(self._first) + 1
            at = crc32(symbol.name.encode()) % self._costs.cache_sets
            self._first[start] = (number << _FUNCTION_BITS) + at
        return self._first[start] + (address >> bits) - (start >> bits)
