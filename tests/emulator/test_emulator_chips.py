"""Chips as values: those that come along, and one that is made up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from bare_image import MS, ROOT, Compiler, finish, run_to
from made_up_chip import BOARD, LINKED, MADE_UP

from mlbench.boards import board_for
from mlbench.boards.catalog import VARIABLE
from mlbench.cli.main import main
from mlbench.cycles.model import load_model
from mlbench.emulator.allocator import Replay, ReplayError
from mlbench.emulator.block_hook import make_block_hook, tells_apart
from mlbench.emulator.chip import Chip, Region
from mlbench.emulator.chips import CHIPS, chip_of, load_chip
from mlbench.emulator.chips.nrf52840 import NRF52840
from mlbench.emulator.hook_records import place
from mlbench.emulator.machine import End, Machine
from mlbench.emulator.nvic import FIRST_IRQ
from mlbench.emulator.peripherals.core import CPACR
from mlbench.errors import SketchError, UsageError
from mlbench.testing import Device

ALL = pytest.mark.parametrize("chip", [*CHIPS.values(), MADE_UP], ids=lambda chip: chip.name)
SEND = """
#define UART 0x48002000
static u8 text[] = "made up\\n";
static volatile u32 sent;
void irq29_handler(void) { REG(UART + 0x120) = 0; sent++; }
static void send(void) {
  REG(UART + 0x500) = 8; REG(UART + 0x524) = 0x01D7E000; REG(UART + 0x304) = 1 << 8;
  REG(UART + 0x544) = (u32)text; REG(UART + 0x548) = 8; REG(UART + 8) = 1; }
"""


def machine(bare: Compiler, source: str, chip: Chip = MADE_UP, *, python: bool = False) -> Machine:
    return Machine(bare.image(source, flags=LINKED), chip, force_python=python)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The made-up chip has its row, and a board that names it."""
    monkeypatch.setitem(CHIPS, MADE_UP.name, MADE_UP)
    board = tmp_path / "made_up.yml"
    board.write_text(BOARD)
    monkeypatch.setenv(VARIABLE, str(board))
    return board


# --- every chip ----------------------------------------------------------------------------------


@ALL
def test_memory_and_windows_can_be_mapped_side_by_side(chip: Chip) -> None:
    regions = sorted(
        (chip.flash, chip.ram, *chip.windows, Region(0xE0000000, 0x100000)), key=lambda r: r.start
    )
    assert all(region.start % 4096 == region.size % 4096 == 0 < region.size for region in regions)
    assert all(one.end <= other.start for one, other in pairwise(regions))


@ALL
def test_peripherals_lie_in_windows_and_have_interrupts_that_are_there(chip: Chip) -> None:
    places = [place for _, place in chip.peripherals]
    assert len({place.name for place in places}) == len({place.base for place in places}) == len(places)
    assert all(any(window.holds(place.base) for window in chip.windows) for place in places)
    assert all(place.irq is None or 0 <= place.irq < chip.irqs for place in places)
    assert chip.watchdog in ("", *(place.name for place in places))


@ALL
def test_its_cost_table_is_there(chip: Chip) -> None:
    assert files("mlbench.cycles").joinpath(f"{chip.cost_table}.yml").is_file()


@ALL
def test_the_native_block_hook_can_have_it(chip: Chip) -> None:
    """Else it would be slow; see ``Chip``."""
    assert tells_apart((chip.flash, chip.ram), 4)
    lines = [range(memory.start >> 4, memory.end >> 4) for memory in (chip.flash, chip.ram)]
    assert len({place(line) for each in lines for line in each}) == sum(map(len, lines))


@pytest.mark.parametrize("ram", [Region(0x20000000, 0x200000), Region(0x10000000, 0x10000)])
def test_memory_whose_lines_it_cannot_tell_apart_has_the_block_hook_in_python(ram: Region) -> None:
    chip = replace(NRF52840, ram=ram)
    lines = [range(memory.start >> 4, memory.end >> 4) for memory in (chip.flash, chip.ram)]
    assert len({place(line) for each in lines for line in each}) < sum(map(len, lines))
    assert not make_block_hook(load_model(chip.cost_table), chip).native


# --- the made-up one -----------------------------------------------------------------------------


def test_firmware_runs_from_its_memory_and_is_heard(bare: Compiler) -> None:
    made = machine(
        bare,
        f"{SEND} int main(void) {{ u32 here; note((u32)&here); note((u32)&main); ENABLE(29); send(); "
        "while (!sent) ; note(sent); return 0; }",
    )
    stack, code, sent = finish(made)
    assert 0x2000FF00 <= stack < 0x20010000
    assert 0x08000000 <= code < 0x08010000
    assert sent == 1
    assert made.serial() == b"made up\n"
    assert made.notes == []


