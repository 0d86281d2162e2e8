"""Cycles by function and by path: firmware whose split is known by how it is built."""

from __future__ import annotations

import random

import pytest
from bare_image import Compiler, address, run_to
from interrupt_programs import PROGRAM, machine_with
from random_code import image_of, likely_code, outcome, wild_code
from seeds import new_seed

from mlbench.core.call_tree import CallTree
from mlbench.core.operators import operators_of
from mlbench.elf.image import Image
from mlbench.emulator.calls import Call, CallTracker, Watch
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.endings import End
from mlbench.emulator.machine import Machine
from mlbench.emulator.path_times import difference
from mlbench.emulator.stacks import StackWatch
from mlbench.targets.emulator.verdict import stack_use


def spin(name: str, turns: int, after: str = "bx lr") -> str:
    """A function that takes some cycles a turn, and then leaves."""
    return f"""
.globl {name}
.type {name}, %function
{name}: movw r3, #{turns}
1: subs r3, #1
 bne 1b
 {after}
.size {name}, . - {name}
"""


def spin_cycles(turns: int) -> range:
    """What ``spin`` takes itself: MOVW, SUBS and BNE, refills, and what its place in memory adds."""
    return range(3 * turns, 3 * turns + 30)


def tree_of(image: Image, force_python: bool) -> tuple[CallTree, Machine, int]:
    """The tree of calls from ``main`` up to its return, and the cycles that the clock counted."""
    machine = Machine(image, NRF52840, force_python=force_python)
    machine.follow_calls(blocks=True)
    assert run_to(machine, "main").end is End.BREAKPOINT
    before, begin = machine.hook.path_times(), machine.hook.cycles
    machine.hook.resumed = 1
    assert run_to(machine, "finish").end is End.BREAKPOINT, machine.cpu.pc
    tree = difference(before, machine.hook.path_times(), machine.functions)
    return tree, machine, machine.hook.cycles - begin


def split(image: Image, force_python: bool) -> dict[str, tuple[int, int]]:
    """Cycles and calls by path, without what called ``main``; the sum has been checked."""
    tree, machine, total = tree_of(image, force_python)
    assert tree.total == total
    assert not machine.hook.paths_lost
    return {
        ";".join(tree.stack(index)).removeprefix("reset_handler;"): (path.cycles, path.calls)
        for index, path in enumerate(tree.paths)
    }


_CALLS = """
.globl main
.type main, %function
main: push {r4, lr}
 bl inner
 movs r0, #5
 bl again
 bl tail
 ldr r3, =inner
 blx r3
 pop {r4, pc}
 .ltorg
.size main, . - main
.type again, %function
again: push {r4, lr}
 subs r0, #1
 beq 1f
 bl again
1: pop {r4, pc}
.size again, . - again
"""


def test_calls_tail_calls_and_recursion_are_charged_to_their_paths(
    bare: Compiler, force_python: bool
) -> None:
    source = _CALLS + spin("inner", 100) + spin("tail", 50, "b.w inner")
    paths = split(bare.image(source, asm=True), force_python)
    assert {path: calls for path, (_, calls) in paths.items()} == {
        "reset_handler": 0, "main": 1, "main;inner": 2, "main;again": 5, "main;tail": 1, "main;tail;inner": 1,
    }  # fmt: skip
    assert paths["main;inner"][0] // 2 in spin_cycles(100)
    assert paths["main;tail;inner"][0] in spin_cycles(100)
    assert paths["main;tail"][0] in spin_cycles(50)


_STATES = """
.globl main
.type main, %function
main: push {r4, lr}
 movs r0, #40
 bl odd
 pop {r4, pc}
.size main, . - main
.type odd, %function
odd: cbz r0, 1f
 subs r0, #1
 b.w even
1: bx lr
.size odd, . - odd
.type even, %function
even: cbz r0, 1f
 subs r0, #1
 b.w odd
1: bx lr
.size even, . - even
"""


def test_states_that_tail_call_each_other_stay_two_paths(bare: Compiler, force_python: bool) -> None:
    paths = split(bare.image(_STATES, asm=True), force_python)
    assert {path: calls for path, (_, calls) in paths.items()} == {
        "reset_handler": 0, "main": 1, "main;odd": 21, "main;odd;even": 20,
    }  # fmt: skip


