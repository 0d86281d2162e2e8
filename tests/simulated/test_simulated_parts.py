"""The parts of a simulated board: faults, bootloader, chip."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from bare_image import Compiler
from hypothesis import given
from hypothesis import strategies as st

from mlbench.boards import board_for
from mlbench.emulator.peripherals.base import Cause
from mlbench.errors import SketchError, UsageError
from mlbench.simulated.bootloader import HERE, WHO, Bootloader
from mlbench.simulated.chip import ChipState, SimulatedChip
from mlbench.simulated.faults import HELP, Faults, Noise, parse_faults

BOARD = board_for("nano33ble")


# --- faults --------------------------------------------------------------------------------------


def test_faults_are_asked_for_by_name_and_amount() -> None:
    assert parse_faults([]) == Faults()
    asked = ["drop=0.5", "upload=2", "slow=1.5", "drop=0.25"]
    assert parse_faults(asked) == Faults(drop=0.25, upload=2, slow=1.5)
    assert set(HELP) == set(Faults.__dataclass_fields__)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("dorp=1", "--fault: there is no fault 'dorp'; did you mean 'drop'?"),
        ("drop", "'drop' says no amount; write drop=NUMBER: chance that a byte is lost"),
        ("drop=2", "says no amount"),
        ("hang=1.5", "says no amount"),
        ("upload=-1", "says no amount"),
        ("slow=nan", "says no amount"),
    ],
)
def test_what_is_no_fault_is_told(item: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_faults([item])
    assert words in str(caught.value)


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_a_line_without_faults_changes_nothing(pieces: list[bytes]) -> None:
    noise = Noise(Faults(hang=1 << 30), 1, lambda name, detail: pytest.fail(name))
    assert b"".join(noise.spoil(piece, 115200) for piece in pieces) == b"".join(pieces)
    assert not list(noise.due())


@given(st.integers(), st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=5))
def test_noise_is_the_same_for_a_seed_and_each_fault_is_told(seed: int, pieces: list[bytes]) -> None:
    faults = Faults(drop=0.3, double=0.2, garbage=0.1)
    heard = []
    for _ in range(2):
        counts: Counter[str] = Counter()
        noise = Noise(faults, seed, lambda name, detail, counts=counts: counts.update([name]))
        data = b"".join(noise.spoil(piece, 9600) for piece in pieces)
        sent = sum(map(len, pieces))
        assert len(data) == sent - counts["drop"] + counts["double"] + counts["garbage"]
        heard.append(data)
    assert heard[0] == heard[1]


def test_what_happens_after_some_bytes_happens_once() -> None:
    told: list[tuple[str, str]] = []
    noise = Noise(Faults(reset=5, gone=9), 0, lambda name, detail: told.append((name, detail)))
    noise.spoil(b"1234", 9600)
    assert list(noise.due()) == []
    noise.spoil(b"56", 9600)
    assert list(noise.due()) == ["reset"]
    noise.spoil(b"789", 9600)
    assert list(noise.due()) == ["gone"]
    assert list(noise.due()) == []
    assert told == [("reset", "after 6 bytes"), ("gone", "after 9 bytes")]


def test_a_wrong_rate_makes_nonsense() -> None:
    noise = Noise(Faults(baud=9600), 0, lambda name, detail: None)
    text = bytes(range(100))
    assert noise.spoil(text, 9600) == text
    assert noise.spoil(text, 115200) != text


# --- the bootloader ------------------------------------------------------------------------------


def _order(firmware: bytes, digest: str = "") -> bytes:
    return f"load {len(firmware)} {digest or hashlib.sha256(firmware).hexdigest()}\n".encode()


@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(1, 40), max_size=30))
def test_firmware_arrives_in_whatever_pieces(firmware: bytes, sizes: list[int]) -> None:
    loader = Bootloader()
    stream = _order(firmware) + firmware
    answers, got = b"", None
    for size in [*sizes, len(stream)]:
        loaded = loader.feed(stream[:size])
        stream = stream[size:]
        answers += loaded.answer
        got = loaded.firmware or got
    got = loader.feed(b"").firmware or got
    assert got == firmware
    assert answers in (b"send\ndone\n", b"send\n")


def test_an_upload_fails_as_often_as_it_is_to_and_is_whole_after() -> None:
    loader = Bootloader(failures=2)
    firmware = b"x" * 100
    for _ in range(2):
        assert loader.feed(_order(firmware)).answer == b"send\n"
        assert loader.feed(firmware[:60]).answer == b"error flash cannot be written\n"
        # The rest is no order; who begins anew asks first.
        assert loader.feed(firmware[60:] + b"\nload\n").answer == b""
        assert loader.feed(WHO[:3]).answer + loader.feed(WHO[3:]).answer == HERE
    assert loader.feed(_order(firmware)).answer == b"send\n"
    assert loader.feed(firmware).firmware == firmware


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (WHO, HERE),
        (b"rest of something " + WHO, HERE),
        (b"what\n", b"error not understood\n"),
        (b"load 0 " + b"0" * 64 + b"\n", b"error not understood\n"),
        (b"load 999999999 " + b"0" * 64 + b"\n", b"error not understood\n"),
        (b"\xff" * 5000, b""),
        (b"\n", b"error not understood\n"),
    ],
)
def test_what_is_no_order_does_nothing(data: bytes, answer: bytes) -> None:
    loader = Bootloader()
    loaded = loader.feed(data)
    assert (loaded.answer, loaded.firmware) == (answer, None)


def test_firmware_that_was_spoiled_is_refused() -> None:
    loader = Bootloader()
    loader.feed(_order(b"abcd"))
    loaded = loader.feed(b"abce")
    assert (loaded.answer, loaded.firmware) == (b"error checksum\n", None)


# --- the chip ------------------------------------------------------------------------------------

_WATCHED = "REG(0x40010504) = 3276; REG(0x40010000) = 1;"
"""A watchdog of a tenth of a second."""


def _chip(bare: Compiler, source: str) -> SimulatedChip:
    chip = SimulatedChip(BOARD)
    chip.load(bare.image(source).path)
    return chip


def _word(chip: SimulatedChip, address: int) -> int:
    assert chip.machine is not None
    return chip.machine.cpu.word(address)


def test_the_bootloader_clears_its_ram_at_every_reset_and_no_more(bare: Compiler) -> None:
    """Up to 0x20009E13; what lies behind it is kept, here."""
    chip = _chip(
        bare,
        """int main(void) { REG(0x20009E10) = 0x11111111; REG(0x20009E14) = 0x22222222; for (;;) ; }""",
    )
    chip.run(1000)
    assert _word(chip, 0x20009E10) == 0x11111111
    for cause in (Cause.SOFTWARE, Cause.WATCHDOG, Cause.POWER_ON):
        chip.reset(cause, "a test")
        assert (_word(chip, 0x20009E10), _word(chip, 0x20009E14)) == (0, 0x22222222)


def test_the_watchdog_survives_a_soft_reset_and_an_upload(bare: Compiler) -> None:
    chip = _chip(bare, f"int main(void) {{ {_WATCHED} for (;;) ; }}")
    chip.run(40_000)
    chip.reset(Cause.SOFTWARE, "touched")
    chip.enter_bootloader("touched")
    assert not chip.wait(0.02)
    assert chip.bites_in == pytest.approx(0.04, abs=0.001)
    chip.load(bare.image("int main(void) { for (;;) ; }").path)
    assert chip.bites_in == pytest.approx(0.04, abs=0.001)
    assert chip.run(100_000)
    assert "watchdog" in chip.why
    assert chip.bites_in is None
    assert not chip.run(200_000)


def test_the_watchdog_ends_a_bootloader_that_waits_too_long(bare: Compiler) -> None:
    chip = _chip(bare, f"int main(void) {{ {_WATCHED} for (;;) ; }}")
    chip.run(1000)
    chip.enter_bootloader("touched")
    assert chip.wait(5.0)
    assert chip.state is ChipState.SKETCH


def test_a_fault_is_ended_by_the_watchdog_alone(bare: Compiler) -> None:
    fault = "*(volatile u32 *)0x60000000 = 1;"
    chip = _chip(bare, f"int main(void) {{ {fault} for (;;) ; }}")
    assert not chip.run(1000)
    assert chip.state is ChipState.DEAD
    assert not chip.wait(60.0)
    chip = _chip(bare, f"int main(void) {{ {_WATCHED} {fault} for (;;) ; }}")
    chip.run(1000)
    assert chip.state is ChipState.DEAD
    assert chip.wait(1.0)
    assert chip.state is ChipState.SKETCH


def test_records_in_flash_outlive_resets_and_uploads(bare: Compiler) -> None:
    records = BOARD.keeps.records
    assert records is not None
    writes = (
        """int main(void) { REG(0x4001E504) = 1; REG(0xFF000) = 0x600D; REG(0x4001E504) = 0; for (;;) ; }"""
    )
    chip = _chip(bare, writes)
    chip.run(1000)
    assert _word(chip, records.start) == 0x600D
    chip.reset(Cause.WATCHDOG, "a test")
    assert _word(chip, records.start) == 0x600D
    chip.load(bare.image("int main(void) { for (;;) ; }").path)
    assert _word(chip, records.start) == 0x600D
    assert not chip.run(1000)


@pytest.mark.parametrize("value", [0xB0, 0x4E, 0x57], ids=["Mbed", "Adafruit", "Adafruit's UF2"])
def test_a_core_asks_for_the_bootloader_by_its_own_register(bare: Compiler, value: int) -> None:
    soft_reset = "REG(0xE000ED0C) = 0x05FA0004; for (;;) ;"
    chip = _chip(bare, f"int main(void) {{ REG(0x4000051C) = {value:#x}; {soft_reset} }}")
    assert chip.run(1000)
    assert chip.state is ChipState.BOOTLOADER
    chip = _chip(bare, f"int main(void) {{ if (REG(0x40000400) & 4) for (;;) ; {soft_reset} }}")
    assert chip.run(1000)
    assert chip.state is ChipState.SKETCH


def test_firmware_for_another_chip_leaves_the_old_one(bare: Compiler, tmp_path: Path) -> None:
    chip = _chip(bare, "int main(void) { for (;;) ; }")
    before = chip.machine
    (tmp_path / "x.elf").write_bytes(b"\x7fELF")
    with pytest.raises(SketchError):
        chip.load(tmp_path / "x.elf")
    assert chip.machine is before
    assert chip.state is ChipState.SKETCH