def test_it_starts_as_its_bootloader_leaves_it(bare: Compiler) -> None:
    made, nano = machine(bare, "int main(void) { return 0; }"), bare.machine("int main(void) { return 0; }")
    assert (made.hook.cache_on, made.scs.value(CPACR)) == (0, 0)
    assert (nano.hook.cache_on, nano.scs.value(CPACR)) == (1, 0xF << 20)


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ("(void)REG(0x20010000);", "reading 0x20010000 (past the end of RAM)"),
        ("(void)REG(0x1fffff00);", "reading 0x1fffff00 (below RAM)"),
        ("(void)REG(0x08080000);", "reading 0x08080000"),
        ("REG(0x08040000) = 1;", "writing 0x08040000 (flash cannot be written like this)"),
        ("(void)REG(0x10);", "reading 0x00000010 (a null pointer)"),
        ("(void)REG(0x40002000);", "reading 0x40002000"),
    ],
)
def test_an_access_beyond_what_it_has_is_a_fault(bare: Compiler, access: str, words: str) -> None:
    made = machine(bare, f"int main(void) {{ {access} return 0; }}")
    ending = run_to(made, "finish")
    assert ending.end is End.FAULT
    assert ending.text == f"BusFault: {words}"


def test_it_has_so_many_interrupts_and_no_more(bare: Compiler) -> None:
    made = machine(
        bare,
        """
        static volatile u32 taken;
        void irq29_handler(void) { taken |= 1; }
        void irq30_handler(void) { taken |= 2; }
        void irq33_handler(void) { taken |= 4; }
        int main(void) {
          REG(0xE000E100) = ~0u; REG(0xE000E104) = ~0u; note(REG(0xE000E100)); note(REG(0xE000E104));
          REG(0xE000E41C) = ~0u; note(REG(0xE000E41C)); REG(0xE000E420) = ~0u; note(REG(0xE000E420));
          note(REG(0xE000E004));
          REG(0xE000E200) = 3u << 29; REG(0xE000E204) = 2; REG(0xE000EF00) = 30; REG(0xE000EF00) = 33;
          BARRIER(); note(REG(0xE000E200)); note(REG(0xE000E204)); note(taken); return 0; }""",
    )
    enabled, beyond, priority, no_priority, lines, pending, none_pending, taken = finish(made)
    assert (enabled, beyond) == ((1 << 30) - 1, 0)
    assert (priority, no_priority) == (0x0000C0C0, 0), "two bits each, of 28 and 29"
    assert lines == 0
    assert (pending, none_pending, taken) == (0, 0, 1)
    assert made.nvic.end == FIRST_IRQ + 30


@pytest.mark.parametrize(("basepri", "taken"), [(0x3F, 1), (0x40, 0), (0x7F, 0), (0x80, 0), (0xC0, 1)])
def test_basepri_has_the_bits_of_a_priority(bare: Compiler, basepri: int, taken: int) -> None:
    made = machine(
        bare,
        f"""static volatile u32 taken; void irq5_handler(void) {{ taken++; }}
        int main(void) {{ PRIORITY(5, 0x80); ENABLE(5);
          __asm volatile("msr basepri, %0" :: "r"({basepri}));
          PEND(5); BARRIER(); note(taken); return 0; }}""",
    )
    assert finish(made) == [taken]


FLASH_READS = f"""{SEND}
static const u32 table[64] = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
__attribute__((noinline)) static u32 total(const u32 *from, u32 n) {{
  u32 sum = 0; while (n--) sum += *from++; return sum; }}
int main(void) {{ ENABLE(29); send(); note(total(table, 64)); while (!sent) ; note(total(table, 40));
  REG(0x4800E540) = 1; for (u32 i = 0; i < 20; i++) note(total(table, 10 + i)); return 0; }}"""


def test_the_block_hooks_agree_and_a_snapshot_goes_on_alike(bare: Compiler) -> None:
    told = []
    for python in (False, True):
        made = machine(bare, FLASH_READS, python=python)
        assert made.run(3000).end is End.DEADLINE
        half = made.save()
        for _ in range(2):
            found = finish(made)
            hook = made.hook
            told.append(
                (found, hook.cycles, hook.instructions, hook.placement, hook.flash_reads, made.serial())
            )
            made.load(half)
    assert told[0][4] > 64 + 40 + 200
    assert told[0][5] == b"made up\n"
    assert all(one == told[0] for one in told)


