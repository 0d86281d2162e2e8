"""What a build may have read besides what its key is made of.

A kept firmware counts only where nothing else can have reached it: where that cannot be known, it is
built each time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from mlbench.firmware.sketch_source import SketchSource
from mlbench.firmware.template import SOURCE_SUFFIXES

_HARMLESS = re.compile(
    r"-(?:[DU]\w+(?:=[\w.+-]*)?"
    r"|O\w*|g\w*|w|W[\w+-]+(?:=[\w+-]+)?|m[\w+-]+(?:=[\w.+-]+)?|std=[\w+]+|pthread|pipe"
    r"|f(?!plugin|profile|auto-profile|branch-prob|dump|sanitize)[\w-]+(?:=\w+)?"
    r"|Wl,--(?:gc-sections|no-gc-sections|wrap=\w+|relax|emit-relocs)"
    r"|I\{build\.(?:source\.path|path|core\.path|variant\.path)\}(?:/(?!\.\.)[\w.-]+)*"
    r")"
)
"""Flags that name no file outside of the sketch and its platform."""

_PLAIN = re.compile(r"\w[\w.:+-]*")
"""A number or a name, which among flags would be a file's."""

_INCBIN = b".incbin"


def named_by(properties: Sequence[str]) -> str:
    """Why build properties may name files that no key covers; empty where they cannot."""
    for item in properties:
        key, _, value = item.partition("=")
        if "flags" not in key and (not value or _PLAIN.fullmatch(value)):
            continue
        for word in value.split():
            if not _HARMLESS.fullmatch(word):
                return f"build property {key} has {word!r}, which may name any file"
    return ""


def embedded(source: SketchSource) -> str:
    """Why the assembler may read files that nobody is told of; empty where it cannot."""
    for files in (source.files, *(library.files for library in source.libraries)):
        for relative, file in files.items():
            if PurePosixPath(relative).suffix in SOURCE_SUFFIXES and _INCBIN in file.read():
                return f"{relative} uses .incbin"
    return ""


def outside(
    build_path: Path, maps: Iterable[Path], known: Sequence[Path], uncounted: frozenset[str] = frozenset()
) -> str:
    """A file that the sketch or its libraries were made of and that lies in none of the known folders.

    ``uncounted`` are real paths in these folders that no key covers all the same.

    Read from the compiler's own lists of what each object depends on (``-MMD``), and from the linker's
    map. Objects without a list may be made of anything; they are named themselves.
    """
    roots = tuple(f"{os.path.realpath(folder)}/" for folder in known)
    for folder in (build_path / "sketch", build_path / "libraries"):
        for item in sorted(folder.rglob("*.o")):
            listed = item.with_suffix(".d")
            if not listed.is_file():
                return str(item)
            for name in dependencies(listed.read_text(encoding="utf-8", errors="surrogateescape")):
                if not _below(name, build_path, roots, uncounted):
                    return name
    for file in maps:
        for name in loaded(file.read_text(encoding="utf-8", errors="surrogateescape")):
            if not _below(name, build_path, roots, uncounted):
                return name
    return ""


def dependencies(text: str) -> tuple[str, ...]:
    """The files that a list in the form of a makefile's rule names behind its colon."""
    _, _, rest = text.replace("\\\r\n", " ").replace("\\\n", " ").partition(": ")
    words = re.findall(r"(?:\\.|[^\s\\])+", rest.split("\n", 1)[0])
    return tuple(re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words)


def loaded(text: str) -> tuple[str, ...]:
    """The objects and archives that a linker's map says it read."""
    names = (line[len("LOAD ") :] for line in text.splitlines() if line.startswith("LOAD "))
    return tuple(name for name in names if name != "linker stubs")


def _below(name: str, build_path: Path, roots: tuple[str, ...], uncounted: frozenset[str]) -> bool:
    path = os.path.realpath(name if os.path.isabs(name) else str(build_path / name))  # noqa: PTH117 (many)
    return path.startswith(roots) and path not in uncounted
