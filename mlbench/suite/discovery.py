"""Which sketches a bare command means: the suite of the project one stands in, else what is found there."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.arduino_config import read_config
from mlbench.core.sketch_files import folder_of, has_entry_point, is_tab, main_tab, other_name, tabs
from mlbench.core.sketch_project import read_project
from mlbench.errors import UsageError
from mlbench.suite.project_libraries import (
    ASIDE,
    PROPERTIES,
    ProjectLibrary,
    find_installed,
    find_libraries,
    library_top,
    needs_of,
)
from mlbench.suite.suite_file import DEFAULT_BOARD, SUITE_NAMES, SketchSpec, Source, shown_path
from mlbench.util.text import printable

_PLACES = (".", ".github", "sketches")
"""Where a project's suite may lie, from each folder on the way up to the project's top."""

_MAX_DEPTH = 6
_SKIPPED = {"node_modules", "venv", "__pycache__"}
_OUTPUT = {"build", "dist"}
_OF_SKETCH = {"src", "data"}
"""Folders of a sketch that hold parts of it (sketch specification, "Sketch folders and files")."""


def find_suite(start: Path) -> Path | None:
    """The suite of the project that ``start`` is part of: looked for upwards to the git root.

    Outside a git repository only ``start`` itself counts as the project.
    """
    for folder in _upwards(start):
        for place in _PLACES:
            for name in SUITE_NAMES:
                path = folder / place / name
                if path.is_file():
                    return Path(os.path.normpath(path))
    return None


def project_root(start: Path) -> Path:
    """The git root above ``start``, or ``start`` itself."""
    return _upwards(start)[-1]


@dataclass(frozen=True)
class FoundSketches:
    """What a search for sketches found."""

    sketches: tuple[Path, ...]
    """Folders, and tabs where the folder has another name."""
    notes: tuple[str, ...] = ()
    """What was passed over or taken by its file, and why, a line each."""


@dataclass(frozen=True)
class Discovery:
    """The entries of sketches that were found, and what to say of the search."""

    specs: tuple[SketchSpec, ...]
    notes: tuple[str, ...] = ()


def find_sketches(start: Path) -> FoundSketches:
    """Sketches at and below ``start``, by name.

    A folder whose tabs all have other names counts by each tab that defines setup() or loop(). Libraries that
    lie in the project are passed over with their examples, and so are folders of build output; the notes say
    so. A library that is the project shows its examples, for those are its sketches, and so do all libraries
    of a project that has no other sketches.
    """
    for libraries in (False, True):
        notes: list[str] = []
        sketches = tuple(sorted(_below(start, start, 0, notes, libraries)))
        if sketches:
            break
    return FoundSketches(sketches, tuple(notes))


def project_top(start: Path) -> Path:
    """The folder whose libraries sketches may use: the git root, else the library around them."""
    root = project_root(start)
    return root if (root / ".git").exists() else library_top(start.absolute())


def libraries_for(sketches: Sequence[Path], start: Path, notes: list[str]) -> list[tuple[Path, ...]]:
    """The libraries that each sketch needs; ``notes`` gets what is to be said of them.

    Those of the project by their folders, those of the user's sketchbook by their names.
    """
    top = project_top(start)
    libraries = find_libraries(top)
    sketchbook = _sketchbook()
    folders = []
    lines: dict[str, list[str]] = {}
    for sketch in sketches:
        needs = needs_of(sketch.absolute(), top, libraries, sketchbook)
        installed = tuple(Path(library.folder.name) for library in needs.installed)
        folders.append((*(library.folder for library in needs.libraries), *installed))
        for folder in installed:
            lines.setdefault(f"{folder} is your sketchbook's", []).append(sketch.name)
        for name, by in needs.elsewhere:
            where = f'`arduino-cli lib install "{name}"` gets it'
            what = f"{name}, which {by} depends on, is not in the project: {where}"
            lines.setdefault(what, []).append(sketch.name)
        for note in needs.notes:
            lines.setdefault(note, []).append(sketch.name)
    for line, names in lines.items():
        notes.append(f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {line}")
    return folders


def _sketchbook() -> tuple[ProjectLibrary, ...]:
    try:
        return find_installed(read_config().user)
    except UsageError:
        return ()  # whoever builds with arduino-cli's configuration tells what is wrong in it


def default_board(sketch: Path) -> str:
    """The board that the sketch's ``sketch.yaml`` names as its default, else the project's own.

    Raises:
        UsageError: the file is wrong.
    """
    return read_project(sketch, shown_path(sketch)).fqbn or DEFAULT_BOARD


def discover(start: Path, *, whole_project: bool = True) -> Discovery:
    """An entry for each sketch found at and below ``start``, else in the whole project.

    Raises:
        UsageError: there is none.
    """
    root = start
    search = find_sketches(start)
    if not search.sketches and whole_project:
        root = project_root(start)
        search = find_sketches(root)
    if not search.sketches:
        _refuse_platformio(root)
        do = "name a sketch (`run SKETCH --board FQBN`) or write mlbench.yml"
        what = "there is no mlbench.yml and no sketch here"
        raise UsageError("; ".join([what, *search.notes]), where=str(start), do=do)
    names = _names(root, search.sketches)
    notes = list(search.notes)
    needed = dict(zip(search.sketches, libraries_for(search.sketches, root, notes), strict=True))
    specs = tuple(
        SketchSpec(
            name=names[sketch],
            sketch=sketch.relative_to(root),
            board=_board(folder_of(sketch), notes),
            source=Source(folder=root),
            libraries=tuple(_relative(folder, root) for folder in needed[sketch]),
            own_folder=root,
        )
        for sketch in search.sketches
    )
    return Discovery(specs, tuple(notes))


def _relative(folder: Path, root: Path) -> Path:
    return folder.relative_to(root.absolute()) if folder.is_relative_to(root.absolute()) else folder


def _refuse_platformio(root: Path) -> None:
    """Tell how sources in PlatformIO's layout are measured. Raises UsageError."""
    files = (root / "platformio.ini", *sorted(root.glob("*/platformio.ini")))
    file = next((path for path in files if path.is_file()), None)
    if file is not None:
        what = "has PlatformIO's layout, and no sketch"
        do = (
            "make a folder with the sources of src/ and an .ino of the folder's name, empty or with setup() "
            "and loop(), and name each folder of lib/ under `libraries` in mlbench.yml"
        )
        raise UsageError(what, where=str(file), do=do)


