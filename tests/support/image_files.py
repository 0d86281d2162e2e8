"""HEX, UF2 and BIN files of an image, as the tools of others write them."""

from __future__ import annotations

import subprocess
from pathlib import Path

OBJCOPY = "arm-none-eabi-objcopy"
NRF52840, RP2040 = 0xADA52840, 0xE48BFF56
"""UF2 families (microsoft/uf2, utils/uf2families.json)."""


def objcopy(elf: Path, kind: str, *options: str) -> Path:
    """The ELF file in another format: ``ihex`` or ``binary``. It lies in a folder of its own."""
    folder = elf.parent / f"{elf.stem}-{kind}"
    folder.mkdir(exist_ok=True)
    path = folder / f"app.{'hex' if kind == 'ihex' else 'bin'}"
    subprocess.run([OBJCOPY, "-O", kind, *options, str(elf), str(path)], check=True)
    return path


def record(kind: int, offset: int, data: bytes) -> str:
    """One line of Intel HEX."""
    content = bytes([len(data)]) + offset.to_bytes(2, "big") + bytes([kind]) + data
    return f":{(content + bytes([-sum(content) & 0xFF])).hex().upper()}\n"


def hex_text(parts: list[tuple[int, bytes]], *, end: bool = True) -> str:
    """Intel HEX with a linear address in front of each part."""
    lines = []
    for address, data in parts:
        lines.append(record(4, 0, (address >> 16).to_bytes(2, "big")))
        for at in range(0, len(data), 16):
            if at and (address + at) >> 16 != (address + at - 1) >> 16:
                lines.append(record(4, 0, (address + at >> 16).to_bytes(2, "big")))
            lines.append(record(0, (address + at) & 0xFFFF, data[at : at + 16]))
    return "".join(lines) + (record(1, 0, b"") if end else "")


def uf2_blocks(address: int, data: bytes, family: int | None = NRF52840, flags: int = 0) -> list[bytes]:
    """UF2 blocks of 256 bytes each, the last padded with erased flash."""
    count = -(-len(data) // 256)
    blocks = []
    for number in range(count):
        payload = data[256 * number : 256 * (number + 1)].ljust(256, b"\xff")
        words = (0x2000 if family is not None else 0) | flags, address + 256 * number, 256, number, count
        header = b"UF2\nWQ]\x9e" + b"".join(word.to_bytes(4, "little") for word in (*words, family or 0))
        blocks.append((header + payload).ljust(508, b"\0") + (0x0AB16F30).to_bytes(4, "little"))
    return blocks