_JUMP = """
typedef struct { u32 r[10]; } Place; static Place place;
NAKED u32 mark(Place *p) { __asm("mov r2, sp; stmia r0!, {r2, r4-r11, lr}; movs r0, #0; bx lr"); }
NAKED void jump(Place *p) { __asm("ldmia r0!, {r2, r4-r11, lr}; mov sp, r2; movs r0, #1; bx lr"); }
void __attribute__((noinline)) deep(u32 n) {
  volatile u32 x = n; if (n) deep(n - 1); else jump(&place); note(x); }
void __attribute__((noinline)) middle(void) { deep(3); note(1); }
void __attribute__((noinline)) behind(void) { for (volatile int i = 0; i < 50; i++) ; }
void __attribute__((noinline)) outer(void) { if (!mark(&place)) middle(); behind(); note(2); }
int main(void) { outer(); behind(); return 0; }
"""


def test_longjmp_ends_the_calls_it_leaves(bare: Compiler, force_python: bool) -> None:
    paths = split(bare.image(_JUMP), force_python)
    assert {path: calls for path, (_, calls) in paths.items()} == {
        "reset_handler": 0, "main": 1, "main;outer": 1, "main;outer;mark": 1, "main;outer;middle": 1,
        "main;outer;middle;deep": 4, "main;outer;middle;deep;jump": 1, "main;outer;behind": 1,
        "main;behind": 1,
    }  # fmt: skip
    assert abs(paths["main;behind"][0] - paths["main;outer;behind"][0]) < 30


_NESTED = """
void __attribute__((noinline)) work(u32 n) { for (volatile u32 i = 0; i < n; i++) ; }
void irq20_handler(void) { work(20); PEND(21); BARRIER(); work(20); }
void irq21_handler(void) { work(40); PEND(22); }
void irq22_handler(void) { work(80); }
int main(void) {
  PRIORITY(20, 0x80); PRIORITY(21, 0x40); PRIORITY(22, 0x40); ENABLE(20); ENABLE(21); ENABLE(22);
  for (int i = 0; i < 3; i++) { work(10); PEND(20); BARRIER(); } work(10); return 0; }
"""


def test_nested_and_chained_handlers_have_paths_of_their_own(bare: Compiler, force_python: bool) -> None:
    paths = split(bare.image(_NESTED), force_python)
    assert {path: calls for path, (_, calls) in paths.items()} == {
        "reset_handler": 0, "main": 1, "main;work": 4, "irq20_handler": 3, "irq20_handler;work": 6,
        "irq21_handler": 3, "irq21_handler;work": 3, "irq22_handler": 3, "irq22_handler;work": 3,
    }  # fmt: skip
    turn = (paths["irq22_handler;work"][0] - paths["irq21_handler;work"][0]) / (3 * 40)
    assert abs(paths["irq20_handler;work"][0] - paths["irq21_handler;work"][0]) < 3 * 2 * 20
    assert 4 * 10 * turn <= paths["main;work"][0] <= 4 * 10 * turn + 200


_THREADS = """
static u32 stacks[2][256] __attribute__((aligned(1024))); u32 pointers[2], now; volatile u32 done;
static inline void yield(void) { ICSR = PENDSVSET; BARRIER(); }
NAKED void pendsv_handler(void) { __asm(
  "mrs r0, psp; stmdb r0!, {r4-r11, lr}; ldr r1, =now; ldr r2, [r1]; ldr r3, =pointers;"
  "str r0, [r3, r2, lsl #2]; eor r2, #1; str r2, [r1]; ldr r0, [r3, r2, lsl #2];"
  "ldmia r0!, {r4-r11, lr}; msr psp, r0; isb; bx lr; .ltorg"); }
void __attribute__((noinline)) leaf(u32 n) { for (volatile u32 i = 0; i < n; i++) ; }
void __attribute__((noinline)) share(u32 n) { leaf(n); yield(); leaf(n); }
void __attribute__((noinline)) second(void) { for (;;) share(100); }
void __attribute__((noinline)) first(void) { for (int i = 0; i < 5; i++) share(10); done = 1; }
int main(void) {
  u32 *sp = &stacks[1][256 - 8]; sp[7] = 1 << 24; sp[6] = (u32)second & ~1u; sp -= 9; sp[8] = 0xFFFFFFFD;
  pointers[1] = (u32)sp; u32 old;
  __asm volatile("mov %0, sp; msr psp, %0; movs r3, #2; msr control, r3; isb" : "=&r"(old) :: "r3");
  first(); return 0; }
"""


