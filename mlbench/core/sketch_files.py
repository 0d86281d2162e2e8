"""Which files make a folder a sketch.

A sketch is a folder whose main tab has the folder's name; the other tabs are compiled behind it as one file
(Arduino's sketch specification, "Sketch folders and files"). ``.pde`` is the suffix of before Arduino 1.0,
which sketch compilers still take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

SUFFIXES = (".ino", ".pde")

_ENTRY_POINT = re.compile(r"^[^\n/]*\bvoid[ \t]+(?:setup|loop)[ \t]*\(", re.MULTILINE)
_OWN_MAIN = re.compile(r"^[ \t]*int[ \t\n]+main[ \t]*\(", re.MULTILINE)


def is_tab(path: Path) -> bool:
    """Whether a path names a tab of a sketch, by its suffix."""
    return path.suffix in SUFFIXES


def folder_of(path: Path) -> Path:
    """The folder of a sketch that is named by its folder or by a tab."""
    return path.parent if is_tab(path) else path


def main_tab(name: str, files: Iterable[str]) -> str | None:
    """The main tab among the names of a folder's files; None where the folder is no sketch."""
    known = set(files)
    return next((f"{name}{suffix}" for suffix in SUFFIXES if f"{name}{suffix}" in known), None)


def tabs(files: Iterable[str]) -> list[str]:
    """The names that are tabs, sorted: those within further folders are none."""
    return sorted(name for name in files if "/" not in name and PurePosixPath(name).suffix in SUFFIXES)


def has_entry_point(text: str) -> bool:
    """Whether the text of a tab defines setup(), loop() or main(), so that it is a sketch of its own."""
    return bool(_ENTRY_POINT.search(text) or _OWN_MAIN.search(text))


def other_name(name: str, tab: str) -> str:
    """Why ``tab`` is not the main tab of a folder ``name``: a clause to follow the tab's name."""
    if PurePosixPath(tab).stem.lower() == name.lower():
        return f"differs from its folder's name, {name}, in upper and lower case"
    return f"is not named after its folder, {name}"


def is_sketch(folder: Path) -> bool:
    """Whether a folder has a main tab. Raises nothing: what cannot be read is no sketch."""
    name = folder.resolve().name
    return any((folder / f"{name}{suffix}").is_file() for suffix in SUFFIXES)
