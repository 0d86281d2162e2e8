"""Images that come as HEX, UF2 and BIN, by the verbs that take an ELF file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from bare_image import Compiler
from image_files import RP2040, hex_text, objcopy, uf2_blocks
from live_firmware import UART_ECHO

from mlbench.cli.main import main

BOARD = ("--board", "nano33ble")
TIMED = """
volatile u32 sink;
__attribute__((noinline)) u32 infer(u32 x) { for (u32 n = 0; n < 100; n++) x = x * 3 + sink; return x; }
int main(void) { for (;;) sink = infer(sink); }
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLBENCH_HOME", str(tmp_path / "home"))
    return tmp_path


def results(file: str) -> dict:
    (entry,) = json.loads(Path(file).read_text())["results"]
    return entry


def test_a_hex_file_is_measured_as_the_elf_file_beside_it(place: Path, bare: Compiler, capsys) -> None:
    image = bare.image(TIMED)
    shutil.copyfile(image.path, place / "app.elf")
    hex_file = shutil.copyfile(objcopy(image.path, "ihex"), place / "app.hex")
    for file, result in ((place / "app.elf", "elf.json"), (hex_file, "hex.json")):
        assert main(["elf", str(file), *BOARD, "--inference", "infer", "--json", result]) == 0
    assert results("elf.json") == results("hex.json")
    assert results("hex.json")["measures"]["inference_time"]["count"] >= 1
    elsewhere = place / "names.elf"
    (place / "app.elf").rename(elsewhere)
    named = ["--names", str(elsewhere), "--inference", "infer", "--json", "named.json"]
    assert main(["elf", str(hex_file), *BOARD, *named]) == 0
    assert results("named.json") == results("elf.json")


def test_without_names_flash_is_told_and_why_the_rest_is_not(place: Path, bare: Compiler, capsys) -> None:
    image = bare.image(TIMED)
    hex_file = objcopy(image.path, "ihex")
    assert main(["elf", str(hex_file), *BOARD, "--json", "hex.json"]) == 0
    measures = results("hex.json")["measures"]
    assert measures["flash"]["bytes"] == sum(size for _, size in image.flash_bytes())
    assert measures["flash"]["sections"] == [{"name": "app.hex", "bytes": measures["flash"]["bytes"]}]
    assert "put the ELF file it was made from beside it" in measures["static_ram"]["absent"]
    assert main(["elf", str(hex_file), *BOARD, "--inference", "infer"]) == 2
    err = capsys.readouterr()
    assert "app.hex" in err.out + err.err
    assert "--names" in err.out + err.err


def test_names_of_another_build_are_noted(place: Path, bare: Compiler, capsys) -> None:
    shutil.copyfile(bare.image(TIMED.replace("100", "99")).path, place / "app.elf")
    hex_file = shutil.copyfile(objcopy(bare.image(TIMED).path, "ihex"), place / "app.hex")
    assert main(["elf", str(hex_file), *BOARD]) == 0
    assert "no names are taken from" in capsys.readouterr().out
    assert main(["monitor", str(hex_file), *BOARD, "--fast", "--seconds", "0.01"]) == 0
    assert "no names are taken from" in capsys.readouterr().err


def test_the_monitor_runs_several_files_together(place: Path, bare: Compiler, capfdbinary) -> None:
    front = bare.image(
        "int main(void) { ((void (*)(void))REG(0x10004))(); return 0; }",
        flags=("-O1", "-Wl,--defsym=FLASH_ORIGIN=0", "-Wl,--defsym=RAM_LENGTH=0x1000"),
    )
    app = objcopy(bare.image(UART_ECHO).path, "binary")
    files = [str(objcopy(front.path, "ihex")), str(app), "--base", "0x10000"]
    assert main(["monitor", *files, *BOARD, "--fast", "--until", "ready"]) == 0
    assert capfdbinary.readouterr().out.startswith(b"ready")


def test_bad_files_are_one_line_and_status_2_by_each_verb(place: Path, bare: Compiler, capsys) -> None:
    cut = place / "cut.hex"
    cut.write_text(hex_text([(0x10000, bytes(40))], end=False))
    other = place / "other.uf2"
    other.write_bytes(b"".join(uf2_blocks(0x2000, bytes(600), RP2040)))
    plain = place / "plain.bin"
    plain.write_bytes(bytes(40))
    text = place / "text.elf"
    text.write_text("no firmware")
    cases = {
        (str(cut),): "has no end record",
        (str(other),): "which this chip does not belong to; give one for 0xada52840 (NRF52840)",
        (str(plain),): "give their address: --base",
        (str(plain), str(plain), "--base", "0x1000", "--base", "0x1020"): "has twice the byte at 0x00001020",
        (str(plain), "--base", "here"): "'here' is no address, such as 0x1000",
        (str(text),): "is not an ELF file",
        (str(place / "none.hex"),): "no such file",
    }
    for words, message in cases.items():
        for verb in ("elf", "monitor", "flash"):
            assert main([verb, *words, *BOARD]) == 2, (verb, words)
            err = capsys.readouterr().err
            assert message in err
            assert err.count("\n") == 1, err


def test_where_the_chip_has_nothing_both_verbs_say_so(place: Path, bare: Compiler, capsys) -> None:
    far = place / "far.hex"
    far.write_text(hex_text([(0x60000000, bytes(40))]))
    app = objcopy(bare.image(UART_ECHO).path, "ihex")
    message = "far.hex: the image has 40 bytes at 0x60000000, where the nRF52840 has nothing to program"
    for words in (["elf", "--serial"], ["monitor", "--fast"]):
        assert main([words[0], str(far), str(app), *words[1:], *BOARD]) == 3
        output = capsys.readouterr()
        assert message in output.out + output.err
