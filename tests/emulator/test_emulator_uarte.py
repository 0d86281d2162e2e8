"""UARTE beside its plain use: stops, the receiver's FIFO, and the older UART at the same address."""

from __future__ import annotations

import pytest
from bare_image import Chip, Compiler, finish, run_to

UART = 0x40002000


def _open(chip: Chip, baud: int = 0x00275000, mode: int = 8) -> None:
    chip[UART + 0x500], chip[UART + 0x524] = mode, baud


def test_a_transfer_that_is_stopped_ends_with_the_byte_on_the_wire(chip: Chip) -> None:
    _open(chip)
    chip.machine.cpu.write(0x20001000, b"abcdefgh")
    chip[UART + 0x544], chip[UART + 0x548] = 0x20001000, 8
    chip[UART + 0x008] = 1
    chip.wait(2500)  # 9600 baud: 1.04 ms a byte
    chip[UART + 0x00C] = 1
    assert chip.time_to(UART + 0x158) == pytest.approx(625, abs=10)
    assert (chip[UART + 0x120], chip[UART + 0x54C]) == (1, 3)
    assert chip.machine.serial() == b"abc"
    chip.wait(10_000)
    assert chip.machine.serial() == b"abc"


def test_each_byte_can_interrupt(chip: Chip) -> None:
    _open(chip, 0x10000000)
    chip[UART + 0x304] = 1 << 7
    chip[UART + 0x544], chip[UART + 0x548] = 0x20001000, 4
    chip[UART + 0x008] = 1
    for _ in range(4):
        assert chip.time_to(UART + 0x11C) == pytest.approx(10, abs=0.1)
        chip[UART + 0x11C] = 0
    assert chip[UART + 0x120] == 1


def test_what_comes_after_a_stop_waits_in_the_fifo(chip: Chip) -> None:
    _open(chip)
    chip[UART + 0x534], chip[UART + 0x538] = 0x20001000, 8
    chip.part("UARTE0").feed(b"xyz")
    chip[UART] = 1
    chip.wait(1500)
    chip[UART + 0x004] = 1
    assert (chip[UART + 0x110], chip[UART + 0x53C]) == (1, 1)
    assert chip.time_to(UART + 0x144) == pytest.approx(4167, abs=10)
    chip[UART + 0x110], chip[UART + 0x534] = 0, 0x20001010
    chip[UART + 0x02C] = 1
    chip.time_to(UART + 0x110)
    assert chip[UART + 0x53C] == 1
    assert chip.machine.cpu.read(0x20001010, 2) == b"y\0"
    chip[UART + 0x110] = 0
    chip[UART] = 1
    chip.wait(500)
    assert (chip[UART + 0x53C], chip.machine.cpu.read(0x20001010, 1)) == (1, b"y"), "the flushed byte"
    chip.wait(700)
    assert (chip[UART + 0x53C], chip.machine.cpu.read(0x20001010, 1)) == (1, b"z")


def test_the_amount_is_that_of_the_last_transfer_that_ended(chip: Chip) -> None:
    _open(chip, 0x10000000)
    chip[UART + 0x534], chip[UART + 0x538] = 0x20001000, 3
    chip.part("UARTE0").feed(b"abcdefgh")
    chip[UART] = 1
    chip.wait(25)
    assert chip[UART + 0x53C] == 0, "the first is still open"
    chip.wait(10)
    assert (chip[UART + 0x110], chip[UART + 0x53C]) == (1, 3)
    chip[UART + 0x538], chip[UART] = 4, 1
    chip.wait(25)
    assert chip[UART + 0x53C] == 3
    chip[UART + 0x004] = 1
    assert chip[UART + 0x53C] in (2, 3)


def test_a_flush_of_nothing_leaves_the_amount(chip: Chip) -> None:
    _open(chip, 0x10000000)
    chip[UART + 0x534], chip[UART + 0x538] = 0x20001000, 2
    chip.part("UARTE0").feed(b"ab")
    chip[UART] = 1
    chip.time_to(UART + 0x110)
    chip[UART + 0x110] = 0
    chip[UART + 0x02C] = 1
    chip.time_to(UART + 0x110)
    assert chip[UART + 0x53C] == 2


@pytest.mark.parametrize("shortcut", [1 << 5, 0])
def test_firmware_that_asks_how_much_came_after_the_next_has_begun(bare: Compiler, shortcut: int) -> None:
    machine = bare.machine(
        f"""#define UART 0x40002000
        static u8 text[4];
        int main(void) {{ REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x10000000;
          REG(UART + 0x534) = (u32)text; REG(UART + 0x538) = 1; REG(UART + 0x200) = {shortcut}; REG(UART) = 1;
          for (u32 n = 0; n < 3; n++) {{
            while (!REG(UART + 0x110)) ;
            REG(UART + 0x110) = 0; if (!{shortcut}) REG(UART) = 1;
            BARRIER(); note(REG(UART + 0x53C)); note(text[0]); }}
          return 0; }}"""
    )
    machine.console.feed("uart0", b"abc")
    assert finish(machine) == [1, ord("a"), 1, ord("b"), 1, ord("c")]


def test_a_shortcut_keeps_reception_going(chip: Chip) -> None:
    _open(chip, 0x10000000)
    chip[UART + 0x534], chip[UART + 0x538], chip[UART + 0x200] = 0x20001000, 1, 1 << 5
    chip.part("UARTE0").feed(b"one by one")
    chip[UART] = 1
    seen = b""
    for _ in range(10):
        chip.time_to(UART + 0x110)
        chip[UART + 0x110] = 0
        seen += chip.machine.cpu.read(0x20001000, 1)
    assert seen == b"one by one"


def test_switched_off_in_the_middle(chip: Chip) -> None:
    _open(chip)
    chip.machine.cpu.write(0x20001000, b"abcdefgh")
    chip[UART + 0x544], chip[UART + 0x548] = 0x20001000, 8
    chip[UART + 0x008] = 1
    chip.wait(2500)
    chip[UART + 0x500] = 0
    chip.wait(20_000)
    assert chip[UART + 0x120] == 0
    assert chip.machine.serial() == b"abc"


def test_the_older_uart_byte_by_byte(bare: Compiler) -> None:
    machine = bare.machine(
        """#define UART 0x40002000
        static void put(u8 c) { REG(UART + 0x51C) = c; while (!REG(UART + 0x11C)) ; REG(UART + 0x11C) = 0; }
        int main(void) { REG(UART + 0x500) = 4; REG(UART + 0x524) = 0x10000000; REG(UART + 8) = 1;
          REG(UART) = 1; for (const char *c = "name? "; *c; c++) put(*c);
          for (;;) { while (!REG(UART + 0x108)) ; REG(UART + 0x108) = 0; u8 c = REG(UART + 0x518); put(c);
            if (c == '\\n') break; }
          REG(UART + 0xC) = 1; REG(UART + 4) = 1; while (!REG(UART + 0x144)) ; return 0; }"""
    )
    machine.console.feed("uart0", b"nobody\nat all")
    run_to(machine, "finish")
    assert machine.serial() == b"name? nobody\n"
    assert machine.clock.us(machine.clock.now) > 130
