from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from measure_bench import BIG_STACK, BOARD, MODEL_CPP, MODEL_H, PROGRAM_S, PROGRAM_SKETCH, Bench, Step

from mlbench.core.firmware import Firmware
from mlbench.elf.image import Image
from mlbench.firmware.toolchain import Toolchain


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Bench:
    return Bench(tools, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session", params=["full", "nano"])
def newlib(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def programmed(bench: Bench, newlib: str) -> Callable[[list[Step]], Firmware]:
    """Firmware that runs the given steps, with the newlib of the test."""
    board = BOARD + (":newlib=nano" if newlib == "nano" else "")
    files = {
        f"program_{newlib}.ino": PROGRAM_SKETCH,
        "model.h": MODEL_H,
        "model.cpp": MODEL_CPP,
        "program.S": PROGRAM_S,
    }
    firmware = bench.build(f"program_{newlib}", files, BIG_STACK, board=board)
    data = firmware.elf.read_bytes()
    image = Image.load(firmware.elf)
    symbol = image.symbol("program")
    assert symbol is not None
    section = image.section_at(symbol.address)
    assert section is not None
    offset = section.offset + symbol.address - section.address
    count = 0

    def make(steps: list[Step]) -> Firmware:
        nonlocal count
        count += 1
        words = [word for step in steps for word in step]
        assert len(words) < 600
        program = struct.pack(f"<{len(words)}I", *words)
        path = bench.folder / f"{newlib}-{count}.elf"
        path.write_bytes(data[:offset] + program + data[offset + len(program) :])
        return replace(firmware, elf=path, probe_elf=path)

    return make
