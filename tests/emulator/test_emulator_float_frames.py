"""Floating-point context and exceptions (DDI 0403E, B1.5.7, B3.2.21 to B3.2.23)."""

from __future__ import annotations

import pytest
from bare_image import Compiler, finish

from mlbench.cycles.model import load_model
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.machine import Machine

MODEL = load_model("nrf52840")

_FPCCR = """
#define FPCCR REG(0xE000EF34)
#define FPCAR REG(0xE000EF38)
#define FPDSCR REG(0xE000EF3C)
static inline u32 control(void) { u32 c; __asm volatile("mrs %0, control" : "=r"(c)); return c; }
static inline void use(void) { __asm volatile("vmov.f32 s0, #1.0" ::: "s0"); }
"""


def test_lazy_frames_reserve_and_say_so(bare: Compiler) -> None:
    source = (
        _FPCCR
        + """
        NAKED void irq1_handler(void) { __asm("mov r0, sp; mov r1, lr; b look"); }
        __attribute__((used)) void look(u32 sp, u32 lr) {
          note(lr); note(FPCAR - sp); note(FPCCR); note(control() & 4); use(); note(FPCCR & 1);
            note(control() & 4); }
        int main(void) { ENABLE(1); use(); note(FPCCR); PEND(1); BARRIER(); note(FPCCR & 1);
          note(control() & 4);
          return 0; }"""
    )
    thread_and_ready = 8 | 16
    assert finish(bare.machine(source)) == [
        0xC0000000, 0xFFFFFFE9, 0x20, 0xC0000000 | thread_and_ready | 1, 0, 0, 4, 0, 4]  # fmt: skip


def test_eager_frames_are_not_pending(bare: Compiler) -> None:
    source = (
        _FPCCR
        + """
        NAKED void irq1_handler(void) { __asm("mov r0, sp; mov r1, lr; b look"); }
        __attribute__((used)) void look(u32 *sp, u32 lr) { note(lr); note(FPCCR); note(sp[8] == 0x3f800000); }
        int main(void) { ENABLE(1); FPCCR = 1u << 31; use(); PEND(1); BARRIER(); return 0; }"""
    )
    assert finish(bare.machine(source)) == [0xFFFFFFE9, 1 << 31, 1]


@pytest.mark.parametrize("lazy", [True, False])
@pytest.mark.parametrize("touched", [True, False])
def test_what_a_return_loads(bare: Compiler, lazy: bool, touched: bool) -> None:
    # While LSPACT is set the registers still hold the state: a return leaves them, and the frame is not read.
    source = (
        _FPCCR
        + f"""
        NAKED void irq1_handler(void) {{ __asm("mov r0, sp; b look"); }}
        __attribute__((used)) void look(u32 *sp) {{ {"use();" if touched else ""} sp[9] = 0x40400000; }}
        int main(void) {{ u32 s; ENABLE(1); {"" if lazy else "FPCCR = 1u << 31;"}
          __asm volatile("vmov.f32 s1, #2.0; str %2, [%1]; dsb; isb; vmov %0, s1"
            : "=r"(s) : "r"(0xE000E200), "r"(2) : "s1", "memory"); note(s); return 0; }}"""
    )
    assert finish(bare.machine(source)) == [0x40000000 if lazy and not touched else 0x40400000]


def test_without_aspen_there_is_no_floating_point_context(bare: Compiler) -> None:
    source = (
        _FPCCR
        + """
        NAKED void irq1_handler(void) { __asm("mov r0, lr; b look"); }
        __attribute__((used)) void look(u32 lr) { note(lr); }
        int main(void) { ENABLE(1); FPCCR = 0; BARRIER(); use(); note(control() & 4); PEND(1); BARRIER();
          return 0; }"""
    )
    assert finish(bare.machine(source)) == [0, 0xFFFFFFF9]


def test_a_new_context_begins_with_fpdscr(bare: Compiler) -> None:
    source = (
        _FPCCR
        + """
        void irq1_handler(void) { u32 f;
          __asm volatile("vmov.f32 s0, #1.0; vmrs %0, fpscr" : "=r"(f) :: "s0");
          note(f & 0x07C00000); }
        int main(void) { u32 f; ENABLE(1); use(); FPDSCR = 0x03400000; BARRIER(); PEND(1); BARRIER();
          __asm volatile("vmrs %0, fpscr" : "=r"(f)); note(f & 0x07C00000); note(FPDSCR); return 0; }"""
    )
    assert finish(bare.machine(source)) == [0x03400000, 0, 0x03400000]


def test_float_frames_are_always_aligned(bare: Compiler) -> None:
    source = (
        _FPCCR
        + """
        NAKED void irq1_handler(void) { __asm("mov r0, sp; b look"); }
        __attribute__((used)) void look(u32 *frame) { note((u32)frame & 7); note(frame[7] >> 9 & 1); }
        int main(void) { ENABLE(1); REG(0xE000ED14) &= ~0x200u; use();
          __asm volatile("mov r5, sp; bic r4, r5, #7; sub r4, #4; mov sp, r4; str %1, [%0];"
            "dsb; isb; mov sp, r5"
            :: "r"(0xE000E200), "r"(2) : "r4", "r5", "memory"); return 0; }"""
    )
    assert finish(bare.machine(source)) == [0, 1]


def test_nested_contexts_come_back(bare: Compiler) -> None:
    source = (
        _FPCCR
        + """
        static volatile float a, b, c;
        void irq2_handler(void) { float x = c; c = x * 3.0f + 1.0f; note(2); }
        void irq1_handler(void) { float x = b; x = x * 5.0f; PEND(2); BARRIER(); b = x + 0.5f; note(1); }
        int main(void) { PRIORITY(1, 0x80); PRIORITY(2, 0x40); ENABLE(1); ENABLE(2); a = 1.5f; b = 2.0f;
          c = 3.0f;
          float x = a * 7.0f; PEND(1); BARRIER(); a = x + a;
          note((u32)(a * 4)); note((u32)(b * 4)); note((u32)(c * 4)); return 0; }"""
    )
    assert finish(bare.machine(source)) == [2, 1, 48, 42, 40]


@pytest.mark.parametrize("python", [False, True], ids=["native", "python"])
def test_floating_point_state_is_paid_for_where_it_moves(bare: Compiler, python: bool) -> None:
    """Deferred and never needed: nothing. Deferred and needed, or not deferred: 17 words go and come back."""

    def cycles(lazy: bool, touched: bool) -> int:
        handler = "vmov.f32 s0, #1.0" if touched else "nop.w"
        source = (
            _FPCCR
            + f"""
            void irq1_handler(void) {{ __asm volatile("{handler}" ::: "s0"); }}
            int main(void) {{ ENABLE(1); {"" if lazy else "FPCCR = 1u << 31;"} use(); BARRIER();
              PEND(1); BARRIER(); return 0; }}"""
        )
        machine = Machine(bare.image(source), NRF52840, force_python=python)
        finish(machine)
        return machine.hook.cycles

    # Setting FPCCR costs the same in both.
    eager = cycles(False, True) - cycles(False, False)
    lazy = cycles(True, True) - cycles(True, False)
    assert lazy - eager == 2 * MODEL.run.float_state
