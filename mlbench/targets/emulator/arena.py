"""The memory that an interpreter is constructed with, and how it does with less.

TensorFlow Lite Micro takes all that it needs from one buffer, its arena (micro_interpreter.h): the
constructor of ``MicroInterpreter`` gets its address and size, and ``AllocateTensors()`` says whether that was
enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from mlbench.core.execution import Arena
from mlbench.elf.image import Image
from mlbench.elf.signatures import signature
from mlbench.elf.symbols import Symbol
from mlbench.emulator.calls import Call, CallTracker, Watch
from mlbench.emulator.machine import Machine

_CLASS = "tflite::MicroInterpreter::"
_CONSTRUCTOR, _ALLOCATES = f"{_CLASS}MicroInterpreter", f"{_CLASS}AllocateTensors"
_BYTES, _SIZES = ("unsigned char*", "uint8_t*"), ("unsigned int", "unsigned long", "size_t")
_REGISTERS = 4
_OK = 0
"""``kTfLiteOk`` (c_api_types.h)."""


class ArenaWatch:
    """Tells of arenas, and has an interpreter believe in a smaller one.

    Args:
        machine: what runs.
        tracker: follows its calls.
        allocated: told when an interpreter has taken its tensors from its arena, or could not.
    """

    def __init__(self, machine: Machine, tracker: CallTracker, allocated: Callable[[], None]) -> None:
        self._machine, self._told = machine, allocated
        self.arenas: list[Arena] = []
        """All that interpreters were constructed with, in their order."""
        self.size: int | None = None
        """Bytes that the first interpreter is told to have instead."""
        for symbol, index in constructors(machine.image):
            tracker.add(Watch(_CONSTRUCTOR, symbol.address, entered=self._constructed(index)))
        for symbol in machine.image.functions:
            if signature(symbol.demangled).name == _ALLOCATES:
                tracker.add(Watch(_ALLOCATES, symbol.address, returned=self._allocated))

    def _constructed(self, index: int) -> Callable[[Call], None]:
        def constructed(call: Call) -> None:
            cpu, at = self._machine.cpu, call.sp + 4 * (index + 1 - _REGISTERS)
            in_register = index + 1 < _REGISTERS
            pointer = call.arguments[index] if index < _REGISTERS else cpu.word(at - 4)
            size = call.arguments[index + 1] if in_register else cpu.word(at)
            self.arenas.append(Arena(pointer, size))
            if self.size is None or len(self.arenas) > 1:
                return
            if in_register:
                cpu.set_r(index + 1, self.size)
            else:
                cpu.write(at, self.size.to_bytes(4, "little"))

        return constructed

    def _allocated(self, _call: Call) -> None:
        if self.arenas:
            granted = self._machine.cpu.r(0) & 0xFF == _OK
            self.arenas[-1] = replace(self.arenas[-1], allocated=granted)
            self._told()


def constructors(image: Image) -> list[tuple[Symbol, int]]:
    """Constructors that get an arena, and the number of the argument that is its address: ``this`` is 0."""
    by_address: dict[int, tuple[Symbol, int]] = {}
    for symbol in image.functions:
        about = signature(symbol.demangled)
        if about.name != _CONSTRUCTOR:
            continue
        types = [kind.strip().replace(" *", "*") for kind in (about.arguments or "").split(",")]
        for number, (kind, following) in enumerate(pairwise(types), 1):
            if kind in _BYTES and following in _SIZES:
                # Several names stand for one constructor.
                by_address[symbol.address] = symbol, number
    return list(by_address.values())
