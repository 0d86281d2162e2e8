"""A run that is saved, loaded and gone on with ends like one that never stopped."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from bare_image import MS, Compiler, notes, words
from hypothesis import given, settings
from hypothesis import strategies as st

from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine

# Everything at once: SysTick, a timer with a shortcut, an RTC, PPI from timer to timer, random numbers, UARTE
# both ways, floats in handlers, threads of a kind by PendSV, sleep and spinning.
_EVERYTHING = """
static volatile u32 ticks, sent, got, beats; static volatile float sum; static u8 text[8], in[4];
void systick_handler(void) { ticks++; sum += 0.25f; if (ticks % 3 == 0) ICSR = PENDSVSET; }
void pendsv_handler(void) { beats += REG(0x40009540); }
void irq8_handler(void) { REG(0x40008140) = 0; (void)REG(0x40008140); sum *= 1.0625f; beats++; }
void irq11_handler(void) { REG(0x4000B100) = 0; (void)REG(0x4000B100); beats += 100; }
void irq13_handler(void) { REG(0x4000D100) = 0; (void)REG(0x4000D100); got += REG(0x4000D508); }
void irq2_handler(void) {
  if (REG(0x40002120)) { REG(0x40002120) = 0; sent++; for (int i = 0; i < 8; i++) text[i] = sent + i;
    REG(0x40002008) = 1; }
  if (REG(0x40002110)) { REG(0x40002110) = 0; got += in[0] << 8; REG(0x40002000) = 1; } }
int main(void) {
  REG(0xE000E014) = 4999; REG(0xE000E018) = 0; REG(0xE000E010) = 7;
  REG(0x40008508) = 3; REG(0x40008540) = 37; REG(0x40008200) = 1; REG(0x40008304) = 1 << 16;
  REG(0x40008000) = 1;
  REG(0x40009508) = 3; REG(0x40009504) = 2;
  REG(0x4001F510) = 0x40008140; REG(0x4001F514) = 0x40009008;
  REG(0x4001F518) = 0x40008140; REG(0x4001F51C) = 0x40009040;
  REG(0x4001F504) = 3;
  REG(0x4000B304) = 1; REG(0x4000B508) = 1; REG(0x4000B000) = 1;
  REG(0x4000D304) = 1; REG(0x4000D000) = 1;
  REG(0x40002500) = 8; REG(0x40002524) = 0x10000000; REG(0x40002544) = (u32)text; REG(0x40002548) = 8;
  REG(0x40002534) = (u32)in; REG(0x40002538) = 2; REG(0x40002304) = 1 << 8 | 1 << 4;
  PRIORITY(8, 0x40); PRIORITY(11, 0x20); PRIORITY(13, 0x60); PRIORITY(2, 0x80); SYSTEM_PRIORITY(14, 0xE0);
  ENABLE(8); ENABLE(11); ENABLE(13); ENABLE(2);
  REG(0x40002008) = 1; REG(0x40002000) = 1;
  for (u32 n = 0;; n++) {
    if (n % 5 == 0) __asm volatile("wfi"); else if (n % 7 == 0) __asm volatile("wfe");
    for (volatile int i = 0; i < 40; i++) ;
    sum += 1.5f; count = n % 40; out[count] = beats ^ got ^ ticks; }
}
"""
_END = 6 * MS


def _state(machine: Machine) -> tuple[Any, ...]:
    hook = machine.hook
    figures = (hook.cycles, hook.instructions, hook.placement, hook.low_sp)
    chip = (machine.nvic.save(), machine.bus.save(), sorted(machine.clock._due))
    return (figures, bytes(machine.ram.data), machine.serial(), machine.cpu.registers(), chip)


@pytest.fixture(scope="module")
def everything(bare: Compiler) -> Image:
    return bare.image(_EVERYTHING)


@cache
def _whole(image: Image, python: bool) -> tuple[Any, ...]:
    machine = Machine(image, NRF52840, force_python=python)
    machine.bus.by_name["UARTE0"].feed(b"abcdefgh")  # type: ignore[attr-defined]
    machine.run(_END, host_seconds=60)
    assert words(machine, "out", 40).count(0) < 20
    assert len(machine.serial()) > 100
    return _state(machine)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, _END), max_size=4), st.integers(0, 2), st.booleans())
def test_split_runs_end_like_whole_ones(
    everything: Image, cuts: list[int], detour: int, python: bool
) -> None:
    machine = Machine(everything, NRF52840, force_python=python)
    machine.bus.by_name["UARTE0"].feed(b"abcdefgh")  # type: ignore[attr-defined]
    for cut in sorted(cuts):
        machine.run(cut, host_seconds=60)
        saved = machine.save()
        if detour == 1:
            machine.run(cut + MS, host_seconds=60)
        elif detour == 2:
            machine.reset()
        machine.load(saved)
    machine.run(_END, host_seconds=60)
    assert _state(machine) == _whole(everything, python)


def test_a_snapshot_can_be_used_again_and_again(everything: Image) -> None:
    machine = Machine(everything, NRF52840)
    machine.run(MS)
    saved = machine.save()
    ends = []
    for _ in range(3):
        machine.load(saved)
        machine.run(2 * MS)
        ends.append(_state(machine))
    assert ends[0] == ends[1] == ends[2]


def test_native_and_python_agree_on_everything(everything: Image) -> None:
    assert _whole(everything, False) == _whole(everything, True)


def test_reset_is_power_on(everything: Image) -> None:
    machine = Machine(everything, NRF52840)
    machine.run(MS)
    first = _state(machine)
    machine.reset()
    assert notes(machine) == []
    machine.run(MS)
    assert _state(machine) == first


def test_states_hold_numbers_and_collections_of_numbers(everything: Image) -> None:
    # Snapshots copy one level: a collection within a collection would be shared with the running machine.
    machine = Machine(everything, NRF52840)
    machine.run(MS)
    for name, part in machine.bus.by_name.items():
        for what, value in part.state().items():
            if value is None or isinstance(value, (int, float, str, bytes)):
                continue
            assert isinstance(value, (dict, list, set, tuple, bytearray)), f"{name}.{what}"
            inner = value.values() if isinstance(value, dict) else value
            # Nothing in it can change: its hash says so.
            assert all(hash(v) is not None for v in inner), f"{name}.{what}"


def test_the_vector_table_is_the_lowest_that_looks_like_one(everything: Image) -> None:
    machine = Machine(everything, NRF52840)
    symbol = everything.symbol("vectors")
    assert symbol is not None
    assert machine.scs.vector_table == symbol.address == 0x10000
