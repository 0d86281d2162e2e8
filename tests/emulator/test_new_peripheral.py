"""A peripheral is a class with a table of registers and a row of a chip: then firmware and snapshots have it.

The steps are those of docs/contributing.md, "Add a peripheral".
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from bare_image import Chip, Compiler, finish, run_to
from made_up_chip import LINKED, MADE_UP

from mlbench.emulator.machine import End, Machine
from mlbench.emulator.peripherals.base import Cause, NrfPeripheral, PeripheralSlot, Register, plain

BASE, IRQ = 0x4800A000, 7
START, DONE, INTENSET, OPERAND, RESULT, NONE = (
    BASE + offset for offset in (0x000, 0x100, 0x304, 0x504, 0x508, 0x50C)
)


class Squarer(NrfPeripheral):
    """Squares a number, which takes 25 us."""

    tasks = {0x000: "START"}  # noqa: RUF012
    events = {0x100: "DONE"}  # noqa: RUF012
    US = 25.0
    taken, result = 0, 0

    def registers(self) -> list[Register]:
        return [
            plain(0x504, "OPERAND", 3),
            Register(0x508, "RESULT", read=lambda: self.result, read_only=True),
        ]

    def task_start(self) -> None:
        self.taken = self.read(0x504) or 0
        self.after(self.US, "DONE")

    def on_event(self, name: str) -> None:
        self.result = self.taken**2
        self.event(name)

    def state(self) -> dict[str, object]:
        return {**super().state(), "taken": self.taken, "result": self.result}


CHIP = replace(MADE_UP, peripherals=(*MADE_UP.peripherals, (Squarer, PeripheralSlot("SQUARER", BASE, IRQ))))
CYCLES = int(Squarer.US * 64)
ENTRY = 60
"""Cycles that are enough to enter the handler and to read the cycle counter there."""
FIRMWARE = f"""
#define CYCCNT REG(0xE0001004)
static volatile u32 at, taken;
void irq{IRQ}_handler(void) {{ at = CYCCNT; REG({DONE}) = 0; (void)REG({DONE}); taken++; }}
__attribute__((noinline)) void started(void) {{ __asm volatile("nop"); }}
int main(void) {{
  REG(0xE0001000) |= 1; ENABLE({IRQ}); REG({INTENSET}) = 1;
  note(REG({OPERAND})); note(REG({RESULT}));
  REG({OPERAND}) = 12; u32 begin = CYCCNT; REG({START}) = 1; started(); REG({OPERAND}) = 5;
  note(REG({RESULT})); WAIT note(REG({RESULT})); note(REG({OPERAND})); note(taken); note(at - begin);
  return 0; }}
"""


def machine(bare: Compiler, source: str, *, python: bool = False) -> Machine:
    return Machine(bare.image(source, flags=LINKED), CHIP, force_python=python)


@pytest.fixture
def squarer(bare: Compiler) -> Chip:
    """Its chip, whose firmware does nothing."""
    return Chip(machine(bare, "int main(void) { return 0; }"))


@pytest.mark.parametrize("python", [False, True])
@pytest.mark.parametrize("wait", ["while (!taken) ;", '__asm volatile("wfi");'])
def test_firmware_takes_its_interrupt_at_the_modelled_time(bare: Compiler, wait: str, python: bool) -> None:
    made = machine(bare, FIRMWARE.replace("WAIT", wait), python=python)
    reset, nothing, not_yet, result, operand, taken, cycles = finish(made)
    assert (reset, nothing) == (3, 0)
    assert (not_yet, result, operand) == (0, 144, 5)
    assert taken == 1
    assert CYCLES <= cycles < CYCLES + ENTRY
    assert made.notes == []


def test_its_event_comes_at_the_modelled_time(squarer: Chip) -> None:
    squarer[OPERAND] = 7
    squarer[START] = 1
    assert squarer.time_to(DONE) == pytest.approx(Squarer.US, abs=0.1)
    assert squarer[RESULT] == 49
    squarer[RESULT] = 1
    assert squarer[RESULT] == 49, "it is read-only"


def test_a_loop_that_waits_for_its_event_is_skipped(bare: Compiler) -> None:
    made = machine(
        bare, f"int main(void) {{ REG({START}) = 1; while (!REG({DONE})) ; note(REG({RESULT})); }}"
    )
    assert finish(made) == [9]
    assert made._polling.skipped > 10


@pytest.mark.parametrize("python", [False, True])
def test_a_snapshot_carries_its_state(bare: Compiler, python: bool) -> None:
    made = machine(bare, FIRMWARE.replace("WAIT", "while (!taken) ;"), python=python)
    assert run_to(made, "started").end is End.BREAKPOINT
    under_way = made.save()
    ends = []
    for _ in range(3):
        assert made.bus.by_name["SQUARER"].save() == {
            "stored": {0x504: 12}, "raised": set(), "inten": 1, "taken": 12, "result": 0
        }  # fmt: skip
        ends.append((finish(made), made.hook.cycles, made.bus.save()["SQUARER"]))
        made.load(under_way)
    assert ends[0][2]["result"] == 144
    assert all(one == other for one, other in pairwise(ends))


def test_a_reset_puts_it_back_and_forgets_what_it_waited_for(squarer: Chip) -> None:
    squarer[OPERAND], squarer[INTENSET] = 7, 1
    squarer[START] = 1
    squarer.machine.restart(Cause.SOFTWARE)
    assert (squarer[OPERAND], squarer[INTENSET], squarer[RESULT]) == (3, 0, 0)
    squarer.wait(2 * Squarer.US)
    assert (squarer[DONE], squarer[RESULT]) == (0, 0)


def test_a_register_that_its_table_lacks_is_noted_like_one_of_no_peripheral(bare: Compiler) -> None:
    """It reads as 0, and each kind of access is told once."""
    told = []
    for register in (NONE, BASE + 0x1000):
        made = machine(
            bare,
            f"""int main(void) {{
              for (int i = 0; i < 3; i++) {{ note(REG({register:#x})); REG({register:#x}) = 4; }}
              return 0; }}""",
        )
        assert finish(made) == [0, 0, 0]
        told.append([note.replace(f"{register:#010x}", "IT") for note in made.notes])
    lacking, of_none = told
    assert lacking == of_none
    assert [note.split(",")[0] for note in lacking] == ["read of IT in main", "write to IT in main"]
    assert all(note.endswith("not modelled, reads as 0") for note in lacking)
