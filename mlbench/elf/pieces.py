"""Pieces of an image: bytes, and the address that each is programmed to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlbench.errors import UsageError


@dataclass(frozen=True)
class ImagePiece:
    """Bytes for consecutive addresses, and the file that has them."""

    address: int
    data: bytes
    file: Path

    @property
    def end(self) -> int:
        """The address after its last byte."""
        return self.address + len(self.data)


def joined(pieces: Iterable[ImagePiece]) -> tuple[ImagePiece, ...]:
    """The pieces by address, those of a file that touch as one.

    Raises:
        UsageError: two hold the same address.
    """
    runs: list[list[ImagePiece]] = []
    for piece in sorted((piece for piece in pieces if piece.data), key=lambda piece: piece.address):
        last = runs[-1][-1] if runs else None
        if last is not None and piece.address < last.end:
            at = f"{piece.address:#010x}"
            what = f"{last.file} and {piece.file} both have the byte at {at}"
            if piece.file == last.file:
                what = f"{last.file} has twice the byte at {at}"
            raise UsageError(what, do="give files whose pieces do not overlap")
        if last is not None and piece.address == last.end and piece.file == last.file:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return tuple(ImagePiece(run[0].address, b"".join(p.data for p in run), run[0].file) for run in runs)


def without(pieces: Sequence[ImagePiece], ranges: Iterable[tuple[int, int]]) -> tuple[ImagePiece, ...]:
    """What the pieces have outside of ranges (start, end)."""
    left = list(pieces)
    for start, end in ranges:
        parts = []
        for piece in left:
            for low, high in ((piece.address, min(piece.end, start)), (max(piece.address, end), piece.end)):
                if low < high:
                    data = piece.data[low - piece.address : high - piece.address]
                    parts.append(ImagePiece(low, data, piece.file))
        left = parts
    return tuple(left)


def within(pieces: Sequence[ImagePiece], address: int, size: int) -> list[tuple[int, bytes]]:
    """What is programmed to ``size`` addresses from ``address``: where, and its bytes."""
    parts = []
    for piece in pieces:
        low, high = max(piece.address, address), min(piece.end, address + size)
        if low < high:
            parts.append((low, piece.data[low - piece.address : high - piece.address]))
    return parts
