"""Code in RAM is fetched over the System bus: without flash's cost, with one of its own that is assumed."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler

from mlbench.cycles.model import load_model
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine

MODEL = load_model("nrf52840")


def _spent(bare: Compiler, body: str, section: str, python: bool) -> tuple[int, int]:
    """Cycles of a second call of a function, and those of them that are assumed."""
    machine = Machine(
        bare.image(
            f".globl main\n.thumb_func\nmain: push {{r4, lr}}\n ldr r4, =f\n ldr r1, =out\n blx r4\n"
            f" ldr r1, =out\nfirst: blx r4\nsecond: movs r0, #0\n pop {{r4, pc}}\n.ltorg\n"
            f".section {section}\n.balign 16\n.globl f\n.thumb_func\n.type f, %function\nf: {body}\n bx lr\n"
            ".bss\n.balign 4\n.globl out\nout: .space 64\n",
            asm=True,
        ),
        NRF52840,
        force_python=python,
    )
    symbols = {name: machine.image.symbol(name) for name in ("f", "second")}
    assert symbols["f"] is not None
    entry = symbols["f"].address & ~1
    machine.set_break(entry)
    for resume in (False, True):
        assert machine.run(MS, resume=resume).address == entry
    back = machine.cpu.lr & ~1
    machine.set_break(back)
    cycles, assumed = machine.hook.cycles, machine.hook.assumed
    assert machine.run(MS, resume=True).address == back
    return machine.hook.cycles - cycles, machine.hook.assumed - assumed


@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
@pytest.mark.parametrize(
    ("body", "words", "data"),
    # Ten bytes of code, 42, and 14: with BX LR, words of four bytes; words of data.
    [
        ("movs r0, #1\n" * 4, 3, 0),
        ("add.w r0, r0, #1\n" * 10, 11, 0),
        ("ldm r1, {r0, r2, r3}\n str r0, [r1]", 2, 4),
    ],
)
def test_each_word_of_code_and_data_takes_a_cycle_more(
    bare: Compiler, body: str, words: int, data: int, python: bool
) -> None:
    flash, none_assumed = _spent(bare, body, '.text.f, "ax"', python)
    ram, assumed = _spent(bare, body, '.data.f, "awx"', python)
    assert none_assumed == 0
    assert assumed == words + data
    assert ram - flash == assumed, "the second call has its lines in the cache: flash adds nothing to it"


def test_the_assumption_is_in_the_table() -> None:
    block = MODEL.block(0x20000000, 2, lambda _address, _size: b"\x70\x47")
    held = MODEL.block(0x1000, 2, lambda _address, _size: b"\x70\x47")
    assert (block.assumed, block.taken - held.taken) == (1, 1)
