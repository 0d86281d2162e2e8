"""AES-128 of one block, as the chip's cipher engines do it: FIPS 197."""

from __future__ import annotations

from functools import cache

BLOCK = 16
"""Bytes of a block, and of a key."""
_ROUNDS = 10


def _double(value: int) -> int:
    """A product with x, in the field that AES calculates in (4.2.1)."""
    return value << 1 ^ (0x11B if value & 0x80 else 0)


@cache
def _substitutions() -> bytes:
    """The S-box (5.1.1): the inverse of each byte in the field, and an affine step."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value ^= _double(value)  # by 3, of which all others are powers
    inverse = {0: 0, **{power: powers[-n % 255] for n, power in enumerate(powers)}}
    box = bytearray()
    for byte in range(256):
        value = inverse[byte]
        doubled = value << 8 | value
        rotated = [doubled >> 8 - n & 0xFF for n in range(1, 5)]
        box.append(value ^ rotated[0] ^ rotated[1] ^ rotated[2] ^ rotated[3] ^ 0x63)
    return bytes(box)


_SHIFTED = tuple((column + row) % 4 * 4 + row for column in range(4) for row in range(4))
"""Where the bytes of a block come from when its rows are shifted (5.1.2)."""


def _round_keys(key: bytes) -> list[bytes]:
    box, constant = _substitutions(), 1
    words = [key[n : n + 4] for n in range(0, BLOCK, 4)]
    while len(words) < 4 * (_ROUNDS + 1):
        word = words[-1]
        if len(words) % 4 == 0:
            word = bytes(box[byte] for byte in (*word[1:], word[0]))
            word = bytes((word[0] ^ constant, *word[1:]))
            constant = _double(constant)
        words.append(bytes(a ^ b for a, b in zip(words[-4], word, strict=True)))
    return [b"".join(words[n : n + 4]) for n in range(0, len(words), 4)]


def _mixed(column: bytes) -> bytes:
    total = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(column[n] ^ total ^ _double(column[n] ^ column[(n + 1) % 4]) for n in range(4))


def _combined(block: bytes, key: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(block, key, strict=True))


def encrypted(key: bytes, block: bytes) -> bytes:
    """A block enciphered with a key, both of 16 bytes, the first byte first.

    Raises:
        ValueError: one has another length.
    """
    if len(key) != BLOCK or len(block) != BLOCK:
        raise ValueError(f"AES-128 takes a key and a block of {BLOCK} bytes, not {len(key)} and {len(block)}")
    box = _substitutions()
    first, *middle, last = _round_keys(key)
    state = _combined(block, first)
    for round_key in middle:
        state = bytes(box[state[place]] for place in _SHIFTED)
        mixed = b"".join(_mixed(state[n : n + 4]) for n in range(0, BLOCK, 4))
        state = _combined(mixed, round_key)
    return _combined(bytes(box[state[place]] for place in _SHIFTED), last)
