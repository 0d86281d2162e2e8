"""Which sketches a bare command means: the suite of the project one stands in, else what is found there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlbench.errors import UsageError
from mlbench.suite.suite_file import DEFAULT_BOARD, SUITE_NAMES, SketchSpec, Source, shown_path
from mlbench.util.yaml_lines import read_bytes

_PLACES = (".", ".github", "sketches")
"""Where a project's suite may lie, from each folder on the way up to the project's top."""

_MAX_DEPTH = 6
_SKIPPED = {"node_modules", "build", "dist", "venv", "__pycache__"}
_DEFAULT_FQBN = re.compile(r"^default_fqbn:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)


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


def find_sketches(start: Path) -> tuple[Path, ...]:
    """Sketch folders at and below ``start``, by name: a folder that holds an .ino of its own name.

    Libraries that lie in the project are passed over with their examples. A library that is the
    project shows its examples, for those are its sketches.
    """
    return tuple(sorted(_below(start, 0)))


def default_board(sketch: Path) -> str:
    """The board that the sketch's ``sketch.yaml`` names as its default, else the project's own.

    Raises:
        UsageError: the file is too large.
    """
    for name in ("sketch.yaml", "sketch.yml"):
        try:
            text = read_bytes(sketch / name, shown_path(sketch / name)).decode("utf-8", "replace")
        except OSError:
            continue
        found = _DEFAULT_FQBN.search(text)
        if found:
            return found[1]
    return DEFAULT_BOARD


def discover(start: Path, *, whole_project: bool = True) -> tuple[SketchSpec, ...]:
    """An entry for each sketch found at and below ``start``, else in the whole project.

    Raises:
        UsageError: there is none.
    """
    root = start
    sketches = find_sketches(start)
    if not sketches and whole_project:
        root = project_root(start)
        sketches = find_sketches(root)
    if not sketches:
        do = "name a sketch (`run SKETCH --board FQBN`) or write mlbench.yml"
        raise UsageError("there is no mlbench.yml and no sketch here", where=str(start), do=do)
    names = _names(root, sketches)
    return tuple(
        SketchSpec(
            name=names[sketch],
            sketch=sketch.relative_to(root),
            board=default_board(sketch),
            source=Source(folder=root),
            own_folder=root,
        )
        for sketch in sketches
    )


def lines_to_add(spec: SketchSpec, candidates: Sequence[str], *, named: bool = False) -> tuple[str, ...]:
    """What to write so that RAM and times can be measured too.

    Args:
        spec: a sketch without names of functions.
        candidates: names that its image has and that may be meant, likeliest first.
        named: the sketch was named on the command line, where options stand for a suite's keys.
    """
    first = candidates[0] if candidates else "Model::inference(void*, void*)"
    found = f"; functions that look like it: {', '.join(candidates)}" if candidates else ""
    if named:
        return (f'to measure RAM and times, name the functions: --init NAME --inference "{first}"{found}',)
    if spec.where:
        line = f'inference: "{first}"'
        return (
            f"to measure RAM and times, add to the sketch in {spec.where}: {line} (and init: NAME){found}",
        )
    entry = f'sketches: [{{path: {spec.sketch}, inference: "{first}"}}]'
    return (f"to measure RAM and times, write into mlbench.yml: {entry} (and init: NAME){found}",)


def _upwards(start: Path) -> list[Path]:
    start = start.absolute()
    way = [start, *start.parents]
    for index, folder in enumerate(way):
        if (folder / ".git").exists():
            return way[: index + 1]
    return [start]


def _below(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / f"{folder.absolute().name}.ino").is_file():
        yield folder
        return
    if depth >= _MAX_DEPTH:
        return
    try:
        found = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for entry in sorted(found, key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name in _SKIPPED:
            continue
        if (path / "library.properties").is_file() or (path / "pyvenv.cfg").is_file():
            continue
        yield from _below(path, depth + 1)


def _names(root: Path, sketches: Sequence[Path]) -> dict[Path, str]:
    """Folder names where they tell the sketches apart, else paths."""
    short = [sketch.name for sketch in sketches]
    return {
        sketch: sketch.name if short.count(sketch.name) == 1 else str(sketch.relative_to(root))
        for sketch in sketches
    }
