"""Instructions that need an aligned address fault as on QEMU, whatever forms the address."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from alignment_rows import ROWS, WORDS, RandomRow, page_rows, program, random_rows, values
from bare_image import address
from qemu_machine import BothMachines, both
from seeds import new_seed

from mlbench.emulator.faults import Fault
from mlbench.emulator.machine import Machine

__all__ = ["both"]

_UNALIGNED = 1 << 24


@pytest.mark.parametrize("usage_fault", [True, False])
def test_the_table(both: BothMachines, usage_fault: bool, force_python: bool) -> None:
    elf = both.image(program(ROWS, usage_fault=usage_fault), asm=True, lines=True)
    machine, reference = both.machine(elf, force_python=force_python), both.reference(elf)
    emulated = machine.serial()
    assert len(emulated) == len(reference) == 4 * WORDS * len(ROWS)
    differences = []
    for number, row in enumerate(ROWS):
        ours, theirs = values(emulated, number), values(reference, number)
        if row.instruction.startswith(("strex{", "strexh")) and ours != theirs:
            # QEMU never faults these; the manual does: ExclusiveMonitorsPass(), B2.3.4.
            assert row.offset % (2 if "h" in row.instruction else 4), (row, ours)
            assert ours["cfsr"] == _UNALIGNED, (row, ours)
        elif ours != theirs:
            names = [name for name in ours if ours[name] != theirs[name]]
            differences.append((*row, [(name, hex(ours[name]), hex(theirs[name])) for name in names]))
    assert not differences
    _check_reports(machine, emulated)


def _check_reports(machine: Machine, emulated: bytes) -> None:
    """The report of each row that faults names the row's function, the instruction's line, and the object."""
    arena, memory = address(machine, "arena"), address(machine, "memory")
    by_row: dict[str, Fault] = {}
    for fault in machine.processor.faults.seen:
        function = machine.image.function_at(fault.pc)
        assert function is not None, fault
        by_row[function.name] = fault
    for number, row in enumerate(ROWS):
        left, last = values(emulated, number), by_row.get(f"row{number}")
        assert (last is not None) == bool(left["faults"]), row
        if last is None:
            continue
        base = memory + left["frame r0"] - (left["frame r0"] >> 31 << 32)
        there = base + row.displacement
        assert last.text == (
            f"UsageFault: unaligned access to {there:#010x}"
            f" (offset {there - arena} in arena, which is itself aligned)"
        ), row
        line = machine.image.debug.line(last.pc)
        assert line is not None, row
        assert machine.processor.faults.place(last.pc) == (
            f"{last.pc:#010x} in row{number} ({line[0]}:{line[1]})"
        )
        assert row.is_in(_source(line[0])[line[1] - 1]), (row, line)


@functools.cache
def _source(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def test_random_ones(both: BothMachines, force_python: bool) -> None:
    seed = new_seed()
    rows = random_rows(seed, 1500)
    elf = both.image(program(rows), asm=True)
    emulated, reference = both.emulated(elf, force_python=force_python), both.reference(elf)
    assert _compare(rows, emulated, reference) > len(rows) // 4


def test_it_blocks_across_two_pages(both: BothMachines, force_python: bool) -> None:
    faults, rows = 0, page_rows()
    for start in range(0, len(rows), 54):  # flash ends
        part = rows[start : start + 54]
        elf = both.image(program(part), asm=True)
        emulated, reference = both.emulated(elf, force_python=force_python), both.reference(elf)
        faults += _compare(part, emulated, reference)
    # Half are unaligned where two thirds of the conditions hold; two offsets of three.
    assert faults == len(rows) * 2 // 3 * 2 // 3


def _compare(rows: list[RandomRow], emulated: bytes, reference: bytes) -> int:
    """All rows agree; how many faults there were."""
    faults = 0
    for number, row in enumerate(rows):
        ours, theirs = values(emulated, number), values(reference, number)
        assert ours == theirs, (number, row.text, row.offset)
        faults += ours["faults"]
    return faults