def test_its_flash_is_written_erased_and_kept_in_snapshots(bare: Compiler) -> None:
    made = machine(
        bare,
        """
        #define NVMC(o) REG(0x4800E000 + (o))
        #define CELL ((volatile u32 *)0x0807F000)
        __attribute__((noinline)) void between(void) { __asm volatile("nop"); }
        int main(void) {
          note(CELL[0]); NVMC(0x504) = 1; CELL[0] = 0x0F0F0F0F; CELL[1023] = 5; note(CELL[0]); between();
          NVMC(0x504) = 2; NVMC(0x508) = 0x0807F000; NVMC(0x508) = 0x08080000; NVMC(0x508) = 0x7F000;
          note(CELL[0]); note(CELL[1023]); return 0; }""",
    )
    assert run_to(made, "between").end is End.BREAKPOINT
    half = made.save()
    erased = 0xFFFFFFFF
    for _ in range(2):
        assert finish(made, 500) == [erased, 0x0F0F0F0F, erased, erased]
        assert made.cpu.word(0x0807F000) == erased
        made.load(half)
        assert made.cpu.word(0x0807F000) == 0x0F0F0F0F
    made.patch_flash(0x0807F000, b"\x01\x02\x03\x04")
    assert made.flash.data[0x7F000:0x7F004] == b"\x01\x02\x03\x04"


def test_its_watchdog_resets_it(bare: Compiler) -> None:
    made = machine(bare, "int main(void) { REG(0x48009504) = 99; REG(0x48009000) = 1; for (;;) ; }")
    ending = made.run(20 * MS)
    assert ending.end is End.RESET
    made.restart(ending.cause)
    assert made.cpu.pc == made.cpu.word(MADE_UP.flash.start + 4) & ~1


def test_it_skips_turns_of_loops_that_wait_for_its_events(bare: Compiler) -> None:
    made = machine(bare, f"{SEND} int main(void) {{ send(); while (!REG(UART + 0x120)) ; return 0; }}")
    finish(made)
    assert made._polling.skipped > 50


def test_firmware_for_another_chip_is_refused_with_its_name(bare: Compiler) -> None:
    with pytest.raises(SketchError, match="give an image linked for the made-up chip"):
        Machine(bare.image("int main(void) { return 0; }"), MADE_UP)


def test_a_replay_needs_room_beside_its_memory(bare: Compiler) -> None:
    image = bare.image("int main(void) { return 0; }", flags=LINKED)
    with pytest.raises(ReplayError, match="the chip has memory where a replay needs room"):
        Replay(image, replace(MADE_UP, ram=Region(0x30080000, 0x100000)), b"", [], None, 0)


# --- by its row and a board file -----------------------------------------------------------------


def test_a_board_file_selects_it(bare: Compiler, known: Path) -> None:
    image = bare.image(
        f"{SEND} int main(void) {{ ENABLE(29); send(); while (!sent) ; for (;;) ; }}", flags=LINKED
    )
    assert chip_of(board_for("own:made:up")) is MADE_UP
    device = Device(image.path, board="made_up")
    assert device.expect("made up", timeout="1 s")
    with pytest.raises(SketchError, match="give an image linked for the nRF52840"):
        Device(image.path)


def test_the_steps_of_the_guide_are_all_that_is_needed(bare: Compiler, tmp_path: Path) -> None:
    """A module, its row and a board file, in a checkout of its own: firmware is measured and listened to."""
    package = tmp_path / "mlbench"
    shutil.copytree(ROOT / "mlbench", package, ignore=shutil.ignore_patterns("__pycache__"))
    chips = package / "emulator" / "chips"
    shutil.copy(Path(__file__).with_name("made_up_chip.py"), chips / "made_up.py")
    row = (chips / "__init__.py").read_text()
    assert "NRF52840)" in row
    imported = "from mlbench.emulator.chips.made_up import MADE_UP\nfrom mlbench.emulator.chips.nrf52840"
    row = row.replace("from mlbench.emulator.chips.nrf52840", imported).replace(
        "NRF52840)", "NRF52840, MADE_UP)"
    )
    (chips / "__init__.py").write_text(row)
    (package / "boards" / "made_up.yml").write_text(BOARD)
    source = f"""{SEND}
    __attribute__((noinline)) void infer(void) {{ for (volatile u32 i = 0; i < 1000; i++) ; }}
    int main(void) {{ infer(); send(); for (;;) infer(); }}"""
    elf = str(bare.image(source, flags=LINKED).path)

    def mlbench(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mlbench", *words],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    found = json.loads(mlbench("elf", elf, "--board", "made_up", "--inference", "infer", "--json", "-"))
    (result,) = found["results"]
    assert result["instrument"]["board"] == "made_up"
    assert result["measures"]["inference_time"]["median_us"] > 1000 / 64
    assert mlbench("monitor", elf, "--board", "made_up", "--seconds", "0.05") == "made up\n"


def test_a_chip_without_a_row_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    board = tmp_path / "made_up.yml"
    board.write_text(BOARD)
    monkeypatch.setenv(VARIABLE, str(board))
    assert main(["boards"]) == 2
    out, err = capsys.readouterr()
    do = "name one of: nrf52832, nrf52833, nrf52840"
    assert err == f"mlbench: {board}: board made_up: chip 'made_up' is not emulated; {do}\n"
    assert out == ""
    with pytest.raises(UsageError, match="chip 'nrf' is not emulated"):
        load_chip("nrf")
