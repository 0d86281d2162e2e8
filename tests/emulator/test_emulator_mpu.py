"""The memory protection unit (DDI 0403E, B3.5)."""

from __future__ import annotations

import pytest
from bare_image import Compiler, address, finish, run_to

from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.core_record import make_record
from mlbench.emulator.machine import Machine
from mlbench.emulator.mpu import Mpu

_MPU = """
#define CTRL REG(0xE000ED94)
#define RBAR REG(0xE000ED9C)
#define RASR REG(0xE000EDA0)
#define CFSR REG(0xE000ED28)
static u32 step_over = 1;
NAKED void svc_handler(void) { __asm("mov r0, #0; msr control, r0; bx lr"); }
NAKED void mem_manage_handler(void) { __asm("mov r0, sp; b seen"); }
NAKED void hard_fault_handler(void) { __asm("mov r0, sp; b seen"); }
__attribute__((used)) void seen(u32 *frame) {
  note(ICSR & 0x1ff); note(CFSR); note(REG(0xE000ED34)); CFSR = ~0u;
  u16 first = *(u16 *)frame[6]; frame[6] += first >> 11 >= 29 ? 4 : 2; }
static void region(u32 n, u32 at, u32 bits, u32 access, u32 more) {
  RBAR = at | 16 | n; RASR = access << 24 | (bits - 1) << 1 | 1 | more; }
static void on(u32 how) { CTRL = how | 1; BARRIER(); }
static inline void user(void) { __asm volatile("msr control, %0; isb" :: "r"(1) : "memory"); }
static inline void back(void) { __asm volatile("svc #0" ::: "memory"); }
static u32 place[4096] __attribute__((aligned(16384)));
static inline u32 get(u32 n) { return *(volatile u32 *)&place[n]; }
static inline void put(u32 n) { *(volatile u32 *)&place[n] = 7; }
"""
_DATA = 1 << 1 | 1 << 7
NONE, PRIV, PRIV_READ_USER, FULL, PRIV_READ, READ = 0, 1, 2, 3, 5, 6


def _main(body: str) -> str:
    return _MPU + "int main(void) { REG(0xE000ED24) = 1 << 16; " + body + " CTRL = 0; return 0; }"


def _place(machine_notes: list[int], base: int) -> list[int]:
    return [note - base if note >= base else note for note in machine_notes]


def _run(bare: Compiler, body: str) -> list[int]:
    machine = bare.machine(_main("note((u32)place); " + body))
    base, *rest = finish(machine)
    return _place(rest, base)


@pytest.mark.parametrize(
    ("access", "privileged_writes", "user_reads", "user_writes"),
    [(NONE, False, False, False), (PRIV, True, False, False), (PRIV_READ_USER, True, True, False),
     (FULL, True, True, True), (PRIV_READ, False, False, False), (READ, False, True, False), (7, False,
       True, False)],
)  # fmt: skip
def test_access_permissions(
    bare: Compiler, access: int, privileged_writes: bool, user_reads: bool, user_writes: bool
) -> None:
    # Region 0 leaves the rest of memory to everyone.
    got = _run(
        bare,
        f"region(0, 0, 32, {FULL}, 0); region(1, (u32)place, 5, {access}, 0); on(0);"
        "put(0); note(100); user(); (void)get(1); back(); note(101); user(); put(2); back(); note(102);"
        "put(8);",
    )
    fault = [4, _DATA]
    expected = [] if privileged_writes else [*fault, 0]
    expected += [100] + ([] if user_reads else [*fault, 4])
    expected += [101] + ([] if user_writes else [*fault, 8])
    assert got == [*expected, 102]


def test_borders_are_exact_to_32_bytes(bare: Compiler) -> None:
    got = _run(
        bare,
        f"region(2, (u32)place + 64, 5, {READ}, 0); on(4);"
        "put(15); note(1); put(16); put(23); note(2); put(24); note(get(20));",
    )
    assert got == [1, 4, _DATA, 64, 4, _DATA, 92, 2, 0]


def test_the_highest_region_wins_and_subregions_are_holes(bare: Compiler) -> None:
    # Of 8 kB the sub-regions of 1 kB with their bit set do not belong to region 3.
    got = _run(
        bare,
        f"region(1, (u32)place, 14, {FULL}, 0); region(3, (u32)place, 13, {NONE}, 0x82 << 8); on(4);"
        "put(0); put(256); put(511); put(512); put(7 * 256); put(8 * 256); note(9);",
    )
    assert got == [4, _DATA, 0, 4, _DATA, 2048, 9]