def test_threads_keep_their_calls_over_switches(bare: Compiler, force_python: bool) -> None:
    paths = split(bare.image(_THREADS), force_python)
    assert {path: calls for path, (_, calls) in paths.items() if calls} == {
        "main": 1, "main;first": 1, "main;first;share": 5, "main;first;share;leaf": 10,
        "pendsv_handler": 10, "second": 1, "second;share": 5, "second;share;leaf": 9,
    }  # fmt: skip
    mine, theirs = paths["main;first;share;leaf"][0] / 10 / 10, paths["second;share;leaf"][0]
    assert theirs > 5 * 100 * mine * 0.9


@pytest.mark.parametrize("flags", [("-O0",), ("-O2",), ("-Os",)])
def test_both_hooks_charge_the_same(bare: Compiler, flags: tuple[str, ...]) -> None:
    image = bare.image(_NESTED + "void more(void) {" + "note(1);" * 3 + "}", flags=flags)
    trees = [tree_of(image, force_python) for force_python in (False, True)]
    assert trees[0][0] == trees[1][0]
    assert trees[0][1].hook.block_times() == trees[1][1].hook.block_times()


def test_inclusive_cycles_are_those_between_entry_and_return(bare: Compiler, force_python: bool) -> None:
    image = bare.image(_JUMP)
    machine = Machine(image, NRF52840, force_python=force_python)
    spent: list[tuple[str, int]] = []

    def returned(name: str) -> Watch:
        def told(call: Call) -> None:
            spent.append((name, machine.hook.cycles - call.cycles))

        return Watch(name, address(machine, name), returned=told)

    tracker = CallTracker(machine)
    for name in ("outer", "behind"):
        tracker.add(returned(name))
    machine.follow_calls()
    tracker.keep(address(machine, "finish"))
    resume = False
    while (ending := machine.run(10_000_000, resume=resume)).address != address(machine, "finish"):
        tracker.at(ending.address)
        resume = True
    tree = difference([], machine.hook.path_times(), machine.functions)
    by_name = {each.name: each for each in tree.functions}
    for name in ("outer", "behind"):
        assert by_name[name].inclusive == sum(cycles for other, cycles in spent if other == name)


def test_a_snapshot_holds_what_was_charged_and_which_calls_are_open(
    bare: Compiler, force_python: bool
) -> None:
    image = bare.image(_JUMP)
    straight = split(image, force_python)
    machine = Machine(image, NRF52840, force_python=force_python)
    machine.follow_calls(blocks=True)
    run_to(machine, "main")
    before, begin = machine.hook.path_times(), machine.hook.cycles
    machine.hook.resumed = 1
    run_to(machine, "deep")
    saved, blocks = machine.save(), machine.hook.block_times()
    # What is tried in between and taken back leaves no trace.
    for stop in ("jump", "finish", "finish"):
        machine.hook.resumed = 1
        assert run_to(machine, stop).end is End.BREAKPOINT
        machine.load(saved)
        assert machine.hook.block_times() == blocks
    machine.hook.resumed = 1
    run_to(machine, "finish")
    tree = difference(before, machine.hook.path_times(), machine.functions)
    assert tree.total == machine.hook.cycles - begin
    again = {";".join(tree.stack(n)).removeprefix("reset_handler;"): p for n, p in enumerate(tree.paths)}
    assert {path: (each.cycles, each.calls) for path, each in again.items()} == straight


_GRAPH = """
typedef struct { int x; } Context;
__attribute__((noinline)) void scale(u32 n) { for (volatile u32 i = 0; i < n; i++) ; }
__attribute__((noinline)) void conv(u32 n) __asm("_ZN6tflite8ConvEvalEP13TfLiteContextP10TfLiteNode");
void conv(u32 n) { scale(n); note(1); }
__attribute__((noinline)) void softmax(u32 n)
  __asm("_ZN6tflite3ops5micro7softmax4EvalEP13TfLiteContextP10TfLiteNode");
void softmax(u32 n) { scale(n); note(2); }
__attribute__((noinline)) void invoke(void) __asm("_ZN6tflite21MicroInterpreterGraph14InvokeSubgraphEi");
void invoke(void) {
  static void (*const kernels[])(u32) = { conv, conv, softmax, conv };
  for (int i = 0; i < 4; i++) { scale(3); kernels[i](20 * (i + 1)); } note(3); }
int main(void) { invoke(); return 0; }
"""


