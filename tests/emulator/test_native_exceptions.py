"""Exceptions in C are those in Python, to the cycle."""

from __future__ import annotations

from typing import Any

import pytest
from bare_image import Compiler
from interrupt_programs import PROGRAM

from mlbench.elf.image import Image
from mlbench.emulator.machine import Machine

_PROGRAMS = 12
_FLAGS = ("-O1", "-Wl,--defsym=RAM_LENGTH=65536")


@pytest.fixture(scope="module")
def program(bare: Compiler) -> Image:
    return bare.image(PROGRAM)


def _state(machine: Machine) -> tuple[Any, ...]:
    hook = machine.hook
    figures = (hook.cycles, hook.instructions, hook.placement, hook.low_sp, hook.flash_reads)
    chip = (machine.nvic.save(), machine.bus.save(), sorted(machine.clock.pending().items()))
    registers = (*machine.cpu.registers().values(), machine.cpu.psr, machine.activity.exceptions)
    return (figures, registers, bytes(machine.ram.data), chip)
