"""The MLBench library compiled for this machine: what no board gets to in a test's time, and AVR's ways."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mlbench.arduino import LIBRARIES
from mlbench.targets.board.line_protocol import LineReader

SOURCES = LIBRARIES / "MLBench/src"
DOCUMENTED = (SOURCES / "MLBench.h", LIBRARIES.parent / "README.md")
CORE = r"""
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct Print {
  virtual size_t write(const uint8_t *text, size_t size) { return fwrite(text, 1, size, stdout); }
};
extern Print Serial;
unsigned long micros();
"""
SKETCH = r"""
#include <MLBench.h>
#include <stdlib.h>
Print Serial;
static unsigned long now;
unsigned long micros() { return now; }
int main(int, char **given) {
  for (long left = atol(given[1]); left; left--) {
    now = strtoul(given[2], nullptr, 10); mlbench_inference_begin();
    now = strtoul(given[3], nullptr, 10); mlbench_inference_end();
  }
}
"""
FLASH = r"""
#pragma once
#define PROGMEM __attribute__((section(".rodata.flash")))
static inline unsigned char pgm_read_byte(const void *at) { return *(const unsigned char *)at; }
"""


@pytest.fixture(scope="module", params=["", "-D__AVR__"], ids=["plain", "AVR"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("needs g++ on PATH")
    folder = tmp_path_factory.mktemp("library")
    (folder / "avr").mkdir()
    for name, text in {"Arduino.h": CORE, "avr/pgmspace.h": FLASH, "main.cpp": SKETCH}.items():
        (folder / name).write_text(text)
    flags = ["-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
    flags += [request.param] if request.param else []
    sources = [folder / "main.cpp", SOURCES / "MLBench.cpp"]
    subprocess.run(
        [compiler, *flags, f"-I{folder}", f"-I{SOURCES}", *sources, "-o", folder / "program"], check=True
    )
    return folder / "program"


def printed(program: Path, times: int, begin: int, end: int) -> bytes:
    done = subprocess.run([program, *map(str, (times, begin, end))], capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize(
    ("begin", "end", "us"), [(0, 0, 0), (5, 15, 10), (1, 0, 2**32 - 1), (2**32 - 7, 3, 10)]
)
def test_times_up_to_the_longest(program: Path, begin: int, end: int, us: int) -> None:
    """The clock goes round after 2**32 microseconds."""
    (line,) = LineReader().feed(printed(program, 1, begin, end))
    assert line.words == ("inference_time", str(us), "us")


def test_numbers_go_round_without_a_gap(program: Path) -> None:
    reader = LineReader()
    numbers = [line.number for line in reader.feed(printed(program, 65_540, 1, 0))]
    assert numbers == [*range(65_536), 0, 1, 2, 3]
    assert (reader.gaps, reader.spoilt, reader.text()) == (0, 0, b"")


@pytest.mark.parametrize("file", DOCUMENTED, ids=lambda file: file.name)
def test_documented_lines_are_whole(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace(" *   mlbench", "mlbench")
    reader = LineReader()
    assert [line.number for line in reader.feed(text.encode())] == [0, 1]
    assert reader.spoilt == 0