def test_without_a_region_only_privdefena_helps(bare: Compiler) -> None:
    body = f"region(0, 0, 32, {FULL}, 0); region(1, (u32)place, 12, {FULL}, 0); "
    assert _run(bare, body + "on(0); REG(0xE000ED98) = 0; RASR = 0; on(4); put(0); note(1);") == [1]
    got = _run(
        bare,
        f"region(0, 0, 28, {READ}, 0); region(2, 0x20000000, 18, {FULL}, 0); on(4); user(); note(5);"
        "(void)REG(0x10000100); back(); note(6); (void)REG(0x10000100);",
    )
    assert got[0] == 5
    assert got[-1] == 6
    assert got[1:3] == [4, _DATA]


def test_execute_never(bare: Compiler) -> None:
    source = (
        _MPU.replace("mem_manage_handler", "unused")
        + f"""
        NAKED void mem_manage_handler(void) {{ __asm("mov r0, sp; b gone"); }}
        __attribute__((used)) void gone(u32 *frame) {{ note(ICSR & 0x1ff); note(CFSR);
          frame[6] = frame[5] & ~1u; }}
        u16 code[16] __attribute__((aligned(32), section(".data"))) = {{0x2007, 0x4770}};
        int main(void) {{ REG(0xE000ED24) = 1 << 16; u32 (*f)(void) = (void *)((u32)code | 1);
          note(f()); region(1, (u32)code, 5, {FULL}, 1 << 28); on(4); f(); CTRL = 0; BARRIER(); note(f());
            return 0; }}
        """
    )
    assert finish(bare.machine(source)) == [7, 4, 1, 7]


def test_a_guard_below_a_stack_stops_an_exception_frame(bare: Compiler) -> None:
    # As operating systems set it: 32 bytes that nobody may touch.
    source = (
        _MPU
        + """
        static u32 stack[64] __attribute__((aligned(256)));
        void irq1_handler(void) { note(1); }
        NAKED void fault(void) { __asm("b fault2"); }
        __attribute__((used)) void fault2(void) { note(ICSR & 0x1ff); note(CFSR);
          __asm volatile("b finish"); }
        static u32 table[64] __attribute__((aligned(256)));
        extern u32 vectors[];
        int main(void) { for (int i = 0; i < 64; i++) table[i] = vectors[i];
          table[4] = (u32)fault; REG(0xE000ED08) = (u32)table;
          REG(0xE000ED24) = 1 << 16; region(1, (u32)stack, 5, 0, 0); on(4); ENABLE(1); PRIORITY(1, 0x80);
          __asm volatile("msr psp, %0; msr control, %1; isb; str %3, [%2]; dsb; isb; b ." ::
            "r"((u32)stack + 48), "r"(2), "r"(0xE000E200), "r"(2)); return 0; }
        """
    )
    assert finish(bare.machine(source)) == [4, 1 << 4]


@pytest.mark.parametrize("hfnmiena", [False, True])
def test_the_mpu_at_negative_priorities(bare: Compiler, hfnmiena: bool) -> None:
    source = (
        _MPU.replace("hard_fault_handler", "unused")
        + f"""
        NAKED void hard_fault_handler(void) {{
          __asm("ldr r0, [sp, #24]; adds r0, #2; str r0, [sp, #24]; push {{r4, lr}};"
          "bl touch; pop {{r4, pc}}"); }}
        __attribute__((used)) void touch(void) {{ CFSR = ~0u; put(0); note(get(0)); }}
        int main(void) {{ region(1, (u32)place, 5, {READ}, 0); on({4 | 2 * hfnmiena});
          __asm volatile("udf #0"); note(2); REG(0xE000ED24) = 1 << 16; put(0); note(3); CTRL = 0;
            return 0; }}
        """
    )
    machine = bare.machine(source)
    if hfnmiena:
        # A fault at the priority of HardFault: the core locks up.
        ending = machine.run(64_000)
        assert ending.end.name == "FAULT"
    else:
        got = finish(machine)
        assert got[:2] == [7, 2]
        assert got[2:4] == [4, _DATA]
        assert got[-1] == 3


def test_registers_read_back_and_aliases_write_four_regions(bare: Compiler) -> None:
    source = (
        _MPU
        + """int main(void) { note(REG(0xE000ED90));
          for (u32 n = 0; n < 4; n++) { REG(0xE000ED9C + 8 * n) = 0x20000000 + 0x1000 * n | 16 | (n + 2);
            REG(0xE000EDA0 + 8 * n) = 3 << 24 | (8 + n) << 1 | 1; }
          for (u32 n = 2; n < 6; n++) { REG(0xE000ED98) = n; note(RBAR); note(RASR); } return 0; }"""
    )
    expected = [0x800]
    for n in range(4):
        expected += [0x20000000 + 0x1000 * n | n + 2, 3 << 24 | (8 + n) << 1 | 1]
    assert finish(bare.machine(source)) == expected