def test_operators_of_a_graph_are_told_apart_in_their_order(bare: Compiler, force_python: bool) -> None:
    image = bare.image(_GRAPH)
    machine = Machine(image, NRF52840, force_python=force_python)
    timed: list[int] = []
    tracker = CallTracker(machine)
    names = ("_ZN6tflite8ConvEvalEP13TfLiteContextP10TfLiteNode",
             "_ZN6tflite3ops5micro7softmax4EvalEP13TfLiteContextP10TfLiteNode")  # fmt: skip
    for name in names:
        tracker.add(
            Watch(
                name,
                address(machine, name),
                returned=lambda call: timed.append(machine.hook.cycles - call.cycles),
            )
        )
    machine.follow_calls()
    finish = address(machine, "finish")
    tracker.keep(finish)
    resume = False
    while (ending := machine.run(10_000_000, resume=resume)).address != finish:
        tracker.at(ending.address)
        resume = True
    operators = operators_of(difference([], machine.hook.path_times(), machine.functions))
    assert [each.name for each in operators] == ["CONV", "CONV", "SOFTMAX", "CONV"]
    assert [each.cycles for each in operators] == timed


def test_threads_and_handlers_of_random_programs_are_charged_alike(bare: Compiler) -> None:
    seed = new_seed()
    image = bare.image(PROGRAM)
    for n in range(4):
        machines = [machine_with(image, f"{seed} {n}", python=python) for python in (False, True)]
        quiet = machine_with(image, f"{seed} {n}", python=False)
        begin = machines[0].hook.cycles
        for machine in machines:
            machine.follow_calls(blocks=True)
        for cut in (7_000, 20_000):
            for machine in (*machines, quiet):
                machine.run(begin + cut, host_seconds=60)
            native, python = (
                difference([], machine.hook.path_times(), machine.functions) for machine in machines
            )
            assert native == python, f"seed {seed} {n} {cut}"
            assert machines[0].hook.block_times() == machines[1].hook.block_times()
            assert machines[0].hook.cycles == quiet.hook.cycles
            # What has not been charged yet is the entry of an exception whose first block is still to come.
            left = machines[0].hook.cycles - begin - native.total
            assert 0 <= left <= 32, f"seed {seed} {n} {cut}"
            assert len(native.paths) > 5


def test_random_code_is_charged_alike() -> None:
    seed = new_seed()
    for n in range(24):
        draw = random.Random(f"{seed} {n}")
        make = likely_code if n % 4 else wild_code
        image = image_of(make(draw, draw.choice((30, 100, 400))))
        times = []
        for force_python in (False, True):
            machine = Machine(image, NRF52840, force_python=force_python)
            machine.follow_calls(blocks=True)
            outcome(machine, 20_000)
            times.append((machine.hook.path_times(), machine.hook.block_times()))
        assert times[0] == times[1], f"seed {seed} {n}"


_FRAMES = """
.globl main
.type main, %function
main: push {r4, lr}
 bl shallow
 bl outer
 bl shallow
 pop {r4, pc}
.size main, . - main
.type shallow, %function
shallow: sub sp, #80
 add sp, #80
 bx lr
.size shallow, . - shallow
.type outer, %function
outer: push {r4, lr}
 sub sp, #64
 bl passes_on
 add sp, #64
 pop {r4, pc}
.size outer, . - outer
.type passes_on, %function
passes_on: b.w inner
.size passes_on, . - passes_on
.type inner, %function
inner: push {r4-r7, lr}
 sub sp, #20
 add sp, #20
 pop {r4-r7, pc}
.size inner, . - inner
"""


def test_the_deepest_stack_is_told_frame_by_frame(bare: Compiler, force_python: bool) -> None:
    machine = Machine(bare.image(_FRAMES, asm=True), NRF52840, force_python=force_python)
    stacks = StackWatch(machine)
    run_to(machine, "main")
    machine.follow_calls()
    machine.hook.resumed = 1
    run_to(machine, "finish")
    stacks.fold()
    (main,) = stack_use(stacks.state, machine.functions)
    assert [(frame.function, frame.bytes) for frame in main.frames] == [
        ("inner", 40), ("outer", 72), ("main", 8),
    ]  # fmt: skip
    assert main.used == 120
