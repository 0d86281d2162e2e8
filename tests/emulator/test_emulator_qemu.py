"""The same bare images on QEMU's Cortex-M4 and on the emulator give the same registers, memory and output."""

from __future__ import annotations

import pytest
from qemu_machine import BothMachines, both
from seeds import new_seed
from sequences import differences, program

__all__ = ["both"]

_COUNT, _LENGTH = 300, 14


@pytest.mark.parametrize("round_number", range(3))
def test_random_sequences(both: BothMachines, round_number: int) -> None:
    seed = f"{new_seed()} {round_number}"
    elf = both.image(program(seed, _COUNT, _LENGTH), asm=True)
    reference = both.reference(elf)
    assert not differences(seed, _LENGTH, both.emulated(elf), reference)


def test_random_sequences_in_python(both: BothMachines) -> None:
    seed = new_seed()
    elf = both.image(program(seed, 60, _LENGTH), asm=True)
    assert not differences(seed, _LENGTH, both.emulated(elf, force_python=True), both.reference(elf))
