"""Which libraries of a project its sketches need, and what they name that the project does not have.

A library is a folder with ``library.properties``, and, as before Arduino 1.5, a folder of headers in one
called ``libraries`` (``lib`` in PlatformIO's layout). Sketch compilers find a library by its headers: those
of ``src``, else those at its top (Arduino library specification, "Layout of folders and files").
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

PROPERTIES = "library.properties"
SKIPPED = frozenset({"node_modules", "venv", "__pycache__"})
ASIDE = frozenset({"extras", "test", "tests"})
"""Folders of a library that are neither compiled nor hold its examples."""

_COLLECTIONS = {"libraries", "lib"}
_HEADERS = (".h", ".hh", ".hpp", ".hxx")
_SOURCES = (*_HEADERS, ".c", ".cc", ".cpp", ".cxx", ".ino", ".pde", ".S", ".inl", ".tpp")
_OF_SKETCH = ("src",)
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*[\"<]([^\">\n]+)", re.MULTILINE)
_KEY = re.compile(r"^[ \t]*(name|depends)[ \t]*=(.*)$", re.MULTILINE)
_MOST_DEPTH = 6
_MOST_FOLDERS = 5000
_MOST_FILES = 3000
_MOST_BYTES = 1 << 17


@dataclass(frozen=True)
class ProjectLibrary:
    """A library of a project."""

    folder: Path
    name: str
    depends: tuple[str, ...] = ()
    """Names of further libraries."""

    @property
    def base(self) -> Path:
        """Where its headers are."""
        source = self.folder / "src"
        return source if source.is_dir() and (self.folder / PROPERTIES).is_file() else self.folder

    @cached_property
    def headers(self) -> frozenset[str]:
        """The headers that it is found by."""
        return frozenset(name for name in _names(self.base) if name.endswith(_HEADERS))

    @cached_property
    def includes(self) -> frozenset[str]:
        """What its sources include."""
        recursive = self.base != self.folder
        return _includes(_sources(self.base, deep=recursive or None))


@dataclass(frozen=True)
class Needs:
    """What a sketch needs besides its own files."""

    libraries: tuple[ProjectLibrary, ...] = ()
    """Of the project, each before those that it needs."""
    installed: tuple[ProjectLibrary, ...] = ()
    """Of the sketchbook, where the project has none of the kind."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Names of libraries that the project does not have, each with the one that depends on it, where a header
    of that name is included."""
    notes: tuple[str, ...] = ()
    """What was chosen where there was a choice, and what was not taken, a line each."""


def find_libraries(root: Path) -> tuple[ProjectLibrary, ...]:
    """The libraries of a project, those at its top first. Raises nothing: what cannot be read is none."""
    return tuple(_libraries(root, 0, [_MOST_FOLDERS]))


def find_installed(sketchbook: Path) -> tuple[ProjectLibrary, ...]:
    """The libraries of a user's sketchbook. Raises nothing: what cannot be read is none."""
    try:
        folders = sorted(path for path in (sketchbook / "libraries").iterdir() if path.is_dir())
    except OSError:
        return ()
    return tuple(library for library in map(library_at, folders) if library is not None)


def library_top(start: Path) -> Path:
    """The outermost library that a folder is in, where no repository says how far a project goes."""
    above = (folder for folder in [start, *start.parents][:_MOST_DEPTH] if (folder / PROPERTIES).is_file())
    return max(above, key=lambda folder: -len(folder.parts), default=start)


def library_at(folder: Path) -> ProjectLibrary | None:
    """The library that a folder is; None where it is none."""
    if (folder / PROPERTIES).is_file():
        keys = dict(_KEY.findall(_text(folder / PROPERTIES)))
        depends = (re.sub(r"\(.*?\)", "", item).strip() for item in keys.get("depends", "").split(","))
        return ProjectLibrary(
            folder, keys.get("name", "").strip() or folder.name, tuple(filter(None, depends))
        )
    if folder.parent.name in _COLLECTIONS:
        library = ProjectLibrary(folder, folder.name)
        sourced = ProjectLibrary(folder / "src", folder.name)
        # Without properties nobody looks into `src`: the folder itself is then the library.
        return library if library.headers else sourced if sourced.headers else None
    return None


def enclosing(sketch: Path, root: Path) -> ProjectLibrary | None:
    """The library whose folder a sketch lies in, up to the project's top."""
    for folder in sketch.parents:
        library = library_at(folder) if folder != root or (folder / PROPERTIES).is_file() else None
        if library is not None:
            return library
        if folder == root:
            break
    return None


