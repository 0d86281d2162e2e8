"""What the layout of code costs can be told apart: it depends on nothing but where functions lie."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from bare_image import Compiler, run_to

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine

_ROUNDS = 12
_WORK = """
.balign 16
.globl work
.thumb_func
work: push {{r4, lr}}
  movs r4, #{rounds}
1: {calls}
  subs r4, #1
  bne 1b
  pop {{r4, pc}}
.size work, . - work
.balign 16
.globl main
.thumb_func
main: push {{r4, lr}}
  bl work
.globl worked
.thumb_func
worked: nop
  pop {{r4, pc}}
.size main, . - main
"""
_STEPS = (
    "ldr r0, [sp]", "mov r2, sp\n ldr r1, [r2]", "adds r0, #1", "mul r3, r0, r0", "ldr.w r3, [sp]", "nop.w",
    "str r0, [sp]", "ldr.w r1, [pc, #-4]", "subs r1, r0, r3", "ite eq\n moveq r0, r1\n movne r0, r2",
    "movs r3, #9\n udiv r0, r0, r3", "movs r3, #3\n 2: subs r3, #1\n bne 2b",
    "cbz r0, 3f\n adds r1, #1\n 3: nop",
)  # fmt: skip


def _program(draw: random.Random, functions: int) -> tuple[list[str], str]:
    names = [f"step{number}" for number in range(functions)]
    bodies = []
    for name in names:
        steps = "\n ".join(draw.choice(_STEPS) for _ in range(draw.randint(1, 60)))
        body = f"{name}: sub sp, #8\n movs r1, #0\n str r1, [sp]\n {steps}\n add sp, #8\n bx lr\n"
        bodies.append(f".balign 16\n.type {name}, %function\n.thumb_func\n{body}.size {name}, . - {name}\n")
    calls = "\n ".join(f"bl {draw.choice(names)}" for _ in range(2 * functions))
    return bodies, _WORK.format(rounds=_ROUNDS, calls=calls)


def _laid_out(draw: random.Random, bodies: Sequence[str], work: str) -> str:
    shuffled = draw.sample(bodies, len(bodies))
    return "".join(f".balign 16\n.space {16 * draw.randrange(46)}\n{each}" for each in (*shuffled, work))


def _cycles(machine: Machine) -> tuple[int, int]:
    """Cycles of ``work``, all of them and those that the layout does not cost."""
    run_to(machine, "work")
    machine.follow_calls()
    machine.price_by_place()
    hook = machine.hook
    begun = hook.cycles, hook.placement
    run_to(machine, "worked")
    cycles, placement = hook.cycles - begun[0], hook.placement - begun[1]
    steady = cycles - (placement + (1 << 63)) % (1 << 64) + (1 << 63)
    assert sum(path.cycles for path in hook.path_times()) == steady, "functions are charged what is left"
    return cycles, steady


@pytest.mark.parametrize("functions", [4, 40])
def test_what_is_left_is_the_same_wherever_functions_lie(bare: Compiler, functions: int) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    bodies, work = _program(draw, functions)
    both = set()
    for _ in range(6):
        image = bare.image(_laid_out(draw, bodies, work), asm=True)
        both.add(_cycles(Machine(image, NRF52840)))
        assert _cycles(Machine(image, NRF52840, force_python=True)) in both
    left = {steady for _, steady in both}
    assert functions < 10 or len({cycles for cycles, _ in both}) > 1
    # A block that the emulation ends at a page may be entered both ways.
    assert max(left) - min(left) <= 32, both


def test_a_loop_costs_the_same_on_two_pages_of_the_emulation(bare: Compiler) -> None:
    loop = ".balign 1024\n.globl work\n.thumb_func\nwork: mov r1, sp\n movs r0, #100\n .space {space}\n"
    loop += ".rept {nops}\n nop\n .endr\n1: ldr r2, [r1]\n ldr r3, [r1]\n ldr r2, [r1]\n ldr r3, [r1]\n"
    loop += " subs r0, #1\n bne 1b\n bx lr\n.globl main\n.thumb_func\nmain: push {{r4, lr}}\n bl work\n"
    loop += ".globl worked\n.thumb_func\nworked: nop\n pop {{r4, pc}}\n"
    cycles = set()
    for shift in (0, 8, 12):
        # Nothing but jumps over bytes that are not run: the loop alone lies elsewhere.
        code = loop.replace(" .space {space}\n", " b 2f\n .space {space}\n2:\n").format(space=980, nops=shift)
        machine = bare.machine(code, asm=True)
        all_cycles, _ = _cycles(machine)
        cycles.add(all_cycles - shift)
    assert max(cycles) - min(cycles) <= 16, cycles
