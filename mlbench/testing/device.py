"""A device under test: firmware on the emulated board, off until it is first used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlbench.boards import board_for
from mlbench.core.execution import OutputBuffer
from mlbench.core.firmware import Firmware
from mlbench.elf.names import find_functions
from mlbench.elf.symbols import Symbol
from mlbench.elf.types import Prototype, Type, ValueKind
from mlbench.emulator.chips import chip_of
from mlbench.errors import UsageError
from mlbench.suite.suite_file import DEFAULT_BOARD
from mlbench.testing.aapcs import place, result
from mlbench.testing.any_firmware import AnyFirmware, image_of
from mlbench.testing.building import spec_of
from mlbench.testing.core import CoreSnapshot, EmulatorCore
from mlbench.testing.dialogue import Dialogue, Match
from mlbench.testing.errors import DeviceError, Report
from mlbench.testing.memory import Buffers, Memory, bytes_of
from mlbench.testing.sensing import Imu, Microphone
from mlbench.testing.units import BYTES, TIME, Quantity, microseconds

_HOST_SECONDS = 120.0
_RETURNS = {
    "void": Type(ValueKind.VOID, 0),
    "int8": Type(ValueKind.SIGNED, 1),
    "uint8": Type(ValueKind.UNSIGNED, 1),
    "int16": Type(ValueKind.SIGNED, 2),
    "uint16": Type(ValueKind.UNSIGNED, 2),
    "int32": Type(ValueKind.SIGNED, 4),
    "uint32": Type(ValueKind.UNSIGNED, 4),
    "int64": Type(ValueKind.SIGNED, 8),
    "uint64": Type(ValueKind.UNSIGNED, 8),
    "float": Type(ValueKind.FLOAT, 4),
    "double": Type(ValueKind.FLOAT, 8),
    "pointer": Type(ValueKind.POINTER, 4),
}
"""What a type may be called where the debug information does not say it."""


@dataclass(frozen=True)
class CallResult:
    """What one call gave, and what it took.

    ``buffers`` are the contents, behind the call, of what was passed by address, in the order of the
    arguments. ``stack`` is what the call used below SP as it was at its entry, ``heap`` the most it had
    asked of the allocator at a time.
    """

    value: int | float | bool | None
    buffers: tuple[bytes, ...]
    cycles: int
    instructions: int
    time: Quantity
    stack: Quantity
    heap: Quantity


@dataclass(frozen=True)
class Inference:
    """One inference of a batch: what it wrote into the output buffers, and its time."""

    outputs: tuple[bytes, ...]
    cycles: int
    instructions: int
    time: Quantity


@dataclass(frozen=True)
class Snapshot:
    """A device's state; good for the device it was taken of."""

    core: CoreSnapshot
    read: int
    owner: int


