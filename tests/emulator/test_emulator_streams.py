"""Sound, pulse widths, radio, ciphers and external flash: times, and ends that start-up code waits for."""

from __future__ import annotations

import pytest
from bare_image import Chip, Compiler, finish

PDM, I2S, PWM, QDEC, RADIO, NFCT, QSPI = (
    *(0x4001D000, 0x40025000, 0x4001C000, 0x40012000),
    *(0x40001000, 0x40005000, 0x40029000),
)


@pytest.mark.parametrize(
    ("clock", "ratio", "mode", "per_second"),
    [(0x08400000, 0, 1, 16129), (0x08400000, 0, 0, 32258), (0x0A000000, 1, 1, 16000)],
    ids=["mono", "stereo", "80"],
)
def test_pdm_fills_its_buffer_at_its_rate(
    chip: Chip, clock: int, ratio: int, mode: int, per_second: int
) -> None:
    chip.machine.cpu.write(0x20001000, b"\xaa" * 2000)
    chip[PDM + 0x500], chip[PDM + 0x504], chip[PDM + 0x508], chip[PDM + 0x520] = 1, clock, mode, ratio
    chip[PDM + 0x560], chip[PDM + 0x564] = 0x20001000, 256
    chip.part("PDM").feed(b"\x01\x02\x03\x04")
    chip[PDM] = 1
    chip.time_to(PDM + 0x100)
    chip[PDM + 0x560] = 0x20001400  # for the next
    assert chip.time_to(PDM + 0x108) == pytest.approx(256e6 / per_second, rel=0.01)
    assert chip.machine.cpu.read(0x20001000, 516) == b"\x01\x02\x03\x04" + bytes(508) + b"\xaa" * 4
    chip[PDM + 0x108] = 0
    assert chip.time_to(PDM + 0x108) == pytest.approx(256e6 / per_second, rel=0.01)
    assert chip.machine.cpu.read(0x20001400, 514) == bytes(512) + b"\xaa" * 2
    chip[PDM + 0x004] = 1
    chip.time_to(PDM + 0x104)
    chip[PDM + 0x108] = 0
    chip.wait(100_000)
    assert chip[PDM + 0x108] == 0


def test_a_microphone_driver_gets_its_buffers(bare: Compiler) -> None:
    # As the Nano's PDM library does: two buffers in turn, the next one set at STARTED.
    machine = bare.machine(
        """static u16 buffers[2][64]; volatile u32 got, turn;
        #define PDM(o) REG(0x4001D000 + (o))
        void irq29_handler(void) {
          if (PDM(0x100)) { PDM(0x100) = 0; turn ^= 1; PDM(0x560) = (u32)buffers[turn]; PDM(0x564) = 64; }
          if (PDM(0x108)) { PDM(0x108) = 0; got++; }
          BARRIER(); }
        int main(void) { PDM(0x500) = 1; PDM(0x508) = 1; PDM(0x560) = (u32)buffers[0]; PDM(0x564) = 64;
          PDM(0x304) = 7; ENABLE(29); buffers[0][63] = 9; PDM(0) = 1;
          while (got < 8) __asm volatile("wfi");
          note(buffers[0][63]); note(got); return 0; }"""
    )
    assert finish(machine) == [0, 8]
    assert machine.clock.us(machine.clock.now) == pytest.approx(8 * 64e6 / 16113, rel=0.01)


def test_i2s_takes_and_gives_buffers(chip: Chip) -> None:
    # 4 MHz / 256 frames a second, one word of two 16-bit samples each.
    chip[I2S + 0x500] = chip[I2S + 0x508] = 1
    chip.machine.cpu.write(0x20001000, b"\xaa" * 64)
    chip[I2S + 0x538], chip[I2S + 0x550] = 0x20001000, 8
    chip[I2S] = 1
    chip.time_to(I2S + 0x114)
    assert chip[I2S + 0x104] == 1
    chip[I2S + 0x104] = chip[I2S + 0x114] = 0
    assert chip.time_to(I2S + 0x104) == pytest.approx(8 * 256 / 4, rel=0.01)
    assert chip.machine.cpu.read(0x20001000, 36) == bytes(32) + b"\xaa" * 4
    chip[I2S + 0x004] = 1
    chip.time_to(I2S + 0x108)


def test_pwm_sequences_end_in_their_time(chip: Chip) -> None:
    chip[PWM + 0x500], chip[PWM + 0x508], chip[PWM + 0x50C] = 1, 1000, 4
    for n in (0, 1):
        chip[PWM + 0x524 + 32 * n], chip[PWM + 0x528 + 32 * n] = 4, 1
    chip[PWM + 0x008] = 1
    assert chip[PWM + 0x108] == 1
    # 4 values, each for two periods of 1000 counts of 1 MHz.
    assert chip.time_to(PWM + 0x110) == pytest.approx(8000, rel=0.001)
    assert chip[PWM + 0x11C] == 0
    chip[PWM + 0x514], chip[PWM + 0x110] = 2, 0
    chip[PWM + 0x008] = 1
    assert chip.time_to(PWM + 0x11C) == pytest.approx(4 * 8000, rel=0.001)
    assert (chip[PWM + 0x110], chip[PWM + 0x114]) == (1, 1)
    chip[PWM + 0x118], chip[PWM + 0x304] = 0, 1 << 6
    assert chip.time_to(PWM + 0x118) <= 1001
    chip[PWM + 0x004] = 1
    assert 0 < chip.time_to(PWM + 0x104) <= 1001
    chip[PWM + 0x118] = 0
    chip.wait(10_000)
    assert chip[PWM + 0x118] == 0


