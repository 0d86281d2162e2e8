"""Images of random machine code, and a run of one that is compared or only survived.

Run as a program: ``random_code.py SEED COUNT``, so that a crash of the CPU emulation shows as an exit status.
"""

from __future__ import annotations

import random
import struct
import sys
from pathlib import Path

from mlbench.elf.image import Image
from mlbench.emulator.chips.nrf52840 import NRF52840
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


_SYSTEM = (
    (0xBF20,), (0xBF30,), (0xBF40,), (0xBE00,), (0xBEAB,), (0xDF00,), (0xDE00,), (0xB662,), (0xB672,),
    (0xB661,),
    (0xB671,), (0x4770,), (0xF3BF, 0x8F6F), (0xE841, 0xF100), (0xFBB0, 0xF0F2), (0xEE30, 0x0A01),
    (0xEC21, 0x0A08),
    (0xE8D1, 0x2F4F), (0xEE07, 0x0F10), (0xC803,), (0xC10E,), (0xB5F0,), (0xBDF0,), (0xE7FE,),
)  # fmt: skip
"""Sleep, event, breakpoints, calls, masks, returns, barriers, divisions, floats, coprocessors, the stack."""
_CORE_REGISTERS = (
    0xE000E010, 0xE000E014, 0xE000E018, 0xE000E100, 0xE000E180, 0xE000E200, 0xE000E400, 0xE000ED04,
    0xE000ED08,
    0xE000ED0C, 0xE000ED10, 0xE000ED14, 0xE000ED18, 0xE000ED1C, 0xE000ED20, 0xE000ED24, 0xE000ED28,
    0xE000ED88,
    0xE000ED94, 0xE000ED98, 0xE000ED9C, 0xE000EDA0, 0xE000EDFC, 0xE000EF00, 0xE000EF34, 0xE000EF38,
    0xE000EF3C,
    0xE0001000, 0xE0000E80, 0xE0000000,
)  # fmt: skip


def _load(register: int, value: int) -> tuple[int, ...]:
    """MOVW and MOVT."""
    return tuple(
        half
        for top, part in ((0xF240, value & 0xFFFF), (0xF2C0, value >> 16))
        for half in (
            top | part >> 12 | (part >> 11 & 1) << 10,
            (part >> 8 & 7) << 12 | register << 8 | part & 0xFF,
        )
    )


def system_code(draw: random.Random, halfwords: int) -> bytes:
    """Code of an operating system gone mad: the core's registers, special registers,
    code that writes code."""
    words: list[int] = []
    while len(words) < halfwords:
        kind = draw.randrange(10)
        if kind < 3:
            value = draw.choice((0, 1, 0x05FA0004, 0x20000000, 0x10000, 0xFFFFFFFF, draw.getrandbits(32)))
            words += [*_load(5, draw.choice(_CORE_REGISTERS)), *_load(4, value)]
            words.append(draw.choice((0x602C, 0x602C, 0x702C, 0x802C, 0x6828)))
        elif kind < 4:
            special = draw.choice((8, 9, 16, 17, 18, 19, 20, 20, 0, 3))
            words += [*_load(3, draw.choice((0, 1, 2, 3, 4, 7, 0x20008000, draw.getrandbits(32))))]
            words += [0xF383, 0x8800 | special] if draw.random() < 0.7 else [0xF3EF, 0x8300 | special]
        elif kind < 5:
            # Put some instructions into RAM and call them, again and again with others.
            words += _load(6, 0x20000100)
            for n in range(draw.randrange(1, 4)):
                words += [
                    *_load(2, draw.choice((draw.getrandbits(32), 0x47704770, 0xBF00BF00))),
                    0x6032 | n << 6,
                ]
            words += [*_load(7, 0x20000101), 0x47B8]
        elif kind < 6:
            words += [
                *_load(draw.randrange(4), draw.choice((0xFFFFFFF1, 0xFFFFFFF9, 0xFFFFFFFD, 0xFFFFFFE9)))
            ]
            words.append(0x4700 | draw.randrange(4) << 3)
        elif kind < 9:
            words += draw.choice(_SYSTEM)
        else:
            words.append(draw.getrandbits(16))
    return struct.pack(f"<{len(words)}H", *words)


def wild_code(draw: random.Random, halfwords: int) -> bytes:
    """Random halfwords, code of a system gone mad, or likely code with some bits flipped."""
    kind = draw.random()
    if kind < 0.25:
        return draw.randbytes(2 * halfwords)
    if kind < 0.65:
        return system_code(draw, halfwords)
    code = bytearray(likely_code(draw, halfwords))
    for _ in range(draw.randrange(1, 12)):
        code[draw.randrange(len(code))] ^= 1 << draw.randrange(8)
    return bytes(code)


def outcome(machine: Machine, deadline: int) -> tuple[object, ...]:
    """Run, and everything that two runs must agree in."""
    ending = machine.run(deadline, host_seconds=60)
    hook = machine.hook
    return (ending.end.name, ending.address, hook.cycles, hook.instructions, hook.placement, hook.low_sp,
            tuple(machine.cpu.registers().values()))  # fmt: skip


def survive(seed: int, count: int) -> None:
    """Run ``count`` wild images of 2 ms each; prints each seed before it is run."""
    for n in range(count):
        draw = random.Random(f"{seed} {n}")
        print(f"{seed} {n}", flush=True)
        image = image_of(wild_code(draw, draw.choice((20, 200, 900))))
        machine = Machine(image, NRF52840)
        machine.run(2 * _MS, host_seconds=20)
        assert machine.clock.now < 3 * _MS


if __name__ == "__main__":
    survive(int(sys.argv[1]), int(sys.argv[2]))
