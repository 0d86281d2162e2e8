"""The canonical layout: a sketch's own objects linked once more, each function and constant on its own lines.

What a change does to a time is judged on it. In the image that is shipped, an edit moves all that lies behind
it, and with it which instructions straddle words and which data share lines of flash; here it moves them by
whole lines. Nothing is compiled again, and no platform has to know of it: the objects are copies with larger
alignments (see ``aligned_objects``), the command is the one that linked.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mlbench.elf.functions import function_address
from mlbench.elf.image import Image
from mlbench.firmware.aligned_objects import LINE_BYTES, CannotAlign, aligned, grown
from mlbench.firmware.compiler import CompileReport
from mlbench.firmware.dependencies import loaded

_ASSEMBLED = (".S.o", ".s.o", ".asm.o")
_HEAP_STARTS, _HEAP_LIMITS = ("__HeapBase", "__end__", "end", "_end"), ("__HeapLimit", "__StackLimit")
_PAGE, _LEAST_HEAP = 4096, 16 * 1024
"""Bytes that newlib's malloc takes at a time (``malloc_getpagesize``), and that must be left for it."""
_STARTUP = "crt"
"""The compiler's own first and last objects, whose ``.init`` and ``.fini`` are functions in parts."""


class NoCanonicalLayout(Exception):
    """The objects of an image cannot be linked in a canonical layout; says why."""


def canonical_link(
    report: CompileReport, folder: Path, name: str, relink: Callable[[CompileReport], CompileReport]
) -> Path:
    """The image of a link in the canonical layout.

    Args:
        report: the link.
        folder: for the copies, made anew.
        name: of the sketch.
        relink: runs the command of a report.

    Raises:
        NoCanonicalLayout: there is none.
        OSError: the copies cannot be written.
    """
    if not report.link:
        raise NoCanonicalLayout("the sketch compiler does not tell how it linked")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    linker_map = folder / "link.map"
    elf = folder / f"{name}.ino.elf"
    command = _with_outputs(report, elf, linker_map)
    maps = sorted(report.build_path.glob("*.map"))
    if not maps:
        # Which archives a compiler adds by itself is known from a map alone.
        _linked(relink(replace(report, link=command, build_path=folder)))
        maps = [linker_map]
    text = maps[0].read_text(encoding="utf-8", errors="surrogateescape")
    try:
        command = _with_copies(command, report.build_path, folder, loaded(text), _members(text))
    except CannotAlign as why:
        raise NoCanonicalLayout(str(why)) from None
    linked = replace(report, link=command, build_path=folder)
    image = Image.load(_linked(relink(linked)))
    return _linked(relink(linked)) if _on_a_page(image, folder) else elf


def _on_a_page(image: Image, folder: Path) -> bool:
    """Have the heap begin at a page, as newlib's malloc takes whole ones; whether to link once more for it.

    Which allocation takes another page then depends on the firmware alone, not on the size of its variables.
    """
    start = next((each for each in map(image.symbol, _HEAP_STARTS) if each is not None), None)
    limit = next((each for each in map(image.symbol, _HEAP_LIMITS) if each is not None), None)
    if start is None or limit is None or function_address(image, "malloc", "_malloc_r") is None:
        return False
    room = -start.address % _PAGE // LINE_BYTES * LINE_BYTES
    if not room or limit.address - start.address < room + _LEAST_HEAP:
        return False
    variables = {symbol.name for symbol in image.symbols if symbol.kind == "object" and symbol.size}
    for path in sorted(folder.glob("*/*")):
        with suppress(CannotAlign):
            changed = grown(path.read_bytes(), variables, room)
            if changed is not None:
                path.write_bytes(changed)
                return True
    return False


def _linked(report: CompileReport) -> Path:
    if report.elf is None or not report.success:
        reasons = [message.message for message in report.diagnostics if message.severity == "error"]
        raise NoCanonicalLayout(f"it does not link: {(reasons or [report.error or 'the linker failed'])[0]}")
    return report.elf


def _with_outputs(report: CompileReport, elf: Path, linker_map: Path) -> tuple[str, ...]:
    """The command, with files of its own to write."""
    before = str(report.build_path / elf.name)
    maps = [str(path) for path in report.build_path.glob("*.map")]
    words = []
    for word in report.link:
        for path in maps:
            word = word.replace(path, str(linker_map))
        words.append(str(elf) if word == before else word)
    return tuple(words) if maps else (*words, f"-Wl,-Map,{linker_map}")


def _with_copies(
    command: tuple[str, ...],
    build_path: Path,
    folder: Path,
    inputs: Iterable[str],
    members: dict[str, set[str]],
) -> tuple[str, ...]:
    """The command, with copies of all objects and archives. Raises CannotAlign."""
    libraries = folder / "lib"
    libraries.mkdir()
    copies: dict[str, str] = {}
    for number, path in enumerate(dict.fromkeys(inputs)):
        place = Path(path) if os.path.isabs(path) else build_path / path  # noqa: PTH117 (many)
        is_named = path in command
        if not is_named and place.name.startswith(_STARTUP) and place.suffix == ".o":
            continue
        copy = folder / str(number) / place.name if is_named else libraries / place.name
        if copy.exists():
            continue  # the linker would have found the first one, too
        copy.parent.mkdir(exist_ok=True)
        own = build_path in place.parents and place.parent.name != "core" and place.suffix == ".o"
        try:
            changed = aligned(
                place.read_bytes(),
                members=members.get(path),
                apart=own and not place.name.endswith(_ASSEMBLED),
            )
        except CannotAlign as why:
            raise CannotAlign(f"{place.name}: {why}") from None
        copy.write_bytes(changed)
        copies[path] = str(copy)
    first, *rest = command
    return (first, f"-L{libraries}", *(copies.get(word, word) for word in rest))


def _members(text: str) -> dict[str, set[str]]:
    """The members that a map says were linked, by the archives' paths as it has them."""
    members: dict[str, set[str]] = {}
    for line in text.splitlines():
        archive, bracket, member = line.strip().partition("(")
        if bracket and member.endswith(")") and archive.endswith(".a"):
            members.setdefault(archive, set()).add(member[:-1])
        if line.startswith("LOAD "):
            break
    return members