def test_a_knob_that_nobody_turns(chip: Chip) -> None:
    chip[QDEC + 0x500], chip[QDEC + 0x304] = 1, 1
    chip[QDEC] = 1
    assert chip.time_to(QDEC + 0x100) == pytest.approx(128, abs=0.1)
    chip[QDEC + 0x008] = 1
    assert chip[QDEC + 0x518] == 0
    chip[QDEC + 0x004] = 1
    chip.time_to(QDEC + 0x110)


def test_the_radio_sends_into_the_void(chip: Chip) -> None:
    # 1 Mbit/s: preamble, four bytes of address, two of header, 10 of data, three of CRC.
    chip.machine.cpu.write(0x20001000, bytes([0x42, 10]))
    chip[RADIO + 0x504], chip[RADIO + 0x510] = 0x20001000, 3
    chip[RADIO + 0x514], chip[RADIO + 0x518], chip[RADIO + 0x534] = 8 | 1 << 8, 255 | 3 << 16, 3
    chip[RADIO + 0x200] = 0b11
    chip[RADIO] = 1
    assert chip[RADIO + 0x550] == 9
    assert chip.time_to(RADIO + 0x100) == pytest.approx(140, abs=1)
    assert chip.time_to(RADIO + 0x10C) == pytest.approx((1 + 4 + 2 + 10 + 3) * 8, abs=1)
    assert chip.time_to(RADIO + 0x110) == pytest.approx(6, abs=1)
    assert (chip[RADIO + 0x550], chip[RADIO + 0x104], chip[RADIO + 0x108]) == (0, 1, 1)


def test_the_radio_hears_nothing(chip: Chip) -> None:
    chip[RADIO + 0x004] = 1
    chip.time_to(RADIO + 0x100)
    chip[RADIO + 0x008] = 1
    assert chip[RADIO + 0x550] == 3
    chip.wait(100_000)
    assert (chip[RADIO + 0x104], chip[RADIO + 0x10C]) == (0, 0)
    chip[RADIO + 0x014] = 1
    chip.time_to(RADIO + 0x11C)
    assert chip[RADIO + 0x548] == 127
    chip[RADIO + 0x010] = 1
    chip.time_to(RADIO + 0x110)


def test_external_flash_is_not_there(chip: Chip) -> None:
    chip[QSPI + 0x500] = 1
    chip[QSPI] = 1
    chip.time_to(QSPI + 0x100)
    chip[QSPI + 0x100] = 0
    chip[QSPI + 0x634] = 0x9F | 4 << 8
    chip.time_to(QSPI + 0x100)
    assert chip[QSPI + 0x638] == 0
    chip[QSPI + 0x100], chip[QSPI + 0x508], chip[QSPI + 0x50C] = 0, 0x20001000, 64
    chip[QSPI + 0x004] = 1
    assert chip.time_to(QSPI + 0x100) > 8
    assert chip.machine.cpu.read(0x20001000, 64) == b"\xff" * 64
    assert chip[QSPI + 0x604] & 8
    assert any("no external flash" in note for note in chip.machine.notes)


@pytest.mark.parametrize(
    ("base", "task", "event", "failed"),
    [(0x4000F000, 0x000, 0x100, 0x108), (0x4000F000, 0x004, 0x104, 0x108)],
    ids=["CCM key stream", "CCM"],
)
def test_ciphers_end_in_an_error(chip: Chip, base: int, task: int, event: int, failed: int) -> None:
    chip[base + task] = 1
    assert 0 < chip.time_to(base + event) < 100
    assert chip[base + failed] == 1
    assert any("not modelled" in note for note in chip.machine.notes)


def test_nfc_is_ready_and_alone(chip: Chip) -> None:
    chip[NFCT] = 1
    assert 0 < chip.time_to(NFCT + 0x100) < 1000
    assert chip[NFCT + 0x43C] == 0


def test_what_does_nothing_says_so(chip: Chip) -> None:
    chip[0x40020514] = 1
    chip[0x5002A500] = 1
    assert chip[0x5002B000 + 0xA24] == 0
    told = "\n".join(chip.machine.notes)
    assert "MWU" in told
    assert "CRYPTOCELL" in told
    assert "0x5002ba24" in told


def test_remarks_are_bounded(chip: Chip) -> None:
    for address in range(0x40030000, 0x40031000, 4):
        assert chip[address] == 0
    assert len(chip.machine.notes) <= 101
    assert "left out" in chip.machine.notes[-1]


def test_random_bytes_come_at_their_pace_while_they_are_taken(chip: Chip) -> None:
    rng = 0x4000D000
    chip[rng] = 1
    taken = []
    for _ in range(50):
        chip.time_to(rng + 0x100)
        chip[rng + 0x100] = 0
        taken.append(chip.machine.clock.us(chip.machine.clock.now))
    assert taken[-1] - taken[0] == pytest.approx(49 * 30, abs=2)
    chip.wait(1000)
    # Left alone it waits, and costs no event more.
    assert chip.machine.clock.at("RNG", "VALRDY") > chip.machine.clock.now + (1 << 40)
    chip[rng + 0x100] = 0
    assert chip.time_to(rng + 0x100) <= 31
    chip[rng + 0x004], chip[rng + 0x100] = 1, 0
    chip.wait(1000)
    assert chip[rng + 0x100] == 0