class Device(Dialogue):
    """Firmware on an emulated board.

    Nothing runs and no time passes but in ``run_until``, ``run_for``, ``expect``, ``call`` and ``infer``; all
    times are virtual. What is not started yet is started by the first of these: it boots to the entry of
    ``setup()`` (of ``main()`` in firmware without it; without both it stands at its reset).
    """

    def __init__(
        self,
        firmware: AnyFirmware,
        *,
        inference: str = "",
        output: Sequence[OutputBuffer] = (),
        board: str = DEFAULT_BOARD,
        host_seconds: float = _HOST_SECONDS,
        base: int | Sequence[int] = (),
        names: Path | str = "",
    ) -> None:
        """Take firmware; nothing is run yet.

        Args:
            firmware: what ``build`` gave, a file (ELF, HEX, UF2, BIN), or files that are one image together.
            inference: the function that ``infer`` uses.
            output: the buffers that it fills.
            board: FQBN or id of the board that is emulated.
            host_seconds: wall time after which the host gives up one step.
            base: address of a BIN file, or of each, in their order.
            names: the ELF file with the names, where it does not lie beside a file of the same name.

        Raises:
            MLBenchError: the file is no firmware, or the board has no emulator.
        """
        chip = chip_of(board_for(board))
        image = image_of(firmware, board_for(board), base, names)
        self._inference, self._output = inference, tuple(output)
        self._core = EmulatorCore(image.image, chip, host_seconds)
        self.image = self._core.image
        for note in image.notes:
            self._core.machine.note(note)
        self._started = False
        self._ready: dict[str, Snapshot] = {}
        self._callable: dict[str, tuple[int, Prototype | None]] = {}
        self.memory = Memory(self._core.machine, self.image, self.start)
        self.microphone = Microphone(lambda: self.start()._core.machine)
        self.imu = Imu(lambda: self.start()._core.machine)

    # --- running -----------------------------------------------------------------------------

    def start(self) -> Device:
        """Switch it on, unless it is; it stands at the entry of ``setup()``, if it has that."""
        if not self._started:
            self._started = True
            self._core.start()
        return self

    @property
    def native(self) -> bool:
        """Whether the emulator's block hook is native code; in Python it is some 100 times slower."""
        return self._core.machine.hook.native

    def reset(self) -> Device:
        """Switch it off and on again, as it was at first."""
        self._started, self._read, self._ready = False, 0, {}
        return self.start()

    def _run_until(self, done: Callable[[bytes], bool], timeout_us: float, what: str) -> None:
        self.start()._core.run_until(done, timeout_us, what)

    def _run_for(self, us: float) -> None:
        self.start()._core.run_for(us)

    def _run_to(self, function: str, timeout_us: float) -> None:
        addresses = {entry.address for entry in find_functions(self.image, function)}
        self.start()._core.run_to(addresses, timeout_us, function)

    def _sent(self) -> bytes:
        return self.start()._core.serial()

    def _us(self) -> float:
        return self.start()._core.us

    def _send(self, source: str, data: bytes) -> None:
        self.start()._core.send(source, data)

    # --- state -------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Everything that decides how it goes on, to be gone back to by ``restore``."""
        return Snapshot(self.start()._core.snapshot(), self._read, id(self))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this device.

        Raises:
            UsageError: it is another device's.
        """
        if snapshot.owner != id(self):
            raise UsageError("the snapshot is of another device", do="restore it where it was taken")
        self._core.restore(snapshot.core)
        self._read, self._started = snapshot.read, True

    def symbol(self, name: str) -> Symbol:
        """A function or an object by its name.

        Raises:
            UsageError: there is none.
        """
        symbol = self.image.symbol(name)
        if symbol is None and self._is_function(name):
            symbol = find_functions(self.image, name)[0]
        if symbol is None:
            symbol = next((s for s in self.image.symbols if s.demangled == name), None)
        if symbol is None:
            raise UsageError(f"the image has no symbol {name!r}", where=self.image.path.name, do="correct it")
        return symbol

    def report(self) -> Report:
        """The device as it stands, for people: text, call chain, the last functions."""
        return self.start()._core.report()

    # --- calls -------------------------------------------------------------------------------

    def call(
        self,
        function: str,
        *arguments: Any,
        returns: str = "",
        timeout: str | Quantity = "10 s",
    ) -> CallResult:
        """Call a function of the firmware where it stands now; globals and heap keep what it does.

        Args:
            function: its name, as in mlbench.yml.
            arguments: whole numbers, floats, booleans, addresses; or ``bytes``, ``bytearray``, NumPy arrays
                and ctypes structures, which are passed by address. What can be written to is written back.
            returns: what it returns (``int32``, ``float``, ``void``, ...), where the image does not say.
            timeout: virtual time that it may take.

        Raises:
            UsageError: no such function, other arguments than it takes, no room for the buffers.
            DeviceError: the firmware ended in it, or the time was over.
        """
        self.start()
        if function not in self._callable:
            entry = find_functions(self.image, function)[0].address
            self._callable[function] = entry, self.image.debug.prototype(entry)
        address, prototype = self._callable[function]
        if prototype is not None and not prototype.variadic and len(arguments) != len(prototype.parameters):
            takes, given = len(prototype.parameters), len(arguments)
            raise UsageError(f"{function} takes {takes} arguments, {given} are given", do="correct the call")
        buffers = Buffers(arguments)
        sp = self._core.stack_pointer_for(buffers.size)
        values, contents = buffers.place(sp)
        types = _types_of(arguments, prototype)
        base = not self.image.hard_float or (prototype is not None and prototype.variadic)
        placed = place(values, types, base=base)
        stack = sp - buffers.size - (len(placed.stack) + 7 & ~7)
        returned = _returned(prototype, returns)
        result(returned, (0, 0), (0, 0))  # what cannot be taken is refused before it runs
        spent = self._core.call(address, placed, contents, stack, microseconds(timeout))
        value = result(returned, spent.core, spent.floats, base=base)
        time = Quantity(self._core.machine.clock.us(spent.cycles), TIME)
        return CallResult(
            value,
            buffers.take_back(self._core.machine.cpu.read),
            spent.cycles,
            spent.instructions,
            time,
            Quantity(spent.stack, BYTES),
            Quantity(spent.heap, BYTES),
        )

    # --- inference ---------------------------------------------------------------------------

    def infer(
        self,
        inputs: Iterable[Any],
        *,
        function: str = "",
        argument: int | None = None,
        output: Sequence[OutputBuffer] | OutputBuffer = (),
        timeout: str | Quantity = "60 s",
    ) -> list[Inference]:
        """Run the firmware's own inference on other inputs, each from one and the same state.

        The firmware runs to its first inference; from there, each input is written to where the input is,
        and the inference is let go to its end.

        Args:
            inputs: ``bytes`` or NumPy arrays, of as many bytes as the model takes.
            function: the inference, where the device was not told it.
            argument: which one points to the input; else the first pointer but ``this`` and outputs.
            output: the buffers that it fills: argument and bytes.
            timeout: virtual time that reaching it, and each inference, may take.

        Raises:
            UsageError: there is no such function, or the input's argument cannot be told.
            DeviceError: the firmware ended, or the time was over.
        """
        from mlbench.testing.inferring import Batch

        name = function or self._inference
        if not name:
            do = "give function='Model::inference(void*, void*)' or name it in mlbench.yml"
            raise UsageError("which function infers is not known", do=do)
        buffers = (output,) if isinstance(output, OutputBuffer) else tuple(output) or self._output
        limit = microseconds(timeout)
        batch = Batch(self.image, name, argument, buffers)
        if name not in self._ready:
            self.start()._core.run_to(batch.addresses, limit, name)
            self._ready[name] = self.snapshot()
        core = self._core
        inferences = []
        for data in inputs:
            self.restore(self._ready[name])
            inferences.append(batch.run(core, bytes_of(data), limit))
        return inferences


def _types_of(arguments: Sequence[Any], prototype: Prototype | None) -> list[Type]:
    if prototype is None:
        return [_guess(value) for value in arguments]
    known = list(prototype.parameters)
    # Behind the named parameters of a variadic function a float is a double (C17, 6.5.2.2).
    return known + [_guess(value, floats=8) for value in arguments[len(known) :]]


def _guess(value: Any, floats: int = 4) -> Type:
    """The type of an argument that the image says nothing of."""
    if isinstance(value, bool):
        return Type(ValueKind.BOOLEAN, 1)
    if isinstance(value, float):
        return Type(ValueKind.FLOAT, floats)
    if isinstance(value, int):
        wide = not -(1 << 31) <= value < 1 << 32
        return Type(ValueKind.SIGNED if value < 0 else ValueKind.UNSIGNED, 8 if wide else 4)
    return Type(ValueKind.POINTER)


def _returned(prototype: Prototype | None, returns: str) -> Type:
    if returns:
        if returns not in _RETURNS:
            raise UsageError(f"{returns!r} is no type", do=f"use one of: {', '.join(_RETURNS)}")
        return _RETURNS[returns]
    return prototype.returns if prototype is not None else _RETURNS["int32"]


__all__ = ["CallResult", "Device", "DeviceError", "Inference", "Match", "Snapshot"]


def emulated_device(firmware: AnyFirmware, *, board: str, **options: Any) -> Device:
    """A device as the plugin makes it: what is named in the sketch's mlbench.yml is named for it too."""
    if isinstance(firmware, Firmware) and firmware.source.exists():
        spec = spec_of(firmware.source)
        if spec is not None and spec.functions.inference:
            named = {"inference": spec.functions.inference, "output": spec.functions.outputs}
            options = {**named, **options}
    return Device(firmware, board=board, **options)