def needs_of(
    sketch: Path,
    root: Path,
    libraries: Sequence[ProjectLibrary],
    sketchbook: Sequence[ProjectLibrary] = (),
) -> Needs:
    """What a sketch of a project needs.

    Args:
        sketch: its folder, or its main tab.
        root: the project's top.
        libraries: those of the project.
        sketchbook: those that the user has installed.
    """
    folder = sketch.parent if sketch.is_file() else sketch
    own = enclosing(folder, root)
    included = _includes(_sources(folder, deep=_OF_SKETCH))
    taken: dict[Path, ProjectLibrary] = {}
    notes: dict[str, None] = {}
    depended: dict[str, str] = {}
    queue = [own] if own is not None else []
    queue += _by_headers(included, libraries, sketchbook, own, notes)
    names = {library.name.lower(): library for library in (*sketchbook, *libraries)}
    while queue:
        library = queue.pop(0)
        if library.folder in taken:
            continue
        taken[library.folder] = library
        for name in library.depends:
            if name.lower() in names:
                queue.append(names[name.lower()])
            else:
                depended.setdefault(name, library.name)
        # A library alone has nobody to include.
        if len(libraries) > 1 or sketchbook:
            queue += _by_headers(library.includes - library.headers, libraries, sketchbook, own, notes)
    stems = {plain_name(PurePosixPath(header).stem) for header in included}
    missing = tuple((name, by) for name, by in depended.items() if plain_name(name) in stems)
    of_user = {library.folder for library in sketchbook}
    return Needs(
        tuple(library for library in taken.values() if library.folder not in of_user),
        tuple(library for library in taken.values() if library.folder in of_user),
        missing,
        tuple(notes),
    )


def plain_name(name: str) -> str:
    """A library's name, or that of its header, without what the two often differ in."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _by_headers(
    included: Iterable[str],
    libraries: Sequence[ProjectLibrary],
    sketchbook: Sequence[ProjectLibrary],
    own: ProjectLibrary | None,
    notes: dict[str, None],
) -> list[ProjectLibrary]:
    chosen = []
    for header in sorted(included):
        having = [library for library in libraries if header in library.headers]
        having = having or [library for library in sketchbook if header in library.headers]
        if not having:
            close = [library for library in libraries if header.lower() in map(str.lower, library.headers)]
            for library in close:
                other = next(name for name in library.headers if name.lower() == header.lower())
                notes[f"{header} is called {other} in the library {library.name}: names differ in case"] = (
                    None
                )
            continue
        stem = PurePosixPath(header).stem.lower()
        best = min(
            having,
            key=lambda library: (
                own is None or library.folder != own.folder,
                library.name.lower() != stem and library.folder.name.lower() != stem,
                not library.folder.name.lower().startswith(stem),
                len(library.folder.parts),
                library.folder.as_posix(),
            ),
        )
        chosen.append(best)
        if len(having) > 1:
            others = ", ".join(library.name for library in having if library is not best)
            notes[f"{header} is in several libraries: {best.name} is taken, not {others}"] = None
    return chosen


def _libraries(folder: Path, depth: int, left: list[int]) -> Iterator[ProjectLibrary]:
    left[0] -= 1
    if left[0] < 0 or depth > _MOST_DEPTH:
        return
    library = library_at(folder) if depth or (folder / PROPERTIES).is_file() else None
    if library is not None:
        yield library
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in SKIPPED or not entry.is_dir(follow_symlinks=False):
            continue
        if library is not None and entry.name in ("src", "examples", *ASIDE):
            continue
        yield from _libraries(Path(entry.path), depth + 1, left)


def _sources(folder: Path, *, deep: Sequence[str] | bool | None) -> Iterator[Path]:
    """Source files of a folder; ``deep``: of which of its folders as well, True for all."""
    left = _MOST_FILES
    for place, folders, files in os.walk(folder):
        top = Path(place) == folder
        if top and deep is not True:
            folders[:] = [name for name in folders if name in (deep or ("utility",))]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(_SOURCES):
                left -= 1
                if left < 0:
                    return
                yield Path(place) / name


def _includes(paths: Iterable[Path]) -> frozenset[str]:
    """What files include, but for what lies beside them."""
    names = set()
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES)
        except OSError:
            continue
        for match in _INCLUDE.findall(data):
            name = os.fsdecode(match)
            if not (path.parent / name).is_file():
                names.add(name)
    return frozenset(names)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""
