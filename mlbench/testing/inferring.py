"""A batch of inputs through the firmware's own inference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlbench.core.execution import OutputBuffer
from mlbench.elf.image import Image
from mlbench.elf.names import find_functions
from mlbench.elf.types import ValueKind
from mlbench.errors import UsageError
from mlbench.targets.functions import output_object
from mlbench.testing.units import TIME, Quantity

if TYPE_CHECKING:
    from mlbench.testing.core import EmulatorCore
    from mlbench.testing.device import Inference


class Batch:
    """How one function infers: where its input is, and what it fills."""

    def __init__(
        self, image: Image, name: str, argument: int | None, outputs: tuple[OutputBuffer, ...]
    ) -> None:
        """See ``Device.infer``.

        Raises:
            UsageError: there is no such function, or the input's argument cannot be told.
        """
        self.name = name
        self.outputs = outputs
        self._objects = {
            buffer: output_object(image, buffer).address for buffer in outputs if buffer.arg is None
        }
        self._size: int | None = None
        symbols = find_functions(image, name)
        self.addresses = {symbol.address for symbol in symbols}
        self.argument = _input_of(image, symbols[0].address, name, outputs) if argument is None else argument

    def _check(self, image: Image, target: int, size: int) -> None:
        """What is known of the input's size, from the object it lies in and from the inputs before."""
        holder = next(
            (o for o in image.symbols if o.kind == "object" and 0 <= target - o.address < o.size), None
        )
        if holder is not None and target + size > holder.address + holder.size:
            space = holder.address + holder.size - target
            what = f"an input of {size} bytes does not fit {holder.demangled}, which has room for {space}"
            raise UsageError(what, do="give as many bytes as the model takes")
        if self._size not in (None, size):
            what = f"an input has {size} bytes, the one before it {self._size}"
            raise UsageError(what, do="give as many bytes as the model takes")
        self._size = size

    def run(self, core: EmulatorCore, data: bytes, timeout_us: float) -> Inference:
        """One inference: ``core`` stands at the function's entry."""
        from mlbench.testing.device import Inference

        machine = core.machine
        target = _argument(core, self.argument)
        places = [
            (
                self._objects[buffer] if buffer.arg is None else _argument(core, buffer.arg),
                buffer.bytes,
            )
            for buffer in self.outputs
        ]
        memory = machine.cpu.memory_at(target)
        if memory is None or target + len(data) > memory.end:
            pointer = f"argument {self.argument} of {self.name} is {target:#x}"
            what = f"{pointer}, where {len(data)} bytes find no memory"
            raise UsageError(what, do="give argument=N for the one that points to the input")
        self._check(machine.image, target, len(data))
        if memory is machine.flash:
            # An example among the constants: the host may write what the firmware may not.
            machine.patch_flash(target, data)
        else:
            machine.cpu.write(target, data)
        cycles, instructions = machine.hook.cycles, machine.hook.instructions
        core.run_back(timeout_us, self.name)
        cycles, instructions = machine.hook.cycles - cycles, machine.hook.instructions - instructions
        contents = tuple(machine.cpu.read(at, size) for at, size in places)
        return Inference(contents, cycles, instructions, Quantity(machine.clock.us(cycles), TIME))


def _argument(core: EmulatorCore, index: int) -> int:
    """Argument ``index`` at a function's entry, where all before it are words (AAPCS, 6.5)."""
    cpu = core.machine.cpu
    return cpu.r(index) if index < 4 else cpu.word(cpu.sp + 4 * (index - 4))


def _input_of(image: Image, address: int, name: str, outputs: tuple[OutputBuffer, ...]) -> int:
    prototype = image.debug.prototype(address)
    filled = {buffer.arg for buffer in outputs}
    if prototype is not None:
        for index, kind in enumerate(prototype.parameters):
            if (
                kind.kind is ValueKind.POINTER
                and index not in filled
                and not (prototype.method and index == 0)
            ):
                return index
    raise UsageError(
        f"which argument of {name} is its input is not known", do="give argument=N, counted from 0"
    )
