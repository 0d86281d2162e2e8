"""What became of a run, in words for the user."""

from __future__ import annotations

from unicorn import arm_const as arm

from mlbench.core.execution import Frame, FrameUse, Outcome, StackUse
from mlbench.elf.names import never_entered
from mlbench.emulator.call_paths import ORDERED
from mlbench.emulator.machine import End, Ending, Machine
from mlbench.emulator.path_times import FunctionNumbers
from mlbench.emulator.stacks import Stack, StackState, StackWatch
from mlbench.targets.emulator.fatal import FatalExit
from mlbench.targets.emulator.spans import SpanState

_FAULTS = (End.FAULT, End.RESET, End.SEMIHOSTING)
_WITHOUT_INPUT = (
    "give it text (`inputs: {serial: [...]}` in mlbench.yml), or let the sketch infer without input"
)
_ALLOCATORS = ("operator new", "std::__throw_bad_alloc")


def call_chain(machine: Machine) -> tuple[Frame, ...]:
    """The functions that are open now, innermost first; empty where that cannot be told."""
    cpu = machine.cpu
    try:
        psp = cpu.reg(arm.UC_ARM_REG_PSP)
        return tuple(machine.image.debug.unwind(cpu.pc, cpu.registers(), cpu.read, psp=psp))
    except (ValueError, KeyError, IndexError):
        return ()


def of_fatal_exit(death: FatalExit, chain: tuple[Frame, ...]) -> tuple[Outcome, str]:
    """Outcome and reason of firmware that called a function in which it ends."""
    # The function itself is in the text; who called it says where.
    place = next((f" in {frame}" for frame in chain[1:] if frame.function), "")
    memory = death.memory or any(frame.function.startswith(_ALLOCATORS) for frame in chain)
    return (Outcome.NO_MEMORY if memory else Outcome.FAULT), f"{death.text}{place}"


def of_ending(
    machine: Machine,
    ending: Ending,
    chain: tuple[Frame, ...],
    *,
    when: str = "",
    never: str = "",
    input_at: str = "",
    threads: str = "",
) -> tuple[Outcome, str]:
    """Outcome and reason of a run that the machine ended.

    Args:
        machine: as it stands.
        ending: how it ended.
        chain: what is open.
        when: what was going on, to be added.
        never: a function that was waited for in vain.
        input_at: where it asked for serial input all the time.
        threads: where the threads of an operating system stand.
    """
    place = f" in {chain[0]}" if chain else ""
    when = f" {when}" if when else ""
    if ending.end in _FAULTS:
        return Outcome.FAULT, f"{ending.text}{place}{when}{ending.more}"
    if ending.end is End.IDLE:
        return Outcome.HUNG, f"{ending.text}{place}{when}{f'; {threads}' if threads else ''}"
    asks = (
        f"the sketch asks for serial input all the time, which nobody sends, in {input_at}"
        if input_at
        else ""
    )
    if never:
        error = never_entered(machine.image, never)
        if asks:
            return Outcome.HUNG, f"{error.what}, and {asks}: {_WITHOUT_INPUT}, or {error.do}"
        return Outcome.HUNG, f"{error.what}; {error.do}"
    # Where time was up is chance; which function of the sketch's own it was in says more.
    own = next((frame for frame in chain if not frame.file.startswith("/platform/")), None)
    last = f"; {threads}" if threads else f", last in {own or chain[0]}" if chain else ""
    ms = machine.clock.us(machine.clock.now) / 1e3
    asks = f"; {asks}: {_WITHOUT_INPUT}" if asks else ""
    return Outcome.HUNG, f"did not finish in {ms:.0f} ms of the board's time{when}{last}{asks}"


def with_refusal(refused: str, outcome: Outcome, reason: str) -> tuple[Outcome, str]:
    """Outcome and reason of a bad end with the refusal of memory that came before, where there was one."""
    return (Outcome.NO_MEMORY, f"{refused}, then {reason}") if refused else (outcome, reason)


def with_overflow(stacks: StackWatch, outcome: Outcome, reason: str) -> tuple[Outcome, str]:
    """Outcome and reason with the stack overflow that came first, where there was one."""
    stacks.fold()
    overflow = stacks.describe()
    if not overflow:
        return outcome, reason
    return Outcome.FAULT, f"{overflow}, then {reason}" if reason else overflow


def of_input(input_at: str) -> str:
    """The reason where only serial input can make the firmware go on; ``input_at`` says where it waits."""
    return f"waits for serial input that nobody sends, in {input_at}: {_WITHOUT_INPUT}"


def stack_use(state: StackState, functions: FunctionNumbers) -> tuple[StackUse, ...]:
    """The deepest use of each stack that was used."""
    names = functions.names()
    return tuple(
        StackUse(stack.name, stack.used, stack.size, stack.static, _frames(stack, names))
        for stack in state.stacks
        if stack.used
    )


def _frames(stack: Stack, names: list[str]) -> tuple[FrameUse, ...]:
    """What a stack was made of where it was deepest; a function left by a tail call has nothing on it."""
    frames = []
    low = stack.lowest
    for function, sp in stack.deepest:
        if not low <= sp <= stack.top:
            return ()
        frames.append(FrameUse(names[function & ~ORDERED], sp - low))
        low = sp
    frames.append(FrameUse("", stack.top - low))
    return tuple(frame for frame in frames if frame.bytes) if stack.deepest else ()


def remarks(state: StackState, marks: SpanState) -> list[str]:
    """What to tell of a run that is not the reason of its end."""
    notes = []
    main = state.stacks[0]
    if main.size is not None and main.used > main.size and state.overflow is None:
        notes.append(f"the main stack used {main.used:,} bytes, {main.size:,} are reserved for it")
    if marks.left:
        notes.append(f"{marks.left} inferences were left by longjmp or an exception: they are not timed")
    return notes
