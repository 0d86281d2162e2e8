"""A cursor over the bytes of a section."""

from __future__ import annotations


class Reader:
    """A cursor over a section's bytes. Reading past ``end`` raises IndexError."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data = data
        self.at = at
        self.end = end

    def byte(self) -> int:
        """One byte."""
        if self.at >= self.end:
            raise IndexError
        self.at += 1
        return self.data[self.at - 1]

    def number(self, size: int) -> int:
        """An unsigned number of ``size`` bytes."""
        if self.at + size > self.end:
            raise IndexError
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "little")

    def uleb(self) -> int:
        """An unsigned LEB128 number (DWARF 5, section 7.6), cut to 64 bits."""
        value = shift = 0
        while True:
            byte = self.byte()
            if shift < 64:
                value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF

    def sleb(self) -> int:
        """A signed LEB128 number."""
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if bits < 64 and self.data[self.at - 1] & 0x40 else value

    def text(self) -> str:
        """A NUL-terminated text."""
        end = self.data.find(b"\0", self.at, self.end)
        if end < 0:
            raise IndexError
        text = self.data[self.at : end].decode("latin-1")
        self.at = end + 1
        return text
