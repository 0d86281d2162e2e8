"""The cipher engine ECB, and AES-128 against another implementation."""

from __future__ import annotations

import random

import pytest
from bare_image import Chip
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from seeds import new_seed

from mlbench.emulator.aes import encrypted

ECB = 0x4000E000
DATA = 0x20001000


def _reference(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def test_the_standards_own_example() -> None:
    # FIPS 197, appendix C.1.
    key, block = bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")
    assert encrypted(key, block).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


def test_random_blocks_are_as_another_implementation_enciphers_them() -> None:
    seed = new_seed()
    draw = random.Random(seed)
    for _ in range(200):
        key, block = draw.randbytes(16), draw.randbytes(16)
        assert encrypted(key, block) == _reference(key, block), (key.hex(), block.hex())


@pytest.mark.parametrize(("key", "block"), [(b"", bytes(16)), (bytes(16), bytes(17))])
def test_other_lengths_are_refused(key: bytes, block: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        encrypted(key, block)


def test_the_engine_enciphers_a_block_in_ram(chip: Chip) -> None:
    key, block = b"a key of sixteen", b"and as long text"
    chip.machine.cpu.write(DATA, key + block + bytes(32))
    chip[ECB + 0x504] = DATA
    chip[ECB] = 1
    assert chip.machine.cpu.read(DATA + 32, 16) == bytes(16), "it takes its time"
    assert 1 < chip.time_to(ECB + 0x100) < 8
    assert chip.machine.cpu.read(DATA, 64) == key + block + _reference(key, block) + bytes(16)
    assert (chip[ECB + 0x104], chip.machine.notes) == (0, [])


def test_a_stop_ends_the_block_in_an_error_and_nothing_else(chip: Chip) -> None:
    chip[ECB + 0x504], chip[ECB + 0x004] = DATA, 1
    assert chip[ECB + 0x104] == 0, "nothing was under way"
    chip[ECB] = 1
    chip[ECB + 0x004] = 1
    assert chip[ECB + 0x104] == 1
    chip.wait(100)
    assert chip[ECB + 0x100] == 0
    assert chip.machine.cpu.read(DATA + 32, 16) == bytes(16)


def test_a_block_in_flash_cannot_be_reached(chip: Chip) -> None:
    chip[ECB + 0x504] = 0x1000
    chip[ECB] = 1
    chip.time_to(ECB + 0x104)
    assert chip[ECB + 0x100] == 0
    assert "EasyDMA cannot read 0x00001000" in chip.machine.notes[0]