def test_the_hosts_idea_of_a_region_is_the_same() -> None:
    mpu = Mpu(make_record(), lambda: None)
    mpu.set_base(0x20000100 | 16 | 1)
    mpu.set_attributes(READ << 24 | 7 << 1 | 1 | 0x81 << 8)
    assert mpu.allows(0x20000100, 4, True, True)
    mpu.set_control(5)
    assert mpu.allows(0x20000100, 4, True, True)  # a hole
    assert not mpu.allows(0x20000120, 4, True, True)
    assert mpu.allows(0x20000120, 4, False, False)
    assert not mpu.allows(0x200000F0, 0x68, True, True)
    assert not mpu.allows(0x20000200, 4, False, False)


_STORES = """
  __attribute__((noinline)) void stores(u32 at) {
    __asm volatile("mov r3, %0; vmov d1, r3, r3; movs r2, #9; 1: str r2, [r3, #1]; strh r2, [r3, #7];"
      "vstr d1, [r3, #12]; str r2, [r3, #21]!; adds r2, #1; muls r2, r2, r2; bfc r2, #4, #28;"
      "sub r3, #21; ldr r1, [r3, #3]; subs %0, #1; tst %0, #7; bne 1b"
      : "+r"(at) :: "r1", "r2", "r3", "memory"); }
"""


def test_unaligned_stores_in_the_page_of_a_guard_cost_what_they_cost_elsewhere(
    bare: Compiler, force_python: bool
) -> None:
    source = (
        _MPU
        + _STORES
        + f"""volatile u32 guarded;
        int main(void) {{ REG(0xE000ED24) = 1 << 16; region(1, (u32)place + guarded, 5, {NONE}, 0); on(4);
          u32 before = REG(0xE0001004); stores((u32)place + 256); note(REG(0xE0001004) - before);
          note(place[64]); return 0; }}"""
    )
    spent = []
    for guarded in (0, 2048):
        machine = Machine(bare.image(source), NRF52840, force_python=force_python)
        run_to(machine, "main")
        machine.bus.write(0xE0001000, 4, 1)
        machine.cpu.write(address(machine, "guarded"), guarded.to_bytes(4, "little"))
        spent.append((finish(machine), machine.hook.cycles, machine.hook.instructions))
    assert spent[0] == spent[1]
    assert all(spent[0][0])


def test_the_byte_that_is_forbidden_is_what_the_fault_is_about(bare: Compiler) -> None:
    # The start of the page is forbidden as well, but that is not where the store goes.
    got = _run(
        bare,
        f"region(1, (u32)place, 5, {NONE}, 0); region(2, (u32)place + 512, 5, {READ}, 0); on(4);"
        'register u32 r0 __asm("r0") = (u32)place + 510; __asm volatile("str.w r0, [r0]" :: "r"(r0));'
        'r0 = (u32)place + 500; __asm volatile("str.w r0, [r0, #1]" :: "r"(r0)); note(9);',
    )
    assert got == [4, _DATA, 512, 9]


def test_a_guard_that_moves_with_each_switch_is_the_same_in_c_and_in_python(bare: Compiler) -> None:
    """As an RTOS does it, 200 times, with a hit of the guard now and then."""
    body = (
        f"region(0, 0, 32, {FULL}, 0); on(4); for (u32 n = 0; n < 200; n++) {{"
        f"RBAR = ((u32)place + 32 * (n % 97)) | 16 | 5; RASR = {READ} << 24 | 4 << 1 | 1; BARRIER();"
        "put(8 * (n * 7 % 97)); put(8 * (n % 97) + 8); if (n % 20 == 0) { put(8 * (n % 97)); note(n); }"
        "if (n == 150) { REG(0xE000ED98) = 5; RASR = 0; BARRIER(); put(8 * (n % 97)); } }"
        "note(REG(0xE000ED98)); note(RBAR - (u32)place); note(RASR); note(CTRL);"
    )
    image = bare.image(_main(body))
    machines = [Machine(image, NRF52840, force_python=python) for python in (False, True)]
    outs = [finish(machine) for machine in machines]
    assert outs[0] == outs[1]
    assert outs[0][-4:] == [5, 32 * (199 % 97) | 5, READ << 24 | 4 << 1 | 1, 5]
    assert outs[0].count(4) >= 10, "MemManage, each time that the guard is hit"
    assert machines[0].hook.cycles == machines[1].hook.cycles
    assert machines[0].nvic.record.ctl, "C changes the MPU itself"
    assert not machines[1].nvic.record.ctl
