"""Where the threads of an operating system stand when a run ends: the sketch's first.

Whatever the kernel, a thread that does not run was left by an exception, which put its registers on the
thread's stack (ARMv7-M ARM, DDI 0403E.b, B1.5.6): that frame is where its chain of calls begins.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mlbench.core.execution import Frame
from mlbench.emulator.machine import Machine
from mlbench.emulator.stacks import MAIN, StackState
from mlbench.targets.emulator.verdict import call_chain

_BASIC, _EXTENDED = 32, 104
"""Bytes of an exception frame without and with floating-point registers."""
_PADDED = 1 << 9
"""Of the stacked xPSR: the frame was put on a multiple of 8, 4 bytes below SP."""
_OTHERS = 3
_BEGINS = ("setup", "loop", "main")


@dataclass(frozen=True)
class ThreadPlace:
    """One thread and its chain of calls, innermost first; ``name`` may be empty."""

    name: str
    chain: tuple[Frame, ...]

    @property
    def place(self) -> str:
        """Its innermost function that says something."""
        own = _own_frame(self.chain)
        return str(own) if own is not None else "no known function"


def _own_frame(chain: tuple[Frame, ...]) -> Frame | None:
    """The innermost function that is of the sketch, or of whatever has source; None for an empty chain."""
    known = [frame for frame in chain if frame.function]
    with_source = (frame for frame in known if frame.file and not _platform(frame))
    return next(with_source, next(iter((*known, *chain)), None))


def _platform(frame: Frame) -> bool:
    return frame.file.startswith("/platform/")


def thread_places(machine: Machine, state: StackState, sketch: int) -> tuple[ThreadPlace, ...]:
    """Where each thread stands, that of the stack ``sketch`` first; empty where the sketch has no thread."""
    if sketch == MAIN or sketch >= len(state.stacks):
        return ()
    places = []
    for index, stack in sorted(enumerate(state.stacks), key=lambda item: item[0] != sketch):
        if index == MAIN:
            continue
        if index == state.current:
            places.append(ThreadPlace(stack.name, call_chain(machine)))
        elif stack.left:
            places.append(ThreadPlace(stack.name, _chain_of(machine, stack.left)))
    return tuple(places)


def describe(places: tuple[ThreadPlace, ...]) -> str:
    """The threads in one line; empty where there are none."""
    if not places:
        return ""
    sketch, *others = places
    named = ", ".join(f"{repr(one.name) if one.name else 'one'} in {one.place}" for one in others[:_OTHERS])
    more = f" and {len(others) - _OTHERS} more" if len(others) > _OTHERS else ""
    rest = f"; other threads: {named}{more}" if others else ""
    name = f" ({sketch.name!r})" if sketch.name else ""
    inner = _own_frame(sketch.chain)
    # A function of the kernel says little: so the first one of another file is named as well.
    files = {"", inner.file if inner is not None else ""}
    outer = next((frame for frame in sketch.chain if frame.file not in files), None)
    called = f", called from {outer}" if outer is not None and not _platform(outer) else ""
    return f"the thread of setup(){name} stands in {sketch.place}{called}{rest}"


def _chain_of(machine: Machine, frame: int) -> tuple[Frame, ...]:
    """The calls of a thread whose registers lie at ``frame``.

    Whether the frame has floating-point registers is known to its kernel alone: of both chains the one
    that reaches a function in which sketches begin is right.
    """
    cpu = machine.cpu
    raw = cpu.read(frame, _BASIC)
    if len(raw) < _BASIC:
        return ()
    r0, r1, r2, r3, r12, lr, pc, xpsr = struct.unpack("<8I", raw)
    chains = []
    for size in (_BASIC, _EXTENDED):
        sp = frame + size + (4 if xpsr & _PADDED else 0)
        registers = {0: r0, 1: r1, 2: r2, 3: r3, 12: r12, 13: sp, 14: lr, 15: pc}
        try:
            chain = tuple(machine.image.debug.unwind(pc, registers, cpu.read))
        except (ValueError, KeyError, IndexError):
            continue
        if any(one.function.split("(")[0] in _BEGINS for one in chain):
            return chain
        chains.append(chain)
    return chains[0] if chains else ()
