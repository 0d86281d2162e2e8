"""Accesses of all kinds within and beside regions of the MPU fault as on QEMU, and else are carried out."""

from __future__ import annotations

from mpu_rows import WORDS, program, rows, values
from qemu_machine import BothMachines, both
from seeds import new_seed

__all__ = ["both"]


def test_random_regions_and_accesses(both: BothMachines, force_python: bool) -> None:
    seed = new_seed()
    table = rows(seed, 1200)
    elf = both.image(program(table), asm=True)
    emulated, reference = both.emulated(elf, force_python=force_python), both.reference(elf)
    assert len(emulated) == len(reference) == 4 * WORDS * len(table)
    faults, straddling, differences = 0, 0, []
    for number, row in enumerate(table):
        ours, theirs = values(emulated, number), values(reference, number)
        faults += theirs["faults"] > 0
        if ours["faults"] and theirs["faults"]:
            # What was done before the fault, and which byte MMFAR names, is each core's own (B1.5.14).
            names = ["faults", "cfsr", "r0"]
        else:
            names = [name for name in ours if name != "mmfar"]
        if ours["faults"] and not theirs["faults"] and row.straddles:
            # QEMU looks at the first byte of such a store alone; the manual at each (DDI 0403E, B2.3, MemU).
            straddling += 1
            continue
        wrong = [(name, hex(ours[name]), hex(theirs[name])) for name in names if ours[name] != theirs[name]]
        if wrong:
            differences.append((row, wrong))
    assert not differences, (len(differences), differences[:5])
    assert len(table) // 5 < faults < len(table) * 4 // 5
    assert straddling < len(table) // 50
