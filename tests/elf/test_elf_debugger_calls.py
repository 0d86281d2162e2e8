"""Semihosting calls are found in code, and not in data that looks like them."""

from __future__ import annotations

import random

import pytest
from bare_image import Compiler
from image_files import objcopy

from mlbench.elf.debugger_calls import calls_debugger
from mlbench.elf.given_files import GivenFiles, read_given
from mlbench.elf.image import Image

INLINE = 'int main(void) { __asm volatile("movs r0, #4; bkpt 0xAB" ::: "r0"); return 0; }'
FUNCTION = """NAKED u32 call(u32 op, void *arg) { __asm("bkpt 0xAB; bx lr"); }
              int main(void) { return call(4, "x"); }"""
WORDS = "__attribute__((used)) const u32 words[2] = {0x4770beab, 0xbeabbeab};"
DATA = WORDS + "int main(void) { return words[count]; }"
BRANCH = "int main(void) { return 3; }"


def bytes_alone(image: Image) -> Image:
    return read_given(GivenFiles((objcopy(image.path, "ihex"),))).image


@pytest.mark.parametrize("source", [INLINE, FUNCTION])
def test_calls_are_found_with_and_without_names(bare: Compiler, source: str) -> None:
    image = bare.image(source)
    assert calls_debugger(image)
    assert calls_debugger(bytes_alone(image))


def test_data_and_other_instructions_are_no_calls(bare: Compiler) -> None:
    assert not calls_debugger(bare.image(DATA))
    assert not calls_debugger(bare.image('int main(void) { __asm("bkpt 0xAA"); return 0; }'))
    plain = bare.image(BRANCH)
    assert not calls_debugger(plain)
    assert not calls_debugger(bytes_alone(plain))


def test_the_second_half_of_an_instruction_is_no_call(bare: Compiler) -> None:
    # B.W with an offset that ends in these bits.
    source = 'int main(void) { __asm volatile("b 1f; .inst.w 0xf000beab; 1: nop"); return 0; }'
    assert not calls_debugger(bare.image(source))


def test_weights_seldom_look_like_a_call(bare: Compiler) -> None:
    """Of a megabyte of random bytes some dozen halfwords are those of a call."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    image = bytes_alone(bare.image(BRANCH))
    section = image.sections[1]
    hits = 0
    for number in range(20):
        weights = random.Random(seed + number).randbytes(1 << 16)
        data = bytearray(image.data)
        at = len(data)
        data += weights
        # The first section's size and place are those of the weights.
        rows = int.from_bytes(data[32:36], "little") + 40
        data[rows + 16 : rows + 24] = at.to_bytes(4, "little") + len(weights).to_bytes(4, "little")
        loads = int.from_bytes(data[28:32], "little")
        data[loads + 4 : loads + 8] = at.to_bytes(4, "little")
        data[loads + 16 : loads + 24] = len(weights).to_bytes(4, "little") * 2
        changed = Image.parse(bytes(data))
        assert changed.contents(changed.sections[1]) == weights, section
        hits += calls_debugger(changed)
    assert hits <= 3
