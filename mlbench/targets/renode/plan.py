"""What is hooked and patched in one image under Renode."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mlbench.boards import Board
from mlbench.core.execution import Functions, Probe, SpanKind
from mlbench.core.firmware import Firmware
from mlbench.elf.functions import function_address
from mlbench.elf.image import Image
from mlbench.elf.redirect import Patch, Redirection, redirect_setup
from mlbench.elf.vectors import vector_table
from mlbench.errors import EnvironmentFault, SketchError
from mlbench.renode import hooks
from mlbench.renode.hooks import HANDLED, Hook
from mlbench.renode.memory import MOST_CALLS, OPERATIONS, PAINTED, PATTERN, SBRK
from mlbench.renode.trace import Role
from mlbench.targets.entry import Entry, ResolvedFunction
from mlbench.targets.functions import output_object, resolve_functions, template_word

_VECTORS = 16 + 48
"""Exceptions of the core, and interrupts of the nRF52840 (Product Specification v1.7, 4.2.4)."""
_USB = ("_ZN7arduino9USBSerial9connectedEv", "_ZN7arduino6USBCDC4sendEPhm")


@dataclass
class Plan:
    """One image. ``sites`` are where named functions were seen to return to."""

    image: Image
    vectors: int
    entry: Entry
    named: dict[SpanKind, ResolvedFunction]
    sites: set[tuple[SpanKind, int]] = field(default_factory=set)
    redirection: Redirection | None = None
    paint_from: int = 0
    """Below this the stack is not painted: variables are there, or the heap."""
    follows_memory: bool = True
    """Whether heap and stack are followed where that is asked for."""

    @classmethod
    def of(cls, image: Image, firmware: Firmware, functions: Functions, board: Board) -> Plan:
        """Resolve all names. Raises UsageError for those that do not, SketchError where it is no image."""
        word = template_word(firmware, image)
        named = resolve_functions(image, functions)
        ram = range(board.ram.start, board.ram.start + board.ram.size)
        ends = [part.address + part.size for part in image.segments if part.address in ram and part.writable]
        plan = cls(image, vectors_of(image, board), Entry.of(image, word), named)
        plan.paint_from = -(-max(ends, default=ram.start) // 4) * 4
        # The stacks of threads are other memory, and who uses which is not followed here.
        plan.follows_memory = bool(plan.entry.at) and image.symbol("osRtxInfo") is None
        return plan

    @property
    def stack_top(self) -> int:
        """Where the main stack begins (ARMv7-M Architecture Reference Manual, B1.5.3)."""
        return int.from_bytes(self.image.read(self.vectors, 4), "little") & ~3

    def vector_targets(self) -> tuple[int, ...]:
        """Where exceptions lead, by the vector table."""
        words = []
        with suppress(SketchError):  # where the table is shorter than the chip's
            for number in range(2, _VECTORS):
                words.append(int.from_bytes(self.image.read(self.vectors + 4 * number, 4), "little"))
        return tuple({word & ~1 for word in words if word & 1 and self.image.is_code(word & ~1)})

    def memory_hooks(self, ram: tuple[str, int, int]) -> tuple[Hook, ...]:
        """Hooks that tell of heap and stack; ``ram``: see ``hooks.at_setup``."""
        rows = [hooks.at_setup(self.entry.setup, self.paint_from, PAINTED, PATTERN, ram)]
        for number, operation in enumerate(OPERATIONS):
            if (address := function_address(self.image, operation.value)) is not None:
                rows.append(hooks.heap(number, address, MOST_CALLS))
        if self.entry.sbrk is not None:
            rows.append(hooks.heap(SBRK, self.entry.sbrk, MOST_CALLS))
        return tuple(rows)

    @property
    def returns(self) -> bool:
        """Spans end where calls return; otherwise where an end mark is entered."""
        return not any(function.ends for function in self.named.values())

    def hooks(
        self, functions: Functions, probe: Probe, *, template: bool
    ) -> tuple[tuple[Role, ...], tuple[Hook, ...]]:
        """All hooks of a run, and what those of letters E and R stand for, by number."""
        roles: list[Role] = []
        rows: list[Hook] = []
        # Those that arguments point to come first, as the hook reads them.
        buffers = sorted(functions.outputs, key=lambda buffer: buffer.arg is None)
        for kind, function in self.named.items():
            inferring = kind is SpanKind.INFERENCE
            pointers = tuple(b.arg for b in buffers if b.arg is not None) if inferring else ()
            objects = tuple(
                output_object(self.image, b).address for b in buffers if b.arg is None and inferring
            )
            sizes = tuple(b.bytes for b in buffers) if inferring else ()
            # A template goes on to loop(), which is where it ends.
            last = probe.inferences if inferring and not template else 0
            for address in function.entries:
                filled = ((), 0, ()) if function.ends else (pointers, 0, objects)
                rows.append(hooks.entered(len(roles), address, *filled))
                roles.append(Role(kind))
            for address in function.ends:
                rows.append(hooks.entered(len(roles), address, wanted=last))
                roles.append(Role(kind, ends=True))
            for site in sorted(site for its, site in self.sites if its is kind):
                rows.append(hooks.returned(len(roles), site, sizes, last))
                roles.append(Role(kind, site))
        rows += [hooks.fault(address) for address in handlers(self.image, self.vectors)]
        if self.redirection is not None and probe.alloc is not None:
            rows.append(hooks.refused(self.redirection.refused))
        if template and self.entry.loop is not None:
            rows.append(hooks.loop(self.entry.loop))
        return tuple(roles), (*rows, *usb_hooks(self.image))

    def patches(self, probe: Probe, board: Board) -> Sequence[Patch]:
        """What to write over the image for a probe. Raises EnvironmentFault, SketchError."""
        if self.entry.word is not None:
            return (Patch(self.entry.word, (probe.alloc or 0).to_bytes(4, "little")),)
        if probe.alloc is None:
            return ()
        if self.redirection is None:
            if self.entry.malloc is None:
                raise EnvironmentFault("a probe needs an image with malloc")
            end = board.flash.start + board.flash.size
            self.redirection = redirect_setup(self.image, self.entry.setup, self.entry.malloc, end)
        return self.redirection.patches(probe.alloc)


def usb_hooks(image: Image) -> tuple[Hook, ...]:
    """Hooks that let a program of Arduino's Mbed core print on USB; none where it is no such."""
    connected, send = (image.symbol(name) for name in _USB)
    if connected is None or send is None:
        return ()
    return hooks.usb_connected(connected.address), hooks.usb_send(send.address)


def vectors_of(image: Image, board: Board) -> int:
    """The address of the image's vector table. Raises SketchError where it is not for this board."""
    ram = range(board.ram.start, board.ram.start + board.ram.size)
    return vector_table(image, ram, lambda _: True, board.name)


def handlers(image: Image, vectors: int) -> tuple[int, ...]:
    """Where faults and breakpoints lead, each address once."""
    addresses: dict[int, None] = {}
    for number in HANDLED:
        address = int.from_bytes(image.read(vectors + 4 * number, 4), "little") & ~1
        if address and image.is_code(address):
            addresses[address] = None
    return tuple(addresses)
