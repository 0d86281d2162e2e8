"""Serial text in one place: order, input by source, and RTT out of RAM."""

from __future__ import annotations

import pytest
from bare_image import MS, Compiler, finish, run_to
from usb_firmware import ECHO

from mlbench.emulator.machine import End, Machine
from mlbench.errors import UsageError

_TWO = """
static u8 a[] = "one ", b[] = "two ", c[] = "three";
static void open_uart(u32 at) { REG(at + 0x500) = 8; REG(at + 0x524) = 0x10000000; }
static void send(u32 at, u8 *text, u32 n) { REG(at + 0x544) = (u32)text; REG(at + 0x548) = n;
  REG(at + 0x120) = 0; REG(at + 8) = 1; while (!REG(at + 0x120)) ; }
int main(void) { open_uart(0x40002000); open_uart(0x40028000);
  send(0x40028000, a, 4); send(0x40002000, b, 4); send(0x40028000, c, 5); return 0; }
"""


def test_outputs_come_in_the_order_of_time(bare: Compiler) -> None:
    machine = bare.machine(_TWO)
    heard = []
    machine.console.listener = lambda output: heard.append((output.source, output.data))
    finish(machine)
    assert heard == [("uart1", b"one "), ("uart0", b"two "), ("uart1", b"three")]
    times = [output.at for output in machine.console.outputs]
    assert times == sorted(times)
    assert times[1] - times[0] >= 40 * 64
    assert machine.serial() == b"one threetwo "
    assert machine.console.text("uart0") == b"two "


def test_text_that_is_still_on_the_wire_counts(bare: Compiler) -> None:
    machine = bare.machine(_TWO.replace("while (!REG(at + 0x120)) ;", "for (;;) ;"))
    machine.run(MS // 50)
    assert machine.console.outputs == []
    assert machine.serial() == b"one "
    machine.run(MS)
    assert machine.serial() == b"one "


def test_a_long_run_need_not_keep_what_it_passes_on(bare: Compiler) -> None:
    machine = bare.machine(_TWO)
    heard = bytearray()
    machine.console.keep = False
    machine.console.listener = lambda output: heard.extend(output.data)
    finish(machine)
    assert bytes(heard) == b"one two three"
    assert machine.serial() == b""


def test_input_needs_a_way(bare: Compiler) -> None:
    machine = bare.machine("int main(void) { return 0; }")
    with pytest.raises(UsageError, match=r"use one of: .*uart0.*usb.*rtt"):
        machine.console.feed("itm", b"x")


_RTT = """
typedef struct { const char *name; u8 *buffer; u32 size; volatile u32 write, read, flags; } channel;
static u8 up[16], down[8];
static struct { char id[16]; u32 ups, downs; channel channels[2]; } block;
static void open_rtt(void) {
  block.ups = 1; block.downs = 1;
  block.channels[0] = (channel){0, up, sizeof up, 0, 0, 2};
  block.channels[1] = (channel){0, down, 8, 0, 0, 0};
  static const char id[] = "\\0\\0\\0\\0\\0\\0TTR REGGES";
  for (int i = 0; i < 16; i++) block.id[i] = id[15 - i];
}
static void put(u8 byte) { channel *c = &block.channels[0]; u32 next = (c->write + 1) % c->size;
  while (next == c->read) ; c->buffer[c->write] = byte; BARRIER(); c->write = next; }
static int get(void) { channel *c = &block.channels[1]; if (c->read == c->write) return -1;
  u8 byte = c->buffer[c->read]; c->read = (c->read + 1) % c->size; return byte; }
"""


def test_rtt_is_read_without_symbols_and_makes_room(bare: Compiler) -> None:
    # A text four times the size of its buffer, from firmware that waits for room.
    machine = bare.machine(
        _RTT + """int main(void) { open_rtt(); for (int i = 0; i < 64; i++) put('A' + i % 26); return 0; }"""
    )
    run_to(machine, "finish", 500)
    assert machine.serial() == (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 3)[:64]
    assert machine.console.text("rtt") == machine.serial()


def test_rtt_text_at_the_end_counts(bare: Compiler) -> None:
    machine = bare.machine(_RTT + "int main(void) { open_rtt(); put('x'); put('y'); return 0; }")
    machine.run(MS)
    assert machine.serial() == b"xy"


def test_rtt_takes_input(bare: Compiler) -> None:
    machine = bare.machine(
        _RTT
        + """int main(void) { open_rtt(); for (int n = 0; n < 20; ) { int c = get();
          if (c >= 0) { put(c ^ 0x20); n++; } } return 0; }"""
    )
    machine.console.feed("rtt", b"abcdefghijklmnopqrst")
    run_to(machine, "finish", 500)
    assert machine.serial() == b"ABCDEFGHIJKLMNOPQRST"


def test_text_that_only_looks_like_a_control_block_is_passed_over(bare: Compiler) -> None:
    machine = bare.machine(
        _RTT
        + """static volatile char decoy[64] __attribute__((aligned(4))) = "SEGGER RTT\\0\\0\\0\\0\\0\\0\\1";
        int main(void) { decoy[63] = 1; open_rtt(); put('!'); return 0; }"""
    )
    run_to(machine, "finish", 50)
    assert machine.serial() == b"!"


def test_a_broken_control_block_hurts_nobody(bare: Compiler) -> None:
    machine = bare.machine(
        _RTT
        + """int main(void) { open_rtt(); put('a');
          block.channels[0].buffer = (u8 *)0x2003FFFF; block.channels[0].write = 12; block.downs = 16;
          block.ups = 16; for (volatile int i = 0; i < 2000000; i++) ; return 0; }"""
    )
    machine.console.feed("rtt", b"zz")
    machine.run(200 * MS)
    assert machine.serial() in (b"", b"a")


def _texts(machine: Machine) -> list[tuple[int, str, bytes]]:
    return [tuple(output) for output in machine.console.outputs]


def test_a_snapshot_holds_what_was_sent(bare: Compiler) -> None:
    machine = bare.machine(ECHO)
    assert machine.run(400 * MS).end is End.IDLE
    snapshot, before = machine.save(), _texts(machine)
    machine.usb.send(b"more")
    machine.run(machine.clock.now + 10 * MS)
    assert len(_texts(machine)) > len(before)
    machine.load(snapshot)
    assert _texts(machine) == before
