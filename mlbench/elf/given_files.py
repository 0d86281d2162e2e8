"""Firmware as it is given: an ELF file, or files that say which bytes go where, and one with their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlbench.elf.assembled import assembled
from mlbench.elf.file_bytes import read_file
from mlbench.elf.hex_file import is_hex, read_hex
from mlbench.elf.image import Image
from mlbench.elf.pieces import ImagePiece, joined, within
from mlbench.elf.uf2_file import MAGIC, read_uf2
from mlbench.errors import SketchError, UsageError

_ELF = b"\x7fELF"


@dataclass(frozen=True)
class GivenFiles:
    """Files that are one firmware together.

    ``bases`` are the addresses of those that are plain bytes, in their order. ``names`` is an ELF file with
    the symbols; without it that of the last file that is one or has one beside it: of the same name with
    ``.elf``.
    """

    files: tuple[Path, ...]
    bases: tuple[int, ...] = ()
    names: Path | None = None

    @property
    def main(self) -> Path:
        """What the firmware is called after: the last, as bootloaders and their like are given first."""
        return self.files[-1]


@dataclass(frozen=True)
class GivenImage:
    """The image of given files. ``whole``: it is an ELF file that was given as it is."""

    image: Image
    whole: bool = False
    notes: tuple[str, ...] = ()
    """What the user should know of it, a line each."""


def read_given(given: GivenFiles, families: Collection[int] | None = None) -> GivenImage:
    """Read given files into one image.

    Args:
        given: the files.
        families: the UF2 families of the chip, where that is known.

    Raises:
        UsageError: a file is missing, damaged or no firmware, two overlap, or the names are another image's.
        EnvironmentFault: a file cannot be read.
    """
    try:
        return _read(given, families)
    except SketchError as error:
        # It was not built here: what is wrong is what was named.
        raise UsageError(error.what, where=error.where, do=error.do) from None


def _read(given: GivenFiles, families: Collection[int] | None) -> GivenImage:
    alone = len(given.files) == 1 and not given.bases and given.names is None
    if alone and read_file(given.main).startswith(_ELF):
        return GivenImage(Image.load(given.main), whole=True)
    bases = list(given.bases)
    pieces: list[ImagePiece] = []
    elfs: dict[Path, Image] = {}
    for file in given.files:
        data = read_file(file)
        if data.startswith(_ELF):
            elfs[file] = Image.load(file)
            pieces += [ImagePiece(address, content, file) for address, content in elfs[file].programmed]
        else:
            pieces += _pieces(data, file, bases, families)
    if bases:
        what = f"--base {bases[0]:#x} belongs to no file"
        raise UsageError(what, do="give one for each file of plain bytes, and for no other")
    parts = joined(pieces)
    if not parts:
        raise UsageError("holds nothing to program", where=str(given.main), do="build it again")
    names, notes = _names(given, elfs, parts)
    data = assembled(parts, given.files, names)
    return GivenImage(Image.parse(data, given.main), False, notes)


def _pieces(data: bytes, file: Path, bases: list[int], families: Collection[int] | None) -> list[ImagePiece]:
    """What a file programs; a base is taken from ``bases`` where it is plain bytes."""
    suffix = file.suffix.lower()
    if data.startswith(MAGIC[:4]) or (suffix == ".uf2" and data):
        return read_uf2(data, file, families)
    if is_hex(data) or (suffix in (".hex", ".ihex", ".ihx") and data):
        return read_hex(data, file)
    if not data or (suffix != ".bin" and not bases):
        Image.load(file)  # which says what else it is
    if not bases:
        what = "is plain bytes, which do not say where they go"
        raise UsageError(what, where=str(file), do="give their address: --base 0x1000")
    base = bases.pop(0)
    if base + len(data) > 1 << 32:
        raise UsageError(
            f"ends beyond the address space from {base:#x}", where=str(file), do="correct --base"
        )
    return [ImagePiece(base, data, file)]


def _names(
    given: GivenFiles, elfs: Mapping[Path, Image], pieces: Sequence[ImagePiece]
) -> tuple[Image | None, tuple[str, ...]]:
    """The image that has the names, and why one is passed over."""
    if given.names is not None:
        image = Image.load(given.names)
        where = _difference(image, pieces)
        if where is not None:
            what = f"is not the ELF file of {given.main}: they differ at {where:#010x}"
            raise UsageError(what, where=str(given.names), do="name the one it was made from")
        return _useful(image), ()
    notes: list[str] = []
    for file in reversed(given.files):
        if file in elfs:
            return _useful(elfs[file]), tuple(notes)
        beside = file.with_suffix(".elf")
        if beside == file or not beside.is_file():
            continue
        try:
            image = Image.load(beside)
            where = _difference(image, pieces)
        except (SketchError, UsageError) as error:
            notes.append(f"no names are taken from {beside}: {error.what}")
            continue
        if where is None:
            return _useful(image), tuple(notes)
        notes.append(f"no names are taken from {beside}: it differs from {file.name} at {where:#010x}")
    return None, tuple(notes)


def _useful(image: Image) -> Image | None:
    """The image, where it tells more than which bytes go where."""
    return image if image.sections else None


def _difference(image: Image, pieces: Sequence[ImagePiece]) -> int | None:
    """The first address where an image is not what is programmed; what nothing programs is left out.

    Of each part of the image either all is programmed, or nothing.
    """
    nothing = True
    for address, data in image.programmed:
        at = address
        for start, content in within(pieces, address, len(data)):
            own = data[start - address : start - address + len(content)]
            if start > at:
                return at
            if own != content:
                return start + next(n for n, byte in enumerate(own) if byte != content[n])
            at = start + len(content)
            nothing = False
        if address < at < address + len(data):
            return at
    return image.programmed[0][0] if nothing and image.programmed else None
