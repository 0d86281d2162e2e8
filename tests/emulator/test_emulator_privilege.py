"""Privilege, stacks and returns from exceptions (DDI 0403E, B1.3, B1.4.4, B1.5.6, B1.5.8, B3.2.8)."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, finish

from mlbench.emulator.endings import End

# svc #0 gives privilege back; other faults are noted and stepped over.
_USER = """
#define CFSR REG(0xE000ED28)
NAKED void svc_handler(void) { __asm("mov r0, #0; msr control, r0; bx lr"); }
NAKED void bus_fault_handler(void) { __asm("mrs r0, psp; tst lr, #4; it eq; mrseq r0, msp; b seen"); }
NAKED void hard_fault_handler(void) { __asm("mrs r0, psp; tst lr, #4; it eq; mrseq r0, msp; b seen"); }
__attribute__((used)) void seen(u32 *frame) {
  note(ICSR & 0x1ff); note(CFSR); CFSR = ~0u; u16 first = *(u16 *)frame[6];
    frame[6] += first >> 11 >= 29 ? 4 : 2; }
static inline void user(void) { __asm volatile("msr control, %0; isb" :: "r"(1) : "memory"); }
static inline void back(void) { __asm volatile("svc #0" ::: "memory"); }
static inline u32 control(void) { u32 c; __asm volatile("mrs %0, control" : "=r"(c)); return c; }
"""
_PRECISE = 1 << 9 | 1 << 15


def _main(body: str) -> str:
    return _USER + f"int main(void) {{ REG(0xE000ED24) = 1 << 17; {body} return 0; }}"


def test_unprivileged_code_cannot_regain_privilege_or_mask(bare: Compiler) -> None:
    source = _main(
        """u32 a, b, c; user(); note(control() & 3);
        __asm volatile("msr control, %0; isb" :: "r"(0)); note(control() & 3);
        __asm volatile("cpsid i; cpsid f; msr basepri, %0" :: "r"(0x40));
        __asm volatile("mrs %0, primask; mrs %1, basepri; mrs %2, faultmask" : "=r"(a), "=r"(b), "=r"(c));
        note(a | b | c); back(); note(control() & 3);
        __asm volatile("mrs %0, primask; mrs %1, basepri; mrs %2, faultmask" : "=r"(a), "=r"(b), "=r"(c));
        note(a | b | c);"""
    )
    assert finish(bare.machine(source)) == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("note(REG(0xE000E100));", [5, _PRECISE, None]),
        ("REG(0xE000E100) = 2;", [5, _PRECISE]),
        ("*(volatile u8 *)0xE000ED18 = 1;", [5, _PRECISE]),
        ("REG(0xE000EF00) = 1;", [5, _PRECISE]),  # STIR
        ("note(REG(0xE0001004));", [5, _PRECISE, None]),
    ],
)
def test_the_cores_registers_fault_for_unprivileged_code(
    bare: Compiler, code: str, seen: list[int | None]
) -> None:
    got = finish(bare.machine(_main(f"user(); {code} back(); note(REG(0xE000E100)); note(REG(0xE000ED38));")))
    assert len(got) == len(seen) + 2
    assert all(want is None or want == value for value, want in zip(got, seen, strict=False))
    assert got[-2] == 0


def test_other_registers_are_open_to_unprivileged_code(bare: Compiler) -> None:
    assert finish(bare.machine(_main("user(); note(REG(0x10000100)); back();"))) == [0x52840]


def test_stir_is_open_where_usersetmpend_says_so(bare: Compiler) -> None:
    source = _main(
        "ENABLE(3); REG(0xE000ED14) |= 2; user(); REG(0xE000EF00) = 3; BARRIER();note(control() & 1); back();"
    )
    assert finish(bare.machine(source + "void irq3_handler(void) { note(33); }")) == [33, 1]


def test_privilege_of_threads_handlers_and_both_stacks(bare: Compiler) -> None:
    # CONTROL.nPRIV stays across an exception, whose handler is privileged all the same.
    source = (
        _USER
        + """
        static u32 stack[64] __attribute__((aligned(8)));
        void irq1_handler(void) { u32 c; __asm volatile("mrs %0, control" : "=r"(c)); note(c);
          note(REG(0xE000E100)); }
        int main(void) { u32 saved; ENABLE(1); REG(0xE000ED14) |= 2;
          __asm volatile("mov %0, sp; msr psp, %1; msr control, %2; isb"
            : "=&r"(saved) : "r"((u32)stack + 256), "r"(3) : "memory");
          REG(0xE000EF00) = 1; BARRIER();
          __asm volatile("mrs r0, control; ldr r1, =out; str r0, [r1, #40]; svc #0; mov sp, %0"
            :: "r"(saved) : "r0", "r1", "memory");
          note(out[10]); note(control()); return 0; }"""
    )
    assert finish(bare.machine(source)) == [1, 2, 3, 2]


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (0xFFFFFFF9, None), (0xFFFFFFF1, 1 << 18), (0xFFFFFFF5, 1 << 18), (0xFFFFFFFF, 1 << 18),
          (0xFFFFFFF0 + 3, 1 << 18),
    ],
)  # fmt: skip
def test_illegal_returns_are_usage_faults(bare: Compiler, value: int, status: int | None) -> None:
    # The fault's handler takes the frame over; it goes back by the right value.
    source = f"""
        NAKED void irq1_handler(void) {{ __asm("ldr r0, ={value:#x}; bx r0; .ltorg"); }}
        NAKED void usage_fault_handler(void) {{ __asm("mov r0, lr; push {{r4, lr}}; bl seen; pop {{r4, lr}};"
          "ldr r0, =0xFFFFFFF9; bx r0; .ltorg"); }}
        __attribute__((used)) void seen(u32 lr) {{ note(ICSR & 0x1ff); note(REG(0xE000ED28)); note(lr);
          note(REG(0xE000E300)); }}
        int main(void) {{ REG(0xE000ED24) = 1 << 18; ENABLE(1); PEND(1); BARRIER(); note(9); return 0; }}
        """
    got = finish(bare.machine(source))
    assert got == ([9] if status is None else [6, status, value | 1, 0, 9])


@pytest.mark.parametrize("allowed", [False, True])
def test_return_to_thread_mode_from_a_nested_exception(bare: Compiler, allowed: bool) -> None:
    # CCR.NONBASETHRDENA: the outer exception stays active, and its number is gone from IPSR.
    source = f"""
        NAKED void irq1_handler(void) {{
          __asm("ldr r0, =0xE000E200; movs r1, #4; str r1, [r0]; dsb; isb; b ."); }}
        NAKED void irq2_handler(void) {{ __asm("ldr r0, =base; str r0, [sp, #24]; ldr r1, [sp, #28];"
          "bfc r1, #0, #9; str r1, [sp, #28]; ldr r0, =0xFFFFFFF9; bx r0; .ltorg"); }}
        void usage_fault_handler(void) {{ note(6); note(REG(0xE000ED28)); __asm volatile("b finish"); }}
        __attribute__((used)) void base(void) {{ note(ICSR & 0x1ff); note(REG(0xE000E300));
          __asm volatile("b finish"); }}
        int main(void) {{ REG(0xE000ED24) = 1 << 18; REG(0xE000ED14) |= {int(allowed)}; PRIORITY(1, 0x80);
          SYSTEM_PRIORITY(6, 0); PRIORITY(2, 0x40); ENABLE(1); ENABLE(2); PEND(1); BARRIER(); return 0; }}
        """
    assert finish(bare.machine(source)) == ([0, 2] if allowed else [6, 1 << 18])


@pytest.mark.parametrize("align", [False, True])
def test_stkalign(bare: Compiler, align: bool) -> None:
    source = f"""
        NAKED void irq1_handler(void) {{ __asm("mov r0, sp; b look"); }}
        __attribute__((used)) void look(u32 *frame) {{ note((u32)frame & 7); note(frame[7] >> 9 & 1); }}
        int main(void) {{ u32 before, after; ENABLE(1);
          REG(0xE000ED14) = REG(0xE000ED14) & ~0x200u | {int(align)} << 9;
          __asm volatile("mov r5, sp; bic r4, r5, #7; sub r4, #4; mov sp, r4; mov %0, sp; str %3, [%2];"
            "dsb; isb;"
            "mov %1, sp; mov sp, r5" : "=&r"(before), "=&r"(after) : "r"(0xE000E200), "r"(2) : "r4", "r5",
              "memory");
          note(after - before); return 0; }}
        """
    assert finish(bare.machine(source)) == ([0, 1, 0] if align else [4, 0, 0])


def test_faultmask_lets_nothing_but_nmi_through(bare: Compiler) -> None:
    source = """
        void nmi_handler(void) { u32 m; note(ICSR & 0x1ff); __asm volatile("mrs %0, faultmask" : "=r"(m));
          note(m); }
        void irq1_handler(void) { note(16); }
        int main(void) { u32 m; ENABLE(1); __asm volatile("cpsid f" ::: "memory"); PEND(1); BARRIER();
          note(1);
          ICSR = 1u << 31; BARRIER(); note(2); __asm volatile("mrs %0, faultmask" : "=r"(m)); note(m);
          __asm volatile("cpsie f" ::: "memory"); note(3); return 0; }
        """
    # NMI's return leaves FAULTMASK alone.
    assert finish(bare.machine(source)) == [1, 2, 1, 2, 1, 17 - 1, 3]


def test_a_hard_fault_clears_faultmask_by_returning(bare: Compiler) -> None:
    source = """
        NAKED void hard_fault_handler(void) {
          __asm("ldr r0, [sp, #24]; adds r0, #2; str r0, [sp, #24]; bx lr"); }
        int main(void) { u32 m; __asm volatile("cpsid i; udf #0; mrs %0, primask" : "=r"(m)); note(m);
          return 0; }
        """
    assert finish(bare.machine(source)) == [1]


def test_a_fault_under_faultmask_locks_up(bare: Compiler) -> None:
    machine = bare.machine(
        'void hard_fault_handler(void) { note(1); } int main(void) { __asm volatile("cpsid f; udf #0");'
        " return 0; }"
    )
    ending = machine.run(MS)
    assert ending.end is End.FAULT
    assert "undefined" in ending.text


def test_saturation_and_ge_flags_survive_an_exception(bare: Compiler) -> None:
    source = """
        NAKED void irq1_handler(void) {
          __asm("movs r0, #0; msr apsr_nzcvqg, r0; usub8 r0, r0, r0; cmp r0, r0; bx lr"); }
        int main(void) { u32 p; ENABLE(1);
          __asm volatile("msr apsr_nzcvqg, %1; str %3, [%2]; dsb; isb; mrs %0, apsr"
            : "=r"(p) : "r"(0xF80A0000), "r"(0xE000E200), "r"(2) : "cc", "memory"); note(p); return 0; }
        """
    assert finish(bare.machine(source)) == [0xF80A0000]


def test_retobase_and_pending_in_icsr(bare: Compiler) -> None:
    source = """
        void irq1_handler(void) { note(ICSR >> 11 & 1); PEND(2); BARRIER(); note(ICSR >> 11 & 1); PEND(3);
          note(ICSR >> 12 & 0x1ff); note(ICSR >> 22 & 1); }
        void irq2_handler(void) { note(ICSR >> 11 & 1); }
        void irq3_handler(void) { note(3); }
        int main(void) { PRIORITY(1, 0x80); PRIORITY(2, 0x40); PRIORITY(3, 0xC0); ENABLE(1); ENABLE(2);
          ENABLE(3);
          PEND(1); BARRIER(); return 0; }
        """
    assert finish(bare.machine(source)) == [1, 0, 1, 19, 1, 3]
