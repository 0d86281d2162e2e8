"""A device's memory, and buffers of the host's on its stack."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

from mlbench.elf.image import Image
from mlbench.emulator.machine import Machine
from mlbench.errors import UsageError

_ALIGNED = 16


def bytes_of(value: Any) -> bytes:
    """The bytes of ``bytes``, a NumPy array or anything else with a buffer.

    Raises:
        UsageError: it has none, or is not in one piece.
    """
    try:
        return memoryview(value).tobytes()
    except TypeError:
        what = f"{type(value).__name__} has no bytes to be given to the firmware"
        raise UsageError(what, do="give bytes, a NumPy array or a ctypes structure") from None


def _is_number(value: Any) -> bool:
    # NumPy's scalars have a buffer too, and are numbers all the same.
    scalar = getattr(value, "shape", None) == () and hasattr(value, "item")
    return isinstance(value, (int, float)) or scalar


class Buffers:
    """The arguments of a call: what is no number goes onto the device's stack and is passed by address."""

    def __init__(self, arguments: Sequence[Any]) -> None:
        self._arguments = arguments
        self._data = {
            number: bytes_of(value) for number, value in enumerate(arguments) if not _is_number(value)
        }
        self._places: dict[int, int] = {}
        self.size = sum(len(data) + _ALIGNED - 1 & -_ALIGNED for data in self._data.values())
        """Bytes of stack that they take."""

    def place(self, top: int) -> tuple[list[int | float], list[tuple[int, bytes]]]:
        """The values to pass, and what is to be written where, below ``top``."""
        at = top - self.size
        contents = []
        for number, data in self._data.items():
            self._places[number] = at
            contents.append((at, data))
            at += len(data) + _ALIGNED - 1 & -_ALIGNED
        values = [self._places.get(number, value) for number, value in enumerate(self._arguments)]
        return [value.item() if hasattr(value, "item") else value for value in values], contents

    def take_back(self, read: Callable[[int, int], bytes]) -> tuple[bytes, ...]:
        """What the function left in them; what can be written to gets it."""
        contents = []
        for number, data in self._data.items():
            now = read(self._places[number], len(data))
            contents.append(now)
            value = self._arguments[number]
            if isinstance(value, ctypes.Structure | ctypes.Array | ctypes.Union):
                ctypes.memmove(ctypes.addressof(value), now, len(now))
                continue
            view = memoryview(value)
            if not view.readonly and now != data:
                if not view.c_contiguous:
                    raise UsageError(
                        "an array that is not in one piece cannot be written to", do="copy it first"
                    )
                view.cast("B")[:] = now
        return tuple(contents)


class Memory:
    """RAM and flash of a device: ``memory[address]``, ``memory[start:end]``, ``memory["name"]``.

    A name is an object of the image, all of it. Reading gives bytes (one address: a number); what is written
    is bytes of the same length, or a number for one address.
    """

    def __init__(self, machine: Machine, image: Image, started: Callable[[], object]) -> None:
        self._machine, self._image, self._started = machine, image, started

    def __getitem__(self, place: int | slice | str) -> Any:
        start, size = self._range(place)
        data = self._machine.cpu.read(start, size)
        if len(data) != size:
            raise UsageError(
                f"there is no memory at {start:#010x} for {size} bytes", do="correct the address"
            )
        return data[0] if isinstance(place, int) else data

    def __setitem__(self, place: int | slice | str, data: Any) -> None:
        start, size = self._range(place)
        content = bytes([data]) if isinstance(place, int) else bytes_of(data)
        if len(content) != size:
            what = f"{len(content)} bytes are given for {size} at {start:#010x}"
            raise UsageError(what, do="give as many as there are")
        if self._machine.cpu.memory_at(start) is self._machine.flash:
            self._machine.patch_flash(start, content)
        else:
            self._machine.cpu.write(start, content)

    def word(self, address: int) -> int:
        """The 32-bit word at an address."""
        return int.from_bytes(self[address : address + 4], "little")

    def _range(self, place: int | slice | str) -> tuple[int, int]:
        self._started()
        if isinstance(place, int):
            return place, 1
        if isinstance(place, slice):
            if (
                place.step is not None
                or place.start is None
                or place.stop is None
                or place.stop < place.start
            ):
                raise UsageError("a range of memory is memory[start:end]", do="give both, in this order")
            return place.start, place.stop - place.start
        symbol = self._image.symbol(place) or next(
            (s for s in self._image.symbols if s.demangled == place and s.kind == "object"), None
        )
        if symbol is None or not symbol.size:
            raise UsageError(f"the image has no object {place!r}", do="correct its name")
        return symbol.address, symbol.size
