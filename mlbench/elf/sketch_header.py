"""The 16 bytes in front of a sketch for Arduino's Zephyr core, which its loader reads.

Version 0 is what ``extra/post_build_tool/main.go`` of arduino/ArduinoCore-zephyr wrote until 2025 (commit
00ec495): the size of what follows in decimal digits, NUL, a debug flag, zeros. Version 1 is ``struct
sketch_header_v1`` of ``loader/main.c`` (commit 0709037): version at 7, size at 8, magic at 12, flags at 14.
It lies in the padding of an ELF file's identification, or in front of a linked sketch.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mlbench.errors import SketchError

HEADER_SIZE = 16
MAGIC = 0x2341
DEBUG, LINKED, IMMEDIATE, WAIT = 1, 2, 4, 8
"""Flags of version 1: start the shell, prelinked (static), start at once, wait for the application."""
_V1 = struct.Struct("<7xBIHBx")
_ELF = b"\x7fELF"


@dataclass(frozen=True)
class SketchHeader:
    """What a header says.

    ``payload`` is where in the upload the ELF file or the linked code begins, ``size`` how many bytes it has.
    """

    version: int
    size: int
    payload: int
    debug: bool = False
    linked: bool = False

    @property
    def mode(self) -> str:
        """The core's name of it, as in its menu ``link_mode``."""
        return "static" if self.linked else "dynamic"


def read_header(upload: bytes, where: str) -> SketchHeader:
    """The header of an upload.

    Raises:
        SketchError: there is none, or it does not fit what follows.
    """
    header = _version_1(upload) or _version_0(upload)
    if header is None:
        what = f"has no header of a sketch that a Zephyr loader knows: {upload[:HEADER_SIZE].hex(' ')}"
        raise SketchError(what, where=where, do="build it again; the platform's post-build tool writes it")
    left = len(upload) - header.payload
    if header.size != left:
        what = f"its header says {header.size:,} bytes, and {left:,} follow"
        raise SketchError(what, where=where, do="build it again")
    if not header.linked and not upload[header.payload :].startswith(_ELF):
        what = "is to be loaded as an ELF file by its header, and is none"
        raise SketchError(what, where=where, do="build it again")
    return header


def _version_1(upload: bytes) -> SketchHeader | None:
    if len(upload) < HEADER_SIZE:
        return None
    version, size, magic, flags = _V1.unpack_from(upload)
    if version != 1 or magic != MAGIC:
        return None
    linked = bool(flags & LINKED)
    # A relocatable sketch is its ELF file, with the header within; before linked code it stands alone.
    payload = HEADER_SIZE if linked or not upload.startswith(_ELF) else 0
    return SketchHeader(1, size - payload, payload, bool(flags & DEBUG), linked)


def _version_0(upload: bytes) -> SketchHeader | None:
    digits, nul, rest = upload[:HEADER_SIZE].partition(b"\0")
    if not (nul and digits.isdigit() and rest):
        return None
    return SketchHeader(0, int(digits), HEADER_SIZE, debug=bool(rest[0]))
