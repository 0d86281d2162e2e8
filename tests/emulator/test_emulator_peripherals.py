"""The nRF52840's peripherals, as firmware sees them."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, address, finish, notes, words

from mlbench.emulator.machine import End, Machine
from mlbench.emulator.peripherals.gpio import Gpio
from mlbench.emulator.peripherals.saadc import Saadc
from mlbench.emulator.peripherals.uarte import Uarte

_CLOCK = """
static void start_clock(void) { REG(0x40009508) = 3; REG(0x40009000) = 1; }
static u32 us(void) { REG(0x40009040) = 1; return REG(0x40009540); }
static void wait_for(u32 event) { while (!REG(event)) ; }
#define UART 0x40002000
static void open_uart(u32 baud) { REG(UART + 0x500) = 8; REG(UART + 0x524) = baud; }
"""


def _part(machine: Machine, name: str, kind: type):  # type: ignore[no-untyped-def]
    part = machine.bus.by_name[name]
    assert isinstance(part, kind)
    return part


@pytest.mark.parametrize(
    ("register", "baud"), [(0x01D7E000, 115200), (0x10000000, 1000000), (0x00275000, 9600)]
)
def test_uarte_sends_in_the_time_of_the_wire(bare: Compiler, register: int, baud: int) -> None:
    machine = bare.machine(
        _CLOCK
        + f"""static u8 text[] = "hello, world";
        int main(void) {{ start_clock(); open_uart({register:#x}); REG(UART + 0x544) = (u32)text;
          REG(UART + 0x548) = 12; u32 a = us(); REG(UART + 8) = 1; BARRIER();
          note(REG(UART + 0x120)); wait_for(UART + 0x120); note(us() - a);
          note(REG(UART + 0x54C)); return 0; }}"""
    )
    early, taken, amount = finish(machine)
    assert (early, amount) == (0, 12)
    assert abs(taken - 120e6 / baud) < 6 + 0.004 * 120e6 / baud
    assert machine.serial() == b"hello, world"


def test_uarte_does_not_reach_flash(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """static const u8 text[] = "secret";
        int main(void) { open_uart(0x10000000); REG(UART + 0x544) = (u32)text; REG(UART + 0x548) = 6;
          REG(UART + 8) = 1; BARRIER(); wait_for(UART + 0x120); return 0; }"""
    )
    finish(machine)
    assert b"secret" not in machine.serial()
    assert any("EasyDMA" in note for note in machine.notes)


def test_uarte_that_is_off_sends_nothing(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """static u8 text[] = "x"; int main(void) { REG(UART + 0x544) = (u32)text; REG(UART + 0x548) = 1;
          REG(UART + 8) = 1; for (volatile int i = 0; i < 9999; i++) ; note(REG(UART + 0x120)); return 0; }"""
    )
    assert finish(machine) == [0]
    assert machine.serial() == b""


def test_uarte_receives_what_is_fed(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """static u8 text[8];
        int main(void) { start_clock(); open_uart(0x10000000); REG(UART + 0x534) = (u32)text;
          REG(UART + 0x538) = 4; REG(UART) = 1; BARRIER(); u32 a = us();
          wait_for(UART + 0x110); note(us() - a); note(REG(UART + 0x53C)); note(*(u32 *)text);
          REG(UART + 0x110) = 0; REG(UART) = 1; BARRIER();
          while (us() - a < 200) ;
          REG(UART + 4) = 1; BARRIER(); note(REG(UART + 0x110)); note(REG(UART + 0x144));
          wait_for(UART + 0x144); note(REG(UART + 0x53C)); return 0; }"""
    )
    _part(machine, "UARTE0", Uarte).feed(b"abcdef")
    taken, amount, text, ended, idle, rest = finish(machine)
    assert 38 <= taken <= 44
    assert (amount, text.to_bytes(4, "little")) == (4, b"abcd")
    assert (ended, idle, rest) == (1, 0, 2)


def test_feeding_in_the_middle_of_a_byte_does_not_delay_it(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """static u8 text[8]; int main(void) { open_uart(0x00275000); REG(UART + 0x534) = (u32)text;
          REG(UART + 0x538) = 1; REG(UART) = 1; BARRIER(); wait_for(UART + 0x110); return 0; }"""
    )
    uarte = _part(machine, "UARTE0", Uarte)
    uarte.feed(b"a")
    for tenth in range(1, 10):
        machine.run(tenth * MS // 10)
        uarte.feed(b"b")
    finish(machine)
    assert machine.clock.now < 1.1 * MS


def test_stoprx_without_reception_raises_rxto(bare: Compiler) -> None:
    # What Mbed's start-up spins on.
    machine = bare.machine(
        _CLOCK
        + "int main(void) { open_uart(0x10000000); REG(UART + 4) = 1; wait_for(UART + 0x144); return 0; }"
    )
    finish(machine)


@pytest.mark.parametrize(("prescaler", "rate"), [(0, 16), (4, 1), (9, 1 / 32)])
def test_timer_prescaler_and_capture(bare: Compiler, prescaler: int, rate: float) -> None:
    machine = bare.machine(
        f"""int main(void) {{ REG(0xE0001000) |= 1; REG(0x40008508) = 3; REG(0x40008510) = {prescaler};
          REG(0x40008000) = 1; u32 a = REG(0xE0001004); for (volatile int i = 0; i < 3000; i++) ;
          REG(0x40008040) = 1; u32 b = REG(0xE0001004); note(REG(0x40008540)); note(b - a);
          REG(0x40008004) = 1; REG(0x40008044) = 1; u32 c = REG(0x40008544);
          for (volatile int i = 0; i < 100; i++) ; REG(0x40008048) = 1;
          note(REG(0x40008548) - c); return 0; }}"""
    )
    counted, cycles, after_stop = finish(machine)
    # The two are read some cycles apart, as the code lies in flash.
    assert abs(counted - cycles * rate / 64) <= 2
    assert after_stop == 0


@pytest.mark.parametrize(("mode", "bits"), [(0, 16), (1, 8), (2, 24)])
def test_timer_wraps_at_its_width(bare: Compiler, mode: int, bits: int) -> None:
    machine = bare.machine(
        f"""int main(void) {{ REG(0x40008508) = {mode}; REG(0x40008510) = 0; REG(0x40008540) = 0xFFFFFFFF;
          note(REG(0x40008540)); REG(0x40008200) = 1 << 8; REG(0x40008304) = 1 << 16; ENABLE(8);
          __asm volatile("cpsid i" ::: "memory"); REG(0x40008000) = 1; __asm volatile("wfi" ::: "memory");
          REG(0x40008044) = 1; note(REG(0x40008544)); REG(0x40008308) = ~0u; return 0; }}"""
    )
    top, stopped = finish(machine, 2000)
    assert top == stopped == (1 << bits) - 1


def test_simultaneous_matches_all_happen(bare: Compiler) -> None:
    # Two equal compare registers, the first of which clears the timer.
    machine = bare.machine(
        """int main(void) { REG(0x40008508) = 3; REG(0x40008540) = 5;
          REG(0x40008544) = 5; REG(0x40008548) = 5;
          REG(0x40008200) = 1; REG(0x40008000) = 1;
          for (volatile int i = 0; i < 500; i++) ;
          for (int i = 0; i < 3; i++) note(REG(0x40008140 + 4 * i)); return 0; }"""
    )
    assert finish(machine) == [1, 1, 1]


def test_timer_counter_mode_and_clear(bare: Compiler) -> None:
    machine = bare.machine(
        """int main(void) { REG(0x40008504) = 2; REG(0x40008508) = 3; REG(0x40008540) = 3;
          REG(0x40008000) = 1;
          for (int i = 0; i < 3; i++) { note(REG(0x40008140)); REG(0x40008008) = 1; }
          note(REG(0x40008140)); REG(0x40008044) = 1; note(REG(0x40008544));
          REG(0x4000800C) = 1; REG(0x40008044) = 1; note(REG(0x40008544)); return 0; }"""
    )
    assert finish(machine) == [0, 0, 0, 1, 3, 0]


def test_rtc_prescaler_overflow_and_tick(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """int main(void) { start_clock(); REG(0x40011508) = 7; REG(0x40011344) = 3; REG(0x40011000) = 1;
          u32 a = us(); wait_for(0x40011100); note(us() - a);
          REG(0x4001100C) = 1; note(REG(0x40011504)); a = us(); wait_for(0x40011104); note(us() - a);
          note(REG(0x40011504)); REG(0x40011508) = 0; note(REG(0x40011508));
          REG(0x40011004) = 1; REG(0x40011508) = 3; note(REG(0x40011508)); return 0; }"""
    )
    tick, near, overflow, after, kept, changed = finish(machine)
    assert abs(tick - 244.1) < 4
    assert near == 0xFFFFF0
    assert abs(overflow - 16 * 244.14) < 4
    assert (after, kept, changed) == (0, 7, 3)


def test_gpio_levels_and_edges(bare: Compiler) -> None:
    machine = bare.machine(
        """
        void irq6_handler(void) { note(REG(0x40006100) << 4 | REG(0x40006104)); REG(0x40006100) = 0;
          REG(0x40006104) = 0; (void)REG(0x40006104); }
        int main(void) {
          REG(0x5000070C) = 0; REG(0x50000710) = 3 << 2; REG(0x50000714) = 1;
          REG(0x50000508) = 1 << 5; note(REG(0x50000510) >> 4 & 3); REG(0x5000050C) = 1 << 5;
          REG(0x40006510) = 1 | 3 << 8 | 1 << 16; REG(0x40006514) = 1 | 3 << 8 | 2 << 16;
          REG(0x40006304) = 3; ENABLE(6);
          for (;;) ; }
        """
    )
    assert machine.run(10 * MS).end is End.IDLE
    assert notes(machine) == [3]
    port = _part(machine, "P0", Gpio)
    for level in (1, 1, 0, 1):
        port.drive(3, level)
        machine.run(machine.clock.now + MS)
    assert notes(machine) == [3, 0x10, 0x01, 0x10]


def test_gpiote_tasks_drive_pins(bare: Compiler) -> None:
    machine = bare.machine(
        """int main(void) { REG(0x50000738) = 3; REG(0x40006510) = 3 | 14 << 8 | 3 << 16;
          for (int i = 0; i < 3; i++) { REG(0x40006000) = 1; note(REG(0x50000504) >> 14 & 1); }
          REG(0x40006060) = 1; note(REG(0x50000504) >> 14); REG(0x40006030) = 1; note(REG(0x50000504) >> 14);
          return 0; }"""
    )
    assert finish(machine) == [1, 0, 1, 0, 1]


def test_ppi_links_an_event_to_a_task(bare: Compiler) -> None:
    # TIMER0's match captures TIMER1 and toggles a pin, at the very cycle of the match.
    machine = bare.machine(
        """int main(void) { REG(0x50000738) = 1; REG(0x40006510) = 3 | 14 << 8 | 3 << 16;
          REG(0x4001F510) = 0x40008140; REG(0x4001F514) = 0x40009048; REG(0x4001F910) = 0x40006000;
          REG(0x4001F504) = 1;
          REG(0x40009508) = 3; REG(0x40009510) = 0; REG(0x40008508) = 3; REG(0x40008510) = 0;
          REG(0x40008540) = 1000; REG(0x40009000) = 1; REG(0x40008000) = 1; BARRIER();
          while (!REG(0x40008140)) __asm volatile(".rept 30\\n nop\\n .endr");
          note(REG(0x40009548)); note(REG(0x50000504) >> 14); return 0; }"""
    )
    captured, pin = finish(machine)
    assert abs(captured - 1000) <= 1
    assert pin == 1


def test_rng_repeats(bare: Compiler) -> None:
    source = """int main(void) { REG(0x4000D000) = 1; for (int i = 0; i < 16; i++) {
      while (!REG(0x4000D100)) ; REG(0x4000D100) = 0; note(REG(0x4000D508)); } return 0; }"""
    first, second = finish(bare.machine(source)), finish(bare.machine(source))
    assert first == second
    assert len(set(first)) > 10
    assert all(0 <= value < 256 for value in first)


def test_temp_and_saadc(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """static volatile u16 result[2];
        int main(void) { start_clock(); u32 a = us(); REG(0x4000C000) = 1; wait_for(0x4000C100);
          note(us() - a); note(REG(0x4000C508));
          REG(0x40007500) = 1; REG(0x400075F0) = 2; REG(0x40007510) = 3; REG(0x40007530) = 5;
          REG(0x4000762C) = (u32)result; REG(0x40007630) = 2; REG(0x40007000) = 1; wait_for(0x40007100);
          REG(0x40007004) = 1; wait_for(0x40007104); note(result[0]); note(result[1]); note(REG(0x40007634));
          return 0; }"""
    )
    _part(machine, "SAADC", Saadc).drive(4, 1.8)
    _part(machine, "SAADC", Saadc).drive(28, 0.9)
    taken, temperature, first, second, amount = finish(machine)
    assert 36 <= taken <= 42
    assert (temperature, first, second, amount) == (100, 2048, 1024, 2)


def test_clocks_start_after_a_while(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """int main(void) { start_clock(); u32 a = us(); REG(0x40000000) = 1; BARRIER();
          note(REG(0x40000100));
          wait_for(0x40000100); note(us() - a); note(REG(0x4000040C));
          a = us(); REG(0x40000008) = 1; BARRIER(); note(REG(0x40000104)); wait_for(0x40000104);
          note(us() - a > 100); note(REG(0x40000418) >> 16); return 0; }"""
    )
    early, taken, status, low_early, low_late, low_status = finish(machine)
    assert (early, low_early, low_late, low_status) == (0, 0, 1, 1)
    assert 360 <= taken <= 366
    assert status == 0x10001


def test_an_unknown_register_is_told_once_and_reads_zero(bare: Compiler) -> None:
    machine = bare.machine(
        """
        __attribute__((noinline)) u32 curious(void) { return REG(0x40012340); }
        int main(void) { for (int i = 0; i < 3; i++) note(curious()); REG(0x40012344) = 5;
          note(REG(0x40012344)); note(*(volatile u8 *)0x5000050A); return 0; }
        """
    )
    assert finish(machine) == [0, 0, 0, 0, 0]
    about = [note for note in machine.notes if "0x40012340" in note]
    assert len(about) == 1
    assert "curious" in about[0]
    assert f"at {address(machine, 'curious'):#x}" in about[0]
    assert any("0x40012344" in note and "write" in note for note in machine.notes)


def test_narrow_accesses(bare: Compiler) -> None:
    machine = bare.machine(
        """
        #define BYTE(a) (*(volatile u8 *)(a))
        #define HALF(a) (*(volatile u16 *)(a))
        int main(void) {
          REG(0x40008540) = 0x11223344; REG(0x40008508) = 3; REG(0x40008540) = 0x11223344;
          note(BYTE(0x40008541)); note(HALF(0x40008542)); BYTE(0x40008542) = 0xAA; HALF(0x40008540) = 0xBBCC;
          note(REG(0x40008540));
          REG(0xE000E100) = 0x01010101; BYTE(0xE000E181) = 1; note(REG(0xE000E100));
          BYTE(0xE000E102) = 2; note(REG(0xE000E100));
          REG(0xE000E400) = 0xE0C0A080; BYTE(0xE000E401) = 0x20; note(REG(0xE000E400));
          return 0; }
        """
    )
    assert finish(machine) == [0x33, 0x1122, 0x11AABBCC, 0x01010001, 0x01030001, 0xE0C02080]


def test_identity(bare: Compiler) -> None:
    machine = bare.machine(
        """int main(void) { note(REG(0x10000100)); note(REG(0xE000ED00));
          note(REG(0x10000010) * REG(0x10000014));
          note(REG(0x4001E400)); return 0; }"""
    )
    assert finish(machine) == [0x52840, 0x410FC241, 1 << 20, 1]


def test_dma_past_the_end_of_ram_hurts_nobody(bare: Compiler) -> None:
    machine = bare.machine(
        _CLOCK
        + """int main(void) { open_uart(0x10000000); REG(UART + 0x544) = 0x2003FFFC; REG(UART + 0x548) = 16;
          REG(UART + 8) = 1; wait_for(UART + 0x120); REG(UART + 0x534) = 0x2003FFFF; REG(UART + 0x538) = 4;
          REG(UART) = 1; wait_for(UART + 0x110); note(1); return 0; }"""
    )
    _part(machine, "UARTE0", Uarte).feed(b"wxyz")
    assert finish(machine) == [1]
    assert len(machine.serial()) == 16
    assert words(machine, "count", 1) == [1]
