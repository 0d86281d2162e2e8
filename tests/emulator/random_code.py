"""Images of random machine code, and a run of one that is compared or only survived.

Run as a program: ``random_code.py SEED COUNT``, so that a crash of the CPU emulation shows as an exit status.
"""

from __future__ import annotations

import random
import struct
import sys
from pathlib import Path

from mlbench.elf.image import Image
from mlbench.emulator.machine import Machine

_MS = 64_000


def image_of(code: bytes, *, stack: int = 0x20040000) -> Image:
    """An ELF with one segment: vectors at 0x10000, then code; every vector leads into the code."""
    vectors = struct.pack("<64I", stack, *([0x10101] * 63))
    body = vectors + code
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 40, 1, 0x10101, 52, 0, 0x5000400,
                         52, 32, 1, 40, 0, 0)  # fmt: skip
    segment = struct.pack("<8I", 1, 0x1000, 0x10000, 0x10000, len(body), len(body), 5, 0x1000)
    return Image.parse((header + segment).ljust(0x1000, b"\0") + body, Path("random.elf"))


def _register(draw: random.Random) -> int:
    return draw.choice((0, 1, 2, 3, 4, 5, 6, 7))


def likely_code(draw: random.Random, halfwords: int) -> bytes:
    """Random code that gets somewhere: mostly arithmetic, memory in RAM, branches close by."""
    words = [0xF04F, 0x5600, 0xF04F, 0x5700]  # mov.w r6, #0x20000000 ; mov.w r7, #0x20000000
    while len(words) < halfwords:
        kind = draw.randrange(20)
        a, b, c = _register(draw) % 6, _register(draw) % 6, _register(draw)
        if kind < 6:
            words.append(0x4000 | draw.choice((0, 1, 5, 6, 8, 12, 13, 14, 15)) << 6 | c << 3 | a)
        elif kind < 8:
            words.append(0x2000 | draw.randrange(4) << 11 | a << 8 | draw.randrange(256))
        elif kind < 11:
            access = draw.choice((0x6000, 0x6800, 0x7000, 0x7800, 0x8000, 0x8800))
            words.append(access | draw.randrange(32) << 6 | draw.choice((6, 7)) << 3 | a)
        elif kind < 12:
            words += [0xFB00 | b, draw.choice((0xF000, 0x1000)) | a << 8 | draw.randrange(2) << 4 & 0xF0 | c]
        elif kind < 13:
            words += [0xFB90 | draw.choice((0, 0x20)) | b, 0xF0F0 | a << 8 | c]
        elif kind < 14:
            words += [0xEE30, draw.choice((0x0A00, 0x0A40)) | draw.randrange(16) << 12 | draw.randrange(16)]
        elif kind < 15:
            low = draw.randrange(1, 64)
            words += [0xB400 | low, 0xBC00 | low]
        elif kind < 16:
            condition = draw.randrange(14)
            words += [0xBF00 | condition << 4 | 8, 0x3000 | a << 8 | draw.randrange(256)]
        elif kind < 18:
            words.append(0xD000 | draw.randrange(14) << 8 | draw.choice((0, 1, 2, 3, 0xF0, 0xFC)))
        elif kind < 19:
            words += [0xF000, 0xF800 | draw.randrange(8)]
        else:
            words.append(draw.choice((0xBF00, 0xDF00 | draw.randrange(4), 0xB662, 0xB672, 0x4770, 0xBF40)))
    words += [0xF7FF, 0xBFFF - min(0x7FE, halfwords)]
    return struct.pack(f"<{len(words)}H", *words)


def wild_code(draw: random.Random, halfwords: int) -> bytes:
    """Random halfwords, or likely ones with some bits flipped."""
    if draw.random() < 0.4:
        return draw.randbytes(2 * halfwords)
    code = bytearray(likely_code(draw, halfwords))
    for _ in range(draw.randrange(1, 12)):
        code[draw.randrange(len(code))] ^= 1 << draw.randrange(8)
    return bytes(code)


def outcome(machine: Machine, deadline: int) -> tuple[object, ...]:
    """Run, and everything that two runs must agree in."""
    ending = machine.run(deadline, host_seconds=60)
    hot = machine.hot
    return (ending.end.name, ending.address, hot.cycles, hot.instructions, hot.placement, hot.low_sp,
            tuple(machine.cpu.registers().values()))  # fmt: skip


def survive(seed: int, count: int) -> None:
    """Run ``count`` wild images of 2 ms each; prints each seed before it is run."""
    for n in range(count):
        draw = random.Random(f"{seed} {n}")
        print(f"{seed} {n}", flush=True)
        image = image_of(wild_code(draw, draw.choice((20, 200, 900))))
        machine = Machine(image)
        machine.run(2 * _MS, host_seconds=20)
        assert machine.clock.now < 3 * _MS


if __name__ == "__main__":
    survive(int(sys.argv[1]), int(sys.argv[2]))
