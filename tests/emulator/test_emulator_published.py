"""Loops whose cycles others measured on an nRF52840: nothing in the table was fitted to them.

RIOT-OS/RIOT pull request 17980 (nRF52840-DK, benchmark of GPIO), rust-embedded/cortex-m issue 151, and
Nordic's DevZone, "Most efficient way to delay a few microseconds on nRF52840".
"""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, address

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import End, Machine

_ROUNDS = 1000
_SOURCE = """
.globl main
.thumb_func
main: ldr r4, =0x4001E540
  movs r1, #{cache}
  str r1, [r4]
  ldr r4, =0x50000508
  ldr r2, =0xFFFFFFFF
  movs r3, #1
  ldr r0, ={rounds}
  b start
.ltorg
.balign 16
.space {at}
start: {body}
  subs r0, r0, #1
  bne start
  bx lr
"""


def _cycles_a_round(bare: Compiler, body: str, at: int, cache: bool, python: bool) -> float:
    """Cycles of a round of a loop that begins ``at`` bytes behind the start of a line of flash."""
    counts = []
    for rounds in (_ROUNDS, 2 * _ROUNDS):
        source = _SOURCE.format(cache=int(cache), rounds=rounds, at=at, body=body)
        machine = Machine(bare.image(source, asm=True), NRF52840, force_python=python)
        machine.set_break(address(machine, "finish"))
        assert machine.run(10 * MS).end is End.BREAKPOINT
        counts.append(machine.hook.cycles)
    return (counts[1] - counts[0]) / _ROUNDS


@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
@pytest.mark.parametrize(
    ("body", "at", "cache", "cycles"),
    [
        ("", 0, True, 3),  # RIOT: 2345 us for 50,000 rounds at 64 MHz
        ("str r2, [r4]\n str r2, [r4, #4]", 0, True, 5),  # RIOT: 3907 us
        ("nop", 0, False, 4),  # cortex-m: 4, 5 or 6 by alignment, with the cache off
        ("nop", 14, False, 6),
        # DevZone: 64 cycles; here, by where the loop begins.
        ("\n".join(["udiv r1, r2, r3"] * 5), 0, True, 63),
        ("\n".join(["udiv r1, r2, r3"] * 5), 2, True, 64),
    ],
)
def test_loops_take_what_was_measured(
    bare: Compiler, body: str, at: int, cache: bool, cycles: float, python: bool
) -> None:
    assert _cycles_a_round(bare, body, at, cache, python) == cycles
