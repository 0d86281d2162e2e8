"""Exceptions in C are those in Python, to the cycle."""

from __future__ import annotations

import random
from typing import Any

import pytest
from bare_image import Compiler
from interrupt_programs import PROGRAM, machine_with
from unicorn import arm_const as arm

from mlbench.elf.image import Image
from mlbench.emulator import hook_native
from mlbench.emulator.machine import End, Machine

_PROGRAMS = 12
_CYCLES = 60_000


@pytest.fixture(scope="module", params=[(), ("-DGUARDED",)], ids=["no MPU", "MPU"])
def program(bare: Compiler, request: pytest.FixtureRequest) -> Image:
    return bare.image(PROGRAM, flags=("-O1", *request.param))


def _state(machine: Machine) -> tuple[Any, ...]:
    hook, cpu = machine.hook, machine.cpu
    figures = (hook.cycles, hook.instructions, hook.placement, hook.low_sp, hook.flash_reads)
    floats = [cpu.reg(arm.UC_ARM_REG_S0 + n) for n in range(32)]
    special = [cpu.reg(n) for n in (arm.UC_ARM_REG_XPSR, arm.UC_ARM_REG_CONTROL, arm.UC_ARM_REG_FPSCR)]
    chip = (machine.nvic.save(), machine.bus.save(), sorted(machine.clock.pending().items()))
    counts = (machine.activity.exceptions, machine.activity.registers, machine.clock.waiting.save())
    remarks = machine.notes, machine._polling.skipped
    return (figures, cpu.registers(), floats, special, counts, remarks, chip, bytes(machine.ram.data))


def _trace(image: Image, seed: object, cuts: list[int], *, python: bool, watched: bool) -> list[Any]:
    machine = machine_with(image, seed, python=python)
    frames: list[tuple[int, int, int]] = []
    if watched:
        machine.on_switch = lambda frame, _mode: frames.append((frame, machine.hook.cycles, machine.cpu.sp))
    states: list[Any] = []
    begin = machine.clock.now
    for cut in cuts:
        ending = machine.run(begin + cut, host_seconds=60)
        states.append((ending.end, ending.text, *_state(machine)))
    return [*states, frames]


def test_interrupt_programs_run_alike(program: Image) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    exceptions = 0
    for n in range(_PROGRAMS):
        draw = random.Random(f"cuts {seed} {n}")
        cuts = [*sorted(draw.sample(range(_CYCLES), 3)), _CYCLES]
        watched = n % 2 == 1
        native = _trace(program, f"{seed} {n}", cuts, python=False, watched=watched)
        python = _trace(program, f"{seed} {n}", cuts, python=True, watched=watched)
        for number, (ours, theirs) in enumerate(zip(native, python, strict=True)):
            for part, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                assert one == other, f"seed {seed}, program {n}, cut {number}, part {part}"
        exceptions += native[-2][6][0]
    assert exceptions > 50 * _PROGRAMS, "programs of this kind are full of exceptions"


def test_registers_that_cannot_be_found_leave_exceptions_to_python(
    program: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts = [_CYCLES // 4]
    expected = _trace(program, 5, cuts, python=False, watched=True)
    monkeypatch.setattr(hook_native, "find_registers", lambda _uc: None)
    assert machine_with(program, 5, python=False).processor.native is None
    assert _trace(program, 5, cuts, python=False, watched=True) == expected


@pytest.mark.parametrize("python", [False, True], ids=["C", "Python"])
@pytest.mark.parametrize("first", [0, 1], ids=["exception", "write of PSP"])
def test_what_a_listener_raises_comes_out_of_the_run(program: Image, python: bool, first: int) -> None:
    machine = machine_with(program, 1, python=python)

    def listen(frame: int, _mode: int) -> None:
        if bool(frame) != bool(first):
            raise KeyError("heard")

    machine.on_switch = listen
    with pytest.raises(KeyError, match="heard"):
        machine.run(machine.clock.now + _CYCLES, host_seconds=60)
    machine.on_switch = None
    assert machine.run(machine.clock.now + _CYCLES, host_seconds=60).end is End.DEADLINE


def test_a_register_that_is_not_dealt_with_in_c_raises_as_ever(
    program: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_with(program, 1, python=False)

    def write(*_: object) -> None:
        raise KeyError("written")

    monkeypatch.setattr(machine.bus, "write", write)
    with pytest.raises(KeyError, match="written"):
        machine.run(machine.clock.now + _CYCLES, host_seconds=60)