def _board(sketch: Path, notes: list[str]) -> str:
    """A wrong file is this sketch's affair; its build tells it again."""
    try:
        return default_board(sketch)
    except UsageError as error:
        notes.append(str(error))
        return DEFAULT_BOARD


def lines_to_add(spec: SketchSpec, candidates: Sequence[str], *, named: bool = False) -> tuple[str, ...]:
    """What to write so that RAM and times can be measured too.

    Args:
        spec: a sketch without names of functions.
        candidates: names that its image has and that may be meant, likeliest first.
        named: the sketch was named on the command line, where options stand for a suite's keys.
    """
    first = candidates[0] if candidates else "Model::inference(void*, void*)"
    others = f"; functions that look like it: {', '.join(candidates)}" if candidates else ""
    if named:
        return (f'to measure RAM and times, name the functions: --init NAME --inference "{first}"{others}',)
    if spec.where:
        line = f'inference: "{first}"'
        return (
            f"to measure RAM and times, add to the sketch in {spec.where}: {line} (and init: NAME){others}",
        )
    entry = f'sketches: [{{path: {spec.sketch}, inference: "{first}"}}]'
    return (f"to measure RAM and times, write into mlbench.yml: {entry} (and init: NAME){others}",)


def _upwards(start: Path) -> list[Path]:
    start = start.absolute()
    way = [start, *start.parents]
    for index, folder in enumerate(way):
        if (folder / ".git").exists():
            return way[: index + 1]
    return [start]


def _below(folder: Path, start: Path, depth: int, notes: list[str], libraries: bool) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        notes.append(f"{_shown(folder, start)}: not searched for sketches: {error.strerror}")
        return
    files = [entry.name for entry in entries if not entry.is_dir() and entry.is_file()]
    name = folder.resolve().name
    sketch = main_tab(name, files)
    if sketch:
        yield folder
    else:
        yield from _by_file(folder, name, tabs(files), start, notes)
    if depth >= _MAX_DEPTH:
        return
    for entry in entries:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False) or entry.name.startswith("."):
            continue
        if entry.name in _SKIPPED or (path / "pyvenv.cfg").is_file():
            continue
        if sketch and entry.name in _OF_SKETCH:
            continue
        why = (
            "a library of the project"
            if (path / PROPERTIES).is_file() and not libraries
            else "no example of the library"
            if entry.name in ASIDE and PROPERTIES in files
            else "build output"
            if entry.name in _OUTPUT
            else ""
        )
        if why:
            count = len(tuple(_below(path, start, depth + 1, [], libraries)))
            if count:
                shown, sketches = _shown(path, start), f"{count} sketch{'es' if count > 1 else ''}"
                notes.append(f"{shown}: passed over with {sketches}: {why}; `run {shown}` measures them")
            continue
        yield from _below(path, start, depth + 1, notes, libraries)


def _by_file(folder: Path, name: str, others: list[str], start: Path, notes: list[str]) -> Iterator[Path]:
    """The tabs of a folder without a main tab that are sketches of their own."""
    mains = [tab for tab in others if has_entry_point(_text(folder / tab))]
    for tab in mains:
        notes.append(f"{_shown(folder / tab, start)}: taken by its file: it {other_name(name, tab)}")
        yield folder / tab
    if others and not mains:
        tab = others[0]
        what = f"it {other_name(name, tab)}, and defines no setup()"
        notes.append(f"{_shown(folder / tab, start)}: passed over: {what}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""


def _shown(path: Path, start: Path) -> str:
    return printable(path.relative_to(start).as_posix() if path != start else path.resolve().name)


def _names(root: Path, sketches: Sequence[Path]) -> dict[Path, str]:
    """Folder names where they tell the sketches apart, else paths."""
    short = {sketch: sketch.stem if is_tab(sketch) else sketch.resolve().name for sketch in sketches}
    counts = Counter(short.values())
    return {
        sketch: name if counts[name] == 1 else str(sketch.relative_to(root)) for sketch, name in short.items()
    }
