"""The sections of debug information, given to pyelftools so that no file makes it take much memory.

pyelftools keeps whatever it has read: a hundred bytes and more for each byte of a file that means it.
It reads through streams that count here. What reads too much is given up, and a new reader is begun when
half of that has been read.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlbench.elf.image import Image

_SHF_COMPRESSED = 0x800
_ZLIB = 1
_MOST_BYTES = 96 << 20
"""Of all sections together, unpacked. Those of an mbed sketch have 20 MiB."""

_LAST_LINE = (1 << 31) - 1
_LEAST_UNIT = 4 + 2 + 4 + 1
"""Bytes of a unit's header in the oldest form that is read (DWARF 4, section 7.5.1.1)."""
_MOST_UNITS = 100_000
"""An mbed sketch has some hundreds."""

MOST_READS = 1_000_000
"""By one reader: each leaves at most 200 bytes in pyelftools."""

_SECTIONS = (
    "info",
    "aranges",
    "abbrev",
    "str",
    "line",
    "ranges",
    "addr",
    "str_offsets",
    "line_str",
    "rnglists",
)
"""Those that are asked for here: no frames, locations, types or names."""


class TooMuch(Exception):
    """Debug information of which more was read than firmware has."""


@dataclass
class Allowance:
    """How much a reader has read."""

    used: int = 0

    def charge(self, reads: int) -> None:
        """Raises TooMuch where it is more than is allowed."""
        self.used += reads
        if self.exhausted:
            raise TooMuch

    @property
    def exhausted(self) -> bool:
        """Whether more was asked for than is allowed."""
        return self.used > MOST_READS

    @property
    def half_used(self) -> bool:
        """Whether it is time to begin anew."""
        return self.used > MOST_READS // 2


class _Counted(BytesIO):
    """A stream whose every use counts, for there are values that take no byte."""

    def __init__(self, data: bytes, allowance: Allowance) -> None:
        super().__init__(data)
        self._allowance = allowance

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._allowance.charge(1 + len(data) // 128)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._allowance.charge(1)
        return super().seek(offset, whence)

    def tell(self) -> int:
        self._allowance.charge(1)
        return super().tell()


class DebugSections:
    """The sections of one image, found and unpacked once."""

    def __init__(self, image: Image) -> None:
        self._contents: dict[str, bytes] = {}
        self._sound = True
        left = _MOST_BYTES
        for name in _SECTIONS:
            try:
                content = _content(image, name, left)
            except (zlib.error, struct.error, TooMuch):
                self._sound = name != "info" and self._sound
                continue
            if content:
                self._contents[name] = content
                left -= len(content)

    @property
    def present(self) -> bool:
        """Whether there is debug information that can be read."""
        return self._sound and "info" in self._contents

    @property
    def info(self) -> bytes:
        """The entries."""
        return self._contents["info"]

    @property
    def strings(self) -> bytes:
        """The texts that entries refer to."""
        return self._contents.get("str", b"")

    def units(self) -> list[tuple[int, int]]:
        """Offset and size of each compilation unit (DWARF 5, section 7.5.1), up to the first damage."""
        units: list[tuple[int, int]] = []
        at = 0
        while at + 4 <= len(self.info) and len(units) < _MOST_UNITS:
            size = 4 + struct.unpack_from("<I", self.info, at)[0]
            # 0xFFFFFFFF would begin the 64-bit format, which no 32-bit toolchain writes.
            if size < _LEAST_UNIT or at + size > len(self.info):
                break
            units.append((at, size))
            at += size
        return units

    def reader(self, allowance: Allowance) -> Any:
        """pyelftools' view of them, which counts on ``allowance``."""
        from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo

        unread = ("frame", "loc", "pubtypes", "pubnames", "loclists", "sup", "types")
        parts: dict[str, Any] = {f"{name}_sec": None for name in (*_SECTIONS, *unread)}
        for name in _SECTIONS:
            content = self._contents.get(name)
            if content is not None:
                stream = _Counted(content, allowance)
                parts[f"{name}_sec"] = DebugSectionDescriptor(stream, name, 0, len(content), 0)
        sections = {f"debug_{name}": part for name, part in parts.items()}
        config = DwarfConfig(little_endian=True, machine_arch="ARM", default_address_size=4)
        return DWARFInfo(config, eh_frame_sec=None, gnu_debugaltlink_sec=None, **sections)


def _content(image: Image, name: str, most: int) -> bytes | None:
    section = image.section(f".debug_{name}")
    if section is not None:
        content = image.contents(section)
        if not section.flags & _SHF_COMPRESSED:
            return content
        kind, size, _ = struct.unpack_from("<3I", content)  # Elf32_Chdr of the System V ABI
        return _unpacked(content[12:], size, most) if kind == _ZLIB else None
    section = image.section(f".zdebug_{name}")
    if section is None:
        return None
    content = image.contents(section)
    # GNU's older form: the letters ZLIB, and the size as a 64-bit number, most significant byte first.
    letters, size = struct.unpack_from(">4sQ", content)
    if letters != b"ZLIB":
        raise zlib.error
    return _unpacked(content[12:], size, most)


def _unpacked(packed: bytes, size: int, most: int) -> bytes:
    if size > most:
        raise TooMuch
    return zlib.decompressobj().decompress(packed, size) if size else b""


def line_number(value: object) -> int:
    """A line as debug information has it; 0, which stands for none, where no file has such a line."""
    return value if isinstance(value, int) and 0 <= value <= _LAST_LINE else 0


def check_line_header(reader: Any, structs: Any, offset: int) -> None:
    """Raise TooMuch for a table of lines with folders or files that have no fields, of which it has many.

    pyelftools would make as many as the table says, reading nothing. The header of DWARF 5, section 6.2.4.
    """
    from elftools.dwarf.enums import DW_FORM_raw2name

    stream = reader.debug_line_sec.stream
    stream.seek(offset)
    version = struct.unpack("<IH", stream.read(6))[1]
    if version < 5:
        return
    stream.seek(offset + 6 + 2 + 4 + 5)
    stream.read(stream.read(1)[0] - 1)
    for _ in ("folders", "files"):
        number = structs.the_Dwarf_uleb128.parse_stream
        pairs = [(number(stream), number(stream)) for _ in range(stream.read(1)[0])]
        forms = [structs.Dwarf_dw_form[DW_FORM_raw2name[form]] for _, form in pairs]
        count = number(stream)
        if count and not forms:
            raise TooMuch
        for _ in range(count):
            for form in forms:
                form.parse_stream(stream)
